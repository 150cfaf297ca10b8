import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lineOf } from './place';

const model = ["{{ config(materialized='table') }}", '', 'with purchases as (', "    select * from {{ ref('int_purchases') }}", ')', '', 'select', '    client_id,', '    missing_column', 'from purchases'].join('\n');

test('the line that PostgreSQL quotes is looked for in the model, whatever its number in the compiled SQL', () => {
  assert.equal(lineOf(model, { message: 'column "missing_column" does not exist\nLINE 42:     missing_column\n             ^' }), 8);
});

test('a message on one line is understood as well', () => {
  assert.equal(lineOf(model, { message: 'Database Error in model x column "missing_column" does not exist LINE 42: missing_column ^ compiled code at target/x.sql' }), 8);
});

test('without a quoted line, the line that has the quoted name', () => {
  assert.equal(lineOf(model, { message: 'relation "int_purchases" does not exist' }), 3);
});

test('the first line where nothing fits, also in an empty file', () => {
  assert.equal(lineOf(model, { message: 'out of memory' }), 0);
  assert.equal(lineOf('', { message: 'column "x" does not exist', line: 7 }), 0);
});

test('a failed check stands where the YAML defines it', () => {
  const yaml = 'version: 2\nmodels:\n  - name: first\n    columns:\n      - name: id\n        tests: [not_null]\n  - name: second\n    columns:\n      - name: id\n        tests:\n          - unique\n          - not_null\n';
  assert.equal(lineOf(yaml, { model: 'second', check: 'not_null_second_id', message: 'check not_null_second_id: Got 3 results, configured to fail if != 0' }), 11);
  assert.equal(lineOf(yaml, { model: 'second', check: 'renamed', message: 'check renamed: Got 3 results' }), 0);
});
