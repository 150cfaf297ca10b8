import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { TextEdit, WorkspaceEdit } from 'vscode-languageserver';
import { LineIndex } from '../analysis/positions';
import { HumanError } from '../../base/errors';
import { projectOf, type Fixture } from './fixture';
import { prepareRename, rename } from './rename';
import type { PlaceRequest } from './request';

const WHOLE = { documentChanges: true, renameFiles: true };

function place(fixture: Fixture, file: string, words: string, inside: number): PlaceRequest {
  const request = fixture.at(file);
  const found = request.text.indexOf(words);
  assert.ok(found >= 0, `${file} has no ${words}`);
  return { ...request, offset: found + inside };
}

function applied(text: string, edits: readonly TextEdit[]): string {
  const lines = new LineIndex(text);
  return edits.toReversed().reduce((result, { range, newText }) => result.slice(0, lines.offsetAt(range.start)) + newText + result.slice(lines.offsetAt(range.end)), text);
}

/** The files that an edit changes, as they are afterwards; a renamed one by its new path. */
function result(fixture: Fixture, edit: WorkspaceEdit | null): Record<string, string> {
  const texts: Record<string, string> = {};
  const relative = (uri: string): string => path.relative(fixture.root, fileURLToPath(uri));
  for (const change of edit?.documentChanges ?? []) {
    if ('textDocument' in change) {
      const file = relative(change.textDocument.uri);
      texts[file] = applied(fixture.at(file).text, change.edits as TextEdit[]);
    } else if (change.kind === 'rename') {
      const from = relative(change.oldUri);
      texts[relative(change.newUri)] = texts[from] ?? fixture.at(from).text;
      delete texts[from];
    }
  }
  return texts;
}

interface Case {
  files: Record<string, string>;
  at: [file: string, words: string, inside?: number];
  to: string;
}

function renamed({ files, at: [file, words, inside = 1], to }: Case): Record<string, string> {
  const fixture = projectOf(files);
  return result(fixture, rename(place(fixture, file, words, inside), to, WHOLE));
}

function refused({ files, at: [file, words, inside = 1], to }: Case, message: RegExp): void {
  const fixture = projectOf(files);
  assert.throws(() => rename(place(fixture, file, words, inside), to, WHOLE), (error) => error instanceof HumanError && message.test(error.message) ? true : assert.fail(String(error)));
}

const SHOP = {
  'dbt_project.yml': 'name: shop\nprofile: shop\nmodels:\n  shop:\n    orders:\n      +materialized: table\nvars:\n  days: 3 # how many days\n',
  'models/orders.sql': "{{ config(unique_key='id', meta={'by': [\"amount\"]}) }}\nselect id, price * 2 as amount from {{ source('raw', 'orders') }} -- amount of orders\n",
  'models/report.sql': "select orders.id, sum(orders.amount) as amount\nfrom {{ ref('orders') }}\nwhere {{ positive(\"orders.amount\") }} and 'orders' <> '{{ var('days') }}'\ngroup by orders.id\n",
  'models/passed.sql': 'select * from {{ ref("orders") }}\n',
  'models/below.sql': "with all_of as (select * from {{ ref('passed') }}), few as (select id, amount from all_of)\nselect amount from few\n",
  'models/schema.yml': `models:
  - name: orders # orders
    columns:
      - name: amount
        data_tests:
          - above: {column: amount, minimum: 0}
  - name: report
    columns:
      - name: amount
      - name: id
        data_tests:
          - relationships: {to: ref('orders'), field: id}
unit_tests:
  - name: orders
    model: report
    given:
      - input: ref('orders')
        rows: [{id: 1, amount: 2}]
    overrides: {vars: {days: 1}}
    expect:
      rows: [{id: 1, amount: 2}]
macros:
  - name: positive
    arguments:
      - name: what
exposures:
  - name: orders
    depends_on: [ref('orders')]
`,
  'macros/positive.sql': '{# positive #}\n{% macro positive(what) %}{{ what }} > 0{% endmacro %}\n{% macro both(what) %}{{ positive(what=what) }}{% endmacro %}\n',
  'macros/above.sql': '{% test above(model, column, minimum) %}select * from {{ model }} where {{ column }} < {{ minimum }}{% endtest %}\n',
};

