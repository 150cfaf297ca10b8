import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differenceOf } from './difference';

const message = (...table: string[]): string => ['actual differs from expected:', '', ...table, ''].join('\n');

test('both sides of the table that dbt prints, and how many rows differ', () => {
  assert.deepEqual(differenceOf(message('@@ ,channel,revenue,n', '   ,"a,x"  ,1      ,1', '→  ,b      ,20→NULL,2', '---,c      ,3      ,3', '+++,d      ,"q""uo",3')), {
    expected: 'channel | revenue | n\na,x     | 1       | 1\nb       | 20      | 2\nc       | 3       | 3',
    actual: 'channel | revenue | n\na,x     | 1       | 1\nb       | NULL    | 2\nd       | q"uo    | 3',
    changed: 1, missing: 1, unexpected: 1,
  });
});

test('rows that are left out because they are the same are told of', () => {
  assert.deepEqual(differenceOf(message('@@ ,channel', '...,...', '   ,a', '→  ,b→c'))?.actual.split('\n'), ['channel', '…', 'a', 'c']);
  assert.equal(differenceOf(message('@@,channel', '→ ,a->b→c'))?.expected, 'channel\na->b', 'an arrow of the value\'s own');
});

test('what is in doubt, and what is no table, is none', () => {
  assert.equal(differenceOf(message('@@,channel', '→ ,1→1→3')), undefined);
  assert.equal(differenceOf(message('! ,       ,+++', '@@,channel,x', '+ ,a      ,y')), undefined);
  assert.equal(differenceOf(message('@@,channel,n', '→ ,"two', 'lines",1→2')), undefined);
  assert.equal(differenceOf('Got 3 results, configured to fail if != 0'), undefined);
});
