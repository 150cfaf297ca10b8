import path from 'node:path';
import * as vscode from 'vscode';
import { Cancelled, HumanError } from '../base/errors';
import { until } from '../base/events';
import { COMMANDS } from '../contributions';
import type { Asset, Dagster, Launch, Run } from '../dagster/types';
import { hasFailingCheck, nameOf } from '../dagster/words';
import type { Projects } from '../dbt/types';
import { inWords, reach, unfinished, UnknownAsset, type Reach } from './selection';

/** What a command may be given: a model's name, a tree item, a file; nothing means the model in the editor. */
export type Target = string | { asset: Asset } | { group: string } | vscode.Uri | undefined;

/** Turns what a person asks for into runs. */
export class Materializer {
  #lastFailed: Run | undefined;
  #launching = 0;

  constructor(private readonly dagster: Dagster, private readonly projects: Projects, private readonly follow: (run: Run, launch: Launch) => void) {}

  /** Whether a run is being started just now. */
  get launching(): boolean {
    return this.#launching > 0;
  }

  /** @param given a whole selection of the tree, where several items were picked */
  async materialize(target: Target, way: Reach, given: readonly Target[] = []): Promise<void> {
    await this.#connected();
    const keys = given.length > 1 ? given.flatMap((item) => this.#keysOf(item)) : this.#keysOf(target);
    await this.#launch({ assets: reach(this.dagster.assets, keys, way) });
  }

  /** Lets Dagster see the models that are new, as they are on the screen; what goes wrong is told there. */
  async parse(): Promise<void> {
    await this.#connected();
    await this.#saveModels();
    if (await vscode.commands.executeCommand(COMMANDS.reloadProject) !== true) throw new Cancelled();
  }

  async materializeSelection(): Promise<void> {
    await this.#connected();
    const picked = await this.#pick(vscode.l10n.t('Materialize which assets?'), []);
    await this.#launch({ assets: picked });
  }

  async materializeAll(): Promise<void> {
    await this.#connected();
    await this.#launch({ assets: this.dagster.assets.filter(({ executable }) => executable).map(({ key }) => key) });
  }

  async fullRefresh(target: Target): Promise<void> {
    await this.#connected();
    const asked = target === undefined && this.#modelInEditor() === undefined ? [] : this.#keysOf(target);
    const picked = target === undefined ? await this.#pick(vscode.l10n.t('Rebuild which assets whole, from all their inputs?'), asked) : asked;
    await this.#launch({ assets: picked, fullRefresh: true });
  }

  async runChecks(target: Target): Promise<void> {
    await this.#connected();
    const keys = this.#keysOf(target);
    const withChecks = this.dagster.assets.filter(({ key, checks }) => keys.includes(key) && checks.length > 0).map(({ key }) => key);
    if (withChecks.length === 0) throw new HumanError(vscode.l10n.t('{0} has no checks. Add a data test to its YAML.', inWords(keys)));
    await this.#launch({ assets: withChecks, checksOnly: true });
  }

  async rerunFailed(): Promise<void> {
    await this.#connected();
    await this.dagster.refresh();
    const failed = this.#lastFailed;
    const keys = failed
      ? unfinished(this.dagster.assets, failed.assets, failed.id)
      : this.dagster.assets.filter((asset) => asset.status === 'failed' || hasFailingCheck(asset)).map(({ key }) => key);
    if (keys.length === 0) throw new HumanError(vscode.l10n.t('Nothing failed that was not materialized since.'));
    await this.#launch({ assets: keys });
  }

  async cancel(runId: unknown): Promise<void> {
    const runs = this.dagster.runs;
    if (typeof runId === 'string') return this.dagster.cancel(runId);
    if (runs.length === 0) throw new HumanError(vscode.l10n.t('No run is under way.'));
    const run = await this.#pickRun(vscode.l10n.t('Cancel which run?'), runs);
    await this.dagster.cancel(run.id);
  }

  /** The page of a run in Dagster: the one under way, else the last that ended here. */
  async openRun(last: Run | undefined): Promise<void> {
    const run = this.dagster.runs[0] ?? last;
    if (!run) throw new HumanError(vscode.l10n.t('No run was started from here yet.'));
    await vscode.env.openExternal(vscode.Uri.parse(run.url));
  }

  /** Remembers how a run ended, for "re-run what failed". */
  ended(run: Run): void {
    if (run.status === 'failed') this.#lastFailed = run;
    else if (this.#lastFailed?.assets.every((key) => run.assets.includes(key))) this.#lastFailed = undefined;
  }

  async #launch(launch: Launch): Promise<void> {
    if (launch.assets.length === 0) throw new HumanError(vscode.l10n.t('Nothing was selected that Dagster can materialize. See the Assets view.'), [{ title: vscode.l10n.t('Show Assets'), command: 'attribution.assets.focus' }]);
    await this.#saveModels();
    this.#launching++;
    try {
      const title = vscode.l10n.t('Starting a run of {0} …', inWords(launch.assets));
      this.follow(await vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title }, () => this.dagster.launch(launch)), launch);
    } finally {
      this.#launching--;
    }
  }

  /** What runs is what is on the screen. */
  async #saveModels(): Promise<void> {
    const roots = this.projects.all.map(({ root }) => root + path.sep);
    const dirty = vscode.workspace.textDocuments.filter((document) => document.isDirty && roots.some((root) => document.uri.fsPath.startsWith(root)));
    for (const document of dirty) {
      if (!(await document.save())) throw new HumanError(vscode.l10n.t('{0} could not be saved, so nothing was started.', document.uri.fsPath));
    }
  }

  async #connected(): Promise<void> {
    if (this.dagster.state.kind === 'connected' && this.dagster.assets.length > 0) return;
    await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title: vscode.l10n.t('Waiting for Dagster …'), cancellable: true }, async (_, token) => {
      const cancelled = new Promise<never>((_resolve, reject) => token.onCancellationRequested(() => reject(new Cancelled())));
      if (this.dagster.state.kind === 'stopped') await Promise.race([this.dagster.start(), cancelled]);
      await until(this.dagster.onDidChange, () => this.#settled(), cancelled);
    });
    const { state } = this.dagster;
    if (state.kind === 'connected' && this.dagster.assets.length > 0) return;
    const words = state.kind === 'connected' ? (state.problem ?? vscode.l10n.t('Dagster has no assets.')) : state.kind === 'disconnected' ? state.message : state.kind === 'off' ? state.reason : vscode.l10n.t('Dagster is not running.');
    throw new HumanError(words, [{ title: vscode.l10n.t('Show Status'), command: COMMANDS.showStatus }]);
  }

  #settled(): boolean {
    const { state } = this.dagster;
    if (state.kind === 'connected') return this.dagster.assets.length > 0 || state.problem !== undefined;
    return state.kind !== 'starting';
  }

  #keysOf(target: Target): string[] {
    if (target instanceof vscode.Uri) return this.#keyOfModel(this.projects.modelOfFile(target.fsPath)?.name ?? path.basename(target.fsPath, '.sql'));
    if (typeof target === 'string') return this.#keyOfModel(target);
    if (target && 'asset' in target) return [target.asset.key];
    if (target && 'group' in target) return this.dagster.assets.filter(({ group }) => group === target.group).map(({ key }) => key);
    const model = this.#modelInEditor();
    if (model === undefined) throw new HumanError(vscode.l10n.t('The active editor shows no dbt model. Open one, or use "Materialize Selection…".'), [{ title: vscode.l10n.t('Materialize Selection…'), command: COMMANDS.materializeSelection }]);
    return this.#keyOfModel(model);
  }

  #modelInEditor(): string | undefined {
    const file = vscode.window.activeTextEditor?.document.uri.fsPath;
    return file === undefined ? undefined : this.projects.modelOfFile(file)?.name;
  }

  #keyOfModel(name: string): string[] {
    const found = this.dagster.assets.find(({ key }) => key === name) ?? this.dagster.assets.find(({ key }) => nameOf(key) === name);
    if (!found) throw new UnknownAsset(name);
    return [found.key];
  }

  async #pick(placeHolder: string, asked: readonly string[]): Promise<string[]> {
    const items: (vscode.QuickPickItem & { key?: string })[] = [];
    for (const group of new Set(this.dagster.assets.map((asset) => asset.group))) {
      items.push({ label: group, kind: vscode.QuickPickItemKind.Separator });
      for (const asset of this.dagster.assets.filter((candidate) => candidate.group === group && candidate.executable)) {
        items.push({ label: nameOf(asset.key), key: asset.key, picked: asked.includes(asset.key), description: asset.reason ?? asset.status });
      }
    }
    const picked = await vscode.window.showQuickPick(items, { canPickMany: true, placeHolder, matchOnDescription: true });
    if (!picked || picked.length === 0) throw new Cancelled();
    return picked.flatMap(({ key }) => (key === undefined ? [] : [key]));
  }

  async #pickRun(placeHolder: string, runs: readonly Run[]): Promise<Run> {
    const [only] = runs;
    if (only && runs.length === 1) return only;
    const picked = await vscode.window.showQuickPick(runs.map((run) => ({ label: inWords(run.assets), description: `${run.status} · ${run.id.slice(0, 8)}`, run })), { placeHolder });
    if (!picked) throw new Cancelled();
    return picked.run;
  }
}
