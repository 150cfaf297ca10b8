import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CompletionItem } from 'vscode-languageserver';
import { completion } from './completion';
import { CURSOR, projectOf } from './fixture';

const shop = projectOf({
  'models/staging/stg_orders.sql': "with source as (\n    select * from {{ source('raw', 'orders') }}\n)\nselect id as order_id, customer_id, ordered_at::date as ordered_on, amount as \"Amount\" from source",
  'models/staging/stg_customers.sql': "select id as customer_id, name from {{ source('raw', 'customers') }}",
  'models/staging/sources.yml': 'sources:\n  - name: raw\n    tables:\n      - name: orders\n        columns:\n          - name: id\n            data_type: bigint\n          - name: customer_id\n          - name: ordered_at\n          - name: amount\n      - name: customers\n        columns:\n          - name: id\n          - name: name\n',
  'models/marts/orders.sql': "select orders.*, 1 as one from {{ ref('stg_orders') }} as orders",
  'models/marts/orders.yml': 'models:\n  - name: orders\n    columns:\n      - name: order_id\n        data_type: bigint\n        description: Key of the order.\n',
  'seeds/regions.csv': 'region,country\nnorth,no\n',
});

interface Answer {
  items: readonly CompletionItem[];
  /** what is a column or relation, in the order of the list */
  names: string[];
  take(label: string): string;
}

function ask(marked: string, trigger?: string): Answer {
  const request = shop.at('models/marts/new.sql', marked);
  const items = completion(request, trigger, true)?.items ?? [];
  const sorted = [...items].sort((one, other) => ((one.sortText ?? one.label) < (other.sortText ?? other.label) ? -1 : 1));
  return {
    items, names: sorted.filter(({ kind }) => kind === 5 || kind === 6).map(({ label }) => label),
    take: (label) => {
      const edit = items.find((item) => item.label === label)?.textEdit;
      assert.ok(edit && 'range' in edit, `${label} is not offered`);
      return request.text.slice(0, request.lines.offsetAt(edit.range.start)) + edit.newText + request.text.slice(request.lines.offsetAt(edit.range.end));
    },
  };
}

const STAGED = ['order_id', 'customer_id', 'ordered_on', 'Amount'];

test('columns behind an alias: of models, sources, seeds, through stars', () => {
  assert.deepEqual(ask(`select o.${CURSOR} from {{ ref('stg_orders') }} as o`, '.').names, STAGED);
  assert.deepEqual(ask(`select o.${CURSOR}\nfrom {{ ref('orders') }} o`, '.').names, [...STAGED, 'one']);
  assert.deepEqual(ask(`select o.${CURSOR} from {{ source('raw', 'customers') }} as o`).names, ['id', 'name']);
  assert.deepEqual(ask(`select r.${CURSOR} from {{ ref('regions') }} r`).names, ['region', 'country']);
  const half = ask(`select o.ord${CURSOR}er_x, 1 from {{ ref('orders') }} as o`);
  assert.equal(half.take('order_id'), "select o.order_id, 1 from {{ ref('orders') }} as o");
  assert.equal(half.items.find(({ label }) => label === 'order_id')?.detail, 'bigint · orders');
  assert.equal(ask(`select o.${CURSOR} from {{ ref('stg_orders') }} as o`).take('Amount'), "select o.\"Amount\" from {{ ref('stg_orders') }} as o");
});

test('columns of CTEs and subqueries', () => {
  const cte = "with recent as (\n  select order_id, ordered_on as day from {{ ref('stg_orders') }}\n),\nall_of as (select * from recent)\n";
  assert.deepEqual(ask(`${cte}select recent.${CURSOR} from recent`).names, ['order_id', 'day']);
  assert.deepEqual(ask(`${cte}select a.${CURSOR} from all_of as a`).names, ['order_id', 'day']);
  assert.deepEqual(ask(`${cte}select s.${CURSOR} from (select day, 1 as n from recent) as s`).names, ['day', 'n']);
  assert.deepEqual(ask(`${cte}select recent.${CURSOR}`).names, ['order_id', 'day']);
  assert.deepEqual(ask(`with a as (select o.${CURSOR} from {{ ref('stg_customers') }} as o) select * from a`).names, ['customer_id', 'name']);
  assert.deepEqual(ask(`with a as (select 1 as x), b as (select a.${CURSOR} from a)\nselect * from b`).names, ['x']);
});

test('a select without FROM yet may read the CTEs before it, the nearest first', () => {
  const ctes = "with orders as (\n  select order_id, customer_id from {{ ref('stg_orders') }}\n),\nnamed as (\n  select customer_id, name from {{ ref('stg_customers') }}\n),\n";
  const answer = ask(`${ctes}joined as (\n  select\n    ${CURSOR}\n)`);
  assert.deepEqual(answer.names, ['customer_id', 'name', 'order_id', 'named', 'orders']);
  assert.equal(answer.items.find(({ label }) => label === 'order_id')?.detail, 'bigint · orders');
  assert.deepEqual(ask(`${ctes}joined as (\n  select customer_id, na${CURSOR}\n)`).names, ['customer_id', 'name', 'order_id', 'named', 'orders']);
  assert.deepEqual(ask(`${ctes}joined as (\n  select ${CURSOR} from orders\n)`).names, ['order_id', 'customer_id', 'orders']);
});

