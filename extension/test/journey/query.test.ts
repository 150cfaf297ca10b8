/** Journeys and the search on the sample, in PostgreSQL: the stories of data/raw/README.md whose verdicts matter. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { creditSentence, disagreements, explain } from '../../src/attribution/explain';
import { DEFAULT_RULES } from '../../src/attribution/rules';
import { explainable, candidatesOf } from '../../src/journey/model';
import { ALL_PAGE_VIEWS, JourneyQueries, TOUCHES_AT_EITHER_END } from '../../src/journey/query';
import { findClients, type ClientFilter } from '../../src/journey/search';
import type { Journey } from '../../src/journey/protocol';
import { MissingRelation } from '../../src/warehouse/errors';
import { sampleDatabase } from '../servers';
import { warehouseOf } from './warehouse';

const database = await sampleDatabase();
const warehouse = warehouseOf(database.connection);
const queries = new JourneyQueries(warehouse, () => DEFAULT_RULES);
after(async () => {
  await warehouse.reset();
  await database.release();
});

interface Told { sentence: string; disagreements: string[]; verdicts: string[] }

/** What the page would say about one purchase: the sentence, and a verdict on each page view in the order of time. */
function told(journey: Journey, index: number): Told {
  const purchase = explainable(journey.purchases[index] ?? assert.fail(`no purchase ${index}`));
  const candidates = candidatesOf(journey);
  const explanation = explain(purchase, candidates, journey.rules);
  return {
    sentence: creditSentence(purchase, journey.rules, explanation.touches.length),
    disagreements: disagreements(purchase, explanation),
    verdicts: candidates.filter(({ type }) => type === 'page_view').map(({ id }) => explanation.verdicts.get(id)?.words ?? ''),
  };
}

/** One purchase after another: its sentence after the time, and the verdicts. */
const STORIES: Record<string, [sentence: string, verdicts: string[]][]> = {
  client_first_and_last: [['120.00 on 15 Mar 2024 18:30 UTC: first touch organic_search, last touch email (30-day window, 3 touchpoints)',
    ['first touch: all 120.00 (14 days 9 hours before)', '6 days 21 hours before: touchpoint 2 of 3, neither first nor last', 'last touch: all 120.00 (1 day 11 hours before)']]],
  client_direct_only: [['18.00 on 7 Apr 2024 09:20 UTC: credited to direct (30-day window, no touchpoint)', ['direct: not a touchpoint', 'no channel: not a touchpoint', 'direct: not a touchpoint']]],
  client_touch_too_old: [['139.00 on 24 Feb 2024 11:00 UTC: credited to direct (30-day window, no touchpoint)', ['45 days before: outside the window']]],
  client_touch_after_purchase: [['22.40 on 3 Jun 2024 08:00 UTC: credited to direct (30-day window, no touchpoint)', ['2 days after the purchase']]],
  client_window_edge: [['95.00 on 1 May 2024 12:00 UTC: first touch paid_search, last touch email (30-day window, 2 touchpoints)',
    ['first touch: all 95.00 (30 days before)', 'last touch: all 95.00 (10 days 17 hours before)']]],
  client_window_missed: [['95.00 on 1 May 2024 12:00 UTC: first touch email, last touch email (30-day window, 1 touchpoint)',
    ['30 days 1 microsecond before: outside the window', 'first and last touch: all 95.00 (10 days 17 hours before)', '1 microsecond after the purchase']]],
  client_tied_touches: [['42.00 on 6 Mar 2024 13:00 UTC: first touch paid_search, last touch social (30-day window, 2 touchpoints)', ['first touch: all 42.00 (1 day before)', 'last touch: all 42.00 (1 day before)']]],
  client_two_baskets: ['33.00', '12.50'].map((revenue) => [`${revenue} on 12 May 2024 17:00 UTC: first touch social, last touch email (30-day window, 2 touchpoints)`,
    [`first touch: all ${revenue} (1 day 8 hours before)`, `last touch: all ${revenue} (at the instant of the purchase)`]]),
  client_many_purchases: [
    ['50.00 on 10 Jan 2024 10:00 UTC: first touch organic_search, last touch organic_search (30-day window, 1 touchpoint)', ['first and last touch: all 50.00 (5 days before)', '10 days after the purchase', '35 days 12 hours after the purchase']],
    ['20.00 on 25 Jan 2024 10:00 UTC: first touch organic_search, last touch email (30-day window, 2 touchpoints)', ['first touch: all 20.00 (20 days before)', 'last touch: all 20.00 (5 days before)', '20 days 12 hours after the purchase']],
    ['30.00 on 15 Feb 2024 10:00 UTC: first touch email, last touch social (30-day window, 2 touchpoints)', ['41 days before: outside the window', 'first touch: all 30.00 (26 days before)', 'last touch: all 30.00 (12 hours before)']],
    ['15.00 on 15 Apr 2024 10:00 UTC: credited to direct (30-day window, no touchpoint)', ['101 days before: outside the window', '86 days before: outside the window', '60 days 12 hours before: outside the window']],
  ],
};

