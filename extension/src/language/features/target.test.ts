import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Location, LocationLink } from 'vscode-languageserver';
import { definition } from './definition';
import { projectOf, type Fixture } from './fixture';
import { hover } from './hover';
import { documentHighlight } from './highlights';
import { references } from './references';
import type { PlaceRequest } from './request';

const FILES = {
  'dbt_project.yml': 'name: shop\nprofile: shop\nvars:\n  window_days: 30\n',
  'models/sources.yml': 'sources:\n  - name: raw\n    tables:\n      - name: orders\n        columns:\n          - name: id\n          - name: amount\n      - name: visits\n',
  'models/stg_orders.sql': `with source as (
    select * from {{ source('raw', 'orders') }}
),
renamed as (
    select
        id as order_id,
        amount,
        amount * 2 as doubled
    from source
)
select * from renamed
`,
  'models/stg_visits.sql': "select id as visit_id, 1.5 as amount from {{ source('raw', 'visits') }}\n",
  'models/orders.sql': `with orders as (
    select orders.* from {{ ref('stg_orders') }} as orders
    {{ only_recent('orders', 'order_id') }}
),
totals as (
    select order_id, sum(amount) as total, count(*)
    from orders
    group by order_id
    order by total
)
select totals.order_id, totals.total, {{ cents('totals.total') }} as cents
from totals
inner join {{ ref("stg_visits") }} as visits on visits.visit_id = totals.order_id
where visits.amount > {{ var('window_days') }}
`,
  'models/schema.yml': `models:
  - name: stg_orders
    description: "{{ doc('orders') }}"
    columns:
      - name: order_id
        data_tests:
          - unique
          - positive: {limit: 1}
  - name: orders
    columns:
      - name: order_id
        data_tests:
          - relationships: {arguments: {to: ref('stg_orders'), field: order_id}}
unit_tests:
  - name: one
    model: orders
    given:
      - input: ref('stg_orders')
        rows:
          - {order_id: 1, amount: 2}
    expect:
      rows:
        - {order_id: 1, total: 2}
`,
  'models/docs.md': '{% docs orders %}Orders of the shop.{% enddocs %}\n',
  'models/exposures.yml': "exposures:\n  - name: board\n    type: dashboard\n    depends_on:\n      - ref('orders')\n",
  'macros/cents.sql': '{% macro cents(column, digits=2) %}\n{% set factor = 10 ** digits %}\nround({{ column }} * {{ factor }})\n{% endmacro %}\n{% macro only_recent(relation, column) %}where {{ relation }}.{{ column }} > {{ cents(column, digits=1) }}{% endmacro %}\n',
  'tests/generic/positive.sql': '{% test positive(model, column_name, limit=0) %}select * from {{ model }} where {{ column_name }} < {{ limit }}{% endtest %}\n',
  'seeds/kinds.csv': 'kind,label\na,b\n',
};

/** `file:line text`, so that a difference says itself. */
function shown(fixture: Fixture, request: PlaceRequest, found: readonly (Location | LocationLink)[] | null): string[] {
  return (found ?? []).map((one) => {
    const place = 'uri' in one ? one : { uri: one.targetUri, range: one.targetSelectionRange };
    const file = new URL(place.uri).pathname;
    const lines = file === request.file ? request.lines : request.linesOf(file);
    const { start, end } = place.range;
    const text = lines?.text.slice(lines.offsetAt(start), lines.offsetAt(end)) ?? '';
    return `${file.slice(fixture.root.length + 1)}:${start.line + 1}:${start.character + 1} ${text}`;
  });
}

const fixture = projectOf(FILES);

function at(file: keyof typeof FILES, words: string, inside = 0): PlaceRequest {
  const request = fixture.at(file);
  const found = request.text.indexOf(words);
  assert.ok(found >= 0, `${file} has no ${words}`);
  return { ...request, offset: found + inside };
}

const defined = (file: keyof typeof FILES, words: string, inside = 0): string[] => {
  const request = at(file, words, inside);
  return shown(fixture, request, definition(request, true));
};
const referred = (file: keyof typeof FILES, words: string, inside = 0, declarations = true): string[] => {
  const request = at(file, words, inside);
  return shown(fixture, request, references(request, declarations)).sort();
};

