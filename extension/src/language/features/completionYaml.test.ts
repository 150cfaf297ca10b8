import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CompletionItem } from 'vscode-languageserver';
import { completion } from './completion';
import { diagnostics } from './diagnostics';
import { CURSOR, projectOf } from './fixture';

const shop = projectOf({
  'models/orders.sql': 'select 1 as order_id, now() as ordered_at',
  'models/visits.sql': "select order_id, ordered_at from {{ ref('orders') }}",
  'macros/tests.sql': '{% test positive(model, column_name, least) %}select 1{% endtest %}',
});

interface Answer {
  labels: string[];
  item(label: string): CompletionItem | undefined;
  /** the text after taking an item */
  take(label: string): string;
}

function yaml(marked: string, file = 'models/new.yml', trigger?: string): Answer {
  const request = shop.at(file, marked);
  const items = completion(request, trigger, true)?.items ?? [];
  const item = (label: string): CompletionItem | undefined => items.find((one) => one.label === label);
  return {
    item, labels: [...items].sort((one, other) => ((one.sortText ?? one.label) < (other.sortText ?? other.label) ? -1 : 1)).map(({ label }) => label),
    take: (label) => {
      const edit = item(label)?.textEdit;
      assert.ok(edit && 'range' in edit, `${label} is not offered`);
      assert.equal(edit.range.start.line, request.lines.range({ start: request.offset, end: request.offset }).start.line);
      return request.text.slice(0, request.lines.offsetAt(edit.range.start)) + edit.newText + request.text.slice(request.lines.offsetAt(edit.range.end));
    },
  };
}

describe('under the dash of an item', () => {
  const columns = 'models:\n  - name: orders\n    columns:\n      - name: ordered_at\n';

  test('the further keys of the item stand under its first one', () => {
    assert.equal(yaml(`${columns}      data_t${CURSOR}`).take('data_type'), `${columns}        data_type: `);
    assert.equal(yaml(`${columns}      ${CURSOR}\n`).take('data_tests'), `${columns}        data_tests:\n          - \n`);
    assert.equal(yaml(`unit_tests:\n  - name: x\n  mod${CURSOR}`).take('model'), 'unit_tests:\n  - name: x\n    model: ');
    assert.equal(yaml(`models:\n- name: orders\n${CURSOR}`).take('columns'), 'models:\n- name: orders\n  columns:\n  - ');
    assert.equal(yaml(`models:\n- name: orders\n${CURSOR}`).take('seeds'), 'models:\n- name: orders\nseeds:\n- ');
    assert.equal(yaml(`models:\n  -   name: orders\n  col${CURSOR}`).take('columns'), 'models:\n  -   name: orders\n      columns:\n        - ');
  });

  test('what the item has already begins another one, and comes last', () => {
    const answer = yaml(`${columns}        data_type: timestamp\n      ${CURSOR}`);
    assert.equal(answer.take('name'), `${columns}        data_type: timestamp\n      - name: `);
    assert.equal(answer.labels[0], 'description');
    assert.deepEqual(answer.labels.slice(-2), ['name', 'data_type']);
    assert.equal(yaml(`models:\n  ${CURSOR}`).take('description'), 'models:\n  - description: ');
    assert.equal(yaml(`unit_tests:\n  - name: x\n    model: orders\n    given:\n      - input: ref('orders')\n      ro${CURSOR}`).take('rows'), "unit_tests:\n  - name: x\n    model: orders\n    given:\n      - input: ref('orders')\n        rows:\n          - ");
  });
});

test('a key leads on to the line below it: the first item of its list, or its own keys', () => {
  const columns = 'models:\n  - name: orders\n    columns:\n';
  assert.equal(yaml(`${columns}      - name: id\n        data_t${CURSOR}`).take('data_tests'), `${columns}      - name: id\n        data_tests:\n          - `);
  assert.equal(yaml(`${columns}      - data_t${CURSOR}`).take('data_tests'), `${columns}      - data_tests:\n          - `);
  assert.equal(yaml(`${columns}      ${CURSOR}`).take('data_tests'), `${columns}      - data_tests:\n          - `);
  assert.equal(yaml(`models:\n  - name: orders\n    conf${CURSOR}`).take('config'), 'models:\n  - name: orders\n    config:\n      ');
  assert.equal(yaml(`models:\n  - name: orders\n    me${CURSOR}`).take('meta'), 'models:\n  - name: orders\n    meta:');
  assert.equal(yaml(`models:\n  - name: orders\n    data_t${CURSOR}: []`).take('data_tests'), 'models:\n  - name: orders\n    data_tests: []');
  assert.equal(yaml(`models: [{ data_t${CURSOR} }]`).take('data_tests'), 'models: [{ data_tests:  }]');
});