test('a model is renamed with its file, its YAML, every ref and the qualifiers that mean it', () => {
  const texts = renamed({ files: SHOP, at: ['models/report.sql', "ref('orders", 7], to: 'sales' });
  assert.deepEqual(Object.keys(texts).sort(), ['dbt_project.yml', 'models/passed.sql', 'models/report.sql', 'models/sales.sql', 'models/schema.yml']);
  assert.equal(texts['models/sales.sql'], SHOP['models/orders.sql']);
  assert.equal(texts['models/passed.sql'], 'select * from {{ ref("sales") }}\n');
  assert.equal(texts['models/report.sql'], "select sales.id, sum(sales.amount) as amount\nfrom {{ ref('sales') }}\nwhere {{ positive(\"sales.amount\") }} and 'orders' <> '{{ var('days') }}'\ngroup by sales.id\n");
  assert.equal(texts['dbt_project.yml'], SHOP['dbt_project.yml'].replace('    orders:', '    sales:'));
  assert.equal(texts['models/schema.yml'], SHOP['models/schema.yml'].replace('name: orders #', 'name: sales #').replaceAll("ref('orders')", "ref('sales')"));
});

test('YAML that is called as the model is goes with it', () => {
  const files = { 'models/orders.sql': 'select 1 as id', 'models/orders.yml': 'models:\n  - name: orders\n', 'models/orders_unit_tests.yml': 'unit_tests:\n  - name: t\n    model: orders\n', 'models/orders_more.yml': 'models:\n  - name: more\n', 'models/more.sql': "select * from {{ ref('orders') }}" };
  assert.deepEqual(Object.keys(renamed({ files, at: ['models/more.sql', "ref('orders", 7], to: 'sales' })).sort(), ['models/more.sql', 'models/sales.sql', 'models/sales.yml', 'models/sales_unit_tests.yml']);
});

test('a client that renames no files gets the texts', () => {
  const fixture = projectOf(SHOP);
  const edit = rename(place(fixture, 'models/passed.sql', 'orders', 1), 'sales', { documentChanges: false, renameFiles: false });
  assert.equal(edit?.documentChanges, undefined);
  assert.equal(Object.keys(edit?.changes ?? {}).length, 4);
});

test('a macro is renamed where it is defined, called and described', () => {
  const texts = renamed({ files: SHOP, at: ['models/report.sql', 'positive'], to: 'is_positive' });
  assert.deepEqual(texts, {
    'macros/positive.sql': SHOP['macros/positive.sql'].replace('macro positive', 'macro is_positive').replace('{{ positive', '{{ is_positive'),
    'models/report.sql': SHOP['models/report.sql'].replace('{{ positive', '{{ is_positive'),
    'models/schema.yml': SHOP['models/schema.yml'].replace('name: positive', 'name: is_positive'),
  });
  assert.deepEqual(renamed({ files: SHOP, at: ['macros/above.sql', 'above'], to: 'over' }), {
    'macros/above.sql': SHOP['macros/above.sql'].replace('above', 'over'), 'models/schema.yml': SHOP['models/schema.yml'].replace('above', 'over'),
  });
});

test('a parameter is renamed in its macro, in calls that name it and in YAML', () => {
  assert.deepEqual(renamed({ files: SHOP, at: ['macros/positive.sql', 'what'], to: 'term' }), {
    'macros/positive.sql': SHOP['macros/positive.sql'].replace('(what)', '(term)').replace('{{ what }}', '{{ term }}').replace('what=what', 'term=what'),
    'models/schema.yml': SHOP['models/schema.yml'].replace('name: what', 'name: term'),
  });
  assert.deepEqual(renamed({ files: SHOP, at: ['macros/above.sql', 'minimum'], to: 'least' }), {
    'macros/above.sql': SHOP['macros/above.sql'].replaceAll('minimum', 'least'), 'models/schema.yml': SHOP['models/schema.yml'].replace('minimum', 'least'),
  });
});

test('a variable is renamed in dbt_project.yml, in every var and in unit tests', () => {
  assert.deepEqual(renamed({ files: SHOP, at: ['models/report.sql', "'days'", 2], to: 'length_in_days' }), {
    'dbt_project.yml': SHOP['dbt_project.yml'].replace('  days: 3', '  length_in_days: 3'),
    'models/report.sql': SHOP['models/report.sql'].replace("var('days')", "var('length_in_days')"),
    'models/schema.yml': SHOP['models/schema.yml'].replace('days: 1', 'length_in_days: 1'),
  });
});

