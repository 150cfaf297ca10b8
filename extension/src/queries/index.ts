import * as vscode from 'vscode';
import { HumanError } from '../base/errors';
import { DisposableStore, type Disposable } from '../base/events';
import { COMMANDS } from '../contributions';
import { projectOfFile } from '../dbt/place';
import type { Commands } from '../platform/commands';
import { ConfigSetting } from '../platform/config';
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

  // One check at a time: of the text that was touched last
  let timer: NodeJS.Timeout | undefined;
  let checking: AbortController | undefined;
  const check = (document: vscode.TextDocument, after: number): void => {
    if (document.uri.scheme !== 'file' || !document.uri.path.endsWith('.sql') || !projectOfFile(projects, document.uri.fsPath)) return;
    clearTimeout(timer);
    checking?.abort();
    if (!checkSql.value || !vscode.workspace.isTrusted) return;
    timer = setTimeout(() => {
      if (warehouse.state.kind !== 'connected') return;
      checking = new AbortController();
      void runner.check(document, checking.signal);
    }, after);
  };
  store.add({ dispose: () => {
    clearTimeout(timer);
    checking?.abort();
  } });
  store.add(vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
    if (contentChanges.length > 0) check(document, IDLE_MS);
  }));
  store.add(vscode.workspace.onDidSaveTextDocument((document) => check(document, 0)));
  return store;
}
