/** From the host's facts to what the page shows: scene, table, state. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Credit } from '../attribution/explain';
import { DEFAULT_RULES } from '../attribution/rules';
import { useWords } from '../base/l10n';
import { toMarkdown, toTsv } from './facts';
import type { Journey, PageView, Purchase } from './protocol';
import { MAX_LANES, NO_CHANNEL, OTHER_LANE } from './scene';
import { JourneyState } from './webview/state';

let record = 0;
const place = (): { sourceFile: string; recordNumber: number } => ({ sourceFile: 'events.csv', recordNumber: ++record });
const view = (id: string, time: string, channel: string | null, session = 's1'): PageView => ({ id, time, channel, session, campaign: null, utmSource: 'newsletter', utmMedium: null, pageUrl: '<script>', referrerUrl: null, ...place() });
const credit = (channel: string, touchId: string | null): Credit => ({ channel, revenue: '10.0000', touchId, days: touchId === null ? null : 1, basis: touchId === null ? 'no_touch' : 'marketing_touch' });
const purchase = (id: string, time: string, first: Credit | null, last = first): Purchase => ({ id, time, channel: 'direct', session: 's2', revenue: '10.0000', productId: null, productCategory: null, first, last, ...place() });
const journey = (pageViews: PageView[] | null, purchases: Purchase[], detail: Partial<Journey['detail']> = {}): Journey => ({
  clientId: 'one', client: null, rules: DEFAULT_RULES, purchases, morePurchases: { before: false, after: false }, pageViews, detail: { purchaseId: purchases.at(-1)?.id ?? null, shares: [], ...detail },
});

const visits = [view('old', '2024-01-01 10:00:00', 'email'), view('touch', '2024-03-01 10:00:00', 'email'), view('typed', '2024-03-01 10:00:00', 'direct'), view('same', '2024-03-01 10:00:00', 'email', 's2')];

test('lanes, shapes, stacks, sessions and connections of a journey', () => {
  const state = new JourneyState(journey(visits, [purchase('p', '2024-03-02 10:00:00', credit('email', 'touch'), credit('email', 'same'))]));
  const { scene, sentence, disagreements } = state.view();
  assert.deepEqual(scene.lanes, [{ name: 'email', colour: 'blue' }, { name: 'direct', colour: 'plain' }]);
  assert.deepEqual(scene.views.map(({ id, shape, credited, stack }) => [id, shape, credited, stack]), [['old', 'outside', false, 0], ['touch', 'touch', true, 0], ['typed', 'visit', false, 0], ['same', 'touch', true, 1]]);
  assert.deepEqual(scene.credits, [{ touchId: 'touch', label: 'first 10.00' }, { touchId: 'same', label: 'last 10.00' }]);
  assert.deepEqual(scene.sessions.map(({ name, events }) => [name, events]), [['s1', 3], ['s2', 2]]);
  assert.equal(scene.window?.opens, '1 Feb 2024 10:00 UTC');
  assert.ok(scene.views[1]?.lines.includes('first touch: all 10.00 (1 day before)'));
  assert.match(sentence, /first touch email, last touch email \(30-day window, 2 touchpoints\)/);
  assert.deepEqual(disagreements, []);
});

test('purchases of one instant are told apart, and a touch that is first and last is connected once', () => {
  const both = [purchase('a', '2024-03-02 10:00:00', credit('email', 'touch')), purchase('b', '2024-03-02 10:00:00', credit('email', 'touch'))];
  const { scene } = new JourneyState(journey(visits.slice(0, 2), both)).view();
  assert.deepEqual(scene.purchases.map(({ stack, isStacked }) => [stack, isStacked]), [[0, true], [1, true]]);
  assert.deepEqual(scene.credits, [{ touchId: 'touch', label: 'first and last 10.00' }]);
});

test('many channels share a lane; visits that are no touchpoints keep theirs', () => {
  const many = Array.from({ length: 30 }, (_, index) => view(`v${index}`, `2024-03-01 10:00:${String(index).padStart(2, '0')}`, index === 5 ? null : `channel_${index}`));
  const { lanes, views } = new JourneyState(journey(many, [])).view().scene;
  assert.equal(lanes.length, MAX_LANES);
  assert.deepEqual(lanes.slice(-2).map(({ name }) => name), [NO_CHANNEL, OTHER_LANE]);
  assert.ok(views.every(({ lane }) => lane >= 0 && lane < MAX_LANES));
});

test('the table says what the timeline shows, with the credit of every model', () => {
  const shares = ['linear', 'time_decay'].flatMap((model) => [{ touchId: 'touch', model, position: 1, revenue: '3.3333', weight: 0.33 }, { touchId: 'same', model, position: 2, revenue: '6.6667', weight: 0.67 }]);
  const { facts } = new JourneyState(journey(visits, [purchase('p', '2024-03-02 10:00:00', credit('email', 'touch'), credit('email', 'same'))], { shares })).view();
  assert.deepEqual(facts.columns, ['Time (UTC)', 'Event', 'Channel', 'Verdict', 'First touch', 'Last touch', 'Linear', 'Time decay', 'Session', 'Record']);
  assert.deepEqual(facts.facts.map(({ cells }) => cells.slice(4, 8)), [['', '', '', ''], ['10.00', '', '3.3333', '3.3333'], ['', '', '', ''], ['', '10.00', '6.6667', '6.6667'], ['', '', '', '']]);
  assert.equal(toTsv(facts).split('\n')[1], '1 Jan 2024 10:00\tpage view\temail\t61 days before: outside the window\t\t\t\t\ts1\tevents.csv, record 1');
  assert.match(toMarkdown(facts, 'A | sentence'), /^A \\\| sentence\n\n\| Time \(UTC\) \|/);
  assert.equal(toTsv({ columns: ['a"b', 'c\td'], facts: [] }), '"a""b"\t"c\td"');
});

test('a purchase without a touch is credited to direct in its own row', () => {
  const { facts } = new JourneyState(journey([], [purchase('p', '2024-03-02 10:00:00', credit('direct', null))], { shares: [{ touchId: null, model: 'linear', position: 1, revenue: '10.0000', weight: 1 }] })).view();
  assert.deepEqual(facts.facts[0]?.cells.slice(3, 7), ['this purchase, credited to direct', '10.00', '10.00', '10.00']);
});

test('selecting keeps the columns while the shares are on their way, and a late answer is ignored', () => {
  const state = new JourneyState(journey(visits, [purchase('a', '2024-02-02 10:00:00', credit('direct', null)), purchase('b', '2024-03-02 10:00:00', credit('email', 'touch'))], { shares: [{ touchId: 'touch', model: 'linear', position: 1, revenue: '10.0000', weight: 1 }] }));
  assert.equal(state.select('nobody'), false);
  assert.equal(state.select('a'), true);
  assert.ok(state.view().facts.columns.includes('Linear'));
  state.detailed({ purchaseId: 'b', shares: [] });
  assert.equal(state.isDetailed, false);
  assert.ok(state.view().facts.facts.every(({ cells }) => cells[6] === ''));
  state.detailed({ purchaseId: 'a', shares: [] });
  assert.equal(state.isDetailed, true);
});

test('of a client with very many page views the gap is said, and nothing is claimed before its window is here', () => {
  const here = [1, 2, 3, 4].map((day) => view(`d${day}`, `2024-03-0${day} 10:00:00`, 'email'));
  const purchases = [purchase('a', '2024-03-05 10:00:00', credit('email', 'd1'), credit('email', 'd4')), purchase('b', '2024-03-09 10:00:00', null)];
  const state = new JourneyState(journey(null, purchases, { purchaseId: 'a', around: here, touches: { count: 5_004, more: false } }));
  const { scene, sentence } = state.view();
  assert.equal(scene.gap?.words, '5,000 touchpoints not shown');
  assert.match(sentence, /5004 touchpoints/);
  state.select('b');
  assert.deepEqual([state.view().disagreements, state.view().scene.gap], [[], null]);
});

test('every word that the page says of a purchase is in the language of its bundle', () => {
  useWords(new Proxy({}, { get: (_, message) => `«${String(message)}»` }));
  try {
    const { facts, sentence, scene } = new JourneyState(journey(visits, [purchase('p', '2024-03-02 10:00:00', credit('email', 'touch'))])).view();
    const isTranslated = (words: string): boolean => words.startsWith('«') || words.endsWith('»');
    assert.ok(facts.columns.every(isTranslated), facts.columns.join());
    for (const { cells } of facts.facts) assert.ok([cells[1], cells[3]].every((words) => isTranslated(words ?? '')), cells.join());
    assert.match(sentence, /^«.*«first touch email», «last touch email» \(«30-day window», «2 touchpoints»\)$/);
    assert.ok(scene.credits.every(({ label }) => isTranslated(label)));
  } finally {
    useWords({});
  }
});
