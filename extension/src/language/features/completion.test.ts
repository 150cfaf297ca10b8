import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CompletionItem } from 'vscode-languageserver';
import { completion, completionResolve } from './completion';
import { CURSOR, projectOf } from './fixture';

const shop = projectOf({
  'dbt_project.yml': 'name: shop\nprofile: shop\nvars:\n  # Days that count.\n  window_days: 30\nmodels:\n  shop:\n    +schema: all\n',
  'models/staging/stg_orders.sql': "select id as order_id, customer_id, ordered_at::date as ordered_on from {{ source('raw', 'orders') }}",
  'models/staging/stg_customers.sql': "select id as customer_id, name from {{ source('raw', 'customers') }}",
  'models/staging/sources.yml': 'sources:\n  - name: raw\n    description: As it came.\n    tables:\n      - name: orders\n        columns:\n          - name: id\n            data_type: bigint\n          - name: customer_id\n          - name: ordered_at\n      - name: customers\n        columns:\n          - name: id\n          - name: name\n',
  'models/marts/orders.sql': "{{ config(materialized='table', tags=['daily']) }}\nselect * from {{ ref('stg_orders') }}",
  'models/marts/orders.yml': 'models:\n  - name: orders\n    description: "Grain: one row per order. {{ doc(\'orders\') }}"\n    columns:\n      - name: order_id\n        data_type: bigint\n        data_tests: [unique]\n',
  'models/docs.md': '{% docs orders %}\nWhat was *ordered*.\n{% enddocs %}\n',
  'macros/money.sql': "{# Cents as euros. #}\n{% macro euros(column, digits=2) %}round({{ column }} / 100.0, {{ digits }}){% endmacro %}\n{% test positive(model, column_name, least) %}select 1{% endtest %}\n{% macro now_utc() %}now(){% endmacro %}",
  'dbt_packages/utils/dbt_project.yml': 'name: utils\n',
  'dbt_packages/utils/macros/star.sql': '{% macro star(from, except=[]) %}*{% endmacro %}{% test not_blank(model, column_name) %}select 1{% endtest %}',
});

interface Answer {
  labels: string[];
  items: readonly CompletionItem[];
  /** the text after taking an item */
  take(label: string): string;
}

/** Asks at the cursor mark of a text that an editor holds of a file. */
function ask(file: string, marked: string, trigger?: string, snippets = true): Answer {
  const request = shop.at(file, marked);
  const items = completion(request, trigger, snippets)?.items ?? [];
  return {
    items, labels: [...items].sort((one, other) => ((one.sortText ?? one.label) < (other.sortText ?? other.label) ? -1 : 1)).map(({ label }) => label),
    take: (label) => {
      const edit = items.find((item) => item.label === label)?.textEdit;
      assert.ok(edit && 'range' in edit, `${label} is not offered`);
      return request.text.slice(0, request.lines.offsetAt(edit.range.start)) + edit.newText + request.text.slice(request.lines.offsetAt(edit.range.end));
    },
  };
}

const sql = (marked: string, trigger?: string): Answer => ask('models/marts/new.sql', marked, trigger);
const yaml = (marked: string): Answer => ask('models/marts/new.yml', marked);

