import assert from 'node:assert/strict';
import { test } from 'node:test';
import { basisInWords, creditSentence, disagreements, explain, type Credit, type ExplainedPurchase, type TouchCandidate } from './explain';
import { money } from './money';
import { compareBytes, compareEvents } from './order';
import { DEFAULT_RULES, rulesOf } from './rules';
import { parseTime } from './time';

let number = 0;
const view = (id: string, time: string, channel: string | null, sourceFile = 'events.csv'): TouchCandidate => ({ id, type: 'page_view', time: parseTime(time), channel, sourceFile, recordNumber: ++number });
const credit = (channel: string, touchId: string | null, basis = 'marketing_touch'): Credit => ({ channel, revenue: '95.0000', touchId, days: 30, basis });
const purchase = (time: string, first?: Credit, last?: Credit): ExplainedPurchase => ({ id: 'bought', type: 'purchase', time: parseTime(time), channel: 'direct', sourceFile: 'events.csv', recordNumber: 99, revenue: '95.0000', first, last });
const words = (bought: ExplainedPurchase, candidates: TouchCandidate[], rules = DEFAULT_RULES): Record<string, string> =>
  Object.fromEntries([...explain(bought, candidates, rules).verdicts].map(([id, verdict]) => [id, verdict.words]));

test('both ends of the window belong to it, and a microsecond beyond either does not', () => {
  const bought = purchase('2024-05-01 12:00:00', credit('paid_search', 'edge'), credit('social', 'instant'));
  assert.deepEqual(words(bought, [
    view('missed', '2024-04-01 11:59:59.999999', 'paid_search'), view('edge', '2024-04-01 12:00:00', 'paid_search'), view('middle', '2024-04-20 18:25:00', 'email'),
    view('instant', '2024-05-01 12:00:00', 'social'), view('late', '2024-05-01 12:00:00.000001', 'social'), view('typed', '2024-04-30 12:00:00', 'direct'), view('blank', '2024-04-30 12:00:00', null), bought,
  ]), {
    missed: '30 days 1 microsecond before: outside the window', edge: 'first touch: all 95.00 (30 days before)', middle: '10 days 17 hours before: touchpoint 2 of 3, neither first nor last',
    instant: 'last touch: all 95.00 (at the instant of the purchase)', late: '1 microsecond after the purchase', typed: 'direct: not a touchpoint', blank: 'no channel: not a touchpoint', bought: 'this purchase',
  });
});

test('equal times are ordered by the bytes of the file name, then by the record', () => {
  const tied = [view('b', '2024-03-05 13:00:00', 'social', 'events_2.csv'), view('a', '2024-03-05 13:00:00', 'email', 'events_10.csv'), view('c', '2024-03-05 13:00:00', 'email', 'events_2.csv')];
  assert.deepEqual(explain(purchase('2024-03-06 13:00:00'), tied, DEFAULT_RULES).touches.map(({ id }) => id), ['a', 'b', 'c']);
  assert.ok(compareBytes('events_😀.csv', 'events_\uffee.csv') > 0, 'code points, not UTF-16 units');
  assert.ok(compareEvents({ time: 1n, sourceFile: 'z', recordNumber: 9 }, { time: 2n, sourceFile: 'a', recordNumber: 1 }) < 0);
});

test('the variables of the project decide', () => {
  const bought = purchase('2024-05-01 12:00:00');
  const other: TouchCandidate = { ...view('earlier', '2024-04-30 12:00:00', 'email'), type: 'purchase' };
  assert.equal(words(bought, [other]).earlier, 'another purchase: not a touchpoint');
  const rules = rulesOf({ attribution_window_days: 0.5, touchpoint_event_types: ['purchase'] });
  assert.equal(words(bought, [other], rules).earlier, '1 day before: outside the window');
  assert.equal(words(bought, [view('visit', '2024-05-01 11:00:00', 'email')], rules).visit, 'page view: not a touchpoint in this project');
  assert.deepEqual(rulesOf({ attribution_window_days: '30' }), DEFAULT_RULES);
});

test('of touchpoints that are not all at hand the place is still the true one', () => {
  const here = [1, 2, 3, 4].map((day) => view(`day${day}`, `2024-04-0${day} 12:00:00`, 'email'));
  const told = (total: { count: number; more: boolean }): (string | undefined)[] => ['day2', 'day3'].map((id) => explain(purchase('2024-04-10 12:00:00'), here, DEFAULT_RULES, total).verdicts.get(id)?.words.replace(/.*touchpoint (.*),.*/, '$1'));
  assert.deepEqual(told({ count: 4, more: false }), ['2 of 4', '3 of 4']);
  assert.deepEqual(told({ count: 900, more: false }), ['2 of 900', '899 of 900']);
  assert.deepEqual(told({ count: 900, more: true }), ['2 of more than 900', '2 from the end']);
});

test('the sentence says what the marts say', () => {
  const bought = purchase('2024-03-15 18:30:00', credit('organic_search', 'a'), credit('email', 'b'));
  assert.equal(creditSentence(bought, DEFAULT_RULES, 3), '95.00 on 15 Mar 2024 18:30 UTC: first touch organic_search, last touch email (30-day window, 3 touchpoints)');
  const direct = credit('direct', null, 'direct_visit');
  assert.equal(creditSentence(purchase('2024-03-15 18:30:00', direct, direct), DEFAULT_RULES, 0), '95.00 on 15 Mar 2024 18:30 UTC: credited to direct (30-day window, no touchpoint)');
  assert.match(creditSentence(purchase('2024-03-15 18:30:00'), DEFAULT_RULES, 1), /not credited yet/);
  assert.match(basisInWords('direct_visit'), /came directly/);
  assert.equal(basisInWords('toString'), 'toString');
});

test('where marts and events disagree it is said, and no credit is claimed', () => {
  const bought = purchase('2024-05-01 12:00:00', credit('email', 'gone'), credit('social', 'only'));
  const only = view('only', '2024-04-20 12:00:00', 'social');
  const explanation = explain(bought, [only], DEFAULT_RULES);
  assert.match(explanation.verdicts.get('only')?.words ?? '', /not credited in the marts/);
  assert.deepEqual(disagreements(bought, explanation), ["first_touch_attribution credits email; by the staged events and this project's window it would be social (20 Apr 2024 12:00 UTC)."]);
  assert.equal(disagreements(purchase('2024-05-01 12:00:00'), explanation).length, 2);
  const agreed = purchase('2024-05-01 12:00:00', credit('social', 'only'), credit('social', 'only'));
  assert.deepEqual(disagreements(agreed, explain(agreed, [only], DEFAULT_RULES)), []);
});

test('an amount keeps every decimal that is not zero', () => {
  assert.deepEqual(['120.0000', '3.3333', '0', '99999999999999.9999', '10.5'].map(money), ['120.00', '3.3333', '0.00', '99999999999999.9999', '10.50']);
});
