import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holds, markerOf, type Present } from './markers';

const YAML = 'models:\n  - name: sales\n    columns:\n      - name: id\n        tests: [not_null]\n';
const present = (more: Partial<Present> = {}): Present => ({ textOf: () => YAML, hasModel: () => true, check: () => ({ name: 'not_null_sales_id', outcome: 'failed', time: 1 }), ...more });
const failure = { model: 'sales', file: 'sales.yml', check: 'not_null_sales_id', message: 'check not_null_sales_id: Got 3 results' };

test('a failed check holds until it passes in a later run', () => {
  // Dagster may still tell of an older run when the failure comes
  const marker = markerOf(failure, '/w/sales.yml', present({ check: () => ({ name: 'x', outcome: 'passed', time: 1 }) }));
  const after = (outcome: 'passed' | 'failed' | 'running' | 'warned', time: number): boolean => holds(marker, present({ check: () => ({ name: 'x', outcome, time }) }));
  assert.deepEqual([after('passed', 1), after('failed', 2), after('running', 2), after('passed', 3), after('warned', 3)], [true, true, true, false, false]);
  assert.equal(holds(marker, present({ check: () => undefined })), true, 'Dagster is away');
});

test('it goes with its file, its model, and its definition', () => {
  const marker = markerOf(failure, '/w/sales.yml', present());
  assert.equal(holds(marker, present()), true);
  assert.equal(holds(marker, present({ textOf: () => undefined })), false);
  assert.equal(holds(marker, present({ hasModel: () => false })), false);
  assert.equal(holds(marker, present({ textOf: () => YAML.replace('not_null', 'unique') })), false);
});

test('what no project has as a model, or no file as a test, needs none', () => {
  const none = present({ hasModel: () => false, textOf: () => 'select 1' });
  assert.equal(holds(markerOf({ ...failure, file: 'tests/not_null_sales_id.sql' }, '/w/tests/x.sql', none), none), true);
});
