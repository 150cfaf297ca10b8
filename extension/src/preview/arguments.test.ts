import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filterOf } from './arguments';

test('a filter is taken where it names values of columns, and nothing else is', () => {
  assert.deepEqual(filterOf({ model: 'mart', filter: { client_id: 'a"b', days: 7 } }), { client_id: 'a"b' });
  for (const without of [undefined, null, 'mart', { model: 'mart' }, { filter: null }, { filter: 'client_id' }, { filter: {} }, { filter: { days: 7 } }]) assert.equal(filterOf(without), undefined);
});
