/** A client of a language server: the server as a process of its own, spoken to by the real protocol over its pipes. */
import { spawn, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import {
  CancellationTokenSource, CompletionRequest, createMessageConnection, DefinitionRequest, DidChangeTextDocumentNotification, DidChangeWatchedFilesNotification, DidCloseTextDocumentNotification,
  DidOpenTextDocumentNotification, DidSaveTextDocumentNotification, DocumentDiagnosticRequest, ExitNotification, FileChangeType, HoverRequest, InitializedNotification, InitializeRequest, LogMessageNotification, MessageType,
  PublishDiagnosticsNotification, ReferencesRequest, ShowMessageNotification, ShutdownRequest, StreamMessageReader, StreamMessageWriter,
  type CompletionItem, type CompletionList, type Definition, type Diagnostic, type Hover, type InitializeResult, type Location, type LocationLink, type MessageConnection, type ServerCapabilities, type TextDocumentContentChangeEvent,
} from 'vscode-languageserver/node';
import { TextDocument } from 'vscode-languageserver-textdocument';

export interface StartOptions {
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** tells a root, and no workspace folders */
  rootOnly?: boolean;
  /** whether it offers to watch files; it does as the default */
  watches?: boolean;
  /** milliseconds that an answer may take */
  limit?: number;
}

export interface Published { version: number | undefined; diagnostics: Diagnostic[] }

/** How long anything may take before a test says what is missing; generous, for machines under load. */
const LIMIT = 30_000;

export class LanguageClient {
  capabilities: ServerCapabilities = {};
  /** what the server said was wrong, in its log or to the person */
  readonly complaints: string[] = [];
  /** its exit code, null when a signal ended it */
  readonly exited: Promise<number | null>;
  stderr = '';
  private readonly documents = new Map<string, TextDocument>();
  private readonly published = new Map<string, Published>();
  private readonly waiting = new Set<() => void>();
  private nextVersion = 1;

  private constructor(readonly process: ChildProcess, readonly connection: MessageConnection, private readonly limit: number) {
    this.exited = new Promise((resolve) => process.on('exit', (code) => resolve(code)));
    process.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    // Writing to a server that has gone is answered by its exit
    process.stdin?.on('error', () => undefined);
    connection.onError(() => undefined);
    connection.onNotification(PublishDiagnosticsNotification.type, ({ uri, version, diagnostics }) => {
      this.published.set(fileOf(uri), { version, diagnostics });
      for (const look of [...this.waiting]) look();
    });
    connection.onNotification(LogMessageNotification.type, ({ type, message }) => {
      if (type === MessageType.Error) this.complaints.push(message);
    });
    connection.onNotification(ShowMessageNotification.type, ({ type, message }) => {
      if (type <= MessageType.Warning) this.complaints.push(message);
    });
    connection.onRequest(() => null);
    connection.listen();
  }

  /** @param command program and arguments @param folders the workspace's */
  static async start(command: readonly string[], folders: readonly string[], options: StartOptions = {}): Promise<LanguageClient> {
    const [program = '', ...args] = command;
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...options.env }, cwd: options.cwd });
    const client = new LanguageClient(child, createMessageConnection(new StreamMessageReader(child.stdout), new StreamMessageWriter(child.stdin)), options.limit ?? LIMIT);
    const [first] = folders;
    const { capabilities } = await client.ask<InitializeResult>(InitializeRequest.method, {
      processId: process.pid, rootUri: first === undefined ? null : uriOf(first), ...(first === undefined ? {} : { rootPath: first }),
      ...(options.rootOnly ? {} : { workspaceFolders: folders.map((folder) => ({ uri: uriOf(folder), name: path.basename(folder) })) }),
      capabilities: {
        textDocument: {
          synchronization: { didSave: true }, completion: { completionItem: { snippetSupport: true, documentationFormat: ['markdown', 'plaintext'], labelDetailsSupport: true } },
          hover: { contentFormat: ['markdown', 'plaintext'] }, publishDiagnostics: { relatedInformation: true, versionSupport: true }, definition: {}, references: {},
          rename: { prepareSupport: true }, codeAction: { codeActionLiteralSupport: { codeActionKind: { valueSet: ['', 'quickfix', 'refactor'] } } }, documentSymbol: { hierarchicalDocumentSymbolSupport: true },
        },
        workspace: { workspaceFolders: true, configuration: true, workspaceEdit: { documentChanges: true, resourceOperations: ['create', 'rename', 'delete'] }, didChangeWatchedFiles: { dynamicRegistration: options.watches ?? true } },
        general: { positionEncodings: ['utf-16'] },
      },
    });
    client.capabilities = capabilities;
    await client.connection.sendNotification(InitializedNotification.type, {});
    return client;
  }

  // ---- documents

  /** @param text what the editor holds; as the disk has it without one */
  open(file: string, text = fs.readFileSync(file, 'utf8')): TextDocument {
    const language = { '.yml': 'yaml', '.yaml': 'yaml', '.md': 'markdown' }[path.extname(file)] ?? 'jinja-sql';
    // Never the same twice: what is still on its way about the document that was open before is not about this one
    const version = this.nextVersion++ * 1000;
    const document = TextDocument.create(uriOf(file), language, version, text);
    this.documents.set(file, document);
    void this.connection.sendNotification(DidOpenTextDocumentNotification.type, { textDocument: { uri: document.uri, languageId: language, version, text } });
    return document;
  }

  /** Replaces a stretch of an open document. Offsets in UTF-16 units. */
  edit(file: string, start: number, end: number, text: string): void {
    const document = this.document(file);
    const change = { range: { start: document.positionAt(start), end: document.positionAt(end) }, text };
    this.update(file, change);
    void this.connection.sendNotification(DidChangeTextDocumentNotification.type, { textDocument: { uri: document.uri, version: document.version }, contentChanges: [change] });
  }

  /** The whole text anew. */
  replace(file: string, text: string): void {
    const document = this.document(file);
    this.update(file, { text });
    void this.connection.sendNotification(DidChangeTextDocumentNotification.type, { textDocument: { uri: document.uri, version: document.version }, contentChanges: [{ text }] });
  }

  close(file: string): void {
    void this.connection.sendNotification(DidCloseTextDocumentNotification.type, { textDocument: { uri: uriOf(file) } });
    this.documents.delete(file);
    this.published.delete(file);
  }

  /** Writes what the editor holds, and tells. */
  save(file: string): void {
    fs.writeFileSync(file, this.document(file).getText());
    void this.connection.sendNotification(DidSaveTextDocumentNotification.type, { textDocument: { uri: uriOf(file) } });
  }

  text(file: string): string {
    return this.document(file).getText();
  }

  private update(file: string, change: TextDocumentContentChangeEvent): void {
    const document = this.document(file);
    this.documents.set(file, TextDocument.update(document, [change], document.version + 1));
    if (this.published.get(file)?.version === undefined) this.published.delete(file);
  }

  private document(file: string): TextDocument {
    const document = this.documents.get(file);
    if (!document) throw new Error(`${file} is not open.`);
    return document;
  }

  /** What a watcher of files would tell. */
  watched(changes: Record<string, 'created' | 'changed' | 'deleted'>): void {
    const types = { created: FileChangeType.Created, changed: FileChangeType.Changed, deleted: FileChangeType.Deleted } as const;
    void this.connection.sendNotification(DidChangeWatchedFilesNotification.type, { changes: Object.entries(changes).map(([file, change]) => ({ uri: uriOf(file), type: types[change] })) });
  }

  // ---- requests

  /** Any request on a place. */
  at<T>(method: string, file: string, offset: number, more: object = {}): Promise<T> {
    const document = this.document(file);
    return this.ask(method, { textDocument: { uri: document.uri }, position: document.positionAt(offset), ...more });
  }

  /** Any request on a whole document. */
  of<T>(method: string, file: string, more: object = {}): Promise<T> {
    return this.ask(method, { textDocument: { uri: uriOf(file) }, ...more });
  }

  async ask<T>(method: string, params: object): Promise<T> {
    const { token, cancel, dispose } = cancellation();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        cancel();
        reject(new Error(`No answer to ${method} within ${this.limit} ms.\n${this.stderr}`));
      }, this.limit);
    });
    const gone = this.exited.then((code) => Promise.reject(new Error(`The server ended with ${String(code)} before it answered ${method}.\n${this.stderr}`)));
    // Whoever lost the race may fail unseen
    for (const loser of [late, gone]) loser.catch(() => undefined);
    try {
      return await Promise.race([this.connection.sendRequest<T>(method, params, token), late, gone]);
    } finally {
      clearTimeout(timer);
      dispose();
    }
  }

  async completion(file: string, offset: number): Promise<{ items: CompletionItem[]; isIncomplete: boolean }> {
    const answer = await this.at<CompletionItem[] | CompletionList | null>(CompletionRequest.method, file, offset);
    return Array.isArray(answer) ? { items: answer, isIncomplete: false } : (answer ?? { items: [], isIncomplete: false });
  }

  async hover(file: string, offset: number): Promise<string> {
    const answer = await this.at<Hover | null>(HoverRequest.method, file, offset);
    if (!answer) return '';
    return [answer.contents].flat().map((content) => (typeof content === 'string' ? content : content.value)).join('\n');
  }

  async definition(file: string, offset: number): Promise<Found[]> {
    const answer = await this.at<Definition | LocationLink[] | null>(DefinitionRequest.method, file, offset);
    return [answer ?? []].flat().map((place) => ('targetUri' in place ? { file: fileOf(place.targetUri), range: place.targetSelectionRange } : { file: fileOf(place.uri), range: place.range }));
  }

  async references(file: string, offset: number, includeDeclaration = false): Promise<Found[]> {
    const answer = await this.at<Location[] | null>(ReferencesRequest.method, file, offset, { context: { includeDeclaration } });
    return (answer ?? []).map(({ uri, range }) => ({ file: fileOf(uri), range }));
  }

  /** What is wrong with the document as it is now: by asking, where the server answers that, else as it tells of itself. */
  async diagnostics(file: string): Promise<Diagnostic[]> {
    if (this.capabilities.diagnosticProvider) {
      const report = await this.of<{ items?: Diagnostic[] }>(DocumentDiagnosticRequest.method, file);
      return report.items ?? [];
    }
    return this.told(file);
  }

  /** The diagnostics that the server publishes for the present version. */
  async told(file: string): Promise<Diagnostic[]> {
    const { version } = this.document(file);
    const current = (): Published | undefined => {
      const last = this.published.get(file);
      // A server that tells no version tells of the last one that it saw
      return last && (last.version ?? version) === version ? last : undefined;
    };
    return (await this.until(current, `diagnostics of version ${version} of ${file}`)).diagnostics;
  }

  /** Diagnostics that come to be as wanted: what belongs to another file's change comes when it comes. */
  async toldUntil(file: string, wanted: (diagnostics: Diagnostic[]) => boolean): Promise<Diagnostic[]> {
    const found = (): Published | undefined => {
      const last = this.published.get(file);
      return last && wanted(last.diagnostics) ? last : undefined;
    };
    return (await this.until(found, `other diagnostics of ${file} than ${JSON.stringify(this.published.get(file))}`)).diagnostics;
  }

  private until<T>(look: () => T | undefined, what: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const attempt = (): void => {
        const found = look();
        if (found === undefined) return;
        clearTimeout(timer);
        this.waiting.delete(attempt);
        resolve(found);
      };
      const timer = setTimeout(() => {
        this.waiting.delete(attempt);
        reject(new Error(`The server never sent ${what}.\n${this.stderr}`));
      }, this.limit);
      this.waiting.add(attempt);
      attempt();
    });
  }

  // ---- the process

  /** Resident memory in bytes, now and at its highest; 0 where the system does not tell. */
  memory(): { now: number; peak: number } {
    const status = fs.readFileSync(`/proc/${String(this.process.pid)}/status`, { encoding: 'utf8' });
    const kilobytes = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) * 1024;
    return { now: kilobytes('VmRSS'), peak: kilobytes('VmHWM') };
  }

  /** By the protocol; by force where that does not end it. @returns its exit code */
  async stop(): Promise<number | null> {
    const timer = setTimeout(() => this.process.kill('SIGKILL'), 5_000);
    await this.ask(ShutdownRequest.method, {}).catch(() => undefined);
    await this.connection.sendNotification(ExitNotification.type).catch(() => undefined);
    const code = await this.exited;
    clearTimeout(timer);
    this.connection.dispose();
    return code;
  }
}

export interface Found { file: string; range: { start: { line: number; character: number }; end: { line: number; character: number } } }

function cancellation(): { token: CancellationTokenSource['token']; cancel: () => void; dispose: () => void } {
  const source = new CancellationTokenSource();
  return { token: source.token, cancel: () => source.cancel(), dispose: () => source.dispose() };
}

export const uriOf = (file: string): string => pathToFileURL(file).href;
export const fileOf = (uri: string): string => fileURLToPath(uri);
