/**
 * A client's journey and the search for clients out of 10 million events, beside the bare queries of the same rows:
 * `npm run bench -- journey [--events 10000000] [--rounds 30]`. Targets: a journey under 300 ms and at most 2 times the bare
 * queries, a search under 300 ms. One client has a tenth of all events. The tables have the columns and the indexes of the
 * dbt models, taken from dbt's manifest, in a database of their own that is dropped.
 */
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { connectionFile, readConnection } from '../stack/connection.mjs';
import { placeOf } from '../stack/paths.mjs';
import { prepareManifest } from '../stack/setup.mjs';

const DATABASE = 'bench_journey';
const EVENTS_A_CLIENT = 33;
const HUGE = 'client_huge';

const place = placeOf();
const given = (name, otherwise) => (process.argv.includes(`--${name}`) ? Number(process.argv[process.argv.indexOf(`--${name}`) + 1]) : otherwise);
const events = given('events', 10_000_000);
const rounds = given('rounds', 30);
const clients = Math.ceil(events / EVENTS_A_CLIENT);
const require = createRequire(path.join(place.root, 'extension', 'package.json'));
const pg = require('pg');
const connection = process.env.PGHOST
  ? { host: process.env.PGHOST, port: Number(process.env.PGPORT ?? 5432), user: process.env.PGUSER, password: process.env.PGPASSWORD, dbname: process.env.PGDATABASE ?? process.env.PGUSER }
  : readConnection(connectionFile(place));
const owner = { ...connection, dbname: DATABASE };

/** What dbt would have built, made in the server; every 25th event is a purchase, a year holds them all. */
const TABLES = [
  ['staging', 'stg_events', `select md5(n::text)::uuid as event_id, case when n % 10 = 0 then '${HUGE}' else 'client_' || lpad((abs(hashint8(n)::bigint) % ${clients})::text, 7, '0') end as client_id,
      case when n % 25 = 1 or n % 250 = 0 then 'purchase' else 'page_view' end as event_type, timestamp '2024-01-01' + n * (interval '365 days' / $EVENTS) as event_time, 's' || n / 3 as session_id,
      (array['email', 'social', 'paid_search', 'organic_search', 'direct', null])[1 + abs(hashint4(n)::bigint) % 6] as channel, 'campaign_' || n % 40 as campaign_id, 'newsletter'::text as utm_source, 'email'::text as utm_medium,
      'https://shop.example/item/' || n % 5000 as page_url, null::text as referrer_url, case when n % 25 = 1 or n % 250 = 0 then (n % 10000)::numeric(18, 4) / 100 end as revenue, null::text as product_id, null::text as product_category,
      'events.csv'::text as source_file, n::bigint as record_number
    from generate_series(1, $EVENTS) as n`],
  ['staging', 'stg_clients', `select 'client_' || lpad(n::text, 7, '0') as client_id, date '2023-01-01' + n % 365 as registration_date, '2023-01'::text as cohort, 'new_customer'::text as customer_segment, 'clients.csv'::text as source_file, n::bigint as record_number
    from generate_series(0, ${clients} - 1) as n`],
  ['staging', 'rejected_records', `select source_file, record_number, 'duplicate'::text as rejection_reason, 'event'::text as entity, client_id, to_jsonb(events) as raw_fields, null::bytea as raw_record from staging.stg_events as events where record_number % 100 = 7`],
  ['intermediate', 'int_touchpoints', `select event_id as touch_id, client_id, event_time as touch_time, channel, session_id, campaign_id, source_file, record_number from staging.stg_events where event_type = 'page_view' and channel != 'direct'`],
  ['intermediate', 'int_purchases', `select event_id as purchase_id, client_id, event_time as purchase_time, revenue, session_id, product_id, product_category, source_file, record_number from staging.stg_events where event_type = 'purchase'`],
  ['intermediate', 'int_purchase_attribution', `select purchases.purchase_id, purchases.client_id, purchases.purchase_time, purchases.revenue,
      first_touch.touch_id as first_touch_id, first_touch.touch_time as first_touch_time, first_touch.channel as first_touch_channel, last_touch.touch_id as last_touch_id, last_touch.touch_time as last_touch_time, last_touch.channel as last_touch_channel,
      case when first_touch.touch_id is null then 'no_touch' else 'marketing_touch' end as attribution_basis
    from intermediate.int_purchases as purchases ${['first', 'last'].map((side) => `left join lateral (select touch_id, touch_time, channel from intermediate.int_touchpoints as touchpoints
      where touchpoints.client_id = purchases.client_id and touch_time between purchase_time - interval '720 hours' and purchase_time
      order by touch_time ${side === 'first' ? '' : 'desc'}, source_file collate "C" ${side === 'first' ? '' : 'desc'}, record_number ${side === 'first' ? '' : 'desc'} limit 1) as ${side}_touch on true`).join(' ')}`],
  ...['first', 'last'].map((side) => ['marts', `${side}_touch_attribution`, `select client_id, purchase_time, coalesce(${side}_touch_channel, 'direct') as attributed_channel, revenue as attributed_revenue, ${side}_touch_time,
      floor(extract(epoch from (purchase_time - ${side}_touch_time)) / 86400)::integer as days_to_conversion, attribution_basis, purchase_id, ${side}_touch_id as touch_id from intermediate.int_purchase_attribution`]),
  ['marts', 'multi_touch_attribution', `select purchases.client_id, purchases.purchase_time, 'linear'::text as model, row_number() over (partition by purchases.purchase_id order by touch_time)::integer as touch_position, channel as attributed_channel,
      (purchases.revenue / count(*) over (partition by purchases.purchase_id))::numeric(18, 4) as attributed_revenue, 1.0::double precision / count(*) over (partition by purchases.purchase_id) as weight, touch_time, purchases.purchase_id, touch_id
    from intermediate.int_purchases as purchases inner join intermediate.int_touchpoints as touchpoints
      on touchpoints.client_id = purchases.client_id and touch_time between purchase_time - interval '720 hours' and purchase_time where purchases.client_id != '${HUGE}'`],
];

