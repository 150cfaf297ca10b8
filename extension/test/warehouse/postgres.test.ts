import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseError } from 'pg';
import { Cancelled, HumanError } from '../../src/base/errors';
import { MissingRelation, TimedOut } from '../../src/warehouse/errors';
import { quoteIdentifier } from '../../src/warehouse/identifiers';
import type { PostgresWarehouse } from '../../src/warehouse/postgres';
import { createRoleSql } from '../../src/warehouse/role';
import { sampleDatabase, type TestDatabase } from '../servers';
import { slowWay, warehouseOn } from './fixture';

let database: TestDatabase;
let warehouse: PostgresWarehouse;
before(async () => {
  database = await sampleDatabase();
  warehouse = await warehouseOn(database.connection);
});
after(async () => {
  await warehouse.reset();
  await database.release();
});

/** What the server does for our sessions just now, the one that asks aside. */
async function active(): Promise<string[]> {
  const { rows } = await database.run("select query from pg_stat_activity where application_name = 'attribution-workbench' and datname = current_database() and state <> 'idle'");
  return rows.map(({ query }) => String(query));
}

async function eventually(condition: () => Promise<boolean> | boolean, milliseconds = 10_000): Promise<void> {
  for (const end = Date.now() + milliseconds; !(await condition());) {
    assert.ok(Date.now() < end, 'it never came to that');
    await sleep(20);
  }
}

test('reads as the role that can only read', async () => {
  const { columns, rows } = await warehouse.query('select current_user, current_setting($1)', ['transaction_read_only']);
  assert.deepEqual(rows, [['attribution_preview', 'on']]);
  assert.deepEqual(columns, [{ name: 'current_user', type: 'name' }, { name: 'current_setting', type: 'text' }]);
  assert.deepEqual(warehouse.state, { kind: 'connected', server: `127.0.0.1:${database.connection.port}`, database: database.connection.dbname, access: 'preview-role' });
});

test('values are exact, the same whatever the role or database is set to, and null is no text', async () => {
  await database.run(`alter database ${database.connection.dbname} set datestyle = 'SQL, DMY'`);
  await database.run(`alter database ${database.connection.dbname} set timezone = 'Asia/Kathmandu'`);
  await warehouse.reset();
  const { columns, rows } = await warehouse.query(`select 9007199254740993::bigint, 12345678901234.5670::numeric(18, 4), 0.1::double precision + 0.2, null::text, '',
    timestamp '2024-02-29 23:59:59.123456', timestamptz '2024-01-01 00:00:00+05', '\\x00ff'::bytea, true, array[1, null], '{"a": 1}'::jsonb, 'x'::char(3), interval '1 day 02:03'`);
  assert.deepEqual(rows[0], ['9007199254740993', '12345678901234.5670', '0.30000000000000004', null, '', '2024-02-29 23:59:59.123456', '2023-12-31 19:00:00+00',
    '\\x00ff', 't', '{1,NULL}', '{"a": 1}', 'x  ', '1 day 02:03:00']);
  assert.deepEqual(columns.map(({ type }) => type), ['bigint', 'numeric(18,4)', 'double precision', 'text', 'text', 'timestamp without time zone', 'timestamp with time zone',
    'bytea', 'boolean', 'integer[]', 'jsonb', 'character(3)', 'interval']);
});

test('hostile values stay values', async () => {
  const hostile = ["'; drop table marts.channel_performance; --", '<img src=x onerror=alert(1)>', '=cmd()', '\u001b[31m', '$1 $$', '\\', 'a\u0000b'.replace('\u0000', ''), 'x'.repeat(1_000_000)];
  const { rows } = await warehouse.query('select * from unnest($1::text[])', [hostile]);
  assert.deepEqual(rows.map(([value]) => value), hostile);
});