test('models, sources, macros, variables and docs are defined where their files say', () => {
  assert.deepEqual(defined('models/orders.sql', 'stg_orders', 3), ['models/stg_orders.sql:1:1 ']);
  assert.deepEqual(defined('models/orders.sql', 'stg_visits', 3), ['models/stg_visits.sql:1:1 ']);
  assert.deepEqual(defined('models/schema.yml', 'stg_orders', 3), ['models/stg_orders.sql:1:1 ']);
  assert.deepEqual(defined('models/schema.yml', 'model: orders', 8), ['models/orders.sql:1:1 ']);
  assert.deepEqual(defined('models/exposures.yml', 'orders', 2), ['models/orders.sql:1:1 ']);
  assert.deepEqual(defined('models/stg_orders.sql', "orders')", 2), ['models/sources.yml:4:15 orders']);
  assert.deepEqual(defined('models/stg_orders.sql', "raw'", 1), ['models/sources.yml:2:11 raw']);
  assert.deepEqual(defined('models/orders.sql', 'cents(', 1), ['macros/cents.sql:1:10 cents']);
  assert.deepEqual(defined('models/orders.sql', 'window_days', 1), ['dbt_project.yml:4:3 window_days']);
  assert.deepEqual(defined('models/schema.yml', "orders') }}", 2), ['models/docs.md:1:9 orders']);
  assert.deepEqual(defined('models/schema.yml', 'positive', 1), ['tests/generic/positive.sql:1:9 positive']);
  assert.deepEqual(defined('models/schema.yml', 'unique', 1), []);
  assert.deepEqual(defined('models/orders.sql', 'ref(', 1), []);
});

test('CTEs, aliases and variables of Jinja are defined in their file', () => {
  assert.deepEqual(defined('models/orders.sql', 'from totals', 6), ['models/orders.sql:5:1 totals']);
  assert.deepEqual(defined('models/orders.sql', 'totals.total,', 1), ['models/orders.sql:5:1 totals']);
  assert.deepEqual(defined('models/orders.sql', 'from orders', 6), ['models/orders.sql:1:6 orders']);
  assert.deepEqual(defined('models/orders.sql', 'visits.amount', 1), ['models/orders.sql:13:39 visits']);
  assert.deepEqual(defined('models/orders.sql', 'orders.*', 1), ['models/orders.sql:2:53 orders']);
  assert.deepEqual(defined('macros/cents.sql', 'factor }}', 1), ['macros/cents.sql:2:8 factor']);
  assert.deepEqual(defined('macros/cents.sql', 'digits %}', 1), ['macros/cents.sql:1:24 digits']);
});

test('columns are defined where they are made: through CTEs, stars, models and sources', () => {
  assert.deepEqual(defined('models/orders.sql', 'totals.order_id,', 8), ['models/orders.sql:6:12 order_id']);
  assert.deepEqual(defined('models/orders.sql', 'order_id, sum', 1), ['models/stg_orders.sql:6:15 order_id']);
  assert.deepEqual(defined('models/orders.sql', 'amount)', 1), ['models/stg_orders.sql:7:9 amount']);
  assert.deepEqual(defined('models/stg_orders.sql', 'amount,', 1), ['models/sources.yml:7:19 amount']);
  assert.deepEqual(defined('models/stg_orders.sql', 'id as', 1), ['models/sources.yml:6:19 id']);
  assert.deepEqual(defined('models/orders.sql', 'visits.amount', 8), ['models/stg_visits.sql:1:31 amount']);
  assert.deepEqual(defined('models/orders.sql', 'order by total', 10), ['models/orders.sql:6:37 total']);
  assert.deepEqual(defined('models/orders.sql', "'order_id'", 2), ['models/stg_orders.sql:6:15 order_id']);
  assert.deepEqual(defined('models/orders.sql', "'totals.total'", 9), ['models/orders.sql:6:37 total']);
  assert.deepEqual(defined('models/schema.yml', 'order_id', 2), ['models/stg_orders.sql:6:15 order_id']);
});

