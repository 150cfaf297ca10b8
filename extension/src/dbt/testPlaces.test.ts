import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lineOfTest, placesOf, type ListedTest } from './testPlaces';

const tests: ListedTest[] = [
  { id: 'a', name: 'not_null_sales_id', model: 'sales', column: 'id', generic: 'not_null' },
  { id: 'b', name: 'sales_id_is_known', model: 'sales', column: 'id', generic: 'relationships' },
  { id: 'c', name: 'dbt_utils_expression_is_true_sales_id__1', model: 'sales', column: 'id', generic: 'dbt_utils.expression_is_true' },
  { id: 'd', name: 'conserves_sales_revenue', model: 'sales', generic: 'conserves' },
  { id: 'e', name: 'adds_up', model: 'sales' },
  { id: 'f', name: 'no_orphans' },
];

const YAML = `version: 2
models:
  - name: other
    columns:
      - name: id
        data_tests: [not_null]
  - name: sales
    data_tests:
      - conserves:
          arguments: {revenue: revenue}
    columns:
      - name: id
        data_tests:
          - not_null
          - relationships:
              name: sales_id_is_known
              arguments: {to: ref('other'), field: id}
          - dbt_utils.expression_is_true:
              arguments: {expression: ">= 1"}
unit_tests:
  - name: adds_up
    model: sales
`;

test('each test has the line that defines it', () => {
  const places = placesOf(YAML, tests);
  assert.deepEqual(tests.map(({ id }) => places.get(id)), [13, 14, 17, 8, 20, undefined]);
});

test('several of a kind are taken in their order; half-written text gives what it has', () => {
  const two: ListedTest[] = ['a', 'b'].map((id) => ({ id, name: `conserves_sales_${id}`, model: 'sales', generic: 'conserves' }));
  assert.deepEqual([...placesOf('models:\n  - name: sales\n    tests:\n      - conserves: {revenue: a}\n      - conserves: {revenue: b}\n', two).values()], [3, 4]);
  assert.deepEqual([...placesOf('models:\n  - name: sales\n    tests:\n      - conserves\n    columns: [', two).values()], [3]);
  assert.equal(placesOf('', two).size, 0);
});

test('by its name alone: given, or made by dbt of the test, what holds it, its column and its arguments', () => {
  assert.deepEqual(tests.map(({ name }) => lineOfTest(YAML, name, 'sales')), [13, 14, 17, 8, 20, undefined]);
  assert.equal(lineOfTest(YAML, 'not_null_other_id', 'other'), 5);
  assert.equal(lineOfTest(YAML, 'not_null_sales_id'), 13, 'also where nobody says which model');
  const several = 'models:\n  - name: sales\n    data_tests:\n      - conserves: {revenue: a-b}\n      - conserves: {revenue: c}\n    columns:\n      - name: id\n        tests: [unique]\n      - name: id_2\n        tests: [unique]\n';
  assert.deepEqual(['conserves_sales_a_b', 'conserves_sales_c', 'unique_sales_id', 'unique_sales_id_2'].map((name) => lineOfTest(several, name, 'sales')), [3, 4, 7, 9]);
  const source = 'sources:\n  - name: raw\n    tables:\n      - name: events\n        columns:\n          - name: id\n            tests: [not_null, dbt_utils.not_empty_string]\n';
  assert.deepEqual(['source_not_null_raw_events_id', 'dbt_utils_source_not_empty_string_raw_events_id'].map((name) => lineOfTest(source, name, 'events')), [6, 6]);
});
