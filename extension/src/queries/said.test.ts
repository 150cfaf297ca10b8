import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atLine, nameEnd, repeats, type Said } from './said';

const said = (source: string, from: number, to: number, more: Partial<Said> = {}): Said => ({ source, severity: 0, range: { start: { line: 2, character: from }, end: { line: 2, character: to } }, ...more });

test('what the language server says is not said again by PostgreSQL', () => {
  const theirs = said('PostgreSQL', 7, 18);
  assert.equal(repeats(said('attribution', 7, 18, { code: 'unknown-column' }), theirs), true);
  // Of `e.column` ours is the column, PostgreSQL's the whole
  assert.equal(repeats(said('attribution', 9, 18, { code: 'unknown-column' }), theirs), true);
  assert.equal(repeats(said('attribution', 9, 18, { code: 'unknown-ref', severity: 1 }), theirs), true);
  assert.equal(repeats(said('attribution', 9, 18, { code: 'money-as-float', severity: 1 }), theirs), false);
  assert.equal(repeats(said('attribution', 9, 18, { code: 'undocumented-column', severity: 3 }), theirs), false);
  assert.equal(repeats(said('attribution', 20, 24, { code: 'unknown-column' }), theirs), false);
  // An error of a whole query may be another one
  assert.equal(repeats(said('attribution', 0, 30), theirs), false);
  assert.equal(repeats(said('PostgreSQL', 7, 18), theirs), false);
});

test('dbt is not repeated where the language server tells an error of Jinja in its line', () => {
  const theirs = said('dbt', 0, 1e9);
  assert.equal(repeats(said('attribution', 7, 18, { code: 'jinja-syntax' }), theirs), true);
  assert.equal(repeats(said('attribution', 7, 18, { code: 'unknown-column' }), theirs), false);
});

test('a name ends behind its last part', () => {
  const text = 'select e.naïve, "a b"."c" + 1 ';
  const wordAt = (start: number): string => text.slice(start, nameEnd(text, start));
  assert.deepEqual([wordAt(7), wordAt(16), wordAt(26)], ['e.naïve', '"a b"."c"', '+']);
  assert.equal(nameEnd(text, text.length), undefined);
  assert.equal(nameEnd(text, 6), undefined);
});

test('at its line dbt says what is wrong, and not where', () => {
  assert.equal(atLine('Error in model orders (models/orders.sql)\ninvalid syntax for function call expression\nline 1\n{{ config('), 'invalid syntax for function call expression');
  assert.equal(atLine("'nothing' is undefined"), "'nothing' is undefined");
  assert.equal(atLine('Error in model orders (models/orders.sql)'), 'Error in model orders (models/orders.sql)');
});
