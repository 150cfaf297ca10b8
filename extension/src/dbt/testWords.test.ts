import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rowsInWords } from './testWords';

test('how many rows fail a test is said in words', () => {
  assert.equal(rowsInWords('Got 5 results, configured to fail if != 0'), '5 rows fail the test');
  assert.equal(rowsInWords('Got 1 result, configured to fail if != 0'), '1 row fails the test');
  assert.equal(rowsInWords('Got 2 results, configured to warn if >0'), '2 rows to look at');
  assert.equal(rowsInWords('Got 12 results, configured to fail if >10'), '12 rows found: the test fails where their number is >10');
  assert.equal(rowsInWords('relation "x" does not exist'), 'relation "x" does not exist');
});