test('a column is renamed where it is made, read, described and tested; whoever makes its own keeps that', () => {
  const texts = renamed({ files: SHOP, at: ['models/orders.sql', 'as amount', 4], to: 'total' });
  assert.deepEqual(texts, {
    'models/orders.sql': SHOP['models/orders.sql'].replace('"amount"', '"total"').replace('as amount', 'as total'),
    'models/report.sql': SHOP['models/report.sql'].replaceAll('orders.amount', 'orders.total'),
    'models/below.sql': SHOP['models/below.sql'].replace('select id, amount from', 'select id, total as amount from'),
    'models/schema.yml': SHOP['models/schema.yml'].replace('- name: amount', '- name: total').replace('column: amount', 'column: total').replace("rows: [{id: 1, amount: 2}]\n    overrides", "rows: [{id: 1, total: 2}]\n    overrides"),
  });
});

test('a column that comes from elsewhere is renamed from the item that hands it on', () => {
  const files = {
    ...SHOP,
    'models/own.sql': "with orders as (select id, orders.amount from {{ ref('orders') }}), sums as (select amount, count(*) over () from orders)\nselect sums.amount, count from sums order by amount, count\n",
    'models/own.yml': 'models: [{name: own, columns: [{name: amount}]}]\n',
  };
  const wanted = "with orders as (select id, orders.amount as total from {{ ref('orders') }}), sums as (select total, count(*) over () from orders)\nselect sums.total, count from sums order by total, count\n";
  for (const words of ['sums.amount', 'select amount', 'by amount']) {
    const texts = renamed({ files, at: ['models/own.sql', words, words.indexOf('amount') + 1], to: 'total' });
    assert.deepEqual(texts, { 'models/own.sql': wanted, 'models/own.yml': 'models: [{name: own, columns: [{name: total}]}]\n' }, words);
  }
  assert.deepEqual(renamed({ files, at: ['models/own.sql', 'select sums.amount, count', 21], to: 'number' }), {
    'models/own.sql': files['models/own.sql'].replace('count(*) over ()', 'count(*) over () as number').replace('amount, count from', 'amount, number from').replace('by amount, count', 'by amount, number'),
  });
});

test('branches of a union are renamed together', () => {
  const files = { 'models/u.sql': 'with one as (select 1 as a), two as (select 2 as a), all_of as (select * from one union all select * from two)\nselect a as b from all_of\n' };
  assert.deepEqual(renamed({ files, at: ['models/u.sql', 'select a as', 7], to: 'c' }), { 'models/u.sql': files['models/u.sql'].replaceAll(' as a)', ' as c)').replace('select a as', 'select c as') });
  assert.deepEqual(renamed({ files, at: ['models/u.sql', '2 as a', 5], to: 'c' }), { 'models/u.sql': files['models/u.sql'].replaceAll(' as a)', ' as c)').replace('select a as', 'select c as') });
});

test('branches of a union that a model is, are renamed together, and where the model is read', () => {
  const files = { 'models/u.sql': 'select 1 as a union all select 2 as a order by a\n', 'models/v.sql': "select a + 1 as b from {{ ref('u') }}\n" };
  assert.deepEqual(renamed({ files, at: ['models/u.sql', '2 as a', 5], to: 'c' }), { 'models/u.sql': 'select 1 as c union all select 2 as c order by c\n', 'models/v.sql': "select c + 1 as b from {{ ref('u') }}\n" });
});

test('using is one column of both sides', () => {
  const files = { 'models/u.sql': 'with one as (select 1 as a), two as (select 2 as a, 3 as b)\nselect a, b from one join two using (a) where one.a > 0\n' };
  assert.deepEqual(renamed({ files, at: ['models/u.sql', '(a)'], to: 'c' }), { 'models/u.sql': 'with one as (select 1 as c), two as (select 2 as c, 3 as b)\nselect c, b from one join two using (c) where one.c > 0\n' });
});

