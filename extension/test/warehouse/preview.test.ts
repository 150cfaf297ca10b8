import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cancelled, HumanError } from '../../src/base/errors';
import { MissingRelation } from '../../src/warehouse/errors';
import { exportCsv } from '../../src/preview/export';
import type { Count, Row, View } from '../../src/preview/protocol';
import { Changed } from '../../src/preview/scan';
import { PreviewSource } from '../../src/preview/source';
import type { PostgresWarehouse } from '../../src/warehouse/postgres';
import { sampleDatabase, type TestDatabase } from '../servers';
import { warehouseOn } from './fixture';

const ALL: View = { sort: [], filter: [] };
const sortedBy = (column: string, descending = false): View => ({ sort: [{ column, descending }], filter: [] });
const where = (column: string, operator: 'equals' | 'less' | 'contains' | 'between' | 'isNull', value?: string, to?: string): View =>
  ({ sort: [], filter: [{ column, join: 'and', conditions: [{ operator, ...(value === undefined ? {} : { value }), ...(to === undefined ? {} : { to }) }] }] });

let database: TestDatabase;
let warehouse: PostgresWarehouse;
let folder: string;
before(async () => {
  database = await sampleDatabase();
  warehouse = await warehouseOn(database.connection);
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'attribution-preview-'));
  await database.run(`create table marts.many with (fillfactor = 10) as select n as id, 'client_' || n % 1000 as client_id, (n * 7919 % 100003)::numeric(18, 4) / 4 as revenue, case when n % 3 = 0 then null else n % 50 end as part
    from generate_series(1, 60000) as n;
    select pg_stat_force_next_flush()`);
  // Holes: blocks without rows, and blocks with few
  // What is counted of it is told at once, not in the middle of a test, where it would look like a change
  await database.run('delete from marts.many where id between 10000 and 25000 or id % 7 = 0; select pg_stat_force_next_flush()');
  await database.run('vacuum marts.many');
});
after(async () => {
  await warehouse.reset();
  await database.release();
  fs.rmSync(folder, { recursive: true, force: true });
});

const open = (name: string): Promise<PreviewSource> => PreviewSource.open(warehouse, { schema: 'marts', name });
const ids = (rows: readonly Row[]): number[] => rows.map(({ cells }) => Number(cells[0]));

async function everyPage(source: PreviewSource, view: View, size: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (;;) {
    const page = await source.page(view, rows.length, size);
    rows.push(...page.rows);
    if (page.rows.length < size) {
      assert.equal(page.total, rows.length);
      return rows;
    }
  }
}

async function expected(where = 'true', order = 'ctid'): Promise<number[]> {
  return (await database.run(`select id from marts.many where ${where} order by ${order}`)).rows.map(({ id }) => Number(id));
}

async function counted(source: PreviewSource, view: View): Promise<Count[]> {
  const counts: Count[] = [];
  for await (const count of source.count(view)) counts.push(count);
  return counts;
}

test('the physical order has every row once, also over holes, whatever the size of a page', async () => {
  for (const size of [500, 1999]) assert.deepEqual(ids(await everyPage(await open('many'), ALL, size)), await expected());
});

test('filters page the same way', async () => {
  assert.deepEqual(ids(await everyPage(await open('many'), where('client_id', 'equals', 'client_77'), 50)), await expected("client_id = 'client_77'"));
  assert.deepEqual(ids(await everyPage(await open('many'), where('part', 'isNull'), 2000)), await expected('part is null'));
  assert.deepEqual(ids(await everyPage(await open('many'), where('revenue', 'between', '100.25', '50'), 200)), await expected('revenue between 50 and 100.25'));
  assert.deepEqual(ids(await everyPage(await open('many'), where('client_id', 'contains', 'NT_99'), 200)), await expected("client_id like '%nt_99%'"));
  assert.deepEqual(await everyPage(await open('many'), where('client_id', 'equals', 'nobody'), 200), []);
});

test('a jump anywhere gives what stands there, before and after the rows were counted', async () => {
  const all = await expected();
  const source = await open('many');
  for (const start of [35_000, 0, 34_900, 50, all.length - 10, 20_000]) assert.deepEqual(ids((await source.page(ALL, start, 100)).rows), all.slice(start, start + 100), `at ${start}`);
  assert.deepEqual((await counted(source, ALL)).at(-1), { rows: all.length, kind: 'exact' });
  for (const start of [35_000, 3, 27_777]) assert.deepEqual(ids((await source.page(ALL, start, 100)).rows), all.slice(start, start + 100), `at ${start}`);
  const filtered = await expected('part is null');
  for (const start of [12_000, 10, 8_123]) assert.deepEqual(ids((await source.page(where('part', 'isNull'), start, 100)).rows), filtered.slice(start, start + 100), `filtered at ${start}`);
});

