/** The page of a client's journey. */
import '../../webview/words';
import './page.css';
import { connect } from '../../webview/connect';
import { toMarkdown, toTsv } from '../facts';
import type { ChannelCount, HostSide, Journey, Loaded, PageSide, PageState } from '../protocol';
import { countsNote, creditCard, emptyState, failedState, header, legend, loadingState, notes } from './parts';
import { rejectedSection } from './rejected';
import { FactTable } from './table';
import { Timeline } from './timeline';
import { Tooltip } from './tooltip';
import { button, h } from '../../webview/dom';
import { JourneyState, type View } from './state';
import { t } from '../../base/l10n';

const tooltip = new Tooltip();
const main = h('main', { 'aria-busy': 'true' });
const announcer = h('div', { class: 'visually-hidden', role: 'status' });
document.body.append(main, announcer, tooltip.element);

let state: JourneyState | undefined;
let journey: Journey | undefined;
let shown: View | undefined;
let channelCounts: ChannelCount[] | undefined;
let generation = 0;

const { rpc, getState, setState } = connect<PageSide, HostSide>({
  changed: ({ assets }) => void load(state?.selected ?? null, t('Updated: {0}', assets.join(', '))),
  select: ({ purchaseId }) => {
    if (state?.purchaseIds.includes(purchaseId)) select(purchaseId);
    else void load(purchaseId);
  },
});
/** of the page before a reload; used once */
let restored = (getState() as PageState | undefined)?.view ?? null;

// Built once: new data fills them, so that nothing jumps
const timeline = new Timeline({
  select: (id) => select(id),
  hover: (id) => table.highlight(id),
  viewChanged: () => remember(),
}, tooltip);
const table = new FactTable({
  hover: (id) => timeline.highlight(id),
  select: (id) => select(id),
  openRecord: (sourceFile, recordNumber) => rpc.notify('openRecord', { sourceFile, recordNumber }),
});
const top = h('div');
const card = h('section', { class: 'card', 'aria-label': t('Selected purchase') });
const noteBox = h('div', { class: 'notes' });
const key = h('div');
const rejectedBox = h('div');
const toolbar = h('div', { class: 'toolbar', role: 'group', 'aria-label': t('Zoom') },
  button(t('Zoom In'), () => timeline.zoomBy(1.6), { icon: 'zoom-in', quiet: true, title: t('Zoom in (+)') }), button(t('Zoom Out'), () => timeline.zoomBy(1 / 1.6), { icon: 'zoom-out', quiet: true, title: t('Zoom out (−)') }),
  button(t('Earlier'), () => timeline.pan(-0.25), { icon: 'arrow-left', quiet: true, title: t('Earlier (Shift+←)') }), button(t('Later'), () => timeline.pan(0.25), { icon: 'arrow-right', quiet: true, title: t('Later (Shift+→)') }),
  button(t('Fit All'), () => timeline.fitAll(), { title: t('Show everything (0)') }), button(t('Fit Window'), () => timeline.fitWindow(), { title: t('Show the window of the selected purchase (W)') }));
const timelineSection = h('section', { class: 'timeline-section', 'aria-labelledby': 'timeline-title', onkeydown: (event) => onKey(event as KeyboardEvent) },
  h('div', { class: 'section-head' }, h('h2', { id: 'timeline-title' }, t('Timeline')), toolbar), timeline.element, key);
const tableSection = h('section', { class: 'table-section', 'aria-labelledby': 'table-title' },
  h('div', { class: 'section-head' }, h('h2', { id: 'table-title' }, t('Events')), h('div', { class: 'toolbar' },
    button(t('Copy TSV'), () => void copy('tsv'), { icon: 'copy', title: t('Copy the table for a spreadsheet') }), button(t('Copy Markdown'), () => void copy('markdown'), { icon: 'markdown', title: t('Copy the table and its explanation as Markdown') }))),
  table.element);
const content = [top, card, noteBox, h('div', { class: 'columns' }, timelineSection, tableSection), rejectedBox];

main.replaceChildren(loadingState());
void load(null);

/** Asks the host for the journey; what is shown stays until the answer is here. */
async function load(purchaseId: string | null, announcement?: string): Promise<void> {
  const mine = ++generation;
  const before = state?.selected;
  main.setAttribute('aria-busy', 'true');
  let loaded: Loaded;
  try {
    loaded = await rpc.request('load', { purchaseId });
  } catch (error) {
    loaded = { kind: 'failed', message: error instanceof Error ? error.message : String(error), remedies: [] };
  }
  if (mine !== generation) return;
  main.setAttribute('aria-busy', 'false');
  if (loaded.kind === 'failed') {
    main.replaceChildren(failedState(loaded.message, loaded.remedies, (index) => rpc.notify('remedy', { index }), () => void load(purchaseId)));
    return;
  }
  const meanwhile = state && state.selected !== before ? state.selected : null;
  journey = loaded.journey;
  channelCounts = undefined;
  state = new JourneyState(journey);
  if (meanwhile !== null && state.select(meanwhile)) void detail(meanwhile);
  rpc.notify('selected', { purchaseId: state.selected });
  top.replaceChildren(header(journey, { findClient: () => rpc.notify('findClient', null), openRows: () => rpc.notify('openRows', null), freeze: () => rpc.notify('freeze', null), copyLink: () => void copyLink() }));
  if (main.firstChild !== top) main.replaceChildren(...content);
  render();
  remember();
  if (announcement !== undefined) announcer.textContent = announcement;
  await loadRest(mine, journey);
}