describe('Jinja', () => {
  test('ref offers models, and replaces what stands between the quotes', () => {
    const answer = sql(`select * from {{ ref('stg${CURSOR}_x') }}`, "'");
    assert.deepEqual(answer.labels.slice(0, 4), ['new', 'orders', 'stg_customers', 'stg_orders']);
    assert.equal(answer.take('stg_orders'), "select * from {{ ref('stg_orders') }}");
    assert.equal(answer.items.find(({ label }) => label === 'stg_orders')?.detail, 'model · staging');
    assert.equal(sql(`select * from {{ ref('${CURSOR}`).take('orders'), "select * from {{ ref('orders");
    assert.equal(sql(`select 1,\r\n  {{ ref("${CURSOR}") }}\r\n`).take('orders'), 'select 1,\r\n  {{ ref("orders") }}\r\n');
    assert.deepEqual(sql(`{{ ref('shop', '${CURSOR}') }}`).labels, ['new', 'orders', 'stg_customers', 'stg_orders']);
  });

  test('a list that a sign brought is asked for again at the first letter, one of letters is not', () => {
    const complete = (marked: string, trigger?: string): boolean | undefined => completion(shop.at('models/marts/new.sql', marked), trigger, true)?.isIncomplete;
    assert.equal(complete(`select * from {{ ref('${CURSOR}') }}`, "'"), true);
    assert.equal(complete(`select * from {{ ref('s${CURSOR}') }}`), false);
  });

  test('a version is offered by the name that ref finds it by', () => {
    const versions = projectOf({ 'models/dim_v1.sql': 'select 1 as a', 'models/dim_v2.sql': 'select 1 as a', 'models/dim.yml': 'models:\n  - name: dim\n    versions: [{v: 1}, {v: 2}]\n' });
    assert.deepEqual(completion(versions.at('models/new.sql', `select * from {{ ref('${CURSOR}') }}`), "'", true)?.items.map(({ label }) => label).sort(), ['dim', 'new']);
  });

  test('thousands of models carry a range where a client would not replace the right text by itself, and one for all where it takes that', () => {
    const many = projectOf(Object.fromEntries(Array.from({ length: 2500 }, (_, index) => [`models/m_${index}.sql`, 'select 1 as a'])));
    const list = (marked: string, shared = false): ReturnType<typeof completion> => completion(many.at('models/m_0.sql', marked), "'", true, shared);
    assert.equal(list(`select * from {{ ref('m_${CURSOR}') }}`)?.items.length, 2500);
    assert.ok(list(`select * from {{ ref('m_${CURSOR}') }}`)?.items.every(({ textEdit }) => !textEdit));
    assert.ok(list(`select * from {{ ref('${CURSOR}m_7') }}`)?.items.every(({ textEdit }) => textEdit));
    assert.ok(list(`select * from {{ ref('m_1${CURSOR}') }}`)?.items.length);
    assert.deepEqual(list(`select * from {{ ref('m_${CURSOR}') }}`, true)?.itemDefaults?.editRange, { start: { line: 0, character: 22 }, end: { line: 0, character: 24 } });
  });

  test('names are offered with their quotes where none are written', () => {
    assert.equal(sql(`select * from {{ ref(${CURSOR}) }}`, '(').take('stg_orders'), "select * from {{ ref('stg_orders') }}");
    assert.equal(sql(`select * from {{ ref(stg_or${CURSOR}\nwhere true`).take('stg_orders'), "select * from {{ ref('stg_orders'\nwhere true");
    assert.equal(sql(`{{ source('raw', ${CURSOR}`).take('customers'), "{{ source('raw', 'customers'");
    assert.equal(sql(`{{ var(${CURSOR}) }}`).take('window_days'), "{{ var('window_days') }}");
    assert.ok(!sql(`{{ config(${CURSOR}) }}`).labels.includes('stg_orders'));
  });

  test('sources, then their tables', () => {
    assert.deepEqual(sql(`{{ source('${CURSOR}') }}`).labels, ['raw']);
    assert.deepEqual(sql(`{{ source('raw', '${CURSOR}') }}`).labels, ['customers', 'orders']);
    assert.equal(sql(`{{ source('raw', 'cus${CURSOR}`).take('customers'), "{{ source('raw', 'customers");
  });

  test('variables and docs', () => {
    assert.deepEqual(sql(`{{ var('${CURSOR}') }}`).items.map(({ label, detail }) => [label, detail]), [['window_days', '30']]);
    assert.deepEqual(yaml(`models:\n  - name: x\n    description: "{{ doc('${CURSOR}') }}"`).labels, ['orders']);
    assert.deepEqual(ask('models/more.md', `{% docs x %}{{ doc('${CURSOR}') }}{% enddocs %}`).labels, ['orders', 'x']);
  });

  test('macros with their places, own and of packages', () => {
    assert.equal(sql(`select {{ eu${CURSOR} }}`).take('euros'), 'select {{ euros(${1:column}) }}');
    assert.equal(sql(`select {{ eu${CURSOR}('a') }}`).take('euros'), "select {{ euros('a') }}");
    assert.equal(ask('models/marts/new.sql', `select {{ eu${CURSOR} }}`, undefined, false).take('euros'), 'select {{ euros(column) }}');
    assert.deepEqual(sql(`select {{ utils.${CURSOR} }}`, '.').labels, ['utils.star']);
    assert.equal(sql(`select {{ utils.st${CURSOR} }}`).take('utils.star'), 'select {{ utils.star(${1:from}) }}');
    assert.ok(sql(`select {{ ${CURSOR} }}`).labels.includes('utils.star'));
    assert.ok(sql(`{{ euros(${CURSOR}) }}`).labels.includes('digits='));
    assert.ok(!sql(`{{ ${CURSOR} }}`).labels.some((label) => label.includes('positive')));
  });

  test('settings and their values', () => {
    assert.deepEqual(sql(`{{ config(${CURSOR}) }}`).labels.slice(0, 2), ['materialized', 'schema'], 'the usual ones come first');
    assert.equal(sql(`{{ config(mat${CURSOR}) }}`).take('materialized'), "{{ config(materialized='$1') }}");
    assert.equal(sql(`{{ config(mat${CURSOR}='view') }}`).take('materialized'), "{{ config(materialized='view') }}");
    assert.ok(sql(`{{ config(materialized='${CURSOR}') }}`).labels.includes('incremental'));
    assert.ok(!sql(`{{ config(materialized='view', ${CURSOR}) }}`).labels.includes('materialized'));
    assert.deepEqual(sql(`{{ config(tags=['${CURSOR}']) }}`).labels, ['daily']);
    assert.deepEqual(sql(`{{ config(contract={'${CURSOR}': true}) }}`).labels, ['enforced', 'alias_types'].sort());
    assert.deepEqual(sql(`{{ config(on_schema_change='${CURSOR}') }}`).labels, ['ignore', 'fail', 'append_new_columns', 'sync_all_columns']);
  });

  test('statements, local names, filters, members', () => {
    assert.equal(sql(`{% i${CURSOR}`).take('if'), '{% if ${1:condition} %}\n$0\n{% endif %}');
    assert.equal(sql(`{% e${CURSOR} %}`).take('endif'), '{% endif %}');
    assert.ok(sql(`{% set days = 3 %}{{ ${CURSOR} }}`).labels.includes('days'));
    assert.ok(sql(`{{ x | ${CURSOR} }}`, '|').labels.includes('join'));
    assert.ok(sql(`{{ target.${CURSOR} }}`).labels.includes('schema'));
    assert.ok(sql(`{% for x in y %}{{ loop.${CURSOR} }}`).labels.includes('first'));
    assert.deepEqual(sql(`{% set ${CURSOR}`).labels, []);
  });

  test('braces that the editor closed by itself are closed as people do, with what ends a block', () => {
    for (const sign of ['', '-', '+']) assert.equal(sql(`{%${sign}ma${CURSOR}`).take('macro'), `{%${sign} macro \${1:name}($2) %}\n$0\n{% endmacro %}`);
    assert.equal(sql(`{{re${CURSOR}`).take('ref'), "{{ ref('$1')");
    assert.equal(sql(`{%ma${CURSOR}}`).take('macro'), '{% macro ${1:name}($2) %}\n$0\n{% endmacro %}');
    assert.equal(sql(`{% fo${CURSOR}%}`).take('for'), '{% for ${1:item} in ${2:items} %}\n$0\n{% endfor %}');
    assert.equal(sql(`select {{ eu${CURSOR}}`).take('euros'), 'select {{ euros(${1:column}) }}');
    assert.equal(sql(`from {{re${CURSOR}}} as a`).take('ref'), "from {{ ref('$1') }} as a");
    assert.equal(sql(`from {{ re${CURSOR} }} as a`).take('ref'), "from {{ ref('$1') }} as a");
    assert.equal(sql(`{{ euros(th${CURSOR}}}`).take('this'), '{{ euros(this}}');
  });

  test('arguments in the order in which the macro has them', () => {
    const { items } = sql(`{{ euros(${CURSOR}) }}`);
    assert.deepEqual(items.filter(({ label }) => label.endsWith('=')).sort((one, other) => (one.sortText ?? '').localeCompare(other.sortText ?? '')).map(({ label }) => label), ['column=', 'digits=']);
  });

  test('nothing in comments, strings and behind other triggers', () => {
    assert.deepEqual(sql(`{# ref('${CURSOR}') #}`).labels, []);
    assert.deepEqual(sql(`select 'a ${CURSOR}b'`).labels, []);
    assert.deepEqual(sql(`select a -- b ${CURSOR}`).labels, []);
    assert.deepEqual(sql(`select a |${CURSOR}`, '|').labels, []);
    assert.deepEqual(sql(`{{ log('${CURSOR}') }}`).labels, []);
  });
});

