import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filterOf, queryOf } from './arguments';

test('a filter is taken where it names values of columns, and nothing else is', () => {
  assert.deepEqual(filterOf({ model: 'mart', filter: { client_id: 'a"b', days: 7 } }), { client_id: 'a"b' });
  for (const without of [undefined, null, 'mart', { model: 'mart' }, { filter: null }, { filter: 'client_id' }, { filter: {} }, { filter: { days: 7 } }]) assert.equal(filterOf(without), undefined);
});

test('a query has a title and SQL; where it is written is a file', () => {
  assert.deepEqual(queryOf({ title: 'one', sql: 'select 1', uri: 'file:///a.sql', more: 1 }), { title: 'one', sql: 'select 1', uri: 'file:///a.sql' });
  assert.deepEqual(queryOf({ title: 'one', sql: 'select 1', uri: 'command:x' }), { title: 'one', sql: 'select 1' });
  for (const wrong of [undefined, {}, { title: 1, sql: 'select 1' }, { title: 'one', sql: ' ' }]) assert.equal(queryOf(wrong), undefined);
});
