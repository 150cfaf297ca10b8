/** A person's own query in the grid: its own order and limit, names that stand twice, errors at their place, nothing written. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { View } from '../../src/preview/protocol';
import { PreviewSource } from '../../src/preview/source';
import { QueryProblem } from '../../src/warehouse/describe';
import type { PostgresWarehouse } from '../../src/warehouse/postgres';
import { sampleDatabase, type TestDatabase } from '../servers';
import { warehouseOn } from './fixture';

const ALL: View = { sort: [], filter: [] };
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

const rowsOf = async (sql: string, view = ALL, start = 0, count = 100): Promise<(string | null)[][]> => (await (await PreviewSource.ofQuery(warehouse, sql)).page(view, start, count)).rows.map(({ cells }) => cells);
const problem = async (sql: string): Promise<QueryProblem> => {
  const error: unknown = await PreviewSource.ofQuery(warehouse, sql).catch((thrown: unknown) => thrown);
  assert.ok(error instanceof QueryProblem, String(error));
  return error;
};

test('its own order and limit, page after page; filters and sorts of the grid come on top', async () => {
  const sql = 'with n as (select i, i % 7 as part from generate_series(1, 5000) as i)\nselect i, part from n order by part desc, i limit 2000; -- the first\n';
  const all = Array.from({ length: 5000 }, (_, index) => index + 1).sort((one, other) => (other % 7) - (one % 7) || one - other).slice(0, 2000).map(String);
  assert.deepEqual((await rowsOf(sql, ALL, 0, 300)).map(([i]) => i), all.slice(0, 300));
  assert.deepEqual((await rowsOf(sql, ALL, 1900, 300)).map(([i]) => i), all.slice(1900));
  assert.deepEqual((await rowsOf(sql, { sort: [{ column: 'i', descending: false }], filter: [] }, 0, 2)).map(([i]) => i), all.map(Number).sort((one, other) => one - other).slice(0, 2).map(String));
  const filtered: View = { sort: [], filter: [{ column: 'part', join: 'and', conditions: [{ operator: 'equals', value: '6' }] }] };
  assert.deepEqual((await rowsOf(sql, filtered)).length, 100);
});

test('names that stand twice, no name, no rows, a whole value', async () => {
  const source = await PreviewSource.ofQuery(warehouse, "select 1 as id, 2 as id, 'x' || 'y', 1.50::numeric(18,4) as money, repeat('a', 5000) as long where true");
  assert.deepEqual(source.relation.columns.map(({ name, type, kind }) => [name, type, kind]), [['id', 'integer', 'number'], ['id (2)', 'integer', 'number'], ['?column?', 'text', 'text'], ['money', 'numeric(18,4)', 'number'], ['long', 'text', 'text']]);
  const { rows, total } = await source.page(ALL, 0, 10);
  assert.deepEqual([rows[0]?.cells.slice(0, 4), total], [['1', '2', 'xy', '1.5000'], 1]);
  assert.equal((await source.cell(ALL, rows[0]?.key ?? '', 'long'))?.length, 5000);
  assert.deepEqual(await rowsOf('select 1 as one where false'), []);
});

test('what PostgreSQL refuses, at its place', async () => {
  const sql = "select 'ä😀' as a,\n  nothing_like_it\nfrom marts.channel_performance";
  const unknown = await problem(sql);
  assert.deepEqual([unknown.code, unknown.offset], ['42703', sql.indexOf('nothing_like_it')]);
  assert.equal((await problem('select 1 +')).offset, 'select 1 +'.length);
  assert.equal((await problem('selct 1')).offset, 0);
});

test('nothing but reading', async () => {
  for (const sql of ['delete from marts.channel_performance', 'with gone as (delete from marts.channel_performance returning 1) select * from gone', 'select 1) as q; drop table marts.channel_performance; --', 'create table marts.x (a int)']) await problem(sql);
  await assert.rejects(rowsOf("select pg_advisory_lock(1), set_config('a.b', '1', false), nextval('marts.s')"));
  assert.ok(Number((await database.run('select count(*) from marts.channel_performance')).rows[0]?.['count']) > 0);
});