test('nothing can be written, whoever tries what', async () => {
  for (const access of ['preview-role', 'profile-role']) {
    const reader = access === 'preview-role' ? warehouse : await warehouseOn(database.connection, { credentials: () => undefined });
    const refused = ['delete from marts.channel_performance', 'create table public.x (x int)', "select lo_create(0)", "with gone as (delete from marts.channel_performance returning 1) select * from gone"];
    const several = ['select 1; delete from marts.channel_performance', 'commit; delete from marts.channel_performance'];
    for (const sql of [...refused, ...several]) await assert.rejects(reader.query(sql), HumanError, `${access}: ${sql}`);
    await assert.rejects(reader.query("select set_config('transaction_read_only', 'off', true)"), /read-write/);
    assert.equal(reader.state.kind === 'connected' && reader.state.access, access);
    if (reader !== warehouse) await reader.reset();
  }
  assert.notEqual((await database.run('select count(*) as n from marts.channel_performance')).rows[0]?.n, '0');
});

test('a transaction is never left open, also not by an error or a statement that ends it', async () => {
  await assert.rejects(warehouse.query('select 1/0'), /division by zero/);
  await warehouse.query('commit');
  assert.deepEqual((await warehouse.query('select 1')).rows, [['1']]);
  // Nobody waits for the last rollback
  await eventually(async () => {
    const { rows } = await database.run("select count(*) as n from pg_stat_activity where application_name = 'attribution-workbench' and datname = current_database() and state like 'idle in%'");
    return rows[0]?.n === '0';
  });
});

test("an error has the server's words, and its position in the cause", async () => {
  const error = await warehouse.query('select nope from marts.channel_performance').catch((thrown: unknown) => thrown);
  assert.ok(error instanceof HumanError);
  assert.match(error.message, /column "nope" does not exist/);
  assert.equal((error.cause as DatabaseError).position, '8');
  await assert.rejects(warehouse.query('select * from marts.nowhere'), MissingRelation);
  await assert.rejects(warehouse.query('select * from nowhere.nowhere'), MissingRelation);
});

test('cancelling stops the query on the server, and the connection goes on', async () => {
  const controller = new AbortController();
  const query = warehouse.query('select pg_sleep(600)', [], { signal: controller.signal });
  await eventually(async () => (await active()).some((sql) => sql.includes('pg_sleep')));
  const start = Date.now();
  controller.abort();
  await assert.rejects(query, Cancelled);
  assert.ok(Date.now() - start < 1000);
  assert.deepEqual(await active(), []);
  await assert.rejects(warehouse.query('select 1', [], { signal: controller.signal }), Cancelled);
  // No cancel hits the next one
  for (let round = 0; round < 30; round++) {
    const late = new AbortController();
    const quick = warehouse.query('select pg_sleep(0.002)', [], { signal: late.signal }).catch((error: unknown) => assert.ok(error instanceof Cancelled));
    setTimeout(() => late.abort(), round % 6);
    await quick;
    assert.deepEqual((await warehouse.query('select 1')).rows, [['1']]);
  }
});

test('the time limit holds, on the server and here', async () => {
  const limited = await warehouseOn(database.connection, { timeout: 0.2 });
  await assert.rejects(limited.query('select pg_sleep(600)'), (error) => error instanceof TimedOut && error.message.includes('0.2 s') && error.remedies.length === 1);
  // The SQL can lift the server's limit, not ours
  await assert.rejects(limited.query("select set_config('statement_timeout', '0', true), pg_sleep(0.3), pg_sleep(600)"), TimedOut);
  assert.deepEqual(await active(), []);
  await limited.reset();
});

test('a writer that needs the table never waits for a reader', async () => {
  await database.run('create table public.swapped as select 1 as version');
  const read = warehouse.query('select version, pg_sleep(1.2)::text from public.swapped');
  await eventually(async () => (await active()).some((sql) => sql.includes('swapped')));
  const start = Date.now();
  await database.run('begin; alter table public.swapped rename to old; create table public.swapped as select 2 as version; drop table public.old; commit');
  const waited = Date.now() - start;
  assert.ok(waited < 900, `the writer waited ${waited} ms`);
  // It is read again, from the new table
  assert.deepEqual((await read).rows, [['2', '']]);
});

test('an answer larger than memory likes is refused', async () => {
  await assert.rejects(warehouse.query("select repeat('x', 1000000) from generate_series(1, 250)"), /larger than 200 MB/);
});

