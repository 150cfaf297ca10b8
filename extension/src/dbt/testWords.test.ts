import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorInWords, rowsInWords } from './testWords';

test('how many rows fail a test is said in words', () => {
  assert.equal(rowsInWords('Got 5 results, configured to fail if != 0'), '5 rows fail the test');
  assert.equal(rowsInWords('Got 1 result, configured to fail if != 0'), '1 row fails the test');
  assert.equal(rowsInWords('Got 2 results, configured to warn if >0'), '2 rows to look at');
  assert.equal(rowsInWords('Got 12 results, configured to fail if >10'), '12 rows found: the test fails where their number is >10');
  assert.equal(rowsInWords('relation "x" does not exist'), 'relation "x" does not exist');
});

test('of an error there is what went wrong, and not where dbt put its files', () => {
  const error = 'Database Error in test no_orphans (tests/no_orphans.sql)\n  column "nope" does not exist\n  LINE 11:   select nope\n                    ^\n  compiled code at /somewhere/target/run/shop/tests/no_orphans.sql';
  assert.equal(errorInWords(error), 'column "nope" does not exist\nLINE 11:   select nope\n                  ^');
  assert.equal(errorInWords('Compilation Error in unit_test adds_up (models/sales.yml)'), 'Compilation Error in unit_test adds_up (models/sales.yml)');
  assert.equal(errorInWords('3 rows fail the test'), '3 rows fail the test');
});
