import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHeaders } from './headers';

test('several headers, and values that hold colons', () => {
  assert.deepEqual(parseHeaders('Authorization: Bearer a:b | X-Team:analytics'), { headers: { Authorization: 'Bearer a:b', 'X-Team': 'analytics' } });
  assert.deepEqual(parseHeaders('  '), { headers: {} });
});

test('what is no header is refused without its value', () => {
  assert.match(parseHeaders('secret-token').problem ?? '', /Name: value/);
  assert.match(parseHeaders('Bad Name: x').problem ?? '', /"Bad Name" is no name/);
  assert.match(parseHeaders('X: line\u2028break').problem ?? '', /value of X/);
  assert.doesNotMatch(parseHeaders('X: hidden\u2028').problem ?? '', /hidden/);
});
