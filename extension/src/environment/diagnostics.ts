import * as vscode from 'vscode';
import { DisposableStore, type Disposable, type Event } from '../base/events';
import type { DbtParseError } from './parseError';

/** Shows why the dbt project does not parse as a problem on the file that dbt names, until it parses again or the file is saved. */
export function showParseErrors(onDidPrepare: Event<DbtParseError | undefined>): Disposable {
  const store = new DisposableStore();
  const collection = store.add(vscode.languages.createDiagnosticCollection('attribution-dbt'));
  store.add(onDidPrepare((error) => {
    collection.clear();
    if (!error?.place) return;
    const { file, line } = error.place;
    // VS Code cuts a range to the length of its line
    const diagnostic = new vscode.Diagnostic(new vscode.Range(line, 0, line, Number.MAX_SAFE_INTEGER), error.details, vscode.DiagnosticSeverity.Error);
    diagnostic.source = 'dbt';
    collection.set(vscode.Uri.file(file), [diagnostic]);
  }));
  // What is saved is not what dbt spoke of; text that changes without being dirty was changed on disk
  const changed = ({ uri }: vscode.TextDocument): void => collection.delete(uri);
  store.add(vscode.workspace.onDidSaveTextDocument(changed));
  store.add(vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
    if (contentChanges.length > 0 && !document.isDirty) changed(document);
  }));
  return store;
}
