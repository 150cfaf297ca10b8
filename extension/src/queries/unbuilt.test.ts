import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QueryProblem } from '../warehouse/describe';
import { refAt, unbuiltTable } from './unbuilt';

test('the ref that a missing table comes from', () => {
  const text = "select * from {{ ref('orders') }} as o\njoin {{ ref('shop', 'visits', v=2) }} on true\njoin {{ source('raw', 'x') }} on true";
  const tag = (part: string): { start: number; end: number } => ({ start: text.lastIndexOf('{{', text.indexOf(part)), end: text.indexOf('}}', text.indexOf(part)) + 2 });
  assert.equal(refAt(text, tag('orders')), 'orders');
  assert.equal(refAt(text, tag('visits')), 'visits');
  assert.equal(refAt(text, tag('raw')), undefined);
});

test('a table that was never materialized: which one, and the way to do it', () => {
  const problem = unbuiltTable(new QueryProblem('relation "dev.orders" does not exist', '42P01', 14), 'orders');
  assert.match(problem.message, /^The database does not have orders yet .*Materialize orders first\.$/);
  assert.deepEqual([problem.code, problem.offset], ['42P01', 14]);
  assert.deepEqual(problem.remedies.map(({ title, args }) => [title, args]), [['Materialize orders', ['orders']]]);
});
