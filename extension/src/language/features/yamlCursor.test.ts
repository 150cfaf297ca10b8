import assert from 'node:assert/strict';
import { test } from 'node:test';
import { yamlCursor, type YamlCursor } from './yamlCursor';

/** `|` is the cursor. */
function read(marked: string): (Omit<YamlCursor, 'word' | 'path'> & { word: string; path: string }) | undefined {
  const offset = marked.indexOf('¦');
  const text = marked.replace('¦', '');
  const found = yamlCursor(text, offset);
  return found && { ...found, word: text.slice(found.word.start, found.word.end), path: found.path.map((step) => ('key' in step ? step.key : '-')).join('.') };
}

const model = 'models:\n  - name: orders\n    columns:\n      - name: id\n        data_tests:\n          - unique\n          - accepted_values:\n              arguments:\n                values: [a]\n';

test('keys of a mapping, at its column', () => {
  const found = read('models:\n  - name: orders\n    des¦\n    config:\n');
  assert.equal(found?.path, 'models.-');
  assert.equal(found.word, 'des');
  assert.deepEqual(found.siblings, ['name', 'config']);
  assert.equal(found.item(0).get('name'), 'orders');
  assert.equal(read('mod¦')?.path, '');
  assert.equal(read('version: 2\n\n¦')?.path, '');
  assert.equal(read('models:\n  - ¦')?.path, 'models.-');
  assert.equal(read('models:\n  ¦')?.path, 'models');
  assert.equal(read('models:\n- name: a\n  ¦')?.path, 'models.-');
  assert.equal(read('models:\n- name: a\n- ¦')?.path, 'models.-');
});

test('values, in quotes and without', () => {
  assert.equal(read('models:\n  - name: or¦')?.word, 'or');
  assert.equal(read('models:\n  - name: ¦')?.path, 'models.-.name');
  assert.equal(read("models:\n  - name: 'or¦ders'")?.word, 'orders');
  assert.equal(read('models:\r\n  - name: or¦ders # why\r\n')?.word, 'orders');
  assert.equal(read('models:\n  - name:¦')?.at, 'value');
});

test('tests and their arguments', () => {
  assert.equal(read(`${model}          - ¦`)?.path, 'models.-.columns.-.data_tests.-');
  const found = read(model.replace('[a]', '[¦a]'));
  assert.equal(found?.path, 'models.-.columns.-.data_tests.-.accepted_values.arguments.values.-');
  assert.equal(found.item(1).get('name'), 'id');
  assert.equal(read(`${model}                ¦`)?.path, 'models.-.columns.-.data_tests.-.accepted_values.arguments');
  assert.equal(read(`${model}              ¦`)?.path, 'models.-.columns.-.data_tests.-.accepted_values');
  assert.equal(read(`${model}    ¦`)?.path, 'models.-');
  assert.equal(read(`${model}      - na¦`)?.path, 'models.-.columns.-');
});

test('rows of unit tests in braces', () => {
  const found = read("unit_tests:\n  - name: t\n    model: orders\n    given:\n      - input: ref('a')\n        rows:\n          - {id: 1, na¦}\n");
  assert.equal(found?.path, 'unit_tests.-.given.-.rows.-');
  assert.equal(found.at, 'key');
  assert.equal(found.word, 'na');
  assert.deepEqual(found.siblings, ['id']);
  assert.equal(found.item(1).get('input'), "ref('a')");
  assert.equal(read('a: {b: [x,\n   ¦')?.path, 'a.b.-');
});

test('nothing in comments and running text', () => {
  assert.equal(read('models: # he¦'), undefined);
  assert.equal(read('models:\n  - name: a\n    description: >\n      some te¦'), undefined);
  assert.equal(read('models:\n  - name: a\n    description: some\n      more te¦'), undefined);
  assert.equal(read('models:\n  - name: a\n    description: >\n      one\n      two\n    co¦')?.path, 'models.-');
});

test('a file that begins with an empty line', () => {
  assert.equal(read('¦\n')?.path, '');
  assert.equal(read('\nmodels:\n  - na¦\n')?.path, 'models.-');
  assert.equal(read('\n\n  ¦\n')?.at, 'line');
});
