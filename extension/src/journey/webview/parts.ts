/** Parts of the page that are made anew with each journey or selection. */
import { basisInWords } from '../../attribution/explain';
import { money } from '../../attribution/money';
import { formatDay, formatTime, parseTime } from '../../attribution/time';
import type { ChannelCount, Journey } from '../protocol';
import { NO_CHANNEL, type Scene } from '../scene';
import { button, h, s, type Child } from './dom';
import { ring, shape } from './marks';
import type { View } from './state';

export function header({ clientId, client, purchases, pageViews, morePurchases }: Journey, { findClient, openRows, freeze, copyLink }: { findClient: () => void; openRows: () => void; freeze: () => void; copyLink: () => void }): HTMLElement {
  const many = morePurchases.before || morePurchases.after;
  const fact = (name: string, value: string | null): HTMLElement => h('div', {}, h('dt', {}, name), h('dd', {}, value ?? '–'));
  const profile = client
    ? [fact('Segment', client.segment), fact('Cohort', client.cohort), fact('Registered', client.registrationDate && formatDay(parseTime(`${client.registrationDate} 00:00:00`)))]
    : [h('div', {}, h('dt', {}, 'Client row'), h('dd', {}, 'none in stg_clients'))];
  return h('header', {},
    h('div', { class: 'title' }, h('h1', { title: clientId }, clientId),
      h('div', { class: 'toolbar' }, button('Find Client', findClient, { icon: 'search' }), button('Open SQL Rows', openRows, { icon: 'table', title: 'Open the rows of first_touch_attribution of this client' }),
        button('Freeze as Unit Test', freeze, { icon: 'beaker', title: 'Write this journey into a model\'s YAML as a dbt unit test, ids masked' }),
        button('Copy Link', copyLink, { icon: 'link', quiet: true, title: 'Copy a link that opens this journey in VS Code' }))),
    h('dl', {}, ...profile, fact('Page views', pageViews ? String(pageViews.length) : 'more than 1000'), fact('Purchases', `${many ? 'more than ' : ''}${purchases.length}`),
      fact(many ? 'Revenue shown' : 'Revenue', sum(purchases.map(({ revenue }) => revenue)))));
}

/** Exact: amounts have four decimals at most. */
function sum(amounts: readonly string[]): string {
  const units = amounts.reduce((total, amount) => {
    const [whole = '0', decimals = ''] = amount.split('.');
    return total + BigInt(whole + decimals.padEnd(4, '0').slice(0, 4));
  }, 0n);
  return money(`${units / 10_000n}.${(units % 10_000n).toString().padStart(4, '0')}`);
}

export interface CardEvents {
  step: (by: number) => void;
  to: (place: 'first' | 'last') => void;
  materialize: () => void;
}

export function creditCard({ selected, index, sentence, disagreements, explanation }: View, count: number, more: { before: boolean; after: boolean }, { step, materialize }: CardEvents): HTMLElement[] {
  if (!selected || !explanation) {
    return [h('p', { class: 'sentence' }, 'This client has no purchase: there is nothing to credit.'), h('p', { class: 'basis' }, 'Touches without a purchase earn nothing.')];
  }
  const previous = button('Previous purchase', () => step(-1), { icon: 'chevron-left', quiet: true });
  const next = button('Next purchase', () => step(1), { icon: 'chevron-right', quiet: true });
  previous.disabled = index <= 0 && !more.before;
  next.disabled = index >= count - 1 && !more.after;
  const basis = selected.first?.basis ?? selected.last?.basis;
  const conversion = conversionInWords(selected.first?.days ?? null, selected.last?.days ?? null);
  return [
    h('div', { class: 'stepper' }, previous, h('span', {}, `Purchase ${index + 1} of ${more.before || more.after ? 'more than ' : ''}${count}`), next),
    h('p', { class: 'sentence' }, sentence),
    h('p', { class: 'basis' }, ...(basis === undefined ? [] : [h('code', {}, basis), ` ${basisInWords(basis)}`]), conversion),
    ...(disagreements.length === 0 ? [] : [h('div', { class: 'notice warning', role: 'note' }, h('span', { class: 'codicon codicon-warning', 'aria-hidden': 'true' }),
      h('div', {}, h('strong', {}, selected.first || selected.last ? 'The marts and the staged events disagree.' : 'The marts do not have this purchase.'), ...disagreements.map((words) => h('div', {}, words)),
        h('div', {}, 'Materialize the marts with their upstream models; if it stays so, the run used other variables than dbt_project.yml.')),
      button('Materialize', materialize, { secondary: false, title: 'Materialize both marts with all that they depend on' }))]),
  ];
}