/** What may come later: rejected records, and the counts of a client with very many events. */
async function loadRest(mine: number, { clientId, client, purchases, pageViews }: Journey): Promise<void> {
  const rejected = await rpc.request('rejected', null).catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
  if (mine !== generation) return;
  const isUnknown = client === null && purchases.length === 0 && pageViews?.length === 0 && typeof rejected !== 'string' && rejected.records.length === 0;
  if (isUnknown) {
    main.replaceChildren(emptyState(clientId, () => rpc.notify('findClient', null)));
    return;
  }
  rejectedBox.replaceChildren(rejectedSection(rejected, (sourceFile, recordNumber) => rpc.notify('openRecord', { sourceFile, recordNumber })));
  if (pageViews !== null) return;
  const counts = await rpc.request('counts', null).catch(() => null);
  if (mine !== generation || !counts) return;
  channelCounts = counts;
  noteBox.querySelector('.page-views')?.replaceChildren(countsNote(counts, shown?.scene.views.length ?? 0));
}

function render(): void {
  if (!state || !journey) return;
  shown = state.view();
  const { index } = shown;
  const { before, after } = journey.morePurchases;
  card.replaceChildren(...creditCard(shown, state.purchases.length, { before, after }, { step: (by) => step(by), to: (place) => goTo(place), materialize: () => rpc.notify('materialize', null) }));
  noteBox.replaceChildren(...notes(journey, index));
  if (channelCounts) noteBox.querySelector('.page-views')?.replaceChildren(countsNote(channelCounts, shown.scene.views.length));
  key.replaceChildren(legend(shown.scene));
  timeline.show(shown.scene, restored);
  restored = null;
  table.show(shown.facts, shown.selected?.id ?? null);
}

function select(purchaseId: string): void {
  if (!state?.select(purchaseId)) return;
  render();
  remember();
  announcer.textContent = shown?.sentence ?? '';
  rpc.notify('selected', { purchaseId });
  void detail(purchaseId);
}

async function detail(purchaseId: string): Promise<void> {
  const mine = generation;
  const answer = await rpc.request('detail', { purchaseId, around: journey?.pageViews === null }).catch((error: unknown) => {
    announcer.textContent = error instanceof Error ? error.message : String(error);
    return undefined;
  });
  if (mine !== generation || !answer || state?.selected !== purchaseId) return;
  state.detailed(answer);
  render();
}

/** The neighbour of the selected purchase; beyond those here, the host is asked for more. */
function step(by: number): void {
  const ids = state?.purchaseIds ?? [];
  const at = ids.indexOf(state?.selected ?? '') + by;
  const next = ids[at];
  if (next !== undefined) select(next);
  const atEdge = (at <= 0 && journey?.morePurchases.before) || (at >= ids.length - 1 && journey?.morePurchases.after);
  if (atEdge) void load(next ?? state?.selected ?? null);
}

function goTo(place: 'first' | 'last'): void {
  const id = place === 'first' ? state?.purchaseIds[0] : state?.purchaseIds.at(-1);
  if (id !== undefined) select(id);
}

function onKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const onPurchase = event.target instanceof Element && event.target.matches('[role=radio]');
  const actions: Record<string, (() => void) | undefined> = {
    '+': () => timeline.zoomBy(1.6), '=': () => timeline.zoomBy(1.6), '-': () => timeline.zoomBy(1 / 1.6), 0: () => timeline.fitAll(), w: () => timeline.fitWindow(), W: () => timeline.fitWindow(),
    ...(event.shiftKey ? { ArrowLeft: () => timeline.pan(-0.25), ArrowRight: () => timeline.pan(0.25) } : {}),
    ...(onPurchase && !event.shiftKey ? { ArrowLeft: () => step(-1), ArrowUp: () => step(-1), ArrowRight: () => step(1), ArrowDown: () => step(1), Home: () => goTo('first'), End: () => goTo('last') } : {}),
  };
  const action = actions[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}

async function copy(format: 'tsv' | 'markdown'): Promise<void> {
  if (!shown) return;
  await rpc.request('copy', { text: format === 'tsv' ? toTsv(shown.facts) : toMarkdown(shown.facts, shown.sentence) });
  announcer.textContent = t('Copied {0} rows.', shown.facts.facts.length);
}

async function copyLink(): Promise<void> {
  await rpc.request('copyLink', null);
  announcer.textContent = t('Copied the link.');
}

function remember(): void {
  if (journey) setState({ clientId: journey.clientId, purchaseId: state?.selected ?? null, view: timeline.view } satisfies PageState);
}