test('packages.yml has its keys, and a syntax error of its own', () => {
  const packages = (marked: string): ReturnType<typeof yaml> => yaml(marked, 'packages.yml');
  assert.deepEqual(packages(CURSOR).labels, ['packages', 'projects']);
  assert.equal(packages(`pac${CURSOR}`).take('packages'), 'packages:\n  - ');
  assert.deepEqual(packages(`packages:\n  - ${CURSOR}`).labels.slice(0, 3), ['package', 'version', 'install-prerelease']);
  const request = shop.at('packages.yml', 'packages:\n  - package: a/b\n  version: 1\n');
  assert.deepEqual(diagnostics(request).map(({ code, range }) => [code, range.start.line]), [['yaml-syntax', 2]]);
});

describe('what is written right behind', () => {
  const unit = 'unit_tests:\n  - name: x\n    model: visits\n';
  const column = 'models:\n  - name: orders\n    columns:\n      - name: order_id\n';

  test('values are offered before a letter is typed', () => {
    assert.deepEqual(yaml(`unit_tests:\n  - name: x\n    model: ${CURSOR}`).labels, ['orders', 'visits']);
    assert.deepEqual(yaml(`${unit}    given:\n      - input: ref('${CURSOR}`).labels, ['orders', 'visits']);
    assert.equal(yaml(`${unit}    given:\n      - input: ${CURSOR}`).labels[0], "ref('orders')");
    assert.equal(yaml(`${column}        data_type: ${CURSOR}`).labels[0], 'integer');
    assert.ok(yaml(`${column}        data_tests:\n          - ${CURSOR}`).labels.includes('unique'));
    assert.ok(yaml(`${unit}    given:\n      - ${CURSOR}`).labels.includes('input'));
    assert.ok(yaml(`models:\n  - name: orders\n    columns:\n      - ${CURSOR}`).labels.includes('name'));
    assert.deepEqual(yaml(`${column}        data_tests:\n          - positive:\n              arguments:\n                least: ${CURSOR}`).labels, ['order_id', 'ordered_at']);
  });

  test('keys with known values lead on to them, others do not', () => {
    const leads = (marked: string, label: string): boolean => yaml(marked).item(label)?.command?.command === 'editor.action.triggerSuggest';
    assert.ok(leads(`unit_tests:\n  - name: x\n    ${CURSOR}`, 'model'));
    assert.ok(leads(`${unit}    given:\n      - ${CURSOR}`, 'input'));
    assert.ok(leads(`${column}      ${CURSOR}`, 'data_type'));
    assert.ok(leads(`${column}        data_tests:\n          - positive:\n              arguments:\n                ${CURSOR}`, 'least'));
    assert.ok(leads(`models:\n  - name: orders\n    config:\n      ${CURSOR}`, 'materialized'));
    assert.ok(!leads(`models:\n  - name: orders\n    config:\n      ${CURSOR}`, 'alias'));
    assert.ok(!leads(`${column}      ${CURSOR}`, 'description'));
    assert.ok(!leads(`unit_tests:\n  - name: x\n    mod${CURSOR}: orders`, 'model'));
  });
});

test('the name within ref of a test is completed alone', () => {
  const head = 'models:\n  - name: visits\n    columns:\n      - name: order_id\n        data_tests:\n          - relationships:\n';
  for (const space of ['              ', '              arguments:\n                ']) {
    for (const quote of ["'", '"']) assert.equal(yaml(`${head}${space}to: ref(${quote}o${CURSOR}${quote})`).take('orders'), `${head}${space}to: ref(${quote}orders${quote})`);
    assert.equal(yaml(`${head}${space}to: ref(''${CURSOR}`.replace("''", "'")).take('orders'), `${head}${space}to: ref('orders`);
  }
});

