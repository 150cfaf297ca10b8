import * as vscode from 'vscode';
import { HumanError } from '../base/errors';
import { DisposableStore, type Disposable } from '../base/events';
import { COMMANDS, PANELS } from '../contributions';
import { nameOf } from '../dagster/words';
import type { Commands } from '../platform/commands';
import type { Trace } from './graph';
import { LineagePanel, newPanel, type PanelOptions } from './panel';
import type { PageState } from './protocol';

export interface LineageOptions extends PanelOptions {
  commands: Commands;
}

/** The lineage of the model in the editor: one panel, which follows the editor. */
export function registerLineage({ commands, ...options }: LineageOptions): Disposable {
  const store = new DisposableStore();
  const { projects } = options;
  let panel: LineagePanel | undefined;
  const modelIn = (editor: vscode.TextEditor | undefined): string | undefined => editor && projects.modelOfFile(editor.document.uri.fsPath)?.name;
  const adopt = (view: vscode.WebviewPanel, model: string | undefined): LineagePanel => {
    const adopted = new LineagePanel(view, model, options, () => {
      if (panel === adopted) panel = undefined;
    });
    return adopted;
  };

  store.add({ dispose: () => panel?.dispose() });
  store.add(commands.register(COMMANDS.showLineage, async (given, trace) => {
    await projects.ready;
    const model = named(given, options) ?? modelIn(vscode.window.activeTextEditor) ?? panel?.model;
    if (model === undefined) throw new HumanError(vscode.l10n.t('The active editor shows no dbt model. Open one, and ask for its lineage again.'));
    if (panel) panel.reveal();
    else panel = adopt(newPanel(), model);
    panel.show(model, trace as Trace | undefined);
  }));
  store.add(vscode.window.onDidChangeActiveTextEditor((editor) => {
    const model = modelIn(editor);
    if (panel && model !== undefined && model !== panel.model) panel.show(model);
  }));
  store.add(vscode.window.registerWebviewPanelSerializer(PANELS.lineage, {
    deserializeWebviewPanel: async (view, state) => {
      await projects.ready;
      panel = adopt(view, (state as PageState | undefined)?.model ?? modelIn(vscode.window.activeTextEditor));
    },
  }));
  return store;
}

/** A model's name, from a name, a file, or what a view hands over. */
function named(given: unknown, { projects }: PanelOptions): string | undefined {
  if (typeof given === 'string') return nameOf(given);
  if (given instanceof vscode.Uri) return projects.modelOfFile(given.fsPath)?.name;
  const asset = (given as { asset?: { key?: unknown } } | null | undefined)?.asset;
  return typeof asset?.key === 'string' ? nameOf(asset.key) : undefined;
}
