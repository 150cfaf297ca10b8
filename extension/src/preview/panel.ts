import fs from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { Cancelled, HumanError, messageOf, type Remedy } from '../base/errors';
import { DisposableStore, type Disposable } from '../base/events';
import { COMMANDS, PANELS } from '../contributions';
import type { Connection, Model, Projects } from '../dbt/types';
import type { Commands } from '../platform/commands';
import type { ConfigValue } from '../platform/config';
import { runRemedy } from '../platform/remedy';
import { WebviewPanel } from '../platform/webview';
import { MissingRelation } from '../warehouse/errors';
import { createRoleSql, PREVIEW_ROLE, secretKey } from '../warehouse/role';
import type { ReadingWarehouse } from '../warehouse/types';
import { exportCsv } from './export';
import { formatRows } from './format';
import type { PreviewHost, PreviewPage, QuerySubject, RowsAnswer, Shown, Table, View } from './protocol';
import { Changed } from './scan';
import { PreviewSource } from './source';

export interface PanelOptions {
  context: vscode.ExtensionContext;
  commands: Commands;
  warehouse: ReadingWarehouse;
  projects: Projects;
  pageSize: ConfigValue<number>;
  neutralizeFormulas: ConfigValue<boolean>;
}

/** One model's rows, or those of a query. */
export class PreviewPanel implements Disposable {
  readonly #store = new DisposableStore();
  readonly #view: WebviewPanel<PreviewHost, PreviewPage>;
  #source: PreviewSource | undefined;
  #opening: AbortController | undefined;
  #counting: AbortController | undefined;
  #remedies: readonly Remedy[] = [];
  /** asked for, and not yet given to the page */
  #filter: Record<string, string> | undefined;