test('models, macros and variables are found in SQL, YAML, unit tests and exposures', () => {
  assert.deepEqual(referred('models/orders.sql', 'stg_orders', 3), [
    'models/orders.sql:2:34 stg_orders', 'models/schema.yml:13:50 stg_orders', 'models/schema.yml:18:21 stg_orders', 'models/schema.yml:2:11 stg_orders', 'models/stg_orders.sql:1:1 ',
  ]);
  assert.deepEqual(referred('models/exposures.yml', 'orders', 3, false), ['models/exposures.yml:5:14 orders', 'models/schema.yml:16:12 orders']);
  assert.deepEqual(referred('macros/cents.sql', 'cents', 1), ['macros/cents.sql:1:10 cents', 'macros/cents.sql:5:81 cents', 'models/orders.sql:11:42 cents']);
  assert.deepEqual(referred('dbt_project.yml', 'window_days', 1), ['dbt_project.yml:4:3 window_days', 'models/orders.sql:14:31 window_days']);
  assert.deepEqual(referred('models/sources.yml', 'raw', 1), ['models/sources.yml:2:11 raw', "models/stg_orders.sql:2:30 raw", 'models/stg_visits.sql:1:54 raw']);
  assert.deepEqual(referred('models/stg_orders.sql', "orders')", 1), ['models/sources.yml:4:15 orders', 'models/stg_orders.sql:2:37 orders']);
  assert.deepEqual(referred('models/docs.md', 'orders', 1), ['models/docs.md:1:9 orders', 'models/schema.yml:3:27 orders']);
  assert.deepEqual(referred('tests/generic/positive.sql', 'positive', 1), ['models/schema.yml:8:13 positive', 'tests/generic/positive.sql:1:9 positive']);
});

test('references of CTEs and aliases know one from the other', () => {
  assert.deepEqual(referred('models/orders.sql', 'with orders', 6), ['models/orders.sql:1:6 orders', 'models/orders.sql:7:10 orders']);
  assert.deepEqual(referred('models/orders.sql', 'as orders\n', 4), ['models/orders.sql:2:12 orders', "models/orders.sql:2:53 orders", "models/orders.sql:3:21 orders"]);
  assert.deepEqual(referred('models/orders.sql', 'from totals', 6), [
    'models/orders.sql:11:25 totals', 'models/orders.sql:11:49 totals', 'models/orders.sql:11:8 totals', 'models/orders.sql:12:6 totals', 'models/orders.sql:13:67 totals', 'models/orders.sql:5:1 totals',
  ]);
});

test('a column of the same name of another relation is no reference', () => {
  assert.deepEqual(referred('models/stg_visits.sql', 'amount', 1), ['models/orders.sql:14:14 amount', 'models/stg_visits.sql:1:31 amount']);
  assert.deepEqual(referred('models/orders.sql', 'as total,', 4), ['models/orders.sql:11:32 total', 'models/orders.sql:11:56 total', 'models/orders.sql:6:37 total', 'models/orders.sql:9:14 total']);
  assert.deepEqual(referred('models/stg_orders.sql', 'order_id', 1), [
    'models/orders.sql:11:15 order_id', 'models/orders.sql:13:74 order_id', 'models/orders.sql:3:31 order_id', 'models/orders.sql:6:12 order_id', 'models/orders.sql:8:14 order_id', 'models/schema.yml:5:15 order_id', 'models/stg_orders.sql:6:15 order_id',
  ]);
});

test('a version of a model, and a macro in place of one of dbt\'s, are found', () => {
  const own = projectOf({
    'models/orders_v1.sql': 'select 1 as id', 'models/orders_v2.sql': 'select 2 as id', 'models/o.yml': 'models:\n  - name: orders\n    latest_version: 2\n    versions: [{v: 1}, {v: 2}]\n',
    'models/a.sql': "select * from {{ ref('ord¦ers', v=1) }}", 'models/b.sql': "select * from {{ ref('ord¦ers') }}", 'models/c.sql': '{% if is_incre¦mental() %}{% endif %}',
    'macros/i.sql': '{% macro is_incremental() %}{% endmacro %}',
  });
  const found = (file: string): string[] => shown(own, own.at(file), definition(own.at(file), false));
  assert.deepEqual([found('models/a.sql'), found('models/b.sql'), found('models/c.sql')], [['models/orders_v1.sql:1:1 '], ['models/orders_v2.sql:1:1 '], ['macros/i.sql:1:10 is_incremental']]);
});

