import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../base/events';
import type { Mapping } from '../dbt/mapping';
import type { QueryProblem } from '../warehouse/describe';

/** What PostgreSQL and dbt say against a text, at the place in the model that they mean. Gone as soon as the text changes. */
export class QueryDiagnostics implements Disposable {
  readonly #store = new DisposableStore();
  readonly #collection = this.#store.add(vscode.languages.createDiagnosticCollection('attribution-sql'));

  constructor() {
    this.#store.add(vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
      if (contentChanges.length > 0) this.clear(document.uri);
    }));
    this.#store.add(vscode.workspace.onDidCloseTextDocument(({ uri }) => this.clear(uri)));
  }

  /**
   * @param mapping of the text that was compiled, which stands at `from` in the document
   * @returns whether there is a place to show
   */
  showProblem(document: vscode.TextDocument, problem: QueryProblem, mapping: Mapping, from: number): boolean {
    if (problem.offset === undefined) return false;
    const { start, end, exact } = mapping.toSource(problem.offset);
    const at = document.positionAt(from + start);
    const word = exact || start === end ? document.getWordRangeAtPosition(at, /"[^"]*"|\w+|\S/) : undefined;
    this.#show(document.uri, word ?? new vscode.Range(at, document.positionAt(from + Math.max(end, start + 1))), problem.message, 'PostgreSQL', problem.code);
    return true;
  }

  /** An error of dbt in a line (from 0). */
  showLine({ uri }: vscode.TextDocument, line: number, message: string): void {
    this.#show(uri, new vscode.Range(line, 0, line, Number.MAX_SAFE_INTEGER), message, 'dbt');
  }

  clear(uri: vscode.Uri): void {
    this.#collection.delete(uri);
  }

  dispose(): void {
    this.#store.dispose();
  }

  #show(uri: vscode.Uri, range: vscode.Range, message: string, source: string, code?: string): void {
    const diagnostic = new vscode.Diagnostic(range, message, vscode.DiagnosticSeverity.Error);
    diagnostic.source = source;
    if (code) diagnostic.code = code;
    this.#collection.set(uri, [diagnostic]);
  }
}
