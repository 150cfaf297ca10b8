import * as vscode from 'vscode';
import { HumanError } from '../base/errors';
import { DisposableStore, type Disposable } from '../base/events';
import { COMMANDS } from '../contributions';
import type { DbtSession } from '../dbt/session';
import type { Projects } from '../dbt/types';
import type { Commands } from '../platform/commands';
import { CompiledDocuments, SCHEME, compiledUri, oneLine } from './provider';

export interface CompiledOptions {
  commands: Commands;
  session: DbtSession;
  projects: Projects;
}

/** A model's compiled SQL beside it, live, with both cursors linked. */
export function registerCompiled({ commands, session, projects }: CompiledOptions): Disposable {
  const store = new DisposableStore();
  const documents = store.add(new CompiledDocuments(session, projects));
  store.add(vscode.workspace.registerFileSystemProvider(SCHEME, documents, { isReadonly: true }));
  store.add(vscode.languages.registerCodeLensProvider({ scheme: SCHEME }, documents));
  store.add(commands.register(COMMANDS.showCompiledSql, async (given) => {
    const source = given instanceof vscode.Uri ? given : vscode.window.activeTextEditor?.document.uri;
    if (source?.scheme !== 'file' || !source.path.endsWith('.sql')) throw new HumanError(vscode.l10n.t('Open a dbt model first: its compiled SQL is shown beside it.'));
    const document = await vscode.workspace.openTextDocument(compiledUri(source));
    await vscode.window.showTextDocument(document, { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true, preview: false });
    if (vscode.window.activeTextEditor) link(vscode.window.activeTextEditor);
  }));

  const mark = store.add(vscode.window.createTextEditorDecorationType({
    isWholeLine: true, backgroundColor: new vscode.ThemeColor('editor.lineHighlightBackground'), overviewRulerColor: new vscode.ThemeColor('editorOverviewRuler.rangeHighlightForeground'),
    borderWidth: '1px 0', borderStyle: 'solid', borderColor: new vscode.ThemeColor('editor.lineHighlightBorder'),
  }));
  const notice = store.add(vscode.window.createTextEditorDecorationType({ after: { color: new vscode.ThemeColor('editorWarning.foreground'), margin: '0 0 0 2em' } }));
  const faded = store.add(vscode.window.createTextEditorDecorationType({ opacity: '0.6' }));
  /** Says in the last line that is seen that the text is an older one: headings that stick to the top cover the first ones. */
  const tell = (editor: vscode.TextEditor): void => {
    const { document } = editor;
    if (document.uri.scheme !== SCHEME) return;
    const problem = documents.problemOf(document.uri);
    const { end } = document.lineAt(Math.min(editor.visibleRanges.at(-1)?.end.line ?? 0, document.lineCount - 1)).range;
    editor.setDecorations(notice, problem === undefined ? [] : [{ range: new vscode.Range(end, end), renderOptions: { after: { contentText: vscode.l10n.t('not current: {0}', oneLine(problem)) } } }]);
    editor.setDecorations(faded, problem === undefined ? [] : [new vscode.Range(0, 0, document.lineCount, 0)]);
  };
  store.add(vscode.window.onDidChangeTextEditorVisibleRanges(({ textEditor }) => tell(textEditor)));
  /** Shows in the other editor what belongs to the cursor of this one. */
  const link = (editor: vscode.TextEditor): void => {
    const linked = documents.linked(editor.document, editor.selection.active);
    for (const other of vscode.window.visibleTextEditors) {
      if (linked && other !== editor && other.document.uri.toString() === linked.uri.toString()) {
        other.setDecorations(mark, [linked.range]);
        // Its line, from the beginning: a name far to the right would scroll all that is before it away
        const { line } = linked.range.start;
        other.revealRange(new vscode.Range(line, 0, line, 0), vscode.TextEditorRevealType.InCenterIfOutsideViewport);
      } else {
        other.setDecorations(mark, []);
      }
    }
  };
  store.add(vscode.window.onDidChangeTextEditorSelection(({ textEditor }) => {
    if (textEditor === vscode.window.activeTextEditor) link(textEditor);
  }));
  const update = (): void => {
    if (vscode.window.activeTextEditor) link(vscode.window.activeTextEditor);
    vscode.window.visibleTextEditors.forEach(tell);
  };
  store.add(documents.onDidChangeCodeLenses(update));
  // A new text comes after the word that there is one
  store.add(vscode.workspace.onDidChangeTextDocument(({ document }) => {
    if (document.uri.scheme === SCHEME) update();
  }));
  store.add(vscode.window.onDidChangeVisibleTextEditors(update));
  return store;
}
