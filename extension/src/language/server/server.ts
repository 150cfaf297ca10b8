import {
  DidChangeWatchedFilesNotification, LSPErrorCodes, ResponseError, WatchKind, type CancellationToken, type Connection, type InitializeParams, type InitializeResult, type Position,
} from 'vscode-languageserver';
import { HumanError, messageOf } from '../../base/errors';
import { columnsOfModel } from '../analysis/columns';
import { LineIndex } from '../analysis/positions';
import type { RenameSupport } from '../features/renameEdits';
import type { FileRequest, PlaceRequest, ProjectRequest } from '../features/request';
import { COLUMN_LINEAGE, MODEL_AT, PING, type ClientOptions } from '../protocol';
import { readText } from '../project/disk';
import type { FileProject } from '../project/fileProject';
import { Workspace } from '../project/workspace';
import { capabilitiesOf } from './capabilities';
import { OpenDocuments } from './documents';
import { Engine } from './engine';
import { Publisher } from './publisher';
import { Uris } from './uris';
import type { Features } from './wiring';

/** Where the client does not watch the disk, it is compared with what was read once the client has said nothing for so long (milliseconds). */
const IDLE = 1000;
/** The longest that it goes without comparing while somebody keeps asking (milliseconds). */
const LONGEST = 3000;

/** Answers a client: keeps its documents and projects current, and hands each request to its feature. */
export class LanguageServer {
  readonly #uris = new Uris();
  readonly #documents = new OpenDocuments();
  readonly #workspace: Workspace;
  readonly #publisher: Publisher;
  readonly #engine = new Engine();
  #watched = false;
  #compared = performance.now();
  #canWatch = false;
  #hasFolders = false;
  #idle: NodeJS.Timeout | undefined;
  #links = false;
  #renames: RenameSupport = { documentChanges: false, renameFiles: false };
  #snippets = false;
  #sharedRange = false;
  #completed: PlaceRequest | undefined;
  #open: string | undefined;

