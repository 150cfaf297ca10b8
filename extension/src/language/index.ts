import * as vscode from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
import { HumanError, messageOf } from '../base/errors';
import type { Disposable } from '../base/events';
import { plainMarkdown } from '../base/markdown';
import { COMMANDS } from '../contributions';
import type { Dagster } from '../dagster/types';
import { assetOfModel, checksInWords, describeAsset } from '../dagster/words';
import type { Projects } from '../dbt/types';
import type { Commands } from '../platform/commands';
import { ConfigSetting } from '../platform/config';
import type { Log } from '../platform/log';
import { COLUMN_LINEAGE, MODEL_AT, PING, type ClientOptions, type ColumnLineage } from './protocol';

/** How often the server is asked whether it still answers, and how long it may take (milliseconds). */
const ASKED = 10_000;
const HANGS = 20_000;

interface Options {
  /** the server's program */
  module: string;
  commands: Commands;
  log: Log;
  projects: Projects;
  dagster: Dagster;
}

/** Starts the language server once activation is over, where dbt files are; it reads files only, so a folder need not be trusted. */
export function registerLanguage({ module, commands, log, projects, dagster }: Options): Disposable {
  const enabled = new ConfigSetting('attribution.language.enabled');
  const lastRun = (name: string): string => {
    const model = projects.modelNamed(name);
    const asset = model && assetOfModel(dagster.assets, model);
    return asset ? [describeAsset(asset, Date.now()), checksInWords(asset.checks)].filter(Boolean).join(' · ') : '';
  };
  const server = new Server(module, log, lastRun);
  const follow = (): Promise<void> => (enabled.value ? server.start() : server.stop());
  const failed = (error: unknown): void => log.error(`Language server: ${messageOf(error)}`);
  // What activation waits for comes first
  const begin = setTimeout(() => void follow().catch(failed), 0);
  const subscriptions = [
    enabled.onDidChange(() => void follow().catch(failed)),
    commands.register(COMMANDS.restartLanguageServer, async () => {
      await server.stop();
      await server.start();
    }),
    commands.register(COMMANDS.traceColumn, async () => {
      const lineage = await server.columnLineage(vscode.window.activeTextEditor);
      if (!lineage) throw new HumanError(vscode.l10n.t('The cursor is on no column of a dbt model. Put it on one, and trace it again.'));
      await vscode.commands.executeCommand(COMMANDS.showLineage, lineage.model, lineage);
    }),
  ];
  return {
    // The editor waits until the server has ended: nothing stays behind
    dispose: () => {
      clearTimeout(begin);
      for (const subscription of [...subscriptions, enabled]) subscription.dispose();
      return server.stop().catch(failed);
    },
  };
}

/** One server process and its client. A crash restarts it a few times, a hang too; then it stays off and says so. */
class Server {
  #client: LanguageClient | undefined;
  #watch: NodeJS.Timeout | undefined;
  /** One step after the other: a stop while it starts would leave a process behind */
  #queue: Promise<void> = Promise.resolve();

  /** @param lastRun what Dagster says of a model, in words; '' where it says nothing */
  constructor(private readonly module: string, private readonly log: Log, private readonly lastRun: (model: string) => string) {}

  start(): Promise<void> {
    return this.#enqueue(async () => {
      if (this.#client) return;
      // Its code is evaluated now, and not while the extension activates
      const { LanguageClient, RevealOutputChannelOn, TransportKind } = await import('vscode-languageclient/node');
      const client: LanguageClient = new LanguageClient('attribution.language', vscode.l10n.t('Attribution Language Server'), { module: this.module, transport: TransportKind.stdio }, {
        documentSelector: [{ scheme: 'file', pattern: '**/*.{sql,yml,yaml,md}' }],
        revealOutputChannelOn: RevealOutputChannelOn.Never,
        connectionOptions: { maxRestartCount: 4 },
        initializationOptions: { openCommand: 'vscode.open' } satisfies ClientOptions,
        middleware: {
          // What writes empty quotes goes on to what belongs between them
          provideCompletionItem: async (document, position, context, token, next) => {
            const list = await next(document, position, context, token);
            for (const item of list ? ('items' in list ? list.items : list) : []) {
              if (!(item.insertText instanceof vscode.SnippetString)) continue;
              if (item.insertText.value.includes("'$1'")) item.command ??= { command: 'editor.action.triggerSuggest', title: '' };
              else if (item.kind === vscode.CompletionItemKind.Function) item.command ??= { command: 'editor.action.triggerParameterHints', title: '' };
            }
            return list;
          },
          // In a window on another machine only an URI of VS Code's own leads to a file there
          provideCodeActions: async (document, range, context, token, next) => {
            const actions = await next(document, range, context, token);
            for (const { command } of actions ?? []) {
              if (typeof command === 'object' && command.arguments) command.arguments = command.arguments.map((one: unknown) => (typeof one === 'string' ? client.protocol2CodeConverter.asUri(one) : one));
            }
            return actions;
          },
          // The server knows files; what ran, Dagster
          provideHover: async (document, position, token, next) => {
            const at = { textDocument: client.code2ProtocolConverter.asTextDocumentIdentifier(document), position };
            const [hover, model] = await Promise.all([next(document, position, token), client.sendRequest<string | null>(MODEL_AT, at, token).catch(() => null)]);
            const words = model === null ? '' : this.lastRun(model);
            const told = hover?.contents[0];
            // Behind the line that names the model: the columns below it may be many
            if (told instanceof vscode.MarkdownString && words !== '') told.value = told.value.replace(/(?=\n\n|$)/, () => `\n\n${vscode.l10n.t('Last run: {0}', plainMarkdown(words))}`);
            return hover;
          },
        },
      });
      this.#client = client;
      await client.start();
      this.#watch = setInterval(() => void this.#ask(client), ASKED);
    });
  }

  stop(): Promise<void> {
    return this.#enqueue(async () => {
      const client = this.#client;
      this.#client = undefined;
      clearInterval(this.#watch);
      await client?.dispose();
    });
  }

  /** Of the column under the editor's cursor. */
  async columnLineage(editor: vscode.TextEditor | undefined): Promise<ColumnLineage | null> {
    const client = this.#client;
    if (!client || !editor) return null;
    const { document, selection } = editor;
    return client.sendRequest<ColumnLineage | null>(COLUMN_LINEAGE, { textDocument: client.code2ProtocolConverter.asTextDocumentIdentifier(document), position: selection.active });
  }

  #enqueue(run: () => Promise<void>): Promise<void> {
    const done = this.#queue.then(run);
    this.#queue = done.catch(() => undefined);
    return done;
  }

  /** Kills a server that does not answer; its client starts the next one. */
  async #ask(client: LanguageClient): Promise<void> {
    const process = client.serverProcess;
    if (!client.isRunning() || !process) return;
    let timer: NodeJS.Timeout | undefined;
    const silence = new Promise<'silent'>((resolve) => (timer = setTimeout(() => resolve('silent'), HANGS)));
    const answer = await Promise.race([client.sendRequest(PING).catch(() => 'gone'), silence]);
    clearTimeout(timer);
    if (answer !== 'silent' || client.serverProcess !== process) return;
    this.log.warn(`The language server gave no answer for ${HANGS / 1000} seconds, so it is started again.`);
    process.kill('SIGKILL');
    void vscode.window.showWarningMessage(vscode.l10n.t('The dbt language server gave no answer for {0} seconds and was started again. The output “Attribution Language Server” may tell why.', HANGS / 1000));
  }
}
