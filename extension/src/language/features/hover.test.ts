import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CURSOR, projectOf } from './fixture';
import { hover } from './hover';

const shop = projectOf({
  'dbt_project.yml': 'name: shop\nprofile: shop\nvars:\n  # Days that count.\n  window_days: 30\n',
  'models/staging/stg_orders.sql': "select id as order_id, customer_id, ordered_at::date as ordered_on from {{ source('raw', 'orders') }}",
  'models/staging/sources.yml': 'sources:\n  - name: raw\n    description: As it came.\n    tables:\n      - name: orders\n        description: "Grain: one row per order as it came."\n        columns:\n          - name: id\n            data_type: bigint\n          - name: customer_id\n            description: Who bought.\n          - name: ordered_at\n',
  'models/marts/orders.sql': "{{ config(materialized='table') }}\nselect * from {{ ref('stg_orders') }}",
  'models/marts/orders.yml': 'models:\n  - name: orders\n    description: "Grain: one row per order. [x](command:do) <b>"\n    columns:\n      - name: order_id\n        data_type: bigint\n        description: Key of the order.\n        data_tests: [unique]\n',
  'models/docs.md': '{% docs orders %}\nWhat was *ordered*.\n{% enddocs %}\n',
  'macros/money.sql': '{# Cents as euros. #}\n{% macro euros(column, digits=2) %}round({{ column }}){% endmacro %}',
});

function ask(marked: string, file = 'models/marts/new.sql'): string {
  const answer = hover(shop.at(file, marked));
  return answer === null ? '' : (answer.contents as { value: string }).value;
}

test('models, sources, macros, variables, docs', () => {
  const model = ask(`select * from {{ ref('ord${CURSOR}ers') }}`);
  for (const part of ['**`orders`** — model · marts · table', 'Grain: one row per order', '`order_id` `bigint` — Key of the order.', '`customer_id`', '1 parent', 'models/marts/orders.sql']) assert.ok(model.includes(part), `${part} in ${model}`);
  assert.ok(!model.includes('](command:') && !model.includes('<b>'), model);
  assert.match(ask(`{{ source('raw', 'or${CURSOR}ders') }}`), /source table[\s\S]*Grain: one row per order as it came[\s\S]*`id` `bigint`/);
  assert.match(ask(`{{ source('r${CURSOR}aw', 'orders') }}`), /As it came[\s\S]*`orders`/);
  assert.match(ask(`{{ eur${CURSOR}os('a') }}`), /euros\(column, digits=2\)[\s\S]*Cents as euros/);
  assert.match(ask(`{{ euros(dig${CURSOR}its=1) }}`), /digits=2.*argument/);
  assert.match(ask(`{{ var('window${CURSOR}_days') }}`), /window_days: 30[\s\S]*Days that count/);
  assert.match(ask(`models:\n  - name: a\n    description: "{{ doc('ord${CURSOR}ers') }}"`, 'models/a.yml'), /What was \*ordered\*/);
  assert.match(ask(`{% snapshot ke${CURSOR}pt %}select * from {{ ref('stg_orders') }}{% endsnapshot %}`, 'snapshots/kept.sql'), /kept.*snapshot[\s\S]*order_id[\s\S]*dbt_valid_to/);
  assert.match(ask(`{% docs mo${CURSOR}re %}Told here.{% enddocs %}`, 'models/more.md'), /Told here/);
});

test('settings and words of Jinja', () => {
  assert.match(ask(`{{ config(mat${CURSOR}erialized='view') }}`), /How the model is built/);
  assert.match(ask(`{{ config(materialized='vi${CURSOR}ew') }}`), /How the model is built/);
  assert.match(ask(`{% if is_incre${CURSOR}mental() %}`), /is_incremental\(\)/);
  assert.match(ask(`{{ x | jo${CURSOR}in(',') }}`), /filter/);
  assert.match(ask(`{{ target.sch${CURSOR}ema }}`), /Schema of the target/);
  assert.equal(ask(`{{ nothing${CURSOR}_known }}`), '');
});

