import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../base/events';
import type { Mapping } from '../dbt/mapping';
import type { QueryProblem } from '../warehouse/describe';
import { OlderTable } from './older';
import { atLine, nameEnd, repeats } from './said';

interface Entry {
  diagnostic: vscode.Diagnostic;
  /** not where the language server says it too */
  shown: boolean;
}

/** What PostgreSQL and dbt say against a text, at the place in the model that they mean. Gone as soon as the text changes. */
export class QueryDiagnostics implements Disposable {
  readonly #store = new DisposableStore();
  readonly #collection = this.#store.add(vscode.languages.createDiagnosticCollection('attribution-sql'));
  readonly #entries = new Map<string, Entry>();

  constructor() {
    this.#store.add(vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
      if (contentChanges.length > 0) this.clear(document.uri);
    }));
    this.#store.add(vscode.workspace.onDidCloseTextDocument(({ uri }) => this.clear(uri)));
    // The language server may say the same later, or take it back
    this.#store.add(vscode.languages.onDidChangeDiagnostics(({ uris }) => {
      if (this.#entries.size > 0) for (const uri of uris) this.#decide(uri);
    }));
  }

  /**
   * @param mapping of the text that was compiled, which stands at `from` in the document
   * @returns where it is; undefined where there is no place to show
   */
  showProblem(document: vscode.TextDocument, problem: QueryProblem, mapping: Mapping, from: number): vscode.Range | undefined {
    if (problem.offset === undefined) return undefined;
    const { start, end, exact } = mapping.toSource(problem.offset);
    const at = document.positionAt(from + start);
    const named = exact || start === end ? nameEnd(document.getText(), from + start) : undefined;
    const word = named === undefined && start === end ? document.getWordRangeAtPosition(at, /"[^"]*"|\w+|\S/) : undefined;
    const range = word ?? new vscode.Range(at, document.positionAt(named ?? from + Math.max(end, start + 1)));
    this.#show(document, range, problem.message, 'PostgreSQL', problem instanceof OlderTable ? vscode.DiagnosticSeverity.Warning : vscode.DiagnosticSeverity.Error, problem.code);
    return range;
  }

  /** An error of dbt in a line (from 0). */
  showLine(document: vscode.TextDocument, line: number, message: string): void {
    this.#show(document, new vscode.Range(line, 0, line, Number.MAX_SAFE_INTEGER), atLine(message), 'dbt', vscode.DiagnosticSeverity.Error);
  }

  clear(uri: vscode.Uri): void {
    if (this.#entries.delete(uri.toString())) this.#collection.delete(uri);
  }

  dispose(): void {
    this.#store.dispose();
  }

  #show(document: vscode.TextDocument, range: vscode.Range, message: string, source: string, severity: vscode.DiagnosticSeverity, code?: string): void {
    // Nobody would take it away again
    if (document.isClosed) return;
    const diagnostic = new vscode.Diagnostic(range, message, severity);
    diagnostic.source = source;
    if (code) diagnostic.code = code;
    this.clear(document.uri);
    this.#entries.set(document.uri.toString(), { diagnostic, shown: false });
    this.#decide(document.uri);
  }

  #decide(uri: vscode.Uri): void {
    const entry = this.#entries.get(uri.toString());
    if (!entry) return;
    const shown = !vscode.languages.getDiagnostics(uri).some((other) => repeats(other, entry.diagnostic));
    if (shown === entry.shown) return;
    entry.shown = shown;
    this.#collection.set(uri, shown ? [entry.diagnostic] : []);
  }
}
