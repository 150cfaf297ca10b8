import * as vscode from 'vscode';
import type { ClientFilter, FoundClient } from './search';
import type { Target } from './arguments';
import { money } from '../attribution/money';

const DEBOUNCE = 120;

interface Found extends vscode.QuickPickItem {
  clientId?: string;
}
type Search = (prefix: string, filter: ClientFilter, signal: AbortSignal) => Promise<FoundClient[]>;

/**
 * Lets somebody find a client by the beginning of its id, searching while they type.
 * @returns undefined where they gave up
 * @throws what the search throws
 */
export function pickClient(search: Search): Promise<Target | undefined> {
  const pick = vscode.window.createQuickPick<Found>();
  const filters = filterButtons();
  let filter: ClientFilter = 'all';
  let running = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  pick.title = vscode.l10n.t('Find Client');
  pick.placeholder = vscode.l10n.t('Beginning of a client id');
  pick.buttons = buttonsOf(filters, filter);

  return new Promise<Target | undefined>((resolve, reject) => {
    const look = async (): Promise<void> => {
      running.abort();
      const mine = (running = new AbortController());
      const prefix = pick.value.trim();
      pick.busy = true;
      try {
        const found = await search(prefix, filter, mine.signal);
        if (!mine.signal.aborted) pick.items = itemsOf(found, prefix, filter);
      } catch (error) {
        if (mine.signal.aborted) return;
        reject(error instanceof Error ? error : new Error(String(error)));
        pick.hide();
      } finally {
        if (!mine.signal.aborted) pick.busy = false;
      }
    };
    pick.onDidChangeValue(() => {
      running.abort();
      clearTimeout(timer);
      timer = setTimeout(() => void look(), DEBOUNCE);
    });
    pick.onDidTriggerButton((button) => {
      const chosen = filters.find((one) => one.tooltip === button.tooltip)?.filter ?? 'all';
      filter = chosen === filter ? 'all' : chosen;
      pick.buttons = buttonsOf(filters, filter);
      pick.title = filter === 'all' ? vscode.l10n.t('Find Client') : vscode.l10n.t('Find Client: {0}', filters.find((one) => one.filter === filter)?.tooltip ?? '');
      void look();
    });
    pick.onDidAccept(() => {
      const clientId = pick.selectedItems[0]?.clientId;
      if (clientId === undefined) return;
      resolve({ clientId, purchaseId: null });
      pick.hide();
    });
    pick.onDidHide(() => {
      clearTimeout(timer);
      running.abort();
      resolve(undefined);
      pick.dispose();
    });
    pick.show();
    void look();
  });
}

interface FilterButton {
  filter: ClientFilter;
  icon: string;
  tooltip: string;
}

const filterButtons = (): FilterButton[] => [
  { filter: 'without-touch', icon: 'circle-slash', tooltip: vscode.l10n.t('purchases without a touchpoint') },
  { filter: 'several-purchases', icon: 'layers', tooltip: vscode.l10n.t('several purchases') },
  { filter: 'just-outside', icon: 'watch', tooltip: vscode.l10n.t('touchpoints at most a day outside of the window') },
];

const buttonsOf = (filters: readonly FilterButton[], active: ClientFilter): vscode.QuickInputButton[] =>
  filters.map(({ filter, icon, tooltip }) => ({ iconPath: new vscode.ThemeIcon(icon), tooltip, toggle: { checked: filter === active } }));

function itemsOf(found: readonly FoundClient[], prefix: string, filter: ClientFilter): Found[] {
  const items = found.map(({ clientId, purchases, morePurchases, revenue }): Found => ({
    // The search decides what fits, not the list
    label: clientId.replaceAll('$(', '\\$('), clientId, alwaysShow: true, iconPath: new vscode.ThemeIcon('person'),
    description: purchases === 0 ? vscode.l10n.t('no purchase') : purchases === 1 ? vscode.l10n.t('1 purchase, {0}', money(revenue))
      : vscode.l10n.t('{0} purchases, {1}', morePurchases ? `> ${purchases}` : purchases, `${morePurchases ? '> ' : ''}${money(revenue)}`),
  }));
  if (items.length > 0) return items;
  if (prefix === '' || filter !== 'all') return [{ label: vscode.l10n.t('No such client'), alwaysShow: true }];
  // Rejected records may be all there is of a client
  return [{ label: vscode.l10n.t('No client id begins with “{0}”', prefix), detail: vscode.l10n.t('Upper and lower case count. Choose this to look for rejected records of it.'), clientId: prefix, alwaysShow: true }];
}