  /** @param model its name, or the title of a query */
  constructor(readonly model: string, panel: vscode.WebviewPanel, private readonly options: PanelOptions, onDispose: () => void, filter?: Record<string, string>, private query?: QuerySubject) {
    this.#filter = filter;
    panel.title = model;
    this.#view = this.#store.add(new WebviewPanel<PreviewHost, PreviewPage>(panel, options.context.extensionUri, { name: 'preview', title: vscode.l10n.t('Preview of {0}', model), icon: 'attribution' }, {
      rows: ({ version, view, start, count }, signal) => this.#rows(version, view, start, count, signal),
      cell: async ({ view, key, column }, signal) => {
        const value = await this.#sourceNow().cell(view, key, column, signal);
        if (value === undefined) throw new Error(vscode.l10n.t('The row is not there any more.'));
        return value;
      },
      copy: ({ view, keys, columns, format }, signal) => this.#copy(view, keys, columns, format, signal),
      startCount: ({ version, view }) => void this.#count(version, view),
      stopCount: () => this.#counting?.abort(),
      reload: () => void this.open(),
      exportAll: (view) => void this.#boundary(() => this.#export(view)),
      materialize: () => void vscode.commands.executeCommand(COMMANDS.materializeModel, model),
      openModel: () => void this.#boundary(async () => {
        if (this.query) {
          if (this.query.uri !== undefined) await vscode.commands.executeCommand('vscode.open', vscode.Uri.parse(this.query.uri, true), { viewColumn: vscode.ViewColumn.One } satisfies vscode.TextDocumentShowOptions);
          return;
        }
        const found = this.#modelNow();
        await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(found.file), { viewColumn: vscode.ViewColumn.One } satisfies vscode.TextDocumentShowOptions);
      }),
      remedy: (index) => {
        const remedy = this.#remedies[index];
        if (remedy) void runRemedy(remedy);
      },
      journey: (target) => void vscode.commands.executeCommand(COMMANDS.openJourney, target),
      note: (what) => void this.#boundary(() => this.#note(what)),
    }, () => void this.open()));
    this.#store.add(this.#view.onDidDispose(() => {
      this.#store.dispose();
      onDispose();
    }));
    this.#store.add(this.#view.onDidChangeVisibility((visible) => {
      if (!visible) this.#stop();
    }));
    this.#store.add(options.warehouse.onDidChange(() => {
      // It failed while the database was away
      if (!this.#source && !this.#opening && options.warehouse.state.kind === 'connected') void this.open();
    }));
  }

  dispose(): void {
    this.#stop();
    this.#store.dispose();
  }

  /** @param filter the rows that are wanted, in place of those that the person filtered */
  reveal(filter?: Record<string, string>): void {
    this.#filter = filter ?? this.#filter;
    // A hidden page starts anew, and opens by itself
    if (filter && this.visible) void this.open();
    this.#view.panel.reveal();
  }

  /** Shows the rows of another query in its place. */
  ask(query: QuerySubject): void {
    this.query = query;
    if (this.visible) void this.open();
    this.#view.panel.reveal();
  }

  get visible(): boolean {
    return this.#view.panel.visible;
  }

  /** Looks at the table anew and shows it. @param news why, where the person did not ask */
  async open(news?: string): Promise<void> {
    this.#stop();
    const opening = (this.#opening = new AbortController());
    this.#source = undefined;
    this.#remedies = [];
    this.#view.rpc.notify('model', { name: this.model, relation: '', ...(this.query ? { query: this.query } : {}) });
    this.#show({ kind: 'loading' });
    try {
      await this.options.projects.ready;
      const model = this.query ? undefined : this.#modelNow();
      if (model) this.#view.rpc.notify('model', { name: this.model, relation: `${model.relation.schema}.${model.relation.name}` });
      const source = model ? await PreviewSource.open(this.options.warehouse, model.relation, { count: this.options.pageSize.value, signal: opening.signal })
        : await PreviewSource.ofQuery(this.options.warehouse, this.query?.sql ?? '', opening.signal);
      if (opening.signal.aborted) return;
      this.#source = source;
      const note = await this.#noteNow();
      const filter = this.#filter;
      this.#filter = undefined;
      this.#show({ kind: 'table', table: tableOf(source, model), pageSize: this.options.pageSize.value, ...(news ? { news } : {}), ...(note ? { note } : {}), ...(filter ? { filter } : {}) });
    } catch (error) {
      if (opening.signal.aborted || error instanceof Cancelled) return;
      this.#show(this.#failed(error));
    } finally {
      if (this.#opening === opening) this.#opening = undefined;
    }
  }

  // ---- what the page asks

  async #rows(version: string, view: View, start: number, count: number, signal: AbortSignal): Promise<RowsAnswer> {
    const source = this.#source;
    if (source?.relation.version !== version) return { kind: 'changed' };
    try {
      return { kind: 'rows', ...await source.page(view, start, Math.min(count, 10_000), signal) };
    } catch (error) {
      if (!(error instanceof Changed) && !(error instanceof MissingRelation)) throw error;
      if (this.#source === source) void this.open(vscode.l10n.t('The table changed while it was read: read again at the same place.'));
      return { kind: 'changed' };
    }
  }

  async #count(version: string, view: View): Promise<void> {
    this.#counting?.abort();
    const counting = (this.#counting = new AbortController());
    const source = this.#source;
    if (source?.relation.version !== version) return;
    try {
      for await (const count of source.count(view, counting.signal)) this.#view.rpc.notify('count', { version, count });
    } catch {
      // The number stays an estimate: the next page says what is wrong, where something is
    }
  }

  async #copy(view: View, keys: string[], columns: string[], format: Parameters<typeof formatRows>[0], signal: AbortSignal): Promise<number> {
    const source = this.#sourceNow();
    const known = columns.flatMap((name) => source.relation.columns.filter((column) => column.name === name));
    const rows = await source.rows(view, keys, known.map(({ name }) => name), signal);
    await vscode.env.clipboard.writeText(formatRows(format, known, rows));
    return rows.length;
  }

  async #export(view: View): Promise<void> {
    const source = this.#sourceNow();
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
    const target = await vscode.window.showSaveDialog({
      filters: { CSV: ['csv'] }, title: vscode.l10n.t('Export {0}', this.model), ...(folder ? { defaultUri: vscode.Uri.joinPath(folder, `${this.model}.csv`) } : {}),
    });
    if (!target) return;
    const file = target.fsPath;
    const rows = await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title: vscode.l10n.t('Exporting {0}', this.model), cancellable: true }, async (progress, token) => {
      const controller = new AbortController();
      token.onCancellationRequested(() => controller.abort(new Cancelled()));
      return await exportCsv(source, view, {
        file, neutralize: this.options.neutralizeFormulas.value, signal: controller.signal,
        onProgress: (written) => progress.report({ message: vscode.l10n.t('{0} rows', written.toLocaleString()) }),
      });
    });
    const openFile = vscode.l10n.t('Open File');
    // Nothing waits until somebody reads it
    void vscode.window.showInformationMessage(vscode.l10n.t('{0} rows of {1} were exported to {2}.', rows.toLocaleString(), this.model, path.basename(file)), openFile).then((picked) => {
      if (picked === openFile) void vscode.commands.executeCommand('vscode.open', target);
    });
  }

  async #note(what: PreviewHost['notifications']['note']): Promise<void> {
    const connection = await this.options.warehouse.connection();
    if (what === 'sql') {
      const schemas = [...new Set(this.options.projects.all.flatMap(({ models }) => [...models.values()].map(({ relation }) => relation.schema)))].sort();
      const document = await vscode.workspace.openTextDocument({ language: 'sql', content: createRoleSql(connection, schemas) });
      await vscode.window.showTextDocument(document, vscode.ViewColumn.Beside);
    } else if (what === 'password') {
      const password = await vscode.window.showInputBox({ password: true, prompt: vscode.l10n.t('Password of {0} on {1}:{2}. It is kept in VS Code\'s secret storage.', PREVIEW_ROLE, connection.host, connection.port), ignoreFocusOut: true });
      if (!password) return;
      await this.options.context.secrets.store(secretKey(connection), password);
      await this.options.warehouse.reset();
      await this.open();
      const { state } = this.options.warehouse;
      if (state.kind !== 'connected' || state.access === 'preview-role') return;
      await this.options.context.secrets.delete(secretKey(connection));
      throw new HumanError(vscode.l10n.t('{0} does not let {1} in with this password, so the role of the profile reads on. Run the SQL that creates the role, then enter the password that was chosen in it.', state.server, PREVIEW_ROLE));
    } else {
      await this.options.context.globalState.update(noteKey(connection), true);
    }
  }

  // ---- what is shown

  #show(shown: Shown): void {
    this.#view.rpc.notify('shown', shown);
  }

  #failed(error: unknown): Shown {
    if (error instanceof MissingRelation && !this.query) {
      const model = this.options.projects.modelNamed(this.model);
      if (model && isEphemeral(model)) {
        return { kind: 'missing', materialize: false, message: vscode.l10n.t('{0} is ephemeral: it is part of the models that refer to it, and has no rows of its own in the database.', this.model) };
      }
      return { kind: 'missing', materialize: model !== undefined, message: vscode.l10n.t('{0} is not in the database yet. Materialize it to see its rows.', this.model) };
    }
    this.#remedies = error instanceof HumanError ? error.remedies : [{ title: vscode.l10n.t('Show Log'), command: COMMANDS.showLog }];
    return { kind: 'error', message: messageOf(error), remedies: this.#remedies.map(({ title }) => title) };
  }

  async #noteNow(): Promise<{ server: string; user: string } | undefined> {
    const { state } = this.options.warehouse;
    if (state.kind !== 'connected' || state.access !== 'profile-role') return undefined;
    const connection = await this.options.warehouse.connection();
    return this.options.context.globalState.get(noteKey(connection)) ? undefined : { server: state.server, user: connection.user };
  }

  #modelNow(): Model {
    const model = this.options.projects.modelNamed(this.model);
    if (!model) throw new HumanError(vscode.l10n.t('There is no model {0} in the dbt projects of this folder.', this.model));
    return model;
  }

  #sourceNow(): PreviewSource {
    if (!this.#source) throw new Error(vscode.l10n.t('The table is being read again. Try once more.'));
    return this.#source;
  }

  #stop(): void {
    this.#opening?.abort();
    this.#counting?.abort();
  }

  async #boundary(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      void this.options.commands.show(error, COMMANDS.previewModel);
    }
  }
}

