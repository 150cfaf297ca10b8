import path from 'node:path';
import * as vscode from 'vscode';
import { Cancelled, HumanError, messageOf } from '../base/errors';
import { DisposableStore, Emitter, type Disposable } from '../base/events';
import { PRIORITY, type DbtSession } from '../dbt/session';
import { Mapping } from '../dbt/mapping';
import { lineOfWords, projectOfFile } from '../dbt/place';
import type { Projects } from '../dbt/types';

export const SCHEME = 'attribution-compiled';
/** After the last key, before dbt is asked (milliseconds). */
const SETTLE_MS = 150;

/** What is shown of one model. */
interface Live {
  /** the model's document */
  source: vscode.Uri;
  /** the last SQL that compiled, and the text it was made of */
  sql: string;
  text: string;
  mapping: Mapping | undefined;
  /** why it is not that of the text now */
  problem: string | undefined;
  milliseconds: number | undefined;
  /** when its SQL last changed (milliseconds since 1970) */
  changed: number;
  timer: NodeJS.Timeout | undefined;
  compiling: AbortController | undefined;
}

/** The address of a model's compiled SQL: its name is what the tab says, its folders what stands above the text. */
export const compiledUri = (source: vscode.Uri): vscode.Uri =>
  vscode.Uri.from({ scheme: SCHEME, path: path.posix.join('/', vscode.workspace.asRelativePath(source).replace(/\.sql$/, ' (compiled).sql')), query: source.toString() });

const sourceOf = (uri: vscode.Uri): vscode.Uri => vscode.Uri.parse(uri.query, true);

/**
 * Compiled SQL that follows its model as somebody types; the last good text stays while there is none. Files of a read-only
 * file system and no mere contents: only the editors of files come back after a reload of the window.
 */
export class CompiledDocuments implements vscode.FileSystemProvider, vscode.CodeLensProvider, Disposable {
  readonly #store = new DisposableStore();
  readonly #live = new Map<string, Live>();
  readonly #changed = this.#store.add(new Emitter<vscode.FileChangeEvent[]>());
  readonly #told = this.#store.add(new Emitter<undefined>());
  readonly #problems = this.#store.add(vscode.languages.createDiagnosticCollection('attribution-compile'));
  readonly onDidChangeFile = this.#changed.event as vscode.Event<vscode.FileChangeEvent[]>;
  readonly onDidChangeCodeLenses = this.#told.event as vscode.Event<undefined> as vscode.Event<void>;