async function main() {
  const source = await bundle();
  say(`${events.toLocaleString('en')} events, ${clients.toLocaleString('en')} clients; machine load before: ${os.loadavg()[0].toFixed(1)}`);
  await statement(connection, `drop database if exists ${DATABASE} with (force)`);
  await statement(connection, `create database ${DATABASE}`);
  const { user, password } = (await source.stackCredentials(place.local, connection)) ?? connection;
  const warehouse = new source.PostgresWarehouse({
    connection: async () => owner, previewCredentials: (where) => source.stackCredentials(place.local, where), timeout: { value: 60, onDidChange: () => ({ dispose() {} }) }, schemaPrefix: () => '',
  });
  try {
    await buildTables();
    const client = await connected({ ...owner, user, password });
    const good = [await journeys(source, warehouse, client), await huge(source, warehouse), await searches(source, warehouse)];
    await client.end();
    return good.every(Boolean) ? 0 : 1;
  } finally {
    await warehouse.reset();
    await statement(connection, `drop database if exists ${DATABASE} with (force)`);
  }
}

async function bundle() {
  const { build } = require('esbuild');
  const outfile = path.join(place.root, 'extension', 'out', `bench-journey-${process.pid}.mjs`);
  const contents = ['journey/query', 'journey/search', 'attribution/rules', 'warehouse/postgres', 'warehouse/role'].map((name) => `export * from ${JSON.stringify(path.join(place.root, 'extension', 'src', name))};`).join('\n');
  await build({ stdin: { contents, resolveDir: place.root, loader: 'ts' }, outfile, bundle: true, platform: 'node', format: 'esm', packages: 'external', logLevel: 'warning' });
  try {
    return await import(pathToFileURL(outfile).href);
  } finally {
    fs.rmSync(outfile);
  }
}

async function buildTables() {
  await prepareManifest(place);
  const indexes = indexesOfModels();
  const client = await connected(owner);
  try {
    await client.query("set work_mem = '128MB'; set maintenance_work_mem = '512MB'; set synchronous_commit = off");
    for (const [schema, name, select] of TABLES) {
      const start = performance.now();
      await client.query(`create schema if not exists ${schema}`);
      await client.query(`create table ${schema}.${name} as ${select.replaceAll('$EVENTS', String(events))}`);
      for (const { columns } of indexes.get(name) ?? []) await client.query(`create index on ${schema}.${name} (${columns.join(', ')})`);
      await client.query(`analyze ${schema}.${name}`);
      say(`  ${schema}.${name}: ${((performance.now() - start) / 1000).toFixed(0)} s`);
    }
  } finally {
    await client.end();
  }
}