/** A panel of VS Code for a model's rows, beside the editor they were asked from. */
export const newPanel = (model: string): vscode.WebviewPanel =>
  vscode.window.createWebviewPanel(PANELS.preview, model, vscode.window.activeTextEditor ? vscode.ViewColumn.Beside : vscode.ViewColumn.Active, {});

/** A panel for a query's rows. */
export const newQueryPanel = (title: string): vscode.WebviewPanel =>
  vscode.window.createWebviewPanel(PANELS.query, title, { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true }, {});

function tableOf({ relation }: PreviewSource, model: Model | undefined): Table {
  const columns = relation.columns.map(({ name, type, kind }) => {
    const description = model?.columns.find((column) => column.name === name)?.description;
    return { name, type, kind, ...(description ? { description } : {}) };
  });
  return { version: relation.version, columns, physical: relation.physical, ...(relation.estimate === undefined ? {} : { count: { rows: relation.estimate, kind: relation.blocks === 0 ? 'exact' : 'estimate' } }) };
}

const noteKey = ({ host, port, dbname }: Connection): string => `preview.note:${host}:${port}/${dbname}`;

function isEphemeral({ file }: Model): boolean {
  try {
    return /materialized\s*=\s*['"]ephemeral['"]/.test(fs.readFileSync(file, 'utf8'));
  } catch {
    return false;
  }
}
