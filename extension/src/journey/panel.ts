import * as vscode from 'vscode';
import { HumanError, messageOf, type Remedy } from '../base/errors';
import { DisposableStore, type Disposable } from '../base/events';
import type { Handlers } from '../base/rpc';
import { COMMANDS, PANELS } from '../contributions';
import type { Commands } from '../platform/commands';
import { runRemedy } from '../platform/remedy';
import { WebviewPanel } from '../platform/webview';
import { MissingRelation } from '../warehouse/errors';
import { linkOf, type Target } from './arguments';
import type { HostSide, Loaded, PageSide } from './protocol';
import type { JourneyQueries } from './query';

const MARTS = ['first_touch_attribution', 'last_touch_attribution'];

export interface PanelOptions {
  extensionUri: vscode.Uri;
  /** the extension's id */
  id: string;
  commands: Commands;
  queries: JourneyQueries;
  openRecord: (sourceFile: string, recordNumber: number) => Promise<void>;
}

/** The open journeys, one panel for each client. */
export class JourneyPanels implements Disposable {
  readonly #panels = new Map<string, JourneyPanel>();

  constructor(private readonly options: PanelOptions) {}

  open({ clientId, purchaseId }: Target): void {
    const open = this.#panels.get(clientId);
    if (open) {
      open.reveal(purchaseId);
      return;
    }
    const column = vscode.window.activeTextEditor ? vscode.ViewColumn.Beside : vscode.ViewColumn.Active;
    this.restore(vscode.window.createWebviewPanel(PANELS.journey, title(clientId), column, { enableFindWidget: true }), { clientId, purchaseId });
  }

  /** Takes over a panel that VS Code kept over a reload of the window. */
  restore(panel: vscode.WebviewPanel, target: Target): void {
    const journey = new JourneyPanel(panel, target, this.options);
    this.#panels.set(target.clientId, journey);
    journey.onDidDispose(() => {
      if (this.#panels.get(target.clientId) === journey) this.#panels.delete(target.clientId);
    });
  }

  /** These assets were materialized. */
  refresh(assets: string[]): void {
    for (const panel of this.#panels.values()) panel.refresh(assets);
  }

  dispose(): void {
    for (const panel of [...this.#panels.values()]) panel.dispose();
  }
}

const title = (clientId: string): string => vscode.l10n.t('Journey: {0}', clientId);

class JourneyPanel implements Disposable {
  readonly #view: WebviewPanel<HostSide, PageSide>;
  readonly #store = new DisposableStore();
  readonly onDidDispose: WebviewPanel<HostSide, PageSide>['onDidDispose'];
  #purchaseId: string | null;
  #remedies: readonly Remedy[] = [];

  constructor(panel: vscode.WebviewPanel, private readonly target: Target, private readonly options: PanelOptions) {
    this.#purchaseId = target.purchaseId;
    panel.title = title(target.clientId);
    this.#view = new WebviewPanel(panel, options.extensionUri, { name: 'journey', title: 'Journey', icon: 'attribution' }, this.#handlers(), () => {});
    this.onDidDispose = this.#view.onDidDispose;
    this.#store.add(this.#view);
  }

  reveal(purchaseId: string | null): void {
    this.#view.panel.reveal();
    if (purchaseId === null) return;
    this.#purchaseId = purchaseId;
    this.#view.rpc.notify('select', { purchaseId });
  }

  refresh(assets: string[]): void {
    // A hidden page loads when it is shown
    if (this.#view.panel.visible) this.#view.rpc.notify('changed', { assets });
  }

  dispose(): void {
    this.#store.dispose();
  }

  #handlers(): Handlers<HostSide> {
    const { queries, commands, openRecord } = this.options;
    const { clientId } = this.target;
    return {
      load: ({ purchaseId }, signal) => this.#load(purchaseId, signal),
      detail: ({ purchaseId, around }, signal) => queries.detail(clientId, purchaseId, around, { signal }),
      rejected: (_, signal) => queries.rejected(clientId, { signal }),
      counts: (_, signal) => queries.counts(clientId, { signal }),
      copy: async ({ text }) => {
        await vscode.env.clipboard.writeText(text);
        return null;
      },
      copyLink: async () => {
        await vscode.env.clipboard.writeText(linkOf(vscode.env.uriScheme, this.options.id, { clientId, purchaseId: this.#purchaseId }));
        return null;
      },
      selected: ({ purchaseId }) => {
        this.#purchaseId = purchaseId;
      },
      openRecord: ({ sourceFile, recordNumber }) => void openRecord(sourceFile, recordNumber).catch((error: unknown) => commands.show(error, COMMANDS.openJourney)),
      openRows: () => void vscode.commands.executeCommand(COMMANDS.previewModel, { model: MARTS[0], filter: { client_id: clientId } }),
      freeze: () => void vscode.commands.executeCommand(COMMANDS.freezeJourney, { clientId }),
      findClient: () => void vscode.commands.executeCommand(COMMANDS.findClient),
      materialize: () => void vscode.commands.executeCommand(COMMANDS.materializeWithUpstream, MARTS[0], MARTS),
      remedy: ({ index }) => {
        const remedy = this.#remedies[index];
        if (remedy) void runRemedy(remedy);
      },
    };
  }

  async #load(purchaseId: string | null, signal: AbortSignal): Promise<Loaded> {
    try {
      return { kind: 'journey', journey: await this.options.queries.load(this.target.clientId, purchaseId ?? this.#purchaseId, { signal }) };
    } catch (error) {
      const shown = readable(error);
      this.#remedies = shown instanceof HumanError ? shown.remedies : [{ title: vscode.l10n.t('Show Log'), command: COMMANDS.showLog }];
      return { kind: 'failed', message: messageOf(shown), remedies: this.#remedies.map((remedy) => remedy.title) };
    }
  }
}

function readable(error: unknown): unknown {
  if (!(error instanceof MissingRelation)) return error;
  const all = { title: vscode.l10n.t('Materialize All'), command: COMMANDS.materializeAll };
  return new HumanError(vscode.l10n.t('The models that a journey is read from are not built yet ({0}). Materialize them, then try again.', error.message), [all], { cause: error });
}
