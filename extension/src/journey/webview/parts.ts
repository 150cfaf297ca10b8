/** Parts of the page that are made anew with each journey or selection. */
import { basisInWords } from '../../attribution/explain';
import { money } from '../../attribution/money';
import { formatDay, formatTime, parseTime } from '../../attribution/time';
import type { ChannelCount, Journey } from '../protocol';
import { channelInWords, type Scene } from '../scene';
import { button, h, s, type Child } from '../../webview/dom';
import { ring, shape } from './marks';
import type { View } from './state';
import { t } from '../../base/l10n';

export function header({ clientId, client, purchases, pageViews, morePurchases }: Journey, { findClient, openRows, freeze, copyLink }: { findClient: () => void; openRows: () => void; freeze: () => void; copyLink: () => void }): HTMLElement {
  const many = morePurchases.before || morePurchases.after;
  const fact = (name: string, value: string | null): HTMLElement => h('div', {}, h('dt', {}, name), h('dd', {}, value ?? '–'));
  const profile = client
    ? [fact(t('Segment'), client.segment), fact(t('Cohort'), client.cohort), fact(t('Registered'), client.registrationDate && formatDay(parseTime(`${client.registrationDate} 00:00:00`)))]
    : [h('div', {}, h('dt', {}, t('Client row')), h('dd', {}, t('none in stg_clients')))];
  return h('header', {},
    h('div', { class: 'title' }, h('h1', { title: clientId }, clientId),
      h('div', { class: 'toolbar' }, button(t('Find Client'), findClient, { icon: 'search' }), button(t('Open SQL Rows'), openRows, { icon: 'table', title: t('Open the rows of first_touch_attribution of this client') }),
        button(t('Freeze as Unit Test'), freeze, { icon: 'beaker', title: t('Write this journey into a model\'s YAML as a dbt unit test, ids masked') }),
        button(t('Copy Link'), copyLink, { icon: 'link', quiet: true, title: t('Copy a link that opens this journey in VS Code') }))),
    h('dl', {}, ...profile, fact(t('Page views'), pageViews ? String(pageViews.length) : t('more than {0}', 1000)), fact(t('Purchases'), many ? t('more than {0}', purchases.length) : String(purchases.length)),
      fact(many ? t('Revenue shown') : t('Revenue'), sum(purchases.map(({ revenue }) => revenue)))));
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
    return [h('p', { class: 'sentence' }, t('This client has no purchase: there is nothing to credit.')), h('p', { class: 'basis' }, t('Touches without a purchase earn nothing.'))];
  }
  const several = count > 1 || more.before || more.after;
  const previous = button(t('Previous purchase'), () => step(-1), { icon: 'chevron-left', quiet: true });
  const next = button(t('Next purchase'), () => step(1), { icon: 'chevron-right', quiet: true });
  previous.disabled = index <= 0 && !more.before;
  next.disabled = index >= count - 1 && !more.after;
  const basis = selected.first?.basis ?? selected.last?.basis;
  const conversion = conversionInWords(selected.first?.days ?? null, selected.last?.days ?? null);
  return [
    ...(several ? [h('div', { class: 'stepper' }, previous, h('span', {}, more.before || more.after ? t('Purchase {0} of more than {1}', index + 1, count) : t('Purchase {0} of {1}', index + 1, count)), next)] : []),
    h('p', { class: 'sentence' }, sentence),
    h('p', { class: 'basis' }, ...(basis === undefined ? [] : [h('code', {}, basis), ` ${basisInWords(basis)}`]), conversion),
    ...(disagreements.length === 0 ? [] : [h('div', { class: 'notice warning', role: 'note' }, h('span', { class: 'codicon codicon-warning', 'aria-hidden': 'true' }),
      h('div', {}, h('strong', {}, selected.first || selected.last ? t('The marts and the staged events disagree.') : t('The marts do not have this purchase.')), ...disagreements.map((words) => h('div', {}, words)),
        h('div', {}, t('Materialize the marts with their upstream models; if it stays so, the run used other variables than dbt_project.yml.'))),
      button(t('Materialize'), materialize, { secondary: false, title: t('Materialize both marts with all that they depend on') }))]),
  ];
}