describe('YAML', () => {
  test('keys by place', () => {
    assert.equal(yaml(`mod${CURSOR}`).take('models'), 'models:\n  - ');
    const keys = yaml(`models:\n  - name: orders\n    ${CURSOR}`);
    assert.ok(keys.labels.includes('columns') && keys.labels.includes('data_tests') && !keys.labels.includes('name'));
    assert.equal(keys.take('description'), 'models:\n  - name: orders\n    description: ');
    assert.equal(yaml(`models:\n  - ${CURSOR}`).take('name'), 'models:\n  - name: ');
    assert.equal(yaml(`models:\n  ${CURSOR}`).take('name'), 'models:\n  - name: ');
    assert.equal(yaml(`models:\n  - na${CURSOR}: x`).take('name'), 'models:\n  - name: x');
    assert.ok(yaml(`sources:\n  - name: raw\n    tables:\n      - name: a\n        ${CURSOR}`).labels.includes('identifier'));
    assert.ok(yaml(`unit_tests:\n  - name: t\n    ${CURSOR}`).labels.includes('given'));
  });

  test('names of models without a description first, columns of the model', () => {
    assert.deepEqual(yaml(`models:\n  - name: ${CURSOR}`).labels.slice(0, 4), ['new', 'stg_customers', 'stg_orders', 'orders']);
    assert.equal(yaml(`models:\n  - name: stg${CURSOR}`).take('stg_orders'), 'models:\n  - name: stg_orders');
    assert.ok(yaml(`models:\n  - name: orders\n    columns:\n      - name: ${CURSOR}`).labels.includes('order_id'));
  });

  test('tests and their arguments', () => {
    const tests = yaml(`models:\n  - name: orders\n    columns:\n      - name: order_id\n        data_tests:\n          - ${CURSOR}`);
    for (const label of ['unique', 'not_null', 'accepted_values', 'relationships', 'positive', 'utils.not_blank']) assert.ok(tests.labels.includes(label), label);
    const head = 'models:\n  - name: orders\n    columns:\n      - name: order_id\n        data_tests:\n';
    assert.equal(yaml(`${head}          ${CURSOR}`).take('unique'), `${head}          - unique`);
    assert.deepEqual(yaml(`${head}          - positive:\n              arguments:\n                ${CURSOR}`).labels, ['least']);
    assert.equal(yaml(`${head}          - relationships:\n              to: ref('stg${CURSOR}')`).take('stg_orders'), `${head}          - relationships:\n              to: ref('stg_orders')`);
    assert.equal(yaml(`${head}          - relationships:\n              arguments:\n                to: st${CURSOR}`).take("ref('stg_orders')"), `${head}          - relationships:\n              arguments:\n                to: ref('stg_orders')`);
    assert.ok(yaml(`${head}          - relationships:\n              to: ref('orders')\n              field: ${CURSOR}`).labels.includes('order_id'));
    assert.ok(yaml(`${head}          - unique:\n              config:\n                severity: ${CURSOR}`).labels.includes('warn'));
  });

  test('unit tests', () => {
    const head = 'unit_tests:\n  - name: t\n    model: orders\n    given:\n';
    assert.ok(yaml(`${head}      - input: ${CURSOR}`).labels.includes("ref('stg_orders')"));
    assert.equal(yaml(`${head}      - input: ref('${CURSOR}')`).take('stg_orders'), `${head}      - input: ref('stg_orders')`);
    assert.ok(yaml(`${head}      - input: source('raw', 'orders')\n        rows:\n          - {id: 1, ${CURSOR}}`).labels.includes('customer_id'));
    assert.ok(yaml(`${head}    expect:\n      rows:\n        - {${CURSOR}}`).labels.includes('order_id'));
    assert.equal(yaml('unit_tests:\n  - name: t\n    model: or¦').take('orders'), 'unit_tests:\n  - name: t\n    model: orders');
  });

  test('settings', () => {
    assert.ok(yaml(`models:\n  - name: orders\n    config:\n      ${CURSOR}`).labels.includes('materialized'));
    assert.ok(yaml(`models:\n  - name: orders\n    config:\n      materialized: ${CURSOR}`).labels.includes('table'));
    const project = ask('dbt_project.yml', `name: shop\nmodels:\n  shop:\n    ${CURSOR}`);
    assert.ok(project.labels.includes('+materialized') && project.labels.includes('staging'));
    assert.ok(ask('dbt_project.yml', `name: shop\nmodels:\n  shop:\n    +materialized: ${CURSOR}`).labels.includes('view'));
    assert.ok(ask('dbt_project.yml', `name: shop\n${CURSOR}`).labels.includes('vars'));
  });
});

test('documentation comes when an item is looked at', () => {
  const request = shop.at('models/marts/new.sql', `{{ ref('${CURSOR}') }}`);
  const item = completion(request, undefined, true)?.items.find(({ label }) => label === 'orders');
  assert.ok(item);
  assert.equal(item.documentation, undefined);
  assert.match(JSON.stringify(completionResolve(item, request).documentation), /Grain: one row per order/);
});
