import * as vscode from 'vscode';
import { HumanError } from '../base/errors';
import { DisposableStore, type Disposable } from '../base/events';
import { COMMANDS } from '../contributions';
import { projectOfFile } from '../dbt/place';
import type { Commands } from '../platform/commands';
import { ConfigSetting } from '../platform/config';
import { Checks } from './checks';
import { QueryRunner, type RunnerOptions } from './commands';
import { QueryDiagnostics } from './diagnostics';
import { QueryLenses } from './lenses';

export interface QueriesOptions extends RunnerOptions {
  commands: Commands;
}

/** After the last key, before PostgreSQL is asked (milliseconds). */
const IDLE_MS = 1000;

/** Runs models, selections and CTEs as they stand in the editor; shows what PostgreSQL says against them. */
export function registerQueries(options: QueriesOptions): Disposable {
  const { commands, projects, warehouse } = options;
  const store = new DisposableStore();
  const enabled = store.add(new ConfigSetting('attribution.lenses.runQuery'));
  const checkSql = store.add(new ConfigSetting('attribution.language.checkSql'));
  const diagnostics = store.add(new QueryDiagnostics());
  const runner = new QueryRunner(options, diagnostics);
  const lenses = store.add(new QueryLenses(projects, enabled));
  store.add(vscode.languages.registerCodeLensProvider({ scheme: 'file', pattern: '**/*.sql' }, lenses));

  const editorNow = (): vscode.TextEditor => {
    const editor = vscode.window.activeTextEditor;
    if (!editor) throw new HumanError(vscode.l10n.t('Open a dbt model first: it is run as it stands in the editor.'));
    return editor;
  };
  store.add(commands.register(COMMANDS.runQuery, async (uri, cte) => {
    const document = uri instanceof vscode.Uri ? await vscode.workspace.openTextDocument(uri) : editorNow().document;
    await runner.run(document, typeof cte === 'string' ? cte : undefined);
  }));
  store.add(commands.register(COMMANDS.runCte, async () => {
    const { document, selection } = editorNow();
    await runner.runAt(document, selection.active);
  }));
  store.add(commands.register(COMMANDS.runSelection, async () => {
    const { document, selection } = editorNow();
    await runner.runSelection(document, selection);
  }));

  const checks = store.add(new Checks<vscode.TextDocument>(async (document, signal) => warehouse.state.kind === 'connected' && runner.check(document, signal)));
  const isChecked = ({ uri }: vscode.TextDocument): boolean =>
    checkSql.value && vscode.workspace.isTrusted && uri.scheme === 'file' && uri.path.endsWith('.sql') && projectOfFile(projects, uri.fsPath) !== undefined;
  const look = (): void => {
    const document = vscode.window.activeTextEditor?.document;
    if (document && isChecked(document)) checks.once(document, IDLE_MS);
  };
  const forget = (uri: vscode.Uri): void => {
    checks.forget(uri);
    diagnostics.clear(uri);
  };
  store.add(vscode.window.onDidChangeActiveTextEditor(look));
  // What it stands on may be known only after the editor is open
  store.add(warehouse.onDidChange(look));
  void projects.ready.then(look);
  store.add(vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
    if (contentChanges.length > 0 && isChecked(document)) checks.request(document, IDLE_MS);
  }));
  store.add(vscode.workspace.onDidSaveTextDocument((document) => {
    if (isChecked(document)) checks.request(document, 0);
  }));
  store.add(vscode.workspace.onDidCloseTextDocument(({ uri }) => forget(uri)));
  // A closed tab's text may stay open for a while, for somebody else
  store.add(vscode.window.tabGroups.onDidChangeTabs(({ closed }) => {
    for (const { input } of closed) if (input instanceof vscode.TabInputText && !isOpen(input.uri)) forget(input.uri);
  }));
  return store;
}

const isOpen = (uri: vscode.Uri): boolean =>
  vscode.window.tabGroups.all.some(({ tabs }) => tabs.some(({ input }) => [input instanceof vscode.TabInputText ? input.uri : undefined, input instanceof vscode.TabInputTextDiff ? input.modified : undefined].some((one) => one?.toString() === uri.toString())));
