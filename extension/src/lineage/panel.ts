import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../base/events';
import { COMMANDS, PANELS } from '../contributions';
import type { Dagster } from '../dagster/types';
import type { Projects } from '../dbt/types';
import { WebviewPanel } from '../platform/webview';
import { lineageOf, type Trace } from './graph';
import type { HostSide, PageSide, Shown } from './protocol';

export interface PanelOptions {
  extensionUri: vscode.Uri;
  projects: Projects;
  dagster: Dagster;
}

export const newPanel = (): vscode.WebviewPanel =>
  vscode.window.createWebviewPanel(PANELS.lineage, vscode.l10n.t('Lineage'), { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true });

/** The lineage of one model, which follows the model in the editor, what files say and what Dagster tells. */
export class LineagePanel implements Disposable {
  readonly #view: WebviewPanel<HostSide, PageSide>;
  readonly #store = new DisposableStore();
  #model: string | undefined;
  #trace: Trace | undefined;
  #depth: number | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(panel: vscode.WebviewPanel, model: string | undefined, private readonly options: PanelOptions, onDispose: () => void) {
    this.#model = model;
    const { dagster, projects } = options;
    this.#view = new WebviewPanel<HostSide, PageSide>(panel, options.extensionUri, { name: 'lineage', title: vscode.l10n.t('Lineage'), icon: 'attribution' }, {
      open: ({ id }) => this.#open(id),
      focus: ({ id }) => this.show(id),
      materialize: ({ id }) => void vscode.commands.executeCommand(COMMANDS.materializeModel, id),
      preview: ({ id }) => void vscode.commands.executeCommand(COMMANDS.previewModel, id),
      depth: ({ depth }) => {
        this.#depth = depth;
        this.#send();
      },
      untrace: () => {
        this.#trace = undefined;
        this.#send();
      },
    }, () => this.#send());
    this.#store.add(this.#view);
    for (const changed of [dagster.onDidChange, projects.onDidChange]) this.#store.add(changed(() => this.#soon()));
    this.#view.onDidDispose(() => {
      clearTimeout(this.#timer);
      this.#store.dispose();
      onDispose();
    });
  }

  get model(): string | undefined {
    return this.#model;
  }

  reveal(): void {
    this.#view.panel.reveal(undefined, true);
  }

  /** Another model takes the middle; with a trace, one of its columns is followed. */
  show(model: string, trace?: Trace): void {
    this.#model = model;
    this.#trace = trace;
    this.#send();
  }

  dispose(): void {
    this.#view.dispose();
  }

  /** Beside this panel, never over it. */
  #open(id: string): void {
    const model = this.options.projects.modelNamed(id);
    if (!model) return;
    const { viewColumn: own } = this.#view.panel;
    const other = vscode.window.visibleTextEditors.find(({ viewColumn }) => viewColumn !== undefined && viewColumn !== own)?.viewColumn;
    const viewColumn = other ?? (own === vscode.ViewColumn.One ? vscode.ViewColumn.Beside : vscode.ViewColumn.One);
    void vscode.commands.executeCommand('vscode.open', vscode.Uri.file(model.file), { viewColumn, preview: true } satisfies vscode.TextDocumentShowOptions);
  }

  /** States of a run come many at a time. */
  #soon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#send();
    }, 150);
  }

  #send(): void {
    if (this.#view.panel.visible) this.#view.rpc.notify('show', this.#shown());
  }

  #shown(): Shown {
    const { projects, dagster } = this.options;
    const model = this.#model;
    if (model === undefined) return { kind: 'empty', message: vscode.l10n.t('Open a dbt model, and its lineage is shown here.') };
    this.#view.panel.title = vscode.l10n.t('Lineage: {0}', model);
    const graph = lineageOf({ projects, assets: dagster.assets, focus: model, depth: this.#depth, now: Date.now(), ...(this.#trace ? { trace: this.#trace } : {}) });
    return graph ? { kind: 'graph', graph } : { kind: 'empty', message: vscode.l10n.t('No file of this workspace has a model {0} any more.', model) };
  }
}
