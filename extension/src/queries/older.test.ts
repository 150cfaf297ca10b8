import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QueryProblem } from '../warehouse/describe';
import { olderTable, UNDEFINED_COLUMN } from './older';

test('a column that a table lacks and its file makes: which model to materialize', () => {
  const problem = new QueryProblem('column e.device does not exist. Perhaps you meant "e.delay"', UNDEFINED_COLUMN, 7);
  const near = olderTable(problem, 'device', { name: 'stg_events' }, { refs: ['stg_events'] });
  assert.match(near.message, /^The column device is made by the file of stg_events, but .* older than its file\. Materialize stg_events first\.$/);
  assert.deepEqual([near.offset, near.code], [7, UNDEFINED_COLUMN]);
  assert.deepEqual(near.remedies.map(({ title, args }) => [title, args]), [['Materialize stg_events', ['stg_events']]]);
  assert.match(olderTable(problem, 'device', { name: 'stg_events' }, { refs: ['int_touchpoints'] }).message, /through other models.*Materialize stg_events first, then those between\.$/);
});
