import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../base/events';
import { Edits } from './edits';
import { DISK } from './files';
import { ProjectIndex } from './projects';

/** Changes that come together are read together (milliseconds). */
const TOGETHER = 150;

/** A new watcher tells nothing until it runs: the files are read once more after this long (milliseconds). */
const WATCHER_RUNS = 3000;

/** The dbt projects of the workspace, kept current by its file watchers and by what open editors hold unsaved. */
export class WorkspaceProjects extends ProjectIndex implements Disposable {
  readonly #disposables = new DisposableStore();
  readonly #watched = new Map<string, Disposable>();
  readonly #edits = this.#disposables.add(new Edits(TOGETHER, (file, text) => void this.overlay(file, text), (files) => void this.update(files)));
  #again: NodeJS.Timeout | undefined;

  constructor() {
    super(DISK, () => (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file').map(({ uri }) => uri.fsPath));
    const files = this.#disposables.add(vscode.workspace.createFileSystemWatcher('**/dbt_project.yml'));
    for (const event of [files.onDidChange, files.onDidCreate, files.onDidDelete]) this.#disposables.add(event((uri) => this.#note(uri)));
    this.#disposables.add(vscode.workspace.onDidChangeWorkspaceFolders(() => void this.scan()));
    this.#disposables.add(vscode.workspace.onDidChangeTextDocument(({ document }) => {
      if (document.uri.scheme === 'file' && this.concerns(document.uri.fsPath)) this.#edits.typed(document.uri.fsPath, document);
    }));
    this.#disposables.add(vscode.workspace.onDidSaveTextDocument(({ uri }) => this.#note(uri)));
    this.#disposables.add(vscode.workspace.onDidCloseTextDocument(({ uri }) => {
      if (uri.scheme === 'file' && this.concerns(uri.fsPath)) this.#edits.closed(uri.fsPath);
    }));
    this.#disposables.add(this.onDidChange(() => this.#watch()));
  }

  override dispose(): void {
    clearTimeout(this.#again);
    this.#disposables.dispose();
    for (const watcher of this.#watched.values()) watcher.dispose();
    super.dispose();
  }

  /** One watcher for each project that there is now. */
  #watch(): void {
    const roots = new Set(this.all.map(({ root }) => root));
    for (const [root, watcher] of this.#watched) {
      if (roots.has(root)) continue;
      watcher.dispose();
      this.#watched.delete(root);
    }
    for (const root of roots) {
      if (this.#watched.has(root)) continue;
      const watcher = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(vscode.Uri.file(root), '**'));
      const store = new DisposableStore();
      store.add(watcher);
      for (const event of [watcher.onDidChange, watcher.onDidCreate, watcher.onDidDelete]) store.add(event((uri) => this.#note(uri)));
      this.#watched.set(root, store);
      clearTimeout(this.#again);
      this.#again = setTimeout(() => void this.scan(), WATCHER_RUNS);
    }
  }

  #note(uri: vscode.Uri): void {
    if (uri.scheme === 'file' && this.concerns(uri.fsPath)) this.#edits.changed(uri.fsPath);
  }
}