test('columns, aliases, CTEs', () => {
  assert.match(ask(`select o.order${CURSOR}_id from {{ ref('orders') }} as o`), /`orders\.order_id`\*\* `bigint`[\s\S]*Key of the order[\s\S]*`unique`/);
  assert.match(ask(`select ordered${CURSOR}_on from {{ ref('orders') }} as o`), /ordered_at::date/);
  assert.match(ask(`select ${CURSOR}o.order_id from {{ ref('orders') }} as o`), /`orders`\*\* — model/);
  assert.match(ask(`select 1 from {{ ref('orders') }} as o${CURSOR}`), /`orders`\*\* — model/);
  const cte = ask(`with recent as (select order_id, customer_id as who from {{ ref('orders') }})\nselect * from rec${CURSOR}ent`);
  assert.match(cte, /CTE[\s\S]*`order_id`[\s\S]*`who`/);
  assert.match(ask(`with rec${CURSOR}ent as (select order_id from {{ ref('orders') }}) select 1 from recent`), /CTE[\s\S]*`order_id`/);
  assert.match(ask(`select customer${CURSOR}_id from {{ source('raw', 'orders') }}`), /Who bought/);
  assert.match(ask(`select a + 1 as tot${CURSOR}al from x`), /a \+ 1 as total/);
});

test('what a file carries on is told by where it comes from', () => {
  const head = "with paid as (select order_id, count(customer_id) as buyers from {{ ref('orders') }} group by 1), paid_again as (select order_id, buyers from paid)\nselect";
  const made = /```sql\ncount\(customer_id\) as buyers\n```\n\nFrom `orders\.customer_id`$/;
  assert.match(ask(`${head} buy${CURSOR}ers from paid_again`), made);
  assert.match(ask(`${head} buyers from paid_again`.replace('select order_id, buyers', `select order_id, buy${CURSOR}ers`)), made);
  assert.match(ask(`${head} paid_again.buyers as al${CURSOR}l_buyers from paid_again`), /paid_again\.buyers as all_buyers\n```\n\nFrom `orders\.customer_id`$/);
  assert.match(ask(`${head} order${CURSOR}_id from paid_again`), /From `orders\.order_id`/);
  assert.match(ask(`select customer_id as w${CURSOR}ho from {{ ref('orders') }}`), /From `orders\.customer_id`$/);
});

test('YAML', () => {
  const yaml = (marked: string): string => ask(marked, 'models/a.yml');
  assert.match(yaml(`models:\n  - name: or${CURSOR}ders`), /`orders`\*\* — model/);
  assert.match(yaml(`models:\n  - name: orders\n    columns:\n      - name: order${CURSOR}_id`), /Key of the order/);
  assert.match(yaml(`models:\n  - name: orders\n    col${CURSOR}umns:\n      - name: x`), /Columns, each/);
  assert.match(yaml(`models:\n  - name: orders\n    data_tests:\n      - uni${CURSOR}que`), /No value occurs twice/);
  assert.match(yaml(`models:\n  - name: orders\n    config:\n      mater${CURSOR}ialized: table`), /How the model is built/);
  assert.match(yaml(`unit_tests:\n  - name: t\n    model: orders\n    given:\n      - input: ref('stg_or${CURSOR}ders')`), /`stg_orders`\*\* — model/);
  assert.match(ask(`vars:\n  window${CURSOR}_days: 30`, 'dbt_project.yml'), /window_days: 30/);
  assert.equal(yaml(`models: # or${CURSOR}ders`), '');
});

test('a column that USING names', () => {
  assert.match(ask(`select * from {{ ref('orders') }} o join {{ ref('stg_orders') }} s using (order_id, customer${CURSOR}_id)`), /customer_id/);
  assert.match(ask(`select * from {{ ref('orders') }} o join {{ ref('stg_orders') }} s using (order${CURSOR}_id)`), /`bigint`[\s\S]*Key of the order/);
});