test('a sort is total: equal values keep their physical order, and pages fit together', async () => {
  assert.deepEqual(ids(await everyPage(await open('many'), sortedBy('part', true), 1500)), await expected('true', 'part desc, ctid'));
  const source = await open('many');
  const all = await expected('true', 'revenue, ctid');
  for (const start of [0, 200, 9_900, 10_000, 30_000, 29_800, 400, all.length - 5]) assert.deepEqual(ids((await source.page(sortedBy('revenue'), start, 200)).rows), all.slice(start, start + 200), `at ${start}`);
});

test('how many rows: an estimate at once, exact later', async () => {
  const source = await open('many');
  const estimate = (await source.page(ALL, 0, 100)).count;
  const all = await expected();
  assert.ok(estimate?.kind === 'estimate');
  assert.ok(Math.abs(estimate.rows - all.length) < all.length * 0.1, JSON.stringify(estimate));
  assert.deepEqual((await counted(source, ALL)).at(-1), { rows: all.length, kind: 'exact' });
  assert.deepEqual((await counted(source, where('part', 'less', '10'))).at(-1), { rows: (await expected('part < 10')).length, kind: 'exact' });
});

test('values are exact, hostile ones are text, long ones are cut and whole on demand', async () => {
  await database.run(`create table marts.values as select 9007199254740993 as big, 12345678901234.5670::numeric(18, 4) as amount, null::text as nothing, '' as empty, '<img src=x onerror=alert(1)>' as html,
    repeat('ü', 1500) as long, '{"a": [1]}'::json as js, array['x', null] as list, '\\x00ff'::bytea as bytes, 'ab'::char(4) as padded, timestamp '2024-02-29 12:00:00.5' as at`);
  const source = await open('values');
  const row = (await source.page(ALL, 0, 10)).rows[0];
  assert.deepEqual(row, { key: '(0,1)', cut: [5], cells: ['9007199254740993', '12345678901234.5670', null, '', '<img src=x onerror=alert(1)>', 'ü'.repeat(1000), '{"a": [1]}', '{x,NULL}', '\\x00ff', 'ab  ', '2024-02-29 12:00:00.5'] });
  assert.equal(await source.cell(ALL, '(0,1)', 'long'), 'ü'.repeat(1500));
  assert.deepEqual(source.relation.columns.map(({ type, kind }) => `${kind} ${type}`).slice(0, 3), ['number bigint', 'number numeric(18,4)', 'text text']);
  // Every column can be sorted by, also what has no order of its own
  for (const { name } of source.relation.columns) assert.equal((await source.page(sortedBy(name), 0, 10)).rows.length, 1, name);
});

test('an input that is no value of the column is refused in words', async () => {
  const source = await open('many');
  await assert.rejects(source.page(where('revenue', 'less', 'plenty'), 0, 10), (error) => error instanceof HumanError && error.message.includes('invalid input syntax for type numeric: "plenty"'));
});

test('a hostile table and hostile columns', async () => {
  await database.run('create table marts."a ""b""; drop table x" ("sel""ect" int, "ü -- \n" text, "attribution" text)');
  await database.run('insert into marts."a ""b""; drop table x" values (2, \'$1\', null), (1, null, null)');
  const source = await open('a "b"; drop table x');
  assert.deepEqual((await source.page(sortedBy('sel"ect'), 0, 10)).rows.map(({ cells }) => cells[0]), ['1', '2']);
  assert.deepEqual((await source.page(where('ü -- \n', 'equals', '$1'), 0, 10)).rows.length, 1);
});

test('a table that was replaced, or changed, under the reader is told', async () => {
  await database.run('create table marts.swapped as select n as id from generate_series(1, 5000) as n');
  const source = await open('swapped');
  assert.equal((await source.page(ALL, 0, 100)).rows.length, 100);
  const start = Date.now();
  // As dbt does it, while a page is being looked at: nothing holds it up
  await database.run('begin; create table marts.swapped__dbt_tmp as select n as id from generate_series(1, 300) as n; alter table marts.swapped rename to swapped__dbt_backup; alter table marts.swapped__dbt_tmp rename to swapped; drop table marts.swapped__dbt_backup; commit');
  assert.ok(Date.now() - start < 1000);
  await assert.rejects(source.page(ALL, 100, 100), Changed);
  await assert.rejects(source.page(sortedBy('id'), 0, 100), Changed);
  const again = await open('swapped');
  assert.equal((await everyPage(again, ALL, 200)).length, 300);
  await database.run('drop table marts.swapped');
  await assert.rejects(again.page(ALL, 0, 10), Changed);
  await assert.rejects(open('swapped'), MissingRelation);
});

