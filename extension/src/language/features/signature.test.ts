import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CURSOR, projectOf } from './fixture';
import { signatureHelp } from './signature';

const shop = projectOf({
  'macros/money.sql': "{# Cents as euros. #}\n{% macro euros(column, digits=2) %}round({{ column }}){% endmacro %}",
  'dbt_packages/utils/dbt_project.yml': 'name: utils\n',
  'dbt_packages/utils/macros/star.sql': '{% macro star(from, except=[]) %}*{% endmacro %}',
});

/** The signature's label and the parameter that is written. */
function ask(marked: string, file = 'models/a.sql'): [string, string | undefined] | undefined {
  const help = signatureHelp(shop.at(file, marked));
  const signature = help?.signatures[help.activeSignature ?? 0];
  return signature && [signature.label, signature.parameters?.[help.activeParameter ?? 0]?.label as string | undefined];
}

test('the argument that is written, by place and by name', () => {
  assert.deepEqual(ask(`select {{ euros(${CURSOR}) }}`), ['euros(column, digits=2)', 'column']);
  assert.deepEqual(ask(`select {{ euros('a', ${CURSOR}`), ['euros(column, digits=2)', 'digits=2']);
  assert.deepEqual(ask(`select {{ euros(digits=1${CURSOR}, column='a') }}`), ['euros(column, digits=2)', 'digits=2']);
  assert.deepEqual(ask(`select {{ utils.star(from=ref('a'), except=[${CURSOR}]) }}`), ['utils.star(from, except=[])', 'except=[]']);
});

test('calls inside calls, and what dbt brings along', () => {
  assert.deepEqual(ask(`{{ euros(var('a${CURSOR}')) }}`), ['var(name, default=None)', 'name']);
  assert.deepEqual(ask(`{{ euros(var('a')${CURSOR}) }}`)?.[0], 'euros(column, digits=2)');
  assert.deepEqual(ask(`{{ ref('a${CURSOR}') }}`), ['ref(model_name, v=None)', 'model_name']);
  assert.deepEqual(ask(`{{ source('a', ${CURSOR}) }}`), ['source(source_name, table_name)', 'table_name']);
  assert.deepEqual(ask(`{{ config(materialized=${CURSOR}) }}`), ['config(**settings)', '**settings']);
  assert.equal(ask(`select count(${CURSOR})`), undefined);
  assert.equal(ask(`{{ euros('a') }} ${CURSOR}`), undefined);
});

test('in YAML, in braces and without', () => {
  assert.deepEqual(ask(`models:\n  - name: a\n    description: "{{ doc('${CURSOR}') }}"`, 'models/a.yml'), ['doc(name)', 'name']);
  assert.deepEqual(ask(`unit_tests:\n  - name: t\n    given:\n      - input: source('raw', '${CURSOR}')`, 'models/a.yml'), ['source(source_name, table_name)', 'table_name']);
});