test('CTEs and aliases are renamed with their qualifiers, quoted ones within their quotes', () => {
  const text = "with a as (select 1 as a), \"b\" as (select a.a, {{ cents('a.a') }} as d from a {{ only('a') }})\nselect x.a, \"b\".d, 'a' from a as x join b on b.a = x.a -- a\n";
  const files = { 'models/m.sql': text, 'macros/m.sql': '{% macro cents(x) %}{% endmacro %}{% macro only(x) %}{% endmacro %}' };
  assert.deepEqual(renamed({ files, at: ['models/m.sql', 'a as', 0], to: 'first' }), {
    'models/m.sql': "with first as (select 1 as a), \"b\" as (select first.a, {{ cents('first.a') }} as d from first {{ only('first') }})\nselect x.a, \"b\".d, 'a' from first as x join b on b.a = x.a -- a\n",
  });
  assert.deepEqual(renamed({ files, at: ['models/m.sql', 'join b', 5], to: 'second' }), { 'models/m.sql': text.replaceAll('"b"', '"second"').replace('join b on b.', 'join second on second.') });
  assert.deepEqual(renamed({ files, at: ['models/m.sql', 'as x', 3], to: 'y' }), { 'models/m.sql': text.replace('select x.', 'select y.').replace('as x', 'as y').replace('= x.', '= y.') });
});

test('expressions in strings that macros are given are renamed too', () => {
  const files = { 'models/m.sql': "with a as (select 1 as x, 2 as y) select {{ cents('sum(x) + a.y') }} as z, {{ cents('the x of it') }} as t from a where 'x' = '1'", 'macros/m.sql': '{% macro cents(x) %}{% endmacro %}' };
  assert.deepEqual(renamed({ files, at: ['models/m.sql', '1 as x', 5], to: 'n' }), { 'models/m.sql': files['models/m.sql'].replace('1 as x', '1 as n').replace('sum(x)', 'sum(n)') });
});

test('a relation that is read as a whole row is renamed with it', () => {
  const files = { 'models/m.sql': 'with a as (select 1 as x) select to_jsonb(a) as row, count(b) as b from a as b cross join a' };
  assert.deepEqual(renamed({ files, at: ['models/m.sql', 'as b cross', 3], to: 'y' }), { 'models/m.sql': 'with a as (select 1 as x) select to_jsonb(a) as row, count(y) as b from a as y cross join a' });
  assert.deepEqual(renamed({ files, at: ['models/m.sql', 'a as', 0], to: 'y' }), { 'models/m.sql': 'with y as (select 1 as x) select to_jsonb(y) as row, count(b) as b from y as b cross join y' });
});

test('a variable of Jinja is renamed within its block alone', () => {
  const files = { 'models/m.sql': "{% set name = 1 %}{% for name in [name] %}{{ name }}{% endfor %}{% for other in [1] %}{{ name ~ other ~ 'name' }}{% endfor %}\n" };
  assert.deepEqual(renamed({ files, at: ['models/m.sql', 'name ='], to: 'x' })['models/m.sql']?.includes('{{ x ~ other'), true);
  assert.equal(renamed({ files, at: ['models/m.sql', 'other in'], to: 'x' })['models/m.sql'], files['models/m.sql'].replace('for other', 'for x').replace('~ other', '~ x'));
});

