import * as vscode from 'vscode';
import { HumanError } from '../base/errors';
import { DisposableStore, type Disposable } from '../base/events';
import { COMMANDS, CONTEXT, type CommandId } from '../contributions';
import type { Dagster, Launch, Run } from '../dagster/types';
import { nameOf } from '../dagster/words';
import type { Projects } from '../dbt/types';
import type { Commands } from '../platform/commands';
import { Materializer, type Target } from './commands';
import { RunDiagnostics } from './diagnostics';
import { endOf, progressOf } from './progress';
import { inWords, UnknownAsset } from './selection';

/** Commands that start, follow and cancel runs; progress, log and problems of every run that is under way. */
export function registerRuns({ commands, dagster, projects }: { commands: Commands; dagster: Dagster; projects: Projects }): Disposable {
  const store = new DisposableStore();
  const output = store.add(vscode.window.createOutputChannel('Attribution Runs'));
  const diagnostics = store.add(new RunDiagnostics(projects, dagster));
  const followed = new Set<string>();
  let last: Run | undefined;

  /** @param launch what was asked for here: shown as a notification with a button that cancels; runs of others are shown in the status bar */
  const follow = (run: Run, launch?: Launch): void => {
    if (followed.has(run.id)) return;
    followed.add(run.id);
    last = run;
    // Where only the checks run, what failed stays until it passes
    if (!run.checksOnly) diagnostics.clear(run.assets.map(nameOf));
    void show(run, launch).catch((error: unknown) => {
      // Dagster was stopped meanwhile: once it is back the run is followed anew
      followed.delete(run.id);
      return commands.show(error, 'run');
    });
  };

  const show = async (run: Run, launch: Launch | undefined): Promise<void> => {
    const words = inWords(launch?.assets ?? run.assets);
    const began = performance.now();
    output.appendLine(vscode.l10n.t('── Run {0}: {1}', run.id, run.assets.join(', ')));
    const log = run.onDidLog((line) => output.appendLine(line));
    const location = launch ? vscode.ProgressLocation.Notification : vscode.ProgressLocation.Window;
    try {
      await vscode.window.withProgress({ location, title: vscode.l10n.t('Run of {0}', words), cancellable: true }, async (progress, token) => {
        let shown = 0;
        const report = (): void => {
          const share = run.total > 0 ? (100 * run.done) / run.total : 0;
          progress.report({ message: progressOf(run), increment: Math.max(0, share - shown) });
          shown = Math.max(shown, share);
        };
        report();
        const changes = run.onDidChange(report);
        token.onCancellationRequested(() => void dagster.cancel(run.id).catch((error: unknown) => commands.show(error, COMMANDS.cancelRun)));
        try {
          await run.ended;
        } finally {
          changes.dispose();
        }
      });
    } finally {
      log.dispose();
    }
    materializer.ended(run);
    const end = endOf(run, words, performance.now() - began, launch?.checksOnly ? vscode.l10n.t('Checked') : vscode.l10n.t('Materialized'));
    output.appendLine(end);
    await tell(run, end);
  };

  const tell = async (run: Run, end: string): Promise<void> => {
    if (run.status !== 'failed') {
      vscode.window.setStatusBarMessage(`$(${run.status === 'succeeded' ? 'check' : 'circle-slash'}) ${end}`, 8000);
      return;
    }
    const place = diagnostics.show(run.failures);
    const [showProblem, again, showLog, open] = [vscode.l10n.t('Show Problem'), vscode.l10n.t('Re-run Failed'), vscode.l10n.t('Show Log'), vscode.l10n.t('Open in Dagster')];
    const picked = await vscode.window.showErrorMessage(end, ...(place ? [showProblem] : []), again, showLog, open);
    if (picked === showProblem && place) await vscode.window.showTextDocument(place.uri, { selection: place.range });
    if (picked === again) await vscode.commands.executeCommand(COMMANDS.rerunFailed);
    if (picked === showLog) output.show();
    if (picked === open) await vscode.env.openExternal(vscode.Uri.parse(run.url));
  };

  const materializer = new Materializer(dagster, projects, follow);
  // Double clicks are one request: what has begun is not begun again before it is under way
  const busy = new Set<string>();
  const once = (id: string, target: unknown, work: () => Promise<void>): Promise<void> => {
    const key = `${id} ${typeof target === 'string' ? target : ''}`;
    if (busy.has(key)) return Promise.resolve();
    busy.add(key);
    return work().finally(() => busy.delete(key));
  };
  const asTargets = (given: unknown): Target[] => (Array.isArray(given) ? (given as Target[]) : []);

  const register = (command: CommandId, work: (target: Target, given: Target[]) => Promise<void>): unknown => store.add(commands.register(command, (target, given) => once(command, target, async () => {
    const all = asTargets(given);
    try {
      await work(target as Target, all);
    } catch (error) {
      if (!(error instanceof UnknownAsset)) throw error;
      // It is new, most likely; another model may be in the editor once the project is parsed
      await materializer.parse();
      await work(all.length > 1 ? target as Target : error.model, all).catch((again: unknown) => {
        if (!(again instanceof UnknownAsset)) throw again;
        throw new HumanError(vscode.l10n.t('Dagster has no asset for "{0}". The project parses: is the model disabled, or none of Dagster\'s?', again.model), [{ title: vscode.l10n.t('Show Status'), command: COMMANDS.showStatus }]);
      });
    }
  })));

  for (const [command, way] of [[COMMANDS.materializeModel, 'only'], [COMMANDS.materializeWithUpstream, 'upstream'], [COMMANDS.materializeWithDownstream, 'downstream']] as const) {
    register(command, (target, given) => materializer.materialize(target, way, given));
  }
  register(COMMANDS.materializeSelection, (target, given) => (target === undefined ? materializer.materializeSelection() : materializer.materialize(target, 'only', given)));
  store.add(commands.register(COMMANDS.materializeAll, () => once('all', undefined, () => materializer.materializeAll())));
  register(COMMANDS.fullRefresh, (target) => materializer.fullRefresh(target));
  register(COMMANDS.runChecks, (target) => materializer.runChecks(target));
  store.add(commands.register(COMMANDS.rerunFailed, () => once('rerun', undefined, () => materializer.rerunFailed())));
  store.add(commands.register(COMMANDS.cancelRun, (runId) => materializer.cancel(runId)));
  store.add(commands.register(COMMANDS.openRun, () => materializer.openRun(last)));
  store.add(commands.register(COMMANDS.showRunLog, () => output.show()));
  store.add(commands.register(COMMANDS.openDagster, async () => {
    const { state } = dagster;
    if (state.kind !== 'connected') throw new HumanError(vscode.l10n.t('Dagster is not running.'), [{ title: vscode.l10n.t('Start'), command: COMMANDS.startServices }]);
    await vscode.env.openExternal(vscode.Uri.parse(state.url));
  }));

  const update = (): void => {
    // Runs of others, and our own after a reload of the window; one that is being started here is followed by who starts it
    if (!materializer.launching) for (const run of dagster.runs) follow(run);
    void vscode.commands.executeCommand('setContext', CONTEXT.running, dagster.runs.length > 0);
    void vscode.commands.executeCommand('setContext', CONTEXT.connected, dagster.state.kind === 'connected');
  };
  store.add(dagster.onDidChange(update));
  store.add(dagster.onDidMaterialize((key) => diagnostics.clear([nameOf(key)])));
  update();
  return store;
}