for (const [client, purchases] of Object.entries(STORIES)) {
  test(`${client}: sentence and verdicts`, async () => {
    const journey = await queries.load(client, null);
    const said = purchases.map((_, index) => told(journey, index));
    assert.deepEqual(said.map(({ sentence, verdicts }) => [sentence, verdicts]), purchases);
    assert.deepEqual(said.flatMap((one) => one.disagreements), []);
    assert.equal(journey.purchases.length, purchases.length);
  });
}

test('every purchase of the sample: the explanation agrees with the marts', async () => {
  const { rows } = await database.run('select distinct client_id from staging.stg_events');
  for (const { client_id: client } of rows) {
    const journey = await queries.load(String(client), null);
    for (const index of journey.purchases.keys()) assert.deepEqual(told(journey, index).disagreements, [], String(client));
  }
});

test('the purchase that was asked for is selected, an unknown one is said, and no id can make a query fail', async () => {
  const journey = await queries.load('client_many_purchases', null);
  assert.equal(journey.detail.purchaseId, journey.purchases[3]?.id);
  const second = journey.purchases[1]?.id ?? assert.fail();
  assert.equal((await queries.load('client_many_purchases', second)).detail.purchaseId, second);
  for (const wrong of ['nobody', '00000000-0000-0000-0000-000000000000', "'; drop table"]) assert.equal((await queries.load('client_many_purchases', wrong)).missing, wrong);
  const nobody = await queries.load("no ' body", null);
  assert.deepEqual([nobody.client, nobody.purchases, nobody.pageViews, nobody.detail], [null, [], [], { purchaseId: null, shares: [] }]);
});

test('the shares of the multi-touch models add up to the revenue', async () => {
  const { detail } = await queries.load('client_uneven_split', null);
  assert.deepEqual(detail.shares.map(({ model, position, revenue }) => `${model} ${position} ${revenue}`), [
    'linear 1 3.3333', 'linear 2 3.3333', 'linear 3 3.3334', 'position_based 1 4.0000', 'position_based 2 2.0000', 'position_based 3 4.0000', 'time_decay 1 3.0092', 'time_decay 2 3.3225', 'time_decay 3 3.6683',
  ]);
});

test('the client and its rejected records', async () => {
  assert.deepEqual((await queries.load('client_segment_changed', null)).client, { registrationDate: '2023-11-20', cohort: '2023-11', segment: 'returning_customer' });
  assert.equal((await queries.load('client_without_profile', null)).client, null);
  const place = async (client: string): Promise<string[]> => (await queries.rejected(client)).records.map(({ sourceFile, recordNumber, reason }) => `${sourceFile} ${recordNumber} ${reason}`);
  assert.deepEqual(await place('client_bad_timestamps'), ['events.csv 53 missing_event_time', 'events.csv 54 malformed_event_time']);
  assert.deepEqual(await place('client_segment_changed'), ['clients.csv 20 superseded']);
  assert.equal((await queries.rejected('client_refund')).records[0]?.fields?.revenue, '-89.90');
});