test('semantic models and metrics', () => {
  const head = "semantic_models:\n  - name: s\n    model: ref('orders')\n";
  assert.equal(yaml(`semantic_models:\n  - name: s\n    model: ref('o${CURSOR}')`).take('orders'), "semantic_models:\n  - name: s\n    model: ref('orders')");
  assert.deepEqual(yaml(`${head}    measures:\n      - name: m\n        expr: ${CURSOR}`).labels, ['order_id', 'ordered_at']);
  assert.ok(yaml(`${head}    measures:\n      - name: m\n        agg: ${CURSOR}`).labels.includes('count_distinct'));
  assert.deepEqual(yaml(`${head}    dimensions:\n      - name: m\n        type: ${CURSOR}`).labels, ['categorical', 'time']);
  assert.ok(yaml(`metrics:\n  - name: m\n    type: ${CURSOR}`).labels.includes('ratio'));
});

test('the space behind the dash of an item opens its list, no other space does', () => {
  const typed = (marked: string, file?: string): readonly string[] => yaml(marked.replace(CURSOR, ` ${CURSOR}`), file, ' ').labels;
  const column = 'models:\n  - name: orders\n    columns:\n      - name: order_id\n';
  assert.equal(typed(`models:\n  -${CURSOR}`)[0], 'name');
  assert.equal(typed(`models:\r\n  -${CURSOR}\r\nversion: 2\r\n`)[0], 'name');
  assert.ok(typed(`${column}      -${CURSOR}\n      - name: ordered_at\n`).includes('data_type'));
  assert.ok(typed(`${column}        data_tests:\n          -${CURSOR}`).includes('positive'));
  assert.ok(typed(`sources:\n  - name: raw\n    tables:\n      -${CURSOR}`).includes('identifier'));
  assert.deepEqual(typed(`${column}        data_tests:\n          - accepted_values:\n              values:\n                -${CURSOR}`), []);
  for (const marked of [`models:\n  -${CURSOR}name: orders`, `models:\n  - name:${CURSOR}`, `${column}        data_type:${CURSOR}`, `${column}        description: a -${CURSOR}`, `${column}        description: >\n          -${CURSOR}`, `${column}       ${CURSOR}`, `models: # -${CURSOR}`, `models:\n  - name: "-${CURSOR}"`]) assert.deepEqual(typed(marked), [], marked);
  for (const marked of [`select${CURSOR}from {{ ref('orders') }}`, `select 1 -${CURSOR}`, `{{ ref(${CURSOR}) }}`]) assert.deepEqual(typed(marked, 'models/new.sql'), [], marked);
});

test('types of a seed\'s columns: its columns, then the types that there are', () => {
  const seeds = projectOf({ 'seeds/channel_names.csv': 'channel,paid\nemail,false\n' });
  const text = 'seeds:\n  - name: channel_names\n    config:\n      ';
  const complete = (marked: string): readonly CompletionItem[] => completion(seeds.at('seeds/_seeds.yml', marked), undefined, true)?.items ?? [];
  const written = (marked: string, label: string): string | undefined => complete(marked).find((item) => item.label === label)?.textEdit?.newText;
  assert.equal(written(`${text}column_t${CURSOR}`, 'column_types'), 'column_types:\n        ');
  assert.deepEqual(complete(`${text}column_types:\n        ${CURSOR}`).map(({ label }) => label), ['channel', 'paid']);
  assert.deepEqual(complete(`${text}column_types:\n        channel: text\n        ${CURSOR}`).map(({ label }) => label), ['paid']);
  assert.equal(written(`${text}column_types:\n        pa${CURSOR}`, 'paid'), 'paid: ');
  assert.ok(written(`${text}column_types:\n        paid: boo${CURSOR}`, 'boolean'));
  assert.equal(written(`exposures:\n  - name: board\n    depends${CURSOR}`, 'depends_on'), 'depends_on:\n      - ');
});

test('arguments of a macro come in its order, those without a description first', () => {
  const macros = projectOf({ 'macros/days.sql': '{% macro days(touch, purchase, unit=1) %}1{% endmacro %}' });
  const text = 'macros:\n  - name: days\n    arguments:\n      - name: touch\n      - name: ';
  const items = completion(macros.at('macros/_macros.yml', `${text}${CURSOR}`), undefined, true)?.items ?? [];
  assert.deepEqual([...items].sort((one, other) => ((one.sortText ?? '') < (other.sortText ?? '') ? -1 : 1)).map(({ label }) => label), ['purchase', 'unit', 'touch']);
});
