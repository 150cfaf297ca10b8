import * as vscode from 'vscode';
import { HumanError } from '../base/errors';
import { DisposableStore, type Disposable } from '../base/events';
import { COMMANDS, VIEWS } from '../contributions';
import type { Asset, Dagster } from '../dagster/types';
import { nameOf } from '../dagster/words';
import type { Projects } from '../dbt/types';
import type { Commands } from '../platform/commands';
import { AssetsTree, type Node } from './tree';

const AGE_MS = 60_000;

/** The Assets view: groups, assets, their checks and their state. */
export function registerAssets({ commands, dagster, projects }: { commands: Commands; dagster: Dagster; projects: Projects }): Disposable {
  const store = new DisposableStore();
  const tree = new AssetsTree(dagster, projects);
  const view = store.add(vscode.window.createTreeView<Node>(VIEWS.assets, { treeDataProvider: tree, canSelectMany: true, showCollapseAll: true }));
  let shown = '';
  const update = (): void => {
    const { state } = dagster;
    view.message = state.kind === 'connected' && state.problem !== undefined && dagster.assets.length > 0
      ? vscode.l10n.t('Dagster\'s code does not load, so this is the last good list: {0}', state.problem)
      : state.kind === 'disconnected' ? vscode.l10n.t('Dagster does not answer, so this is how it was: {0}', state.message)
        : state.kind === 'stopped' && dagster.assets.length > 0 ? vscode.l10n.t('Dagster is not running, so this is how it was.') : '';
    const failing = dagster.assets.filter(({ status, checks }) => status === 'failed' || checks.some(({ outcome }) => outcome === 'failed' || outcome === 'errored')).length;
    view.badge = failing > 0 ? { value: failing, tooltip: vscode.l10n.t('{0} assets failed', failing) } : undefined;
    const next = JSON.stringify(dagster.assets);
    if (next === shown) return;
    shown = next;
    tree.refresh();
  };
  store.add(dagster.onDidChange(update));
  store.add(projects.onDidChange(() => tree.refresh()));
  const timer = setInterval(() => view.visible && tree.refresh(), AGE_MS);
  store.add({ dispose: () => clearInterval(timer) });
  store.add(view.onDidChangeVisibility(({ visible }) => visible && void dagster.refresh().catch(() => undefined)));
  store.add(commands.register(COMMANDS.refreshAssets, () => dagster.refresh()));
  store.add(commands.register(COMMANDS.openModel, (target) => openModel(target as { asset: Asset } | string, projects)));
  update();
  return store;
}

async function openModel(target: { asset: Asset } | string, projects: Projects): Promise<void> {
  const key = typeof target === 'string' ? target : target.asset.key;
  const model = projects.modelNamed(nameOf(key));
  const place = model ? { file: model.file, line: 0 } : typeof target === 'string' ? undefined : target.asset.definition;
  if (!place) throw new HumanError(vscode.l10n.t('There is no file for {0} in this workspace.', key));
  const at = new vscode.Position(place.line, 0);
  await vscode.window.showTextDocument(vscode.Uri.file(place.file), { selection: new vscode.Range(at, at), preview: true });
}