test('a view is read by plain paging, counted and copied', async () => {
  await database.run('create view marts.seen as select id, client_id from marts.many where id < 2000');
  const source = await open('seen');
  assert.equal(source.relation.physical, false);
  assert.equal((await everyPage(source, ALL, 300)).length, (await expected('id < 2000')).length);
  assert.deepEqual(ids(await everyPage(source, sortedBy('client_id', true), 300)), await expected('id < 2000', 'client_id desc, id::text'));
  assert.deepEqual((await counted(source, where('id', 'less', '100'))).at(-1), { rows: (await expected('id < 100')).length, kind: 'exact' });
  assert.deepEqual(await source.rows(sortedBy('id'), ['#2', '#0'], ['id']), [['3'], ['1']]);
  assert.equal(await source.cell(sortedBy('id'), '#1', 'client_id'), 'client_2');
});

test('rows are copied whole, in the order asked for', async () => {
  const source = await open('many');
  const { rows } = await source.page(ALL, 0, 3);
  assert.deepEqual(await source.rows(ALL, [rows[2]?.key ?? '', rows[0]?.key ?? '', '(0,9999)'], ['id', 'client_id']), [['3', 'client_3'], ['1', 'client_1']]);
});

test('a slow sort is cancelled', async () => {
  await database.run(`create view marts.slow as select n as id, pg_sleep(0.01)::text as nothing from generate_series(1, 100000) as n`);
  const source = await open('slow');
  const controller = new AbortController();
  const page = source.page(sortedBy('nothing'), 0, 100, controller.signal);
  await sleep(100);
  controller.abort();
  await assert.rejects(page, Cancelled);
  assert.equal((await database.run("select count(*) as n from pg_stat_activity where query like '%marts%slow%' and application_name = 'attribution-workbench' and state <> 'idle'")).rows[0]?.n, '0');
});

const exportTo = (source: PreviewSource, name: string, view: View, more: { neutralize?: boolean; signal?: AbortSignal; onProgress?: (rows: number) => void } = {}): Promise<number> =>
  exportCsv(source, view, { file: path.join(folder, name), neutralize: false, signal: new AbortController().signal, onProgress: () => {}, ...more });

test('an export has everything of the view, in several chunks', async () => {
  const source = await open('many');
  let chunks = 0;
  const rows = await exportTo(source, 'many.csv', ALL, {
    onProgress: () => {
      chunks++;
    },
  });
  const lines = fs.readFileSync(path.join(folder, 'many.csv'), 'utf8').trimEnd().split('\r\n');
  assert.equal(rows, (await expected()).length);
  assert.deepEqual(lines.slice(1).map((line) => Number(line.split(',')[0])), await expected());
  assert.equal(lines[0], 'id,client_id,revenue,part');
  assert.ok(chunks > 5);
  await exportTo(source, 'sorted.csv', { ...where('part', 'less', '3'), sort: [{ column: 'revenue', descending: true }] });
  const sorted = fs.readFileSync(path.join(folder, 'sorted.csv'), 'utf8').trimEnd().split('\r\n').slice(1).map((line) => Number(line.split(',')[0]));
  assert.deepEqual(sorted, await expected('part < 3', 'revenue desc, ctid'));
});

test('an export that is cancelled, or whose table changes, leaves nothing, and what was there stays', async () => {
  const source = await open('many');
  fs.writeFileSync(path.join(folder, 'kept.csv'), 'kept');
  const controller = new AbortController();
  await assert.rejects(exportTo(source, 'kept.csv', ALL, { signal: controller.signal, onProgress: (rows) => rows > 5000 && controller.abort() }));
  await database.run('create table marts.moving as select n as id from generate_series(1, 50000) as n');
  const moving = await open('moving');
  let once = false;
  await assert.rejects(exportTo(moving, 'kept.csv', ALL, {
    onProgress: () => {
      if (!once) void database.run('truncate marts.moving');
      once = true;
    },
  }), /changed while it was exported/);
  await assert.rejects(exportTo(source, path.join('nowhere', 'x.csv'), ALL), /could not be written/);
  assert.equal(fs.readFileSync(path.join(folder, 'kept.csv'), 'utf8'), 'kept');
  assert.deepEqual(fs.readdirSync(folder).filter((name) => name.endsWith('.part')), []);
});

test('an export neutralises formulas when asked, and keeps numbers', async () => {
  await database.run("create table marts.formulas as select '=cmd()' as evil, -1.50::numeric(18, 2) as amount, '' as empty, null::text as nothing");
  const source = await open('formulas');
  await exportTo(source, 'formulas.csv', ALL, { neutralize: true });
  assert.equal(fs.readFileSync(path.join(folder, 'formulas.csv'), 'utf8'), "evil,amount,empty,nothing\r\n'=cmd(),-1.50,\"\",\r\n");
});
