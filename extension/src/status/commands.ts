import path from 'node:path';
import * as vscode from 'vscode';
import { Cancelled, HumanError } from '../base/errors';
import { DisposableStore, type Disposable } from '../base/events';
import { COMMANDS } from '../contributions';
import type { Commands } from '../platform/commands';
import { parseHeaders } from './headers';

/** What the commands of the ground need of the sources. */
export interface Ground {
  /** the folder of the project; undefined without one */
  root: string | undefined;
  /** whether it has the local stack */
  hasStack: boolean;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** parses the dbt project where it changed, and loads Dagster's code anew */
  reload(): Promise<void>;
  /**
   * Installs the packages that dbt projects name.
   * @param said takes what dbt says meanwhile
   */
  installPackages(said: (message: string) => void, signal: AbortSignal): Promise<void>;
  interpreters(): Promise<{ path: string; version: string; dbt?: string; dagster?: string; origin: string }[]>;
  /** something was installed or chosen: what was found before no longer holds */
  forget(): void;
  headers(): Promise<Readonly<Record<string, string>>>;
  setHeaders(headers: Readonly<Record<string, string>>): Promise<void>;
}

/** Commands that start, stop and set up what the work stands on. */
export function registerGround({ commands, ground }: { commands: Commands; ground: Ground }): Disposable {
  const store = new DisposableStore();
  const busy = <T>(title: string, work: () => Promise<T>): Thenable<T> => vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title }, work);
  const start = (): Thenable<void> => busy(vscode.l10n.t('Starting PostgreSQL and Dagster …'), () => ground.start());
  store.add(commands.register(COMMANDS.startServices, start));
  store.add(commands.register(COMMANDS.stopServices, () => busy(vscode.l10n.t('Stopping …'), () => ground.stop())));
  store.add(commands.register(COMMANDS.restartServices, async () => {
    await busy(vscode.l10n.t('Stopping …'), () => ground.stop());
    ground.forget();
    await start();
  }));
  // Whoever goes on afterwards hears whether it parsed
  store.add(commands.register(COMMANDS.reloadProject, () => busy(vscode.l10n.t('Parsing the dbt project and loading Dagster\'s code …'), () => ground.reload().then(() => true))));
  store.add(commands.register(COMMANDS.setUp, () => setUp(ground)));
  store.add(commands.register(COMMANDS.installPackages, async () => {
    await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title: vscode.l10n.t('Installing dbt packages'), cancellable: true }, (progress, token) => {
      const abort = new AbortController();
      token.onCancellationRequested(() => abort.abort());
      return ground.installPackages((message) => progress.report({ message }), abort.signal);
    });
    void vscode.window.showInformationMessage(vscode.l10n.t('The dbt packages are installed.'));
  }));
  store.add(commands.register(COMMANDS.selectInterpreter, () => selectInterpreter(ground)));
  store.add(commands.register(COMMANDS.setDagsterHeaders, async () => {
    const known = Object.keys(await ground.headers()).join(', ');
    const text = await vscode.window.showInputBox({
      title: vscode.l10n.t('Headers for a Dagster behind a proxy'), password: true, ignoreFocusOut: true,
      prompt: vscode.l10n.t('`Name: value`, several with ` | ` between. They are kept in secret storage and sent to the address in attribution.dagster.url alone. Empty removes them.{0}', known === '' ? '' : vscode.l10n.t(' Now set: {0}.', known)),
      validateInput: (value) => parseHeaders(value).problem,
    });
    if (text === undefined) throw new Cancelled();
    await ground.setHeaders(parseHeaders(text).headers);
  }));
  return store;
}

async function setUp(ground: Ground): Promise<void> {
  const { root } = ground;
  if (root === undefined || !ground.hasStack) {
    const select = { title: vscode.l10n.t('Select Interpreter'), command: COMMANDS.selectInterpreter };
    throw new HumanError(vscode.l10n.t('This folder has no set-up of its own. Make a Python environment with dbt-postgres 1.11, dagster-webserver and dagster-dbt (for example `uv sync` in the project), then select it.'), [select]);
  }
  // By argument array, so a folder may be called anything
  const execution = new vscode.ProcessExecution(process.execPath, [path.join('stack', 'main.mjs'), 'setup'], { cwd: root, env: { ELECTRON_RUN_AS_NODE: '1' } });
  const task = new vscode.Task({ type: 'attribution', task: 'setup' }, vscode.TaskScope.Workspace, vscode.l10n.t('Set Up'), 'Attribution', execution, []);
  const running = await vscode.tasks.executeTask(task);
  const code = await new Promise<number | undefined>((resolve) => {
    const subscription = vscode.tasks.onDidEndTaskProcess((end) => {
      if (end.execution !== running) return;
      subscription.dispose();
      resolve(end.exitCode);
    });
  });
  if (code !== 0) throw new HumanError(vscode.l10n.t('The set-up failed; its words are in the terminal.'), [{ title: vscode.l10n.t('Try Again'), command: COMMANDS.setUp }]);
  ground.forget();
  await vscode.commands.executeCommand(COMMANDS.startServices);
}

async function selectInterpreter(ground: Ground): Promise<void> {
  const browse = { label: vscode.l10n.t('$(folder-opened) Browse …'), path: '' };
  const found = await ground.interpreters();
  const items = found.map(({ path: label, version, dbt, dagster, origin }) => ({
    label, path: label, description: `Python ${version} · dbt ${dbt ?? '–'} · Dagster ${dagster ?? '–'}`, detail: origin,
  }));
  const picked = await vscode.window.showQuickPick([...items, browse], { title: vscode.l10n.t('Python with dbt and Dagster'), placeHolder: vscode.l10n.t('It is kept in the folder\'s settings') });
  if (!picked) throw new Cancelled();
  const chosen = picked.path || (await vscode.window.showOpenDialog({ title: vscode.l10n.t('Python'), canSelectMany: false }))?.[0]?.fsPath;
  if (chosen === undefined) throw new Cancelled();
  await vscode.workspace.getConfiguration().update('attribution.python.interpreter', chosen, vscode.ConfigurationTarget.Workspace);
  ground.forget();
}
