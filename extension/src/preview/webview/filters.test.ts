import assert from 'node:assert/strict';
import { test } from 'node:test';
import { choicesOf, exactly, viewOf } from './filters';

test("the grid's models become a view", () => {
  const view = viewOf([{ colId: 'revenue', sort: 'desc' }, { colId: 'client_id', sort: null }], {
    client_id: { filterType: 'text', operator: 'OR', conditions: [{ type: 'equals', filter: 'a' }, { type: 'isEmpty' }] },
    revenue: { filterType: 'text', type: 'between', filter: '1', filterTo: '2' },
    nothing: { filterType: 'text', operator: 'AND', conditions: [] },
  });
  assert.deepEqual(view, {
    sort: [{ column: 'revenue', descending: true }],
    filter: [
      { column: 'client_id', join: 'or', conditions: [{ operator: 'equals', value: 'a' }, { operator: 'isEmpty' }] },
      { column: 'revenue', join: 'and', conditions: [{ operator: 'between', value: '1', to: '2' }] },
    ],
  });
  assert.deepEqual(viewOf([], null), { sort: [], filter: [] });
});

test('every kind of column can be asked for null', () => {
  for (const kind of ['text', 'number', 'time', 'boolean', 'other'] as const) {
    assert.ok(choicesOf({ name: 'x', type: 'x', kind }).some(({ displayKey }) => displayKey === 'isNull'), kind);
  }
});

test('exact values are a filter that the grid gives back as such', () => {
  assert.deepEqual(viewOf([], exactly({ client_id: 'a' })).filter, [{ column: 'client_id', join: 'and', conditions: [{ operator: 'equals', value: 'a' }] }]);
});
