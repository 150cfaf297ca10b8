import assert from 'node:assert/strict';
import { test } from 'node:test';
import { finishedOf, holderOf, labelOf, mayHaveTests, testsOf } from './tests';

const line = (name: string, more: object = {}): string => JSON.stringify({ unique_id: `test.shop.${name}.abc`, name, original_file_path: 'models\\marts\\sales.yml', resource_type: 'test', attached_node: 'model.shop.sales', ...more });
const generic = (name: string, test_metadata: object, column_name: string | null = null): string => line(name, { test_metadata, column_name });

const tests = testsOf([
  'Registered adapter: postgres',
  generic('not_null_sales_id', { name: 'not_null', namespace: null }, 'id'),
  generic('sales_id_is_known', { name: 'relationships', namespace: null }, 'id'),
  generic('dbt_utils_expression_is_true_sales_id__1', { name: 'expression_is_true', namespace: 'dbt_utils' }, 'id'),
  generic('conserves_sales_revenue', { name: 'conserves', namespace: null }),
  JSON.stringify({ unique_id: 'unit_test.shop.sales.adds_up', name: 'adds_up', original_file_path: 'models/marts/sales.yml', resource_type: 'unit_test', model: 'sales' }),
  JSON.stringify({ unique_id: 'test.shop.no_orphans', name: 'no_orphans', original_file_path: 'tests/no_orphans.sql', resource_type: 'test' }),
  JSON.stringify({ unique_id: 'test.dbt_utils.theirs', name: 'theirs', original_file_path: 'tests/x.sql', resource_type: 'test' }),
], 'shop');

test('what dbt lists: its own talk and tests of packages left out', () => {
  assert.deepEqual(tests.map(({ name, kind, file, model, column, generic: instance }) => [name, kind, file, model, column, instance]), [
    ['not_null_sales_id', 'data', 'models/marts/sales.yml', 'sales', 'id', 'not_null'],
    ['sales_id_is_known', 'data', 'models/marts/sales.yml', 'sales', 'id', 'relationships'],
    ['dbt_utils_expression_is_true_sales_id__1', 'data', 'models/marts/sales.yml', 'sales', 'id', 'dbt_utils.expression_is_true'],
    ['conserves_sales_revenue', 'data', 'models/marts/sales.yml', 'sales', undefined, 'conserves'],
    ['adds_up', 'unit', 'models/marts/sales.yml', 'sales', undefined, undefined],
    ['no_orphans', 'data', 'tests/no_orphans.sql', undefined, undefined, undefined],
  ]);
});

test('labels do not repeat what the tree says', () => {
  assert.deepEqual(tests.map(labelOf), ['id · not_null', 'id · sales_id_is_known', 'id · dbt_utils.expression_is_true', 'conserves', 'adds_up', 'no_orphans']);
});

test('a test of a model is listed under the model, others under the file that defines them', () => {
  const ofSource = testsOf([generic('source_unique_raw_events', { name: 'unique', namespace: null }).replace('"model.shop.sales"', 'null')], 'shop');
  const holders = (model: string): string[] => [...tests, ...ofSource].map((one) => holderOf(one, (name) => (name === model ? 'models/marts/sales.sql' : undefined)));
  assert.deepEqual([...new Set(holders('sales'))], ['models/marts/sales.sql', 'tests/no_orphans.sql', 'models/marts/sales.yml']);
  assert.deepEqual([...new Set(holders('another'))], ['models/marts/sales.yml', 'tests/no_orphans.sql']);
});

test('what an event says of a test', () => {
  const finished = (status: string) => finishedOf({ name: 'NodeFinished', node: { unique_id: 'x' }, data: { run_result: { status, message: ' Got 3 results ', execution_time: 0.25 } } });
  assert.deepEqual(finished('fail'), { id: 'x', outcome: 'failed', message: 'Got 3 results', duration: 250 });
  assert.deepEqual(['pass', 'warn', 'error', 'skipped'].map((status) => finished(status)?.outcome), ['passed', 'warned', 'errored', 'skipped']);
  assert.equal(finishedOf({ name: 'NodeStart', node: { unique_id: 'x' }, data: {} }), undefined);
});

test('which files may define tests', () => {
  assert.deepEqual([
    mayHaveTests('models/sales.yml', 'models:\n  - name: sales\n    data_tests:\n      - unique\n'), mayHaveTests('models/sales.yaml', 'unit_tests:\n  - name: a\n'), mayHaveTests('tests/marts/no_orphans.sql', 'select 1'),
    mayHaveTests('models/sales.yml', 'models:\n  - name: tests\n'), mayHaveTests('models/sales.sql', 'select 1'), mayHaveTests('tests/generic/conserves.sql', '{% test conserves() %}'),
  ], [true, true, true, false, false, false]);
});