test('clients are found by the beginning of their id, and by filters', async () => {
  const found = async (prefix: string, filter: ClientFilter = 'all'): Promise<string[]> => (await findClients(warehouse, prefix, filter, 30)).map(({ clientId }) => clientId);
  assert.deepEqual(await found('client_window'), ['client_window_edge', 'client_window_missed', 'client_window_shopper']);
  assert.deepEqual(await found('client_never'), ['client_never_came'], 'no event, but a row in stg_clients');
  assert.deepEqual(await found('client_without_p'), ['client_without_profile'], 'events, but no row in stg_clients');
  assert.equal((await found('')).length, 24);
  for (const nothing of ['zzz', 'CLIENT', '%', '_', '\\', 'client_w%']) assert.deepEqual(await found(nothing), [], nothing);
  assert.deepEqual(await found('', 'without-touch'), ['client_direct_only', 'client_many_purchases', 'client_purchase_only', 'client_touch_after_purchase', 'client_touch_too_old']);
  assert.deepEqual(await found('', 'several-purchases'), ['client_many_purchases', 'client_two_baskets']);
  assert.deepEqual(await found('', 'just-outside'), ['client_window_missed']);
  const [many] = await findClients(warehouse, 'client_many', 'all', 30);
  assert.deepEqual(many, { clientId: 'client_many_purchases', purchases: 4, morePurchases: false, revenue: '115.0000' });
});

test('a client with very many events: both ends of the window, counts of the rest, and no more than that', async () => {
  await database.run(`insert into staging.stg_events (event_id, client_id, event_type, event_time, channel, revenue, source_file, record_number)
    select md5('big' || number)::uuid, 'client_big', case when number % 100 = 0 then 'purchase' else 'page_view' end, timestamp '2024-01-01' + number * interval '4 minutes',
      (array['email', 'social', 'direct'])[1 + number % 3], case when number % 100 = 0 then 1 end, 'big.csv', number from generate_series(1, 200000) as number`);
  await database.run(`insert into intermediate.int_touchpoints (touch_id, client_id, touch_time, channel, source_file, record_number)
    select event_id, client_id, event_time, channel, source_file, record_number from staging.stg_events where client_id = 'client_big' and event_type = 'page_view' and channel <> 'direct'`);
  const journey = await queries.load('client_big', null);
  assert.equal(journey.pageViews, null);
  assert.equal(journey.purchases.length, 500);
  assert.deepEqual(journey.morePurchases, { before: true, after: false });
  const { around = [], touches } = journey.detail;
  assert.ok(around.length > 2 * TOUCHES_AT_EITHER_END && around.length < ALL_PAGE_VIEWS, `${around.length}`);
  const purchase = explainable(journey.purchases.at(-1) ?? assert.fail());
  const explanation = explain(purchase, candidatesOf(journey), journey.rules);
  const { rows: [truth] } = await database.run(`select min(touch_time)::text as first_time, max(touch_time)::text as last_time, count(*)::integer as count from intermediate.int_touchpoints
    where client_id = 'client_big' and touch_time between $1::timestamp - interval '720 hours' and $1::timestamp`, [journey.purchases.at(-1)?.time]);
  assert.deepEqual(touches, { count: truth?.count, more: false });
  const timeOf = (id: string | undefined): string | undefined => around.find((view) => view.id === id)?.time;
  assert.deepEqual([timeOf(explanation.touches[0]?.id), timeOf(explanation.touches.at(-1)?.id)], [truth?.first_time, truth?.last_time]);
  const counts = await queries.counts('client_big');
  assert.equal(counts.reduce((sum, { count }) => sum + count, 0), 198_000);
  const earlier = await queries.load('client_big', journey.purchases[0]?.id ?? null);
  assert.deepEqual([earlier.purchases.length, earlier.morePurchases], [999, { before: true, after: false }]);
  assert.equal((await queries.detail('client_big', journey.purchases[0]?.id ?? '', true)).purchaseId, journey.purchases[0]?.id);
});

test('without the multi-touch models a journey has no shares; without the marts it says what is missing', async () => {
  await database.run('drop table marts.multi_touch_attribution');
  const journey = await queries.load('client_uneven_split', null);
  assert.deepEqual([journey.purchases.length, journey.detail.shares], [1, []]);
  await database.run('drop table marts.last_touch_attribution');
  await assert.rejects(queries.load('client_uneven_split', null), (error) => error instanceof MissingRelation && /last_touch_attribution/.test(error.message));
});