/** The indexes that dbt builds, by model. */
function indexesOfModels() {
  const { nodes } = JSON.parse(fs.readFileSync(path.join(place.dbt, 'target', 'dagster', 'manifest.json'), 'utf8'));
  return new Map(Object.values(nodes).filter(({ resource_type: type }) => type === 'model').map(({ name, config }) => [name, config.indexes ?? []]));
}

/** Each side takes a client of its own in each round, so that neither warms the other's pages. */
async function journeys(source, warehouse, client) {
  const queries = new source.JourneyQueries(warehouse, () => source.DEFAULT_RULES);
  await queries.load(anyClient(), null);
  await bare(client, anyClient());
  const [ours, floor] = [[], []];
  for (let round = 0; round < rounds; round++) {
    ours.push(await timed(() => queries.load(anyClient(), null)));
    floor.push(await timed(() => bare(client, anyClient())));
  }
  const ratio = median(ours) / median(floor);
  say(`A client's journey: ${figures(ours)}; the bare queries: ${figures(floor)}; ${ratio.toFixed(2)} times`);
  return median(ours) < 300 && ratio <= 2;
}

/** The same facts, one statement after the other on a connection that is open. */
async function bare(client, clientId) {
  const text = { rowMode: 'array', types: { getTypeParser: () => String } };
  const { rows } = await client.query({ ...text, text: 'select * from staging.stg_clients where client_id = $1', values: [clientId] });
  await client.query({ ...text, text: "select * from staging.stg_events where client_id = $1 and event_type = 'page_view'", values: [clientId] });
  const { rows: bought } = await client.query({
    ...text, values: [clientId], text: `select * from staging.stg_events as events left join marts.first_touch_attribution as first_touch on first_touch.purchase_id = events.event_id
      left join marts.last_touch_attribution as last_touch on last_touch.purchase_id = events.event_id where events.client_id = $1 and event_type = 'purchase' order by event_time` });
  const last = bought.at(-1)?.[0];
  if (last) await client.query({ ...text, text: 'select * from marts.multi_touch_attribution where purchase_id = $1::uuid', values: [last] });
  return rows.length;
}

async function huge(source, warehouse) {
  const queries = new source.JourneyQueries(warehouse, () => source.DEFAULT_RULES);
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  const times = [];
  for (let round = 0; round < 10; round++) times.push(await timed(() => queries.load(HUGE, null)));
  const counts = await timed(() => queries.counts(HUGE));
  const grown = (process.memoryUsage().rss - before) / 1024 / 1024;
  say(`The client with ${(events / 10).toLocaleString('en')} events: ${figures(times)}; counts of what is not shown ${counts.toFixed(0)} ms; memory grew by ${grown.toFixed(0)} MiB`);
  return median(times) < 300;
}

async function searches(source, warehouse) {
  let good = true;
  for (const [what, prefix, filter] of [['no letter yet', '', 'all'], ['client_01', 'client_01', 'all'], ['a whole id', anyClient(), 'all'], ['nobody', 'zzz', 'all'], ['between', 'client_00000x', 'all'],
    ['purchases without a touch', 'client_', 'without-touch'], ['several purchases', 'client_', 'several-purchases'], ['just outside the window', 'client_', 'just-outside']]) {
    const times = [];
    for (let round = 0; round < 10; round++) times.push(await timed(() => source.findClients(warehouse, prefix, filter, 30)));
    say(`Search, ${what}: ${figures(times)}`);
    good &&= median(times) < 300;
  }
  return good;
}

const anyClient = () => `client_${String(Math.floor(Math.random() * clients)).padStart(7, '0')}`;
const median = (values) => [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)];
const figures = (times) => `median ${median(times).toFixed(1)} ms, slowest ${Math.max(...times).toFixed(1)} ms`;

async function timed(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

async function connected({ host, port, user, password, dbname }) {
  const client = new pg.Client({ host, port, user, password, database: dbname, ssl: false });
  await client.connect();
  return client;
}

async function statement(to, sql) {
  const client = await connected(to);
  await client.query(sql).finally(() => client.end());
}

const say = (text) => process.stdout.write(`${text}\n`);

process.exit(await main());
