import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csvLine, formatRows } from './format';
import type { ColumnKind } from './protocol';

const column = (name: string, type: string, kind: ColumnKind): { name: string; type: string; kind: ColumnKind } => ({ name, type, kind });
const columns = [column('a', 'text', 'text'), column('n', 'numeric(18,4)', 'number'), column('b', 'boolean', 'boolean'), column('j', 'jsonb', 'other')];
const rows = [['x|<y>\n"z"', '12345678901234.5000', 't', '{"k": 1}'], ['', null, 'f', null], ['a\tb', 'NaN', null, '[]']];

test('CSV: quoted where it must be, null and empty told apart', () => {
  assert.equal(formatRows('csv', columns, rows), 'a,n,b,j\r\n"x|<y>\n""z""",12345678901234.5000,t,"{""k"": 1}"\r\n"",,f,\r\na\tb,NaN,,[]\r\n');
});

test('TSV: a tab inside is quoted', () => {
  assert.equal(formatRows('tsv', columns, rows).split('\n').at(-2), '"a\tb"\tNaN\t\t[]');
});

test('Markdown: no cell breaks the table or is HTML, null is seen', () => {
  assert.equal(formatRows('markdown', columns, rows), '| a | n | b | j |\n| --- | ---: | --- | --- |\n| x\\|&lt;y><br>"z" | 12345678901234.5000 | t | {"k": 1} |\n|  | *null* | f | *null* |\n| a\tb | NaN | *null* | [] |\n');
});

test('JSON: numbers keep their digits, JSON stays JSON', () => {
  const text = formatRows('json', columns, rows);
  assert.match(text, /"n": 12345678901234\.5000/);
  assert.deepEqual(JSON.parse(text), [{ a: 'x|<y>\n"z"', n: 12345678901234.5, b: true, j: { k: 1 } }, { a: '', n: null, b: false, j: null }, { a: 'a\tb', n: 'NaN', b: null, j: [] }]);
  assert.equal(formatRows('json', columns, []), '[]\n');
});

test('formulas are neutralised when asked, negative numbers are left alone', () => {
  assert.equal(csvLine(['=cmd()', '-1.5', 't', '@x'], columns, true), "'=cmd(),-1.5,t,'@x");
  assert.equal(csvLine(['=cmd()', '-1.5'], columns), '=cmd(),-1.5');
  assert.equal(csvLine(['+1,2'], columns, true), `"'+1,2"`);
});
