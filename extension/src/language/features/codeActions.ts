/** Ways out of what diagnostics show, as edits that leave everything else as it is. */
import { CodeActionKind, type CodeAction, type CodeActionContext, type Diagnostic, type Position, type Range, type TextEdit, type WorkspaceEdit } from 'vscode-languageserver';
import type { Span } from '../analysis/types';
import { diagnosticOf, problemsOf } from './diagnostics';
import type { Fix, Problem } from './diagnosticsProblem';
import type { FileRequest } from './request';

/**
 * Code actions for a stretch of a file; found again from the text, so they fit it however old the client's diagnostics are.
 * @param open the client's command that shows a file, given its URI and `{selection}`: what is written elsewhere is shown
 */
export function codeActions(request: FileRequest, range: Span, context: CodeActionContext, open?: string): CodeAction[] {
  if (context.only && !context.only.some((kind) => kind === CodeActionKind.Empty || kind === CodeActionKind.QuickFix || kind.startsWith(`${CodeActionKind.QuickFix}.`))) return [];
  const found: CodeAction[] = [];
  for (const problem of problemsOf(request)) {
    if (!problem.fixes || problem.span.start > range.end || problem.span.end < range.start) continue;
    const diagnostic = shownAs(request, problem, context.diagnostics);
    for (const fix of problem.fixes()) {
      const edit = editOf(request, fix);
      const elsewhere = fix.create?.file ?? fix.changes.find(({ file }) => file !== request.file)?.file;
      const selection = selectionOf(request, fix);
      const command = open === undefined || elsewhere === undefined ? {} : { command: { title: 'Open', command: open, arguments: [request.uriOf(elsewhere), ...(selection ? [{ selection }] : [])] } };
      if (edit) found.push({ title: fix.title, kind: CodeActionKind.QuickFix, diagnostics: [diagnostic], edit, ...command, ...(fix.preferred ? { isPreferred: true } : {}) });
    }
  }
  return found;
}

/** The client's own diagnostic, where it has one of the problem: it knows it by identity. */
function shownAs(request: FileRequest, problem: Problem, shown: readonly Diagnostic[]): Diagnostic {
  const diagnostic = diagnosticOf(request, problem);
  return shown.find(({ code, range }) => code === diagnostic.code && range.start.line === diagnostic.range.start.line && range.start.character === diagnostic.range.start.character) ?? diagnostic;
}

/** Where what is to be selected stands once the fix, of one change, is applied. */
function selectionOf(request: FileRequest, { changes: [change] }: Fix): Range | undefined {
  const at = change?.select && request.linesOf(change.file)?.range(change.span).start;
  if (!change?.select || !at) return undefined;
  const placeOf = (offset: number): Position => {
    const lines = change.text.slice(0, offset).split('\n');
    const character = lines.at(-1)?.length ?? 0;
    return lines.length === 1 ? { line: at.line, character: at.character + character } : { line: at.line + lines.length - 1, character };
  };
  return { start: placeOf(change.select.start), end: placeOf(change.select.end) };
}

/** Undefined where a file that it changes cannot be read any more. */
function editOf(request: FileRequest, { changes, create }: Fix): WorkspaceEdit | undefined {
  const byUri: Record<string, TextEdit[]> = {};
  for (const { file, span, text } of changes) {
    const lines = file === request.file ? request.lines : request.linesOf(file);
    if (!lines) return undefined;
    (byUri[file === request.file ? request.uri : request.uriOf(file)] ??= []).push({ range: lines.range(span), newText: text });
  }
  // Every client knows this form; making a file needs the other
  if (!create) return { changes: byUri };
  const uri = request.uriOf(create.file);
  const start = { line: 0, character: 0 };
  return {
    documentChanges: [
      { kind: 'create', uri, options: { ignoreIfExists: true } },
      { textDocument: { uri, version: null }, edits: [{ range: { start, end: start }, newText: create.text }] },
      ...Object.entries(byUri).map(([other, edits]) => ({ textDocument: { uri: other, version: null }, edits })),
    ],
  };
}