function conversionInWords(first: number | null, last: number | null): string {
  const before = (days: number): string => `${days === 0 ? 'less than a day' : days === 1 ? '1 day' : `${days} days`} before`;
  if (first === null || last === null) return '';
  return first === last ? ` First and last touch ${before(first)}.` : ` First touch ${before(first)}, last touch ${before(last)}.`;
}

const WHICH = 'those at either end of the window, and those nearest outside of it,';

export function notes({ missing, pageViews, morePurchases, purchases }: Journey, index: number): HTMLElement[] {
  const note = (...children: Child[]): HTMLElement => h('p', { class: 'notice' }, h('span', { class: 'codicon codicon-info', 'aria-hidden': 'true' }), h('span', {}, ...children));
  return [
    ...(missing === undefined ? [] : [note(`This client has no purchase ${missing}.`, index >= 0 ? ' The latest is shown.' : '')]),
    ...(morePurchases.before || morePurchases.after ? [note(`${purchases.length} purchases are shown, those nearest to the selected one.`)] : []),
    ...(pageViews === null ? [h('div', { class: 'page-views' }, note(`Of more than 1000 page views ${WHICH} are shown.`))] : []),
  ];
}

export function countsNote(counts: readonly ChannelCount[], shown: number): HTMLElement {
  const total = counts.reduce((all, { count }) => all + count, 0);
  const number = new Intl.NumberFormat('en');
  return h('details', { class: 'notice' }, h('summary', {}, `Of ${number.format(total)} page views ${number.format(shown)}, ${WHICH} are shown.`),
    h('ul', {}, ...counts.map(({ channel, count, first, last }) => h('li', {}, `${channel ?? NO_CHANNEL}: ${number.format(count)}, ${formatTime(parseTime(first))} to ${formatTime(parseTime(last))}`))));
}

export function legend({ credits, window }: Scene): HTMLElement {
  const item = (words: string, ...marks: SVGElement[]): HTMLElement => h('li', {}, s('svg', { viewBox: '-12 -12 24 24', width: 18, height: 18, 'aria-hidden': 'true', class: 'legend-mark' }, ...marks), words);
  return h('div', { class: 'legend' },
    h('ul', { 'aria-label': 'Legend' }, item('touchpoint in the window', shape('touch')), ...(credits.length > 0 ? [item('credited by first or last touch', ring('credit'), shape('touch'))] : []), item('outside of the window', shape('outside')),
      item('visit, no touchpoint', shape('visit')), item('purchase', shape('purchase')), ...(window ? [item('selected', ring('selected'), shape('purchase'))] : [])),
    h('p', { class: 'quiet-text' }, 'Times are UTC. Drag to pan, Ctrl+scroll to zoom; ← → Home End select a purchase.'));
}

export function loadingState(): HTMLElement {
  return h('div', { class: 'loading' }, h('h1', { class: 'visually-hidden' }, 'Journey'), h('p', { role: 'status', class: 'visually-hidden' }, 'Loading the journey'),
    ...['title', 'line', 'card', 'chart'].map((kind) => h('div', { class: `skeleton skeleton-${kind}`, 'aria-hidden': 'true' })));
}

export function emptyState(clientId: string, findClient: () => void): HTMLElement {
  return h('div', { class: 'state' }, h('span', { class: 'codicon codicon-search', 'aria-hidden': 'true' }), h('h1', {}, 'No such client'),
    h('p', {}, `Neither an event nor a client row names “${clientId}”. Ids are compared exactly, upper and lower case included.`), button('Find Client', findClient, { secondary: false }));
}

export function failedState(message: string, remedies: readonly string[], remedy: (index: number) => void, again: () => void): HTMLElement {
  return h('div', { class: 'state' }, h('span', { class: 'codicon codicon-error', 'aria-hidden': 'true' }), h('h1', {}, 'The journey could not be loaded'), h('p', { role: 'alert' }, message),
    h('div', { class: 'toolbar' }, ...remedies.map((title, index) => button(title, () => remedy(index), { secondary: index > 0 })), button('Try Again', again, { secondary: remedies.length > 0 })));
}
