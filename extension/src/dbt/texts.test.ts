import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveDocs, scanDocs, scanSql } from './jinja';
import { parseProjectFile, schemaOfFolders } from './projectFile';
import { parseProperties, relocate } from './properties';

test('refs are found in Jinja: in SQL comments too, in Jinja comments and plain SQL not', () => {
  const { refs } = scanSql(`{# {{ ref('no') }} #}
    select * from {{ ref('one') }} join {{ref( "pkg" , "two" )}} -- {{ ref('three') }}
    {% set x = ref('four', v=2) %} where note = 'ref(''five'')' and {{ my_ref('six') }} and {{ x.ref('seven') }} union {{ ref('one') }} {{ ref('half`);
  assert.deepEqual(refs, ['one', 'two', 'three', 'four']);
});

test('config gives literal schema and alias', () => {
  assert.deepEqual(scanSql(`{{ config(materialized='table', schema="marts", meta={'alias': 'no'}, alias='other') }}`).config, { schema: 'marts', alias: 'other' });
  assert.deepEqual(scanSql(`select config(schema='no')`).config, {});
});

test('docs blocks stand in for doc()', () => {
  const docs = scanDocs('{% docs client_id %}\nThe client.\n{% enddocs %}\n{%- docs b -%}B{%- enddocs -%}');
  assert.equal(resolveDocs("{{ doc('client_id') }} And {{ doc(\"pkg\", 'b') }}, {{ doc('c') }}", docs), "The client. And B, {{ doc('c') }}");
});

test('models of a YAML file come with the places of their names', () => {
  const text = `version: 2\n# models:\nmodels:\n  - description: First\n    columns:\n      - name: client_id\n        data_type: text\n    name: one\n\n  -\n    name: 'two'\n    config: {schema: s, alias: a}\n  - name: three # note\n    description: >\n      - name: four\n      more\nsources:\n  - name: five\n`;
  const models = parseProperties(text);
  assert.deepEqual(models.map(({ name, line, column }) => [name, line, column]), [['one', 7, 10], ['two', 10, 10], ['three', 12, 10]]);
  assert.deepEqual(models[0]?.columns, [{ name: 'client_id', dataType: 'text' }]);
  assert.equal(models[0].description, 'First');
  assert.deepEqual(models[1]?.config, { schema: 's', alias: 'a' });
});

test('line ends of Windows, a list that is not indented, and flow style', () => {
  assert.deepEqual(parseProperties('models:\r\n- name: one\r\n- name: two\r\n').map(({ name, line, column }) => [name, line, column]), [['one', 1, 8], ['two', 2, 8]]);
  assert.deepEqual(parseProperties('models: [{name: one}]').map(({ name, line }) => [name, line]), [['one', 0]]);
});

test('a half-written file throws, and what was known is found again at its new line', () => {
  const before = parseProperties('models:\n  - name: one\n  - name: two\n');
  const half = 'models:\n  - name: new\n    columns: [\n  - name: one\n';
  assert.throws(() => parseProperties(half));
  assert.deepEqual(relocate(before, half).map(({ name, line }) => [name, line]), [['one', 3]]);
});

test('what is no properties file is empty, not an error', () => {
  for (const text of ['', 'models:', 'models: 3', '- models', 'models:\n  - 1\n  - name: {}\n', 'sources:\n  - name: models\n']) assert.deepEqual(parseProperties(text), []);
});

test('dbt_project.yml: own variables win, schemas go by folders, Windows separators are allowed', () => {
  const file = parseProjectFile(`name: shop\nprofile: p\nmodel-paths: ['a\\b\\', models]\nvars: {days: 1, shop: {days: 30}, other: {x: 1}}\nmodels:\n  shop:\n    +schema: own\n    marts:\n      +schema: marts\n      deep: {+schema: deep}\n    schema: {+materialized: view}\n  +schema: all\n`);
  assert.deepEqual(file.modelPaths, ['a/b', 'models']);
  assert.deepEqual(file.vars, { days: 30, other: { x: 1 } });
  assert.equal(schemaOfFolders(file, []), 'own');
  assert.equal(schemaOfFolders(file, ['marts', 'other']), 'marts');
  assert.equal(schemaOfFolders(file, ['marts', 'deep', 'er']), 'deep');
  assert.equal(schemaOfFolders(file, ['schema']), 'own');
  assert.throws(() => parseProjectFile('version: 2'));
});