  constructor(private readonly session: DbtSession, private readonly projects: Projects) {
    this.#store.add(vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
      if (contentChanges.length > 0 && document.uri.scheme === 'file') this.#settle(document);
    }));
    this.#store.add(vscode.workspace.onDidSaveTextDocument((document) => {
      // What others refer to may be what was saved
      for (const [key, live] of this.#live) if (document.uri.scheme === 'file' && /\.(?:sql|ya?ml)$/.test(document.uri.path) && live.source.toString() !== document.uri.toString()) this.#later(key);
    }));
    this.#store.add(vscode.workspace.onDidCloseTextDocument(({ uri }) => {
      if (uri.scheme === SCHEME) this.#forget(uri.toString());
    }));
  }

  /** Compiles a model that is not shown yet. */
  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    const key = uri.toString();
    if (!this.#live.has(key)) {
      this.#live.set(key, { source: sourceOf(uri), sql: '', text: '', mapping: undefined, problem: undefined, milliseconds: undefined, changed: 0, timer: undefined, compiling: undefined });
      await this.#compile(key);
    }
    return Buffer.from(this.#live.get(key)?.sql ?? '');
  }

  stat(uri: vscode.Uri): vscode.FileStat {
    const live = this.#live.get(uri.toString());
    return { type: vscode.FileType.File, ctime: 0, mtime: live?.changed ?? 0, size: Buffer.byteLength(live?.sql ?? ''), permissions: vscode.FilePermission.Readonly };
  }

  /** Tells of every change by itself. */
  watch(): Disposable {
    return { dispose: () => undefined };
  }

  readDirectory = refuse;
  createDirectory = refuse;
  writeFile = refuse;
  delete = refuse;
  rename = refuse;

  /** The state, where it takes no line from the SQL. */
  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    const live = this.#live.get(document.uri.toString());
    if (!live) return [];
    const title = live.problem === undefined ? live.milliseconds === undefined ? vscode.l10n.t('compiling …') : vscode.l10n.t('compiled in {0} ms', live.milliseconds)
      : `$(warning)\u00a0${vscode.l10n.t('not current: {0}', oneLine(live.problem))}`;
    return [new vscode.CodeLens(new vscode.Range(0, 0, 0, 0), { title, command: '', ...(live.problem === undefined ? {} : { tooltip: live.problem }) })];
  }

  /** Why what is shown is not that of the text now; undefined where it is. */
  problemOf(uri: vscode.Uri): string | undefined {
    return this.#live.get(uri.toString())?.problem;
  }

  /** The model's place for one of the compiled SQL, or the other way round; undefined where it is not known. */
  linked(document: vscode.TextDocument, position: vscode.Position): { uri: vscode.Uri; range: vscode.Range } | undefined {
    const compiled = document.uri.scheme === SCHEME;
    const key = (compiled ? document.uri : compiledUri(document.uri)).toString();
    const live = this.#live.get(key);
    if (!live) return undefined;
    live.mapping ??= new Mapping(live.text, live.sql);
    const other = vscode.workspace.textDocuments.find(({ uri }) => uri.toString() === (compiled ? live.source.toString() : key));
    if (!other || (compiled ? other : document).getText() !== live.text) return undefined;
    const { start, end } = compiled ? live.mapping.toSource(document.offsetAt(position)) : live.mapping.toCompiled(document.offsetAt(position));
    return { uri: other.uri, range: new vscode.Range(other.positionAt(start), other.positionAt(end)) };
  }

  dispose(): void {
    for (const key of this.#live.keys()) this.#forget(key);
    this.#store.dispose();
  }

  #settle(document: vscode.TextDocument): void {
    const key = compiledUri(document.uri).toString();
    if (this.#live.has(key)) this.#later(key);
  }

  #later(key: string): void {
    const live = this.#live.get(key);
    if (!live) return;
    clearTimeout(live.timer);
    live.timer = setTimeout(() => void this.#compile(key), SETTLE_MS);
  }

  async #compile(key: string): Promise<void> {
    const live = this.#live.get(key);
    if (!live) return;
    live.compiling?.abort();
    const compiling = (live.compiling = new AbortController());
    let text = '';
    try {
      await this.projects.ready;
      const document = await vscode.workspace.openTextDocument(live.source);
      text = document.getText();
      const project = projectOfFile(this.projects, live.source.fsPath);
      if (!project) throw new HumanError(vscode.l10n.t('{0} belongs to no dbt project of this folder.', path.basename(live.source.fsPath)));
      const begun = performance.now();
      const { sql, older } = await this.session.compile({ project: project.root, file: live.source.fsPath, text, priority: PRIORITY.typing }, compiling.signal);
      const isNew = sql !== live.sql;
      Object.assign(live, { sql, text, mapping: undefined, problem: older ?? undefined, milliseconds: Math.round(performance.now() - begun) });
      if (isNew) live.changed = Date.now();
      if (isNew) this.#changed.fire([{ type: vscode.FileChangeType.Changed, uri: vscode.Uri.parse(key, true) }]);
      this.#problems.delete(live.source);
    } catch (error) {
      if (compiling.signal.aborted || error instanceof Cancelled) return;
      live.problem = messageOf(error);
      this.#tell(live, text);
    } finally {
      if (live.compiling === compiling) live.compiling = undefined;
    }
    this.#told.fire(undefined);
  }

  /** Under the line that dbt speaks of. */
  #tell({ source, problem = '' }: Live, text: string): void {
    const line = lineOfWords(problem, text);
    if (line === undefined) {
      this.#problems.delete(source);
      return;
    }
    const found = new vscode.Diagnostic(new vscode.Range(line, 0, line, Number.MAX_SAFE_INTEGER), problem, vscode.DiagnosticSeverity.Error);
    found.source = 'dbt';
    this.#problems.set(source, [found]);
  }

  #forget(key: string): void {
    const live = this.#live.get(key);
    if (!live) return;
    clearTimeout(live.timer);
    live.compiling?.abort();
    this.#problems.delete(live.source);
    this.#live.delete(key);
  }
}

const refuse = (uri: vscode.Uri): never => {
  throw vscode.FileSystemError.NoPermissions(uri);
};

/** Words of several lines as the start of one. */
export const oneLine = (words: string): string => words.replace(/\s*\n\s*/g, ' ').slice(0, 200);