function conversionInWords(first: number | null, last: number | null): string {
  const before = (days: number): string => t('{0} before', days === 0 ? t('less than a day') : days === 1 ? t('1 day') : t('{0} days', days));
  if (first === null || last === null) return '';
  return first === last ? ` ${t('First and last touch {0}.', before(first))}` : ` ${t('First touch {0}, last touch {1}.', before(first), before(last))}`;
}

export function notes({ missing, pageViews, morePurchases, purchases }: Journey, index: number): HTMLElement[] {
  const note = (...children: Child[]): HTMLElement => h('p', { class: 'notice' }, h('span', { class: 'codicon codicon-info', 'aria-hidden': 'true' }), h('span', {}, ...children));
  return [
    ...(missing === undefined ? [] : [note(t('This client has no purchase {0}.', missing), index >= 0 ? ` ${t('The latest is shown.')}` : '')]),
    ...(morePurchases.before || morePurchases.after ? [note(t('{0} purchases are shown, those nearest to the selected one.', purchases.length))] : []),
    ...(pageViews === null ? [h('div', { class: 'page-views' }, note(t('Of more than {0} page views those at either end of the window, and those nearest outside of it, are shown.', 1000)))] : []),
  ];
}

export function countsNote(counts: readonly ChannelCount[], shown: number): HTMLElement {
  const total = counts.reduce((all, { count }) => all + count, 0);
  const number = new Intl.NumberFormat('en');
  return h('details', { class: 'notice' }, h('summary', {}, t('Of {0} page views {1}, those at either end of the window, and those nearest outside of it, are shown.', number.format(total), number.format(shown))),
    h('ul', {}, ...counts.map(({ channel, count, first, last }) => h('li', {}, t('{0}: {1}, {2} to {3}', channelInWords(channel), number.format(count), formatTime(parseTime(first)), formatTime(parseTime(last)))))));
}

export function legend({ credits, window }: Scene): HTMLElement {
  const item = (words: string, ...marks: SVGElement[]): HTMLElement => h('li', {}, s('svg', { viewBox: '-12 -12 24 24', width: 18, height: 18, 'aria-hidden': 'true', class: 'legend-mark' }, ...marks), words);
  return h('div', { class: 'legend' },
    h('ul', { 'aria-label': t('Legend') }, item(t('touchpoint in the window'), shape('touch')), ...(credits.length > 0 ? [item(t('credited by first or last touch'), ring('credit'), shape('touch'))] : []), item(t('outside of the window'), shape('outside')),
      item(t('visit, no touchpoint'), shape('visit')), item(t('purchase'), shape('purchase')), ...(window ? [item(t('selected'), ring('selected'), shape('purchase'))] : [])),
    h('p', { class: 'quiet-text' }, t('Times are UTC. Drag to pan, Ctrl+scroll to zoom; ← → Home End select a purchase.')));
}

export function loadingState(): HTMLElement {
  return h('div', { class: 'loading' }, h('h1', { class: 'visually-hidden' }, t('Journey')), h('p', { role: 'status', class: 'visually-hidden' }, t('Loading the journey')),
    ...['title', 'line', 'card', 'chart'].map((kind) => h('div', { class: `skeleton skeleton-${kind}`, 'aria-hidden': 'true' })));
}

export function emptyState(clientId: string, findClient: () => void): HTMLElement {
  return h('div', { class: 'state' }, h('span', { class: 'codicon codicon-search', 'aria-hidden': 'true' }), h('h1', {}, t('No such client')),
    h('p', {}, t('Neither an event nor a client row names “{0}”. Ids are compared exactly, upper and lower case included.', clientId)), button(t('Find Client'), findClient, { secondary: false }));
}

export function failedState(message: string, remedies: readonly string[], remedy: (index: number) => void, again: () => void): HTMLElement {
  return h('div', { class: 'state' }, h('span', { class: 'codicon codicon-error', 'aria-hidden': 'true' }), h('h1', {}, t('The journey could not be loaded')), h('p', { role: 'alert' }, message),
    h('div', { class: 'toolbar' }, ...remedies.map((title, index) => button(title, () => remedy(index), { secondary: index > 0 })), button(t('Try Again'), again, { secondary: remedies.length > 0 })));
}