test('bare columns in every clause, with the relation that they are of', () => {
  const from = "from {{ ref('stg_customers') }} as c";
  for (const query of [`select ${CURSOR} ${from}`, `select * ${from} where ${CURSOR}`, `select * ${from} where na${CURSOR}`, `select 1 ${from} group by ${CURSOR}`, `select 1 ${from} order by ${CURSOR}`, `select coalesce(${CURSOR}) ${from}`, `select count(*) filter (where ${CURSOR}) ${from}`, `select 1 ${from} where name = '' and ${CURSOR}\n`]) {
    assert.deepEqual(ask(query).names.filter((name) => name !== 'c'), ['customer_id', 'name'], query);
  }
  const both = ask(`select ${CURSOR} from {{ ref('stg_orders') }} as o join {{ ref('stg_customers') }} as c on true`);
  assert.deepEqual(both.names.slice(0, 8), ['order_id', 'o.customer_id', 'c.customer_id', 'customer_id', 'ordered_on', 'Amount', 'name', 'c']);
  assert.equal(both.items.find(({ label }) => label === 'name')?.detail, 'c');
  assert.deepEqual(ask(`select name as label ${from} order by ${CURSOR}`).names.slice(0, 3), ['customer_id', 'name', 'label']);
  assert.deepEqual(ask(`select * from {{ ref('stg_orders') }} as o join {{ ref('stg_customers') }} as c using (${CURSOR})`).names, ['customer_id']);
  assert.ok(ask(`select * from {{ ref('stg_orders') }} as o where exists (select 1 from {{ ref('stg_customers') }} as c where c.customer_id = o.${CURSOR})`).names.includes('order_id'));
});

test('relations behind from and join', () => {
  const first = ask(`with a as (select 1), b as (select * from ${CURSOR})\nselect * from b`);
  assert.ok(first.items.some(({ label }) => label === 'a') && !first.items.some(({ label }) => label === 'b'));
  assert.ok(ask(`with a as (\n  with inner_one as (select 1 as x)\n  select x\n  from in${CURSOR}\n)\nselect * from a`).items.some(({ label }) => label === 'inner_one'));
  const main = ask(`with a as (select 1)\nselect * from a join stg_${CURSOR}`);
  assert.equal(main.take('stg_orders'), "with a as (select 1)\nselect * from a join {{ ref('stg_orders') }}");
  assert.equal(ask(`select * from ${CURSOR}`).take('customers'), "select * from {{ source('raw', 'customers') }}");
  assert.equal(ask(`select * from raw.cu${CURSOR}`).take('customers'), "select * from {{ source('raw', 'customers') }}");
  assert.deepEqual(ask(`select extract(day from ${CURSOR}) from {{ ref('stg_customers') }} as c`).names.slice(0, 2), ['customer_id', 'name']);
});

test('columns that a function in FROM is given', () => {
  assert.deepEqual(ask(`select 1 from {{ ref('stg_customers') }} c cross join lateral jsonb_to_recordset(c.na${CURSOR}::jsonb) as item(sku text)`).names, ['customer_id', 'name']);
  assert.deepEqual(ask(`select 1 from {{ ref('stg_customers') }} c, unnest(coalesce(c.${CURSOR}`).names, ['customer_id', 'name']);
  assert.deepEqual(ask(`select 1 from {{ ref('stg_customers') }} c join (select 1) as d (${CURSOR}`).names, []);
});

test('columns in the strings that macros are given', () => {
  assert.deepEqual(ask(`select {{ cents('c.${CURSOR}') }} from {{ ref('stg_customers') }} as c`, '.').names, ['customer_id', 'name']);
  assert.deepEqual(ask(`select {{ cents("na${CURSOR}") }} from {{ ref('stg_customers') }}`).names, ['customer_id', 'name']);
  assert.equal(ask(`select {{ key(['c.name', 'c.cus${CURSOR}']) }} from {{ ref('stg_customers') }} as c`).take('customer_id'), "select {{ key(['c.name', 'c.customer_id']) }} from {{ ref('stg_customers') }} as c");
  assert.deepEqual(ask(`select {{ cents('a, ${CURSOR}') }} from {{ ref('stg_customers') }} as c`).names, []);
});

test('comments stand nowhere in the way', () => {
  const offers = (marked: string): boolean => ask(marked).items.some(({ label }) => label === 'recent');
  assert.ok(offers(`with recent as (select 1 as x) select * from -- a, b from "c\n  ${CURSOR}`));
  assert.ok(offers(`with recent as (select 1 as x) select * from {# as t #} ${CURSOR} as s`));
  assert.ok(offers(`with recent as (select 1 as x) select * from {# as t #}/* from */${CURSOR}`));
  assert.deepEqual(ask(`with recent as (select 1 as x) select recent.${CURSOR} {# , #} -- from y\nfrom recent`).names, ['x']);
  assert.deepEqual(ask(`with recent as (select 1 as x) select * from recent where {# not #} ${CURSOR}`).names.slice(0, 1), ['x']);
});

test('half-written text', () => {
  assert.deepEqual(ask(`select o.${CURSOR}`).names, []);
  assert.deepEqual(ask(`with a as (select customer_id from {{ ref('stg_customers') }}), b as (select a.${CURSOR}`).names, ['customer_id']);
  assert.deepEqual(ask(`select c.\r\nfrom {{ ref('stg_customers') }} c\r\nwhere c.${CURSOR}\r\n`).names, ['customer_id', 'name']);
  assert.deepEqual(ask(`select c.${CURSOR}\nfrom {{ ref('stg_customers') }} as c\nwhere (c.name = 'a`).names, ['customer_id', 'name']);
  assert.equal(ask(`select o."${CURSOR}" from {{ ref('stg_orders') }} as o`).take('Amount'), `select o."Amount" from {{ ref('stg_orders') }} as o`);
  assert.deepEqual(ask(`select 'o.${CURSOR}' from {{ ref('stg_orders') }} o`).names, []);
  assert.deepEqual(ask(`select 1 as ${CURSOR} from {{ ref('stg_orders') }} o`).names, []);
});