test('a version under another file name, a snapshot in YAML and the columns of a loop are found where they are made', () => {
  const own = projectOf({
    'models/oldest.sql': 'select 1 as id', 'models/orders_v2.sql': "{% set kinds = ['new', 'paid'] %}\nselect 2 as id{% for k in kinds %}\n  , count(*) as {{ k }}_count{% endfor %}",
    'models/o.yml': 'models:\n  - name: orders\n    versions: [{v: 1, defined_in: oldest}, {v: 2}]\n',
    'snapshots/kept.yml': "snapshots:\n  - name: first\n    relation: ref('orders')\n  - name: kept\n    relation: ref('orders')\n",
    'models/a.sql': "select * from {{ ref('ord¦ers', v=1) }}", 'models/b.sql': "select a.i¦d from {{ ref('orders', v=1) }} a", 'models/c.sql': "select * from {{ ref('ke¦pt') }}",
    'models/d.sql': "select k.paid_c¦ount as n from {{ ref('kept') }} k", 'models/e.sql': "{% set rel = ref('orders', v=1) %}select r.i¦d from {{ rel }} r",
    'models/f.sql': "with s as (select {{ dbt_utils.star(from=ref('orders'), prefix='o_') }} from {{ ref('orders') }}) select s.o_i¦d from s",
  });
  const found = (file: string): string[] => shown(own, own.at(file), definition(own.at(file), false));
  assert.deepEqual([found('models/a.sql'), found('models/b.sql')], [['models/oldest.sql:1:1 '], ['models/oldest.sql:1:13 id']]);
  assert.deepEqual([found('models/c.sql'), found('models/d.sql')], [['snapshots/kept.yml:4:11 kept'], ['models/orders_v2.sql:3:17 {{ k }}_count']]);
  assert.deepEqual([found('models/e.sql'), found('models/f.sql')], [['models/oldest.sql:1:13 id'], ['models/orders_v2.sql:2:13 id']]);
  assert.deepEqual(shown(own, own.at('models/d.sql'), references(own.at('models/d.sql'), true)), ['models/orders_v2.sql:3:17 {{ k }}_count', 'models/d.sql:1:10 paid_count']);
});

test('a recursive CTE sees itself, whatever stands behind the word', () => {
  const own = projectOf({ 'models/a.sql': 'with recursive -- a tree\n{# of # } #} tree as (select 1 as depth union all select t.dep¦th + 1 from tree t) select * from tree' });
  assert.deepEqual(shown(own, own.at('models/a.sql'), definition(own.at('models/a.sql'), false)), ['models/a.sql:2:35 depth']);
});

test('columns that YAML names in arguments of tests and rows of unit tests are found where they are made', () => {
  const own = projectOf({
    'models/orders.sql': 'select 1 as id, 2 as total', 'models/lines.sql': "select id as order_id, total from {{ ref('orders') }}",
    'models/sources.yml': 'sources:\n  - name: raw\n    tables:\n      - name: orders\n        columns: [{name: id}]\n',
  });
  const found = (text: string): string[] => {
    const request = own.at('models/own.yml', text);
    return shown(own, request, definition(request, false));
  };
  const model = 'models:\n  - name: lines\n    data_tests:\n      - conserves:\n          name: total\n          arguments:\n            revenue: total\n      - unique_of:\n          combination_of_columns: [order_id, total]\n    columns:\n      - name: order_id\n        data_tests:\n          - relationships:\n              arguments:\n                to: ref(\'orders\')\n                field: id\n          - accepted_values: {values: [total]}\n';
  assert.deepEqual(found(model.replace('revenue: total', 'revenue: to¦tal')), ['models/lines.sql:1:24 total']);
  assert.deepEqual(found(model.replace('[order_id', '[or¦der_id')), ['models/lines.sql:1:14 order_id']);
  assert.deepEqual(found(model.replace('field: id', 'field: i¦d')), ['models/orders.sql:1:13 id']);
  assert.deepEqual(found(model.replace('name: total', 'name: to¦tal')), []);
  assert.deepEqual(found(model.replace('[total]', '[to¦tal]')), []);
  const unit = "unit_tests:\n  - name: t\n    model: lines\n    given:\n      - input: ref('orders')\n        rows: [{id: 1, total: 2}]\n      - input: source('raw', 'orders')\n        rows:\n          - id: 1\n    expect:\n      rows:\n        - {order_id: 1, total: 2}\n";
  assert.deepEqual(found(unit.replace('{id: 1', '{i¦d: 1')), ['models/orders.sql:1:13 id']);
  assert.deepEqual(found(unit.replace('- id: 1', '- i¦d: 1')), ['models/sources.yml:5:26 id']);
  assert.deepEqual(found(unit.replace('order_id: 1', 'ord¦er_id: 1')), ['models/lines.sql:1:14 order_id']);
});

