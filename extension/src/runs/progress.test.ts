import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endOf, progressOf } from './progress';

const run = { status: 'started' as const, done: 2, total: 5, progress: 'stg_events' };

test('progress says how many and what, and the states before it starts', () => {
  assert.equal(progressOf(run), '2 of 5 · stg_events');
  assert.equal(progressOf({ ...run, total: 1, progress: '' }), 'running');
  assert.equal(progressOf({ ...run, status: 'queued' }), 'waiting in the queue');
});

test('an end names the model to blame and counts the others', () => {
  const failures = [{ model: 'stg_events', message: 'column "x" does not exist\nLINE 3' }, { message: 'skipped' }];
  assert.equal(endOf({ ...run, status: 'failed', assets: [], failures }, 'all', 4200), 'stg_events failed: column "x" does not exist (and 1 more)');
  assert.equal(endOf({ ...run, status: 'failed', assets: [], failures: [] }, 'all', 4200), 'The run of all failed.');
  assert.equal(endOf({ ...run, status: 'succeeded', assets: [], failures: [] }, 'stg_events', 4200), 'Materialized stg_events in 4.2 s.');
  assert.equal(endOf({ ...run, status: 'canceled', assets: [], failures: [] }, 'stg_events', 64_200), 'Canceled stg_events after 64 s.');
});