test('what cannot be renamed says why', () => {
  const files = { ...SHOP, 'dbt_packages/utils/dbt_project.yml': 'name: utils\n', 'dbt_packages/utils/macros/star.sql': '{% macro star(x) %}{% endmacro %}\n', 'models/uses.sql': "select {{ utils.star('x') }}, label, id from {{ ref('kinds') }}\n", 'models/kinds_of.sql': "select upper(label) as name from {{ ref('kinds') }}", 'seeds/kinds.csv': 'id,label\n1,a\n', 'models/s.yml': 'sources: [{name: raw, tables: [{name: orders, columns: [{name: id}]}]}]\n' };
  refused({ files, at: ['models/uses.sql', 'star'], to: 'all' }, /package utils/);
  refused({ files, at: ['models/kinds_of.sql', 'label'], to: 'id' }, /seed kinds has a column called "id" already/);
  refused({ files, at: ['models/passed.sql', 'orders'], to: 'report' }, /already there/);
  refused({ files, at: ['models/passed.sql', 'orders'], to: 'a b' }, /cannot be the name/);
  refused({ files, at: ['models/report.sql', 'positive'], to: 'both' }, /already there/);
  refused({ files, at: ['models/report.sql', 'positive'], to: 'ref' }, /dbt's own/);
  refused({ files, at: ['models/report.sql', "'days'", 2], to: '1st' }, /cannot be the name/);
  refused({ files, at: ['models/orders.sql', 'as amount', 4], to: 'id' }, /same select list/);
  refused({ files, at: ['models/orders.sql', 'as amount', 4], to: 'select' }, /reserved/);
  refused({ files, at: ['models/orders.sql', 'price', 1], to: 'cost' }, /not to be told|source raw.orders/);
  refused({ files: { 'models/m.sql': 'with a as (select 1 as x), b as (select 2 as y) select x from a, b' }, at: ['models/m.sql', 'a as', 0], to: 'b' }, /already/);
  const fixture = projectOf(files);
  assert.equal(prepareRename(place(fixture, 'models/orders.sql', 'select', 1)), null);
  assert.equal(prepareRename(place(fixture, 'models/orders.sql', 'config', 1)), null);
  assert.equal(prepareRename(place(fixture, 'models/report.sql', "ref('orders", 7))?.placeholder, 'orders');
});

test('a column that a list of aliases names is renamed there too, from wherever the rename starts', () => {
  const sql = 'with w (n, p) as (select 1, 2) select u.elem, w.n from unnest(array[1]) with ordinality as u (elem, ord), w';
  for (const inside of [1, sql.lastIndexOf('elem') - sql.indexOf('elem')]) {
    assert.deepEqual(renamed({ files: { 'models/a.sql': sql }, at: ['models/a.sql', 'elem', inside], to: 'entry' }), { 'models/a.sql': sql.replaceAll('elem', 'entry') });
  }
  assert.deepEqual(renamed({ files: { 'models/a.sql': sql }, at: ['models/a.sql', 'w.n', 2], to: 'no' }), { 'models/a.sql': sql.replace('(n,', '(no,').replace('w.n', 'w.no') });
});

test('a column is followed through a macro that writes all columns', () => {
  const files = { 'models/a.sql': 'select 1 as amount', 'models/b.sql': "select {{ dbt_utils.star(ref('a')) }} from {{ ref('a') }}", 'models/c.sql': "select amount + 1 as more from {{ ref('b') }}" };
  assert.deepEqual(renamed({ files, at: ['models/a.sql', 'amount'], to: 'total' }), { 'models/a.sql': 'select 1 as total', 'models/c.sql': "select total + 1 as more from {{ ref('b') }}" });
});

test('what Jinja pieces together in the same file is not renamed beside it', () => {
  const sql = "with a as (select {% for m in ['x', 'y'] %} 1 as {{ m }}_sum, {% endfor %} 2 as k), b as (select x_sum from a) select x_sum from b";
  refused({ files: { 'models/a.sql': sql }, at: ['models/a.sql', 'select x_sum from b', 8], to: 'total' }, /Jinja pieces/);
});

test('the alias of a function is renamed with the column that is called so', () => {
  const files = { 'models/a.sql': 'select d.d as day, d, e.x from generate_series(1, 3) as d, lateral (select d.d + 1 as x) e', 'models/b.sql': "select d + 1 as next from {{ ref('a') }}" };
  for (const words of ['d.d as', 'as d,']) {
    assert.deepEqual(renamed({ files, at: ['models/a.sql', words, words.startsWith('as') ? 3 : 0], to: 'n' }), { 'models/a.sql': 'select n.n as day, n, e.x from generate_series(1, 3) as n, lateral (select n.n + 1 as x) e', 'models/b.sql': "select n + 1 as next from {{ ref('a') }}" });
  }
  refused({ files, at: ['models/a.sql', 'd.d as', 2], to: 'n' }, /Rename the alias/);
  const each = 'select e.key, e from jsonb_each(x) as e';
  assert.deepEqual(renamed({ files: { 'models/a.sql': each }, at: ['models/a.sql', 'e.key', 2], to: 'n' }), { 'models/a.sql': 'select e.key as n, e from jsonb_each(x) as e' });
  refused({ files: { 'models/a.sql': 'select 1 from jsonb_each(x) as e where e.key > 1' }, at: ['models/a.sql', 'e.key', 2], to: 'n' }, /called so by the function jsonb_each/);
  assert.deepEqual(renamed({ files: { 'models/a.sql': each }, at: ['models/a.sql', 'as e', 3], to: 'n' }), { 'models/a.sql': 'select n.key, n from jsonb_each(x) as n' });
});

test('a column whose name is quoted is the one that YAML names as it is', () => {
  const files = { 'models/a.sql': 'select 1 as "Net"', 'models/a.yml': 'models:\n  - name: a\n    columns:\n      - name: Net\n        quote: true\n        data_tests: [unique]\n' };
  for (const at of [['models/a.yml', 'Net'], ['models/a.sql', '"Net"']] as const) {
    assert.deepEqual(renamed({ files, at: [...at], to: 'gross' }), { 'models/a.sql': 'select 1 as "gross"', 'models/a.yml': files['models/a.yml'].replace('Net', 'gross') });
  }
});

const VERSIONS = {
  'dbt_project.yml': 'name: shop\nprofile: shop\nmodels:\n  shop:\n    orders:\n      +tags: [x]\n',
  'models/orders_v1.sql': 'select 1 as id',
  'models/orders_v2.sql': 'select 1 as id',
  'models/old.sql': 'select 1 as id',
  'models/orders.yml': 'models:\n  - name: orders\n    latest_version: 2\n    versions:\n      - v: 2\n        defined_in: orders_v2\n      - v: 1\n      - v: 0\n        defined_in: old\n',
  'models/a.sql': "select * from {{ ref('orders') }} union select * from {{ ref('orders', v=1) }} union select * from {{ ref('orders', version=0) }}",
};

test('a model with versions is renamed with the files of all of them', () => {
  for (const at of [['models/a.sql', "orders'"], ['models/a.sql', "orders', v"], ['models/orders.yml', 'orders']] as const) {
    assert.deepEqual(renamed({ files: VERSIONS, at: [...at], to: 'sales' }), {
      'dbt_project.yml': VERSIONS['dbt_project.yml'].replace('orders', 'sales'), 'models/sales_v1.sql': 'select 1 as id', 'models/sales_v2.sql': 'select 1 as id',
      'models/sales.yml': VERSIONS['models/orders.yml'].replaceAll('orders', 'sales'), 'models/a.sql': VERSIONS['models/a.sql'].replaceAll('orders', 'sales'),
    });
  }
  const plain = { ...VERSIONS, 'models/orders.sql': 'select 2 as id', 'models/orders_v2.sql': 'select 3 as id', 'models/orders.yml': 'models:\n  - name: orders\n    versions: [{v: 3}, {v: 2}]\n' };
  assert.deepEqual(Object.keys(renamed({ files: plain, at: ['models/a.sql', 'orders'], to: 'sales' })).filter((file) => /sales/.test(file)).sort(), ['models/sales.sql', 'models/sales.yml', 'models/sales_v2.sql']);
  refused({ files: { ...VERSIONS, 'models/sales_v1.sql': 'select 1 as id' }, at: ['models/a.sql', 'orders'], to: 'sales' }, /"sales_v1" is already there/);
  refused({ files: { ...VERSIONS, 'models/b.sql': "select orders_v1.id from {{ ref('orders', v=1) }}" }, at: ['models/a.sql', 'orders'], to: 'sales' }, /names "orders_v1", the table of a version/);
});

const SEEDS = {
  'dbt_project.yml': 'name: shop\nprofile: shop\nseeds:\n  shop:\n    kinds:\n      +column_types:\n        label: varchar(20)\n',
  'seeds/kinds.csv': '\ufeffid,"label",Size\n1,a,2\n',
  'seeds/kinds.yml': 'seeds:\n  - name: kinds\n    config:\n      column_types: {label: text}\n    columns:\n      - name: label\n        data_tests: [unique]\n',
  'models/named.sql': "select label, id from {{ ref('kinds') }}",
  'models/all.sql': "select * from {{ ref('kinds') }}",
  'models/last.sql': "select k.label || 'x' as both from {{ ref('all') }} as k",
  'models/s.yml': "models:\n  - name: last\n    columns:\n      - name: both\n        data_tests:\n          - relationships: {to: ref('kinds'), field: label}\nunit_tests:\n  - name: u\n    model: named\n    given:\n      - input: ref('kinds')\n        rows: [{label: a}]\n    expect: {rows: [{label: a}]}\n",
};

test("a seed's column is renamed in its first line and wherever it is named", () => {
  const result = {
    'dbt_project.yml': SEEDS['dbt_project.yml'].replace('label', 'title'),
    'seeds/kinds.csv': SEEDS['seeds/kinds.csv'].replace('label', 'title').slice(1),
    'seeds/kinds.yml': SEEDS['seeds/kinds.yml'].replaceAll('label', 'title'),
    'models/named.sql': SEEDS['models/named.sql'].replace('label', 'title as label'),
    'models/last.sql': SEEDS['models/last.sql'].replace('label', 'title'),
    'models/s.yml': SEEDS['models/s.yml'].replace('field: label', 'field: title').replace('rows: [{label: a}]', 'rows: [{title: a}]'),
  };
  assert.deepEqual(renamed({ files: SEEDS, at: ['models/last.sql', 'label'], to: 'title' }), result);
  assert.deepEqual(renamed({ files: SEEDS, at: ['seeds/kinds.yml', 'name: label', 7], to: 'Title' })['seeds/kinds.csv'], result['seeds/kinds.csv']);
  refused({ files: { ...SEEDS, 'models/size.sql': "select size + 1 as more from {{ ref('kinds') }}" }, at: ['models/size.sql', 'size'], to: 'width' }, /capitals/);
  refused({ files: { ...SEEDS, 'dbt_project.yml': SEEDS['dbt_project.yml'].replace('    kinds:\n', '').replaceAll('      ', '    ') }, at: ['models/last.sql', 'label'], to: 'title' }, /several seeds/);
  refused({ files: { ...SEEDS, 'dbt_packages/utils/dbt_project.yml': 'name: utils\n', 'dbt_packages/utils/seeds/days.csv': 'day\n1\n', 'models/d.sql': "select day + 1 as next from {{ ref('days') }}" }, at: ['models/d.sql', 'day'], to: 'date_day' }, /package utils/);
});

const SOURCES = {
  'dbt_project.yml': 'name: shop\nprofile: shop\nsources:\n  shop:\n    raw:\n      +enabled: true\n      orders:\n        +enabled: true\n',
  'models/raw.yml': "sources:\n  - name: raw # as it came\n    tables:\n      - name: orders\n      - {name: 'items', description: Lines.}\n  - name: old\n    schema: elsewhere\n    tables: [{name: orders, identifier: t_orders}]\n",
  'models/more.yml': 'version: 2\r\nsources:\r\n- tables:\r\n  - name: visits\r\n  name: raw\r\nexposures:\r\n- name: board\r\n  depends_on: ["source(\'raw\', \'orders\')"]\r\n',
  'models/a.sql': "select * from {{ source('raw', 'orders') }} cross join {{ source(\"raw\", \"visits\") }} cross join {{ source('old', 'orders') }}",
};

test('a source is renamed, and the schema that it was called after is written down', () => {
  const result = renamed({ files: SOURCES, at: ['models/a.sql', "'raw'", 2], to: 'landing' });
  assert.deepEqual(result, {
    'dbt_project.yml': SOURCES['dbt_project.yml'].replace('raw:', 'landing:'),
    'models/raw.yml': SOURCES['models/raw.yml'].replace('name: raw # as it came', 'name: landing # as it came\n    schema: raw'),
    'models/more.yml': SOURCES['models/more.yml'].replace('  name: raw', '  name: landing\r\n  schema: raw').replace("'raw'", "'landing'"),
    'models/a.sql': SOURCES['models/a.sql'].replace("'raw'", "'landing'").replace('"raw"', '"landing"'),
  });
  assert.deepEqual(Object.keys(renamed({ files: SOURCES, at: ['models/raw.yml', 'old'], to: 'older' })), ['models/raw.yml', 'models/a.sql']);
  refused({ files: SOURCES, at: ['models/a.sql', "'raw'", 2], to: 'old' }, /already there/);
  refused({ files: SOURCES, at: ['models/a.sql', "'raw'", 2], to: "a'b" }, /cannot be the name/);
});

test('a table of a source is renamed, and the name of it that the database has is written down', () => {
  const result = renamed({ files: SOURCES, at: ['models/raw.yml', 'orders'], to: 'purchases' });
  assert.deepEqual(result, {
    'dbt_project.yml': SOURCES['dbt_project.yml'].replace('orders:', 'purchases:'),
    'models/raw.yml': SOURCES['models/raw.yml'].replace('- name: orders', '- name: purchases\n        identifier: orders'),
    'models/more.yml': SOURCES['models/more.yml'].replace("'orders'", "'purchases'"),
    'models/a.sql': SOURCES['models/a.sql'].replace("'orders'", "'purchases'"),
  });
  assert.deepEqual(renamed({ files: SOURCES, at: ['models/raw.yml', 'items'], to: 'lines' }), { 'models/raw.yml': SOURCES['models/raw.yml'].replace("'items'", "'lines', identifier: items") });
  assert.deepEqual(renamed({ files: SOURCES, at: ['models/raw.yml', 'orders, identifier'], to: 'sales' })['models/raw.yml'], SOURCES['models/raw.yml'].replace('{name: orders,', '{name: sales,'));
});