test('highlights are those of the file', () => {
  const request = at('models/orders.sql', 'order_id, sum', 1);
  assert.deepEqual(documentHighlight(request)?.map(({ range }) => range.start.line + 1).sort((one, other) => one - other), [3, 6, 8, 11, 13]);
});

test('half-written text has no definition, and is none the worse for it', () => {
  const broken = projectOf(FILES);
  for (const text of ['select ¦', "select {{ ref('¦", 'with a as (select 1 as x) select a.¦x from a where (', "{{ source('raw', '¦orders"]) {
    const request = broken.at('models/orders.sql', text);
    assert.doesNotThrow(() => [definition(request, true), references(request, true), documentHighlight(request)], text);
  }
  const request = broken.at('models/orders.sql', "select * from {{ ref('stg_or¦ders') where {{ x");
  assert.equal(definition(request, true)?.length, 1);
});

test('columns of functions in FROM lead to the function, or to the name that is given to them', () => {
  const sql = "with a as (select e.key, e.value ->> 'x' as x, value from jsonb_each('{}') as e)\nselect a.key, a.value, g.n, g.ordinality, generate_series, s\nfrom a, generate_series(1, 3) with ordinality as g (n), generate_series(1, 2), unnest(array[1]) as s\n";
  const own = projectOf({ 'models/a.sql': sql, 'models/b.sql': "select value from {{ ref('a') }}" });
  const asked = (words: string, inside: number): PlaceRequest => ({ ...own.at('models/a.sql'), offset: sql.indexOf(words) + inside });
  const leads = (words: string, inside = 0): string[] => shown(own, asked(words, inside), definition(asked(words, inside), true));
  const uses = (words: string, inside = 0): string[] => shown(own, asked(words, inside), references(asked(words, inside), true)).sort();
  assert.deepEqual(leads('e.value', 2), ['models/a.sql:1:59 jsonb_each']);
  assert.deepEqual(leads('value from'), ['models/a.sql:1:59 jsonb_each']);
  assert.deepEqual(leads('a.key', 2), ['models/a.sql:1:21 key']);
  assert.deepEqual(leads('g.n', 2), ['models/a.sql:3:53 n']);
  assert.deepEqual(leads('g.ordinality', 2), ['models/a.sql:3:9 generate_series']);
  assert.deepEqual(leads('generate_series, s'), ['models/a.sql:3:57 generate_series']);
  assert.deepEqual(leads('s\nfrom'), ['models/a.sql:3:100 s']);
  const value = ['models/a.sql:1:28 value', 'models/a.sql:1:48 value', 'models/a.sql:1:59 jsonb_each', 'models/a.sql:2:17 value', 'models/b.sql:1:8 value'];
  assert.deepEqual(uses('value from'), value);
  assert.deepEqual(uses('e.value', 2), value.slice(0, 3));
  assert.match(JSON.stringify(hover(asked('e.value', 2))), /e\.value`\*\* `jsonb`/);
});

test('a name that is bound, or a column that is joined, thousands of times', { timeout: 20_000 }, () => {
  const many = (count: number, one: (at: number) => string): string => Array.from({ length: count }, (_, at) => one(at)).join('\n');
  const own = projectOf({
    'models/a.sql': 'select 1 as id, 2 as x', 'models/loops.sql': many(20_000, (at) => `{% for name in [${at}] %}{{ name }}{% endfor %}`), 'models/sets.sql': `{% macro m() %}${many(20_000, (at) => `{% set name = ${at} %}{{ name }}`)}{% endmacro %}{{ name }}`,
    'models/joins.sql': `select id from {{ ref('a') }} as t\n${many(4000, (at) => `join {{ ref('a') }} as t${at} using (id)`)}`,
  });
  const uses = (file: string): number => references({ ...own.at(file), offset: own.at(file).text.lastIndexOf(file === 'models/joins.sql' ? 'id)' : 'name', 1_000_000) }, true)?.length ?? 0;
  assert.equal(uses('models/loops.sql'), 2);
  assert.equal(references({ ...own.at('models/sets.sql'), offset: own.at('models/sets.sql').text.indexOf('name') }, true)?.length, 40_000);
  assert.equal(uses('models/joins.sql'), 4002);
});
