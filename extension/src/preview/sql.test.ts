import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CatalogColumn } from './catalog';
import { CELL_LENGTH, Parameters, cutCell, gridColumns, knownView, orderOf, whereOf, fromOf, uniqueNames } from './sql';
import type { Operator } from './protocol';

const columns: CatalogColumn[] = [
  { name: 'client_id', type: 'character varying(255)', base: 'character varying', kind: 'text' },
  { name: 'revenue', type: 'numeric(18,4)', base: 'numeric', kind: 'number' },
  { name: 'paid "at"', type: 'timestamp without time zone', base: 'timestamp without time zone', kind: 'time' },
  { name: 'raw', type: 'json', base: 'json', kind: 'other' },
  { name: 'bytes', type: 'bytea', base: 'bytea', kind: 'other' },
];

const where = (column: string, operator: Operator, value?: string, to?: string): [string, unknown[]] => {
  const parameters = new Parameters();
  const condition = { operator, ...(value === undefined ? {} : { value }), ...(to === undefined ? {} : { to }) };
  return [whereOf([{ column, join: 'and', conditions: [condition] }], columns, parameters), parameters.values];
};

test('what a person writes is a parameter, read by the server as the type of the column', () => {
  assert.deepEqual(where('revenue', 'greaterEqual', ' 19.99 '), ['("revenue" >= $1::text::numeric)', ['19.99']]);
  assert.deepEqual(where('paid "at"', 'between', '2024-01-01', '2024-02-01'), ['("paid ""at""" between symmetric $1::text::timestamp without time zone and $2::text::timestamp without time zone)', ['2024-01-01', '2024-02-01']]);
  assert.deepEqual(where('client_id', 'equals', "'; drop table x; --"), ['("client_id" = $1::text)', ["'; drop table x; --"]]);
  assert.deepEqual(where('client_id', 'contains', '100%_'), ['(strpos(lower("client_id"::text), lower($1::text)) > 0)', ['100%_']]);
  assert.deepEqual(where('raw', 'isNull'), ['("raw" is null)', []]);
});

test('several conditions of a column are joined as asked, columns by and', () => {
  const parameters = new Parameters();
  const sql = whereOf([
    { column: 'client_id', join: 'or', conditions: [{ operator: 'equals', value: 'a' }, { operator: 'isEmpty' }] },
    { column: 'revenue', join: 'and', conditions: [{ operator: 'isNotNull' }] },
  ], columns, parameters);
  assert.equal(sql, `("client_id" = $1::text or "client_id"::text = '') and ("revenue" is not null)`);
  assert.equal(whereOf([], columns, parameters), 'true');
});

test('a column that is gone asks for nothing', () => {
  const view = { sort: [{ column: 'gone', descending: true }, { column: 'revenue', descending: true }], filter: [{ column: 'gone', join: 'and' as const, conditions: [] }] };
  assert.deepEqual(knownView(view, columns), { sort: [{ column: 'revenue', descending: true }], filter: [] });
  assert.deepEqual(where('gone', 'isNull'), ['true', []]);
});

test('the order: as PostgreSQL has it, by the text where it has none', () => {
  assert.deepEqual(orderOf({ sort: [{ column: 'revenue', descending: true }, { column: 'raw', descending: false }], filter: [] }, columns), ['"revenue" desc', '"raw"::text']);
});

test('long values are cut in the database, short ones stay as they are', () => {
  assert.equal(gridColumns(columns), `left("client_id"::text, 1001) as "client_id", "revenue", "paid ""at""", left("raw"::text, 1001) as "raw", '\\x' || encode(substring("bytes" from 1 for 500), 'hex') as "bytes"`);
  assert.deepEqual(cutCell('x'.repeat(CELL_LENGTH)), { value: 'x'.repeat(CELL_LENGTH), cut: false });
  // Characters of two units are not torn, nor taken for more than they are
  assert.deepEqual(cutCell('🦄'.repeat(CELL_LENGTH)), { value: '🦄'.repeat(CELL_LENGTH), cut: false });
  assert.deepEqual(cutCell('🦄'.repeat(CELL_LENGTH + 1)), { value: '🦄'.repeat(CELL_LENGTH), cut: true });
});

test('a query stands behind from as it is, with names that are each there once', () => {
  assert.deepEqual(uniqueNames(['id', 'id', '?column?', 'id (2)', 'id']), ['id', 'id (2)', '?column?', 'id (2) (2)', 'id (3)']);
  assert.equal(fromOf({ query: 'select 1 -- one', columns: ['a"b', 'c'] }), '(\nselect 1 -- one\n) as "attribution preview row" ("a""b", "c")');
});