  constructor(private readonly connection: Connection, private readonly features: Features) {
    this.#workspace = new Workspace((project) => this.#publisher.projectChanged(project), (message) => connection.console.warn(message), (project, model) => void columnsOfModel(project, model));
    this.#publisher = new Publisher({
      documents: this.#documents, projectOf: (file) => this.#workspace.projectOf(file),
      find: async (document) => {
        const request = this.#file(document.uri);
        const found = request && this.features.diagnostics ? await this.features.diagnostics(request) : [];
        // Clients without a list of their own show the first: what is wrong comes before what could be better
        return found.sort((one, other) => (one.severity ?? 1) - (other.severity ?? 1));
      },
      send: (uri, version, diagnostics) => void connection.sendDiagnostics({ uri, version, diagnostics }),
      failed: (error) => this.#logError('textDocument/publishDiagnostics', error),
    });
    this.#lifecycle();
    this.#sync();
    this.#requests();
  }

  #lifecycle(): void {
    const { connection } = this;
    connection.onInitialize((params) => this.#initialize(params));
    connection.onInitialized(() => {
      this.#workspace.heard();
      if (this.#canWatch) {
        // Of folders only coming and going counts: who deletes one is told of nothing inside
        const watchers = [{ globPattern: '**/*.{sql,py,yml,yaml,md,csv,json}' }, { globPattern: '**/*', kind: WatchKind.Create | WatchKind.Delete }];
        void connection.client.register(DidChangeWatchedFilesNotification.type, { watchers }).then(() => (this.#watched = true), (error: unknown) => this.#logError('client/registerCapability', error));
      }
      if (!this.#hasFolders) return;
      connection.workspace.onDidChangeWorkspaceFolders(({ added, removed }) => {
        for (const { uri } of removed) {
          const folder = this.#uris.fileOf(uri);
          if (folder !== undefined) this.#workspace.removeRoot(folder);
        }
        for (const { uri } of added) this.#addRoot(uri);
      });
    });
    connection.onShutdown(() => {
      clearTimeout(this.#idle);
      this.#workspace.dispose();
      this.#publisher.dispose();
      this.#engine.dispose();
    });
    // Whoever started the server asks now and then whether it still answers
    connection.onRequest(PING, () => 'pong');
  }

  #initialize({ capabilities, workspaceFolders, initializationOptions, ...older }: InitializeParams): InitializeResult {
    this.#open = (initializationOptions as Partial<ClientOptions> | undefined)?.openCommand;
    // Clients of before there were workspace folders
    const { rootUri, rootPath } = older as { rootUri?: string | null; rootPath?: string | null };
    this.#canWatch = capabilities.workspace?.didChangeWatchedFiles?.dynamicRegistration === true;
    this.#links = capabilities.textDocument?.definition?.linkSupport === true;
    const edits = capabilities.workspace?.workspaceEdit;
    this.#renames = { documentChanges: edits?.documentChanges === true, renameFiles: edits?.resourceOperations?.includes('rename') === true };
    this.#snippets = capabilities.textDocument?.completion?.completionItem?.snippetSupport === true;
    this.#sharedRange = capabilities.textDocument?.completion?.completionList?.itemDefaults?.includes('editRange') === true;
    this.#hasFolders = capabilities.workspace?.workspaceFolders === true;
    const roots = workspaceFolders?.map(({ uri }) => uri) ?? (rootUri ? [rootUri] : rootPath ? [this.#uris.uriOf(rootPath)] : []);
    for (const uri of roots) this.#addRoot(uri);
    // Who has just started a server asks next
    this.#workspace.heard();
    return { capabilities: capabilitiesOf(this.features), serverInfo: { name: 'attribution-language-server' } };
  }

  #addRoot(uri: string): void {
    const folder = this.#uris.root(uri);
    if (folder !== undefined) this.#workspace.addRoot(folder);
  }

  #sync(): void {
    const { connection } = this;
    connection.onDidOpenTextDocument(this.#notified('textDocument/didOpen', ({ textDocument }) => {
      const file = this.#uris.opened(textDocument.uri);
      if (file === undefined) return;
      const document = this.#documents.open(file, textDocument);
      this.#workspace.opened(file, () => document.text);
      this.#publisher.changed(document);
    }));
    connection.onDidChangeTextDocument(this.#notified('textDocument/didChange', ({ textDocument, contentChanges }) => {
      const file = this.#uris.fileOf(textDocument.uri);
      const document = file === undefined ? undefined : this.#documents.get(file);
      if (file === undefined || !document) return;
      document.change(contentChanges, textDocument.version);
      this.#workspace.edited(file);
      this.#publisher.changed(document);
    }));
    connection.onDidCloseTextDocument(this.#notified('textDocument/didClose', ({ textDocument: { uri } }) => {
      const file = this.#uris.fileOf(uri);
      if (file === undefined) return;
      // It asks for the last text
      this.#workspace.closed(file);
      this.#documents.close(file);
      this.#uris.closed(uri);
      this.#publisher.closed(uri);
    }));
    const touched = (uris: readonly string[]): void => this.#workspace.touched(uris.flatMap((uri) => this.#uris.fileOf(uri) ?? []));
    connection.onDidSaveTextDocument(this.#notified('textDocument/didSave', ({ textDocument }) => {
      touched([textDocument.uri]);
      // Who saves may have done more than that elsewhere
      if (!this.#watched) this.#workspace.compare();
    }));
    connection.onDidChangeWatchedFiles(this.#notified('workspace/didChangeWatchedFiles', ({ changes }) => {
      this.#watched = true;
      touched(changes.map(({ uri }) => uri));
    }));
    connection.workspace.onDidCreateFiles(this.#notified('workspace/didCreateFiles', ({ files }) => touched(files.map(({ uri }) => uri))));
    connection.workspace.onDidDeleteFiles(this.#notified('workspace/didDeleteFiles', ({ files }) => touched(files.map(({ uri }) => uri))));
    connection.workspace.onDidRenameFiles(this.#notified('workspace/didRenameFiles', ({ files }) => touched(files.flatMap(({ oldUri, newUri }) => [oldUri, newUri]))));
  }

  #requests(): void {
    const { connection, features } = this;
    interface At { textDocument: { uri: string }; position: Position }
    const place = <P extends At, R>(name: string, run: ((request: PlaceRequest, params: P) => R | Promise<R>) | undefined): ((params: P, token: CancellationToken) => Promise<R | null>) =>
      this.#answered(name, async (params, token) => {
        const request = this.#place(params.textDocument.uri, params.position, token);
        return request && run ? await run(request, params) : null;
      });
    const whole = <P extends Pick<At, 'textDocument'>, R>(name: string, run: ((request: FileRequest, params: P) => R | Promise<R>) | undefined): ((params: P, token: CancellationToken) => Promise<R | null>) =>
      this.#answered(name, async (params, token) => {
        const request = this.#file(params.textDocument.uri, token);
        return request && run ? await run(request, params) : null;
      });
    const { completion, completionResolve, hover, signatureHelp, definition, references, prepareRename, rename, documentHighlight, documentSymbol, foldingRange, semanticTokens, codeAction, workspaceSymbol, columnLineage, modelAt } = features;
    if (completion) {
      connection.onCompletion(place('textDocument/completion', (request, { context }) => {
        // Not its trees: there would be two of them after each letter
        this.#completed = withoutTrees(request);
        return completion(request, context?.triggerCharacter, this.#snippets, this.#sharedRange);
      }));
    }
    if (completionResolve) connection.onCompletionResolve(async (item) => {
      try {
        return this.#completed ? await completionResolve(item, this.#completed) : item;
      } catch (error) {
        this.#logError('completionItem/resolve', error);
        return item;
      }
    });
    if (hover) connection.onHover(place('textDocument/hover', (request) => hover(request)));
    if (signatureHelp) connection.onSignatureHelp(place('textDocument/signatureHelp', (request) => signatureHelp(request)));
    if (definition) connection.onDefinition(place('textDocument/definition', (request) => definition(request, this.#links)));
    if (references) connection.onReferences(place('textDocument/references', (request, { context }) => references(request, context.includeDeclaration)));
    if (prepareRename) connection.onPrepareRename(place('textDocument/prepareRename', (request) => prepareRename(request)));
    if (rename) connection.onRenameRequest(place('textDocument/rename', (request, { newName }) => rename(request, newName, this.#renames)));
    if (documentHighlight) connection.onDocumentHighlight(place('textDocument/documentHighlight', (request) => documentHighlight(request)));
    if (columnLineage) connection.onRequest(COLUMN_LINEAGE, place('attribution/columnLineage', (request) => columnLineage(request)));
    if (modelAt) connection.onRequest(MODEL_AT, place('attribution/model', (request) => modelAt(request)));
    if (documentSymbol) connection.onDocumentSymbol(whole('textDocument/documentSymbol', (request) => documentSymbol(request)));
    if (foldingRange) connection.onFoldingRanges(whole('textDocument/foldingRange', (request) => foldingRange(request)));
    if (semanticTokens) {
      const full = whole('textDocument/semanticTokens/full', (request) => semanticTokens.full(request));
      connection.languages.semanticTokens.on(async (params, token) => (await full(params, token)) ?? { data: [] });
    }
    if (codeAction) {
      connection.onCodeAction(whole('textDocument/codeAction', (request, { range, context }) =>
        codeAction(request, { start: request.lines.offsetAt(range.start), end: request.lines.offsetAt(range.end) }, context, this.#open)));
    }
    if (workspaceSymbol) {
      connection.onWorkspaceSymbol(this.#answered('workspace/symbol', async ({ query }, token) => {
        const found = await Promise.all(this.#workspace.projects.map(async (project) => workspaceSymbol(this.#project(project, token), query)));
        return found.flat();
      }));
    }
  }

  #project(project: FileProject, token?: CancellationToken): ProjectRequest {
    return {
      project, uriOf: (file) => this.#uris.uriOf(file), cancelled: () => token?.isCancellationRequested === true,
      linesOf: (file) => {
        const open = this.#documents.get(file);
        if (open) return open.lines;
        const text = readText(file);
        return text === undefined ? undefined : new LineIndex(text);
      },
    };
  }

  /** A request about a file; undefined where it is of no dbt project. */
  #file(uri: string, token?: CancellationToken): FileRequest | undefined {
    const file = this.#uris.fileOf(uri);
    const project = file === undefined ? undefined : this.#workspace.projectOf(file);
    if (file === undefined || !project) return undefined;
    const open = this.#documents.get(file);
    const text = open?.text ?? readText(file);
    if (text === undefined) return undefined;
    const ending = /\.(\w+)$/.exec(file)?.[1]?.toLowerCase();
    const sql = ending === 'sql' || ending === 'md' ? project.sql(file) : undefined;
    const yaml = ending === 'yml' || ending === 'yaml' ? project.yaml(file) : undefined;
    return {
      ...this.#project(project, token), file, uri, text, role: project.roleOf(file), lines: open?.lines ?? new LineIndex(text),
      ...(sql ? { sql } : {}), ...(yaml ? { yaml } : {}),
    };
  }

  #place(uri: string, position: Position, token: CancellationToken): PlaceRequest | undefined {
    const request = this.#file(uri, token);
    return request && { ...request, offset: request.lines.offsetAt(position) };
  }

  /** The one error boundary of requests: a HumanError is told to who asked, anything else goes to the log with the request's name. */
  #answered<P, R>(name: string, run: (params: P, token: CancellationToken) => Promise<R>): (params: P, token: CancellationToken) => Promise<R | null> {
    return async (params, token) => {
      if (token.isCancellationRequested) throw new ResponseError(LSPErrorCodes.RequestCancelled, 'Cancelled.');
      this.#workspace.heard();
      this.#engine.busy(this.#workspace.size);
      this.#compareWhenIdle();
      try {
        return await run(params, token);
      } catch (error) {
        if (error instanceof HumanError) throw new ResponseError(LSPErrorCodes.RequestFailed, error.message);
        this.#logError(name, error);
        return null;
      }
    };
  }

  #notified<P>(name: string, run: (params: P) => void): (params: P) => void {
    return (params) => {
      this.#workspace.heard();
      this.#engine.busy(this.#workspace.size);
      try {
        run(params);
      } catch (error) {
        this.#logError(name, error);
      }
    };
  }

  #compareWhenIdle(): void {
    if (this.#watched) return;
    // Who never pauses must not wait for ever
    if (performance.now() - this.#compared > LONGEST) this.#compare();
    else if (this.#idle) this.#idle.refresh();
    else this.#idle = setTimeout(() => this.#compare(), IDLE);
  }

  #compare(): void {
    this.#compared = performance.now();
    this.#workspace.compare();
  }

  #logError(name: string, error: unknown): void {
    this.connection.console.error(`${name}: ${error instanceof Error ? (error.stack ?? error.message) : messageOf(error)}`);
  }
}

function withoutTrees(request: PlaceRequest): PlaceRequest {
  const copy = { ...request };
  delete copy.sql;
  delete copy.yaml;
  return copy;
}