test('many at once wait for one another, and all are answered', async () => {
  const answers = await Promise.all(Array.from({ length: 40 }, (_, index) => warehouse.query('select $1::int + pg_backend_pid() * 0', [index])));
  assert.deepEqual(answers.map(({ rows }) => Number(rows[0]?.[0])), Array.from({ length: 40 }, (_, index) => index));
});

test('the SQL for a foreign server makes a role that reads the schemas, and what dbt makes in them later', async () => {
  await database.run('create schema "odd ""name"; create table "odd ""name".rows as select 1 as x');
  const sql = createRoleSql(database.connection, ['marts', 'odd "name']).replaceAll('attribution_preview', 'by_hand').replace('choose one', 'chosen');
  const drop = 'drop owned by by_hand; drop role by_hand';
  await database.run("do $$ begin if exists (select from pg_roles where rolname = 'by_hand') then drop owned by by_hand; drop role by_hand; end if; end $$");
  await database.run(sql);
  try {
    await database.run('create table marts.later as select 2 as x');
    const foreign = await warehouseOn(database.connection, { credentials: () => ({ user: 'by_hand', password: 'chosen' }) });
    assert.deepEqual((await foreign.query('select (select x from marts.later), (select x from "odd ""name".rows)')).rows, [['2', '1']]);
    await assert.rejects(foreign.query('select 1 from staging.stg_events'), /permission denied/);
    await foreign.reset();
  } finally {
    await database.run(drop);
  }
});

test('a refused preview login falls back to the profile, and says so', async () => {
  const reader = await warehouseOn(database.connection, { credentials: () => ({ user: 'attribution_preview', password: 'wrong' }) });
  assert.deepEqual((await reader.query('select current_user')).rows, [['attribution']]);
  assert.equal(reader.state.kind === 'connected' && reader.state.access, 'profile-role');
  await reader.reset();
});

test('10,000 hostile names come back as they were written', async () => {
  const pieces = ['"', '""', "'", ';', '--', '/*', '*/', '$$', '$1', '\\', '%', ' ', '\n', '\t', '.', 'select', 'ünï', '🦄', '\u202e', '\ufeff', 'U&"', ')', '(', 'a', 'A', '\u0001', '\u007f', 'x'.repeat(20)];
  // A fixed sequence: a failure can be repeated
  let seed = 42;
  const random = (below: number): number => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) % below;
  const nameOf = (): string => {
    let name = '';
    for (let count = 1 + random(8); count > 0; count--) {
      const longer = name + (pieces[random(pieces.length)] ?? '');
      if (Buffer.byteLength(longer) <= 63) name = longer;
    }
    return name || 'a';
  };
  const names = Array.from({ length: 10_000 }, nameOf);
  for (let start = 0; start < names.length; start += 500) {
    const some = names.slice(start, start + 500);
    const { columns, rows } = await warehouse.query(`select ${some.map((name, index) => `${index} as ${quoteIdentifier(name)}`).join(', ')}`);
    assert.deepEqual(columns.map(({ name }) => name), some);
    assert.deepEqual(rows, [some.map((_, index) => String(index))]);
  }
  for (const name of ['', 'a\u0000b']) assert.throws(() => quoteIdentifier(name));
});

test('who waits for a read that is over is no reason to cancel the next one on its connection', async () => {
  await database.run('create table public.contended (one int)');
  const way = await slowWay(database.connection.port, 'pg_blocking_pids');
  const other = await warehouseOn({ ...database.connection, port: way.port }, { credentials: () => undefined });
  try {
    const read = other.query('select pg_backend_pid() from pg_sleep(1.2) left join public.contended on true');
    await eventually(async () => (await database.run("select 1 from pg_locks where relation = 'public.contended'::regclass and granted")).rows.length > 0);
    const change = database.run('alter table public.contended add column two int');
    const [[first] = []] = (await read).rows;
    assert.ok(way.keeps() > 0, 'it looked whether somebody waits, and had no answer so far');
    await change;
    const next = other.query('select pg_backend_pid() from pg_sleep(0.8)');
    await sleep(200);
    way.letThrough();
    assert.deepEqual((await next).rows, [[first]]);
  } finally {
    way.letThrough();
    await other.reset();
    way.close();
    await database.run('drop table public.contended');
  }
});
