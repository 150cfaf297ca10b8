import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { completion } from './completion';
import { CURSOR, projectOf } from './fixture';

const shop = projectOf({
  'models/stg_orders.sql': "select id as order_id, status, lower(kind) as kind, channel, region from {{ source('raw', 'orders') }}",
  'models/stg.yml': `sources:
  - name: raw
    tables:
      - name: orders
        columns:
          - name: region
            data_tests:
              - dbt_utils.accepted_values: {values: [north, "d'or"]}
          - name: kind
            data_tests:
              - accepted_values: {values: [A, B]}
models:
  - name: stg_orders
    columns:
      - name: status
        data_tests:
          - accepted_values:
              arguments:
                values: ['new', 'in transit']
`,
  'models/orders.sql': "with staged as (select * from {{ ref('stg_orders') }})\nselect order_id, status as state, kind, channel, region from staged",
});

/** The labels at the cursor, and the text after taking the first. */
function ask(marked: string, trigger?: string, file = 'models/new.sql'): { labels: string[]; taken: string } {
  const request = shop.at(file, marked);
  const items = completion(request, trigger, true)?.items ?? [];
  const edit = items[0]?.textEdit;
  const taken = edit && 'range' in edit ? request.text.slice(0, request.lines.offsetAt(edit.range.start)) + edit.newText + request.text.slice(request.lines.offsetAt(edit.range.end)) : '';
  return { labels: items.map(({ label }) => label), taken };
}

const from = "from {{ ref('orders') }} as o";
const states = ['new', 'in transit'];

describe('in a literal that a column is compared with', () => {
  for (const condition of [`state = '${CURSOR}'`, `o.state != '${CURSOR}'`, `state <> 'n${CURSOR}x'`, `'${CURSOR}' = o.state`, `o.state is distinct from '${CURSOR}'`, `state is not distinct from '${CURSOR}'`, `state in ('${CURSOR}')`, `o.state not in ('x', '${CURSOR}')`, `case state when '${CURSOR}' then 1 end = 1`, `case o.state when 'x' then 1 when '${CURSOR}'`, `"state" = '${CURSOR}`]) {
    test(condition, () => {
      assert.deepEqual(ask(`select 1 ${from} where ${condition}`).labels, states);
      assert.deepEqual(ask(`select 1 ${from} where true and (${condition}`, "'").labels, states);
    });
  }

  test('the whole inside is replaced; of one that is not closed what is written', () => {
    assert.equal(ask(`select 1 ${from} where state = 'in ${CURSOR}tr' and true`).taken, `select 1 ${from} where state = 'new' and true`);
    assert.equal(ask(`select case when state = '${CURSOR} then 'x' end\n${from}`).taken, `select case when state = 'new then 'x' end\n${from}`);
    assert.equal(ask(`select 1 ${from} where region = '${CURSOR}'`).labels[1], "d'or");
    assert.match(ask(`select 1 ${from} where region in ('north', '${CURSOR}')`).taken, /'north', 'north'/);
  });

  test('the column is followed through CTEs, stars and models to what tells its values, not through expressions', () => {
    assert.deepEqual(ask(`with a as (select * ${from}), b as (select a.state as s from a) select 1 from b where s = '${CURSOR}'`).labels, states);
    assert.deepEqual(ask(`select 1 from {{ source('raw', 'orders') }} where kind = '${CURSOR}'`).labels, ['A', 'B']);
    assert.deepEqual(ask(`select 1 ${from} where kind = '${CURSOR}'`).labels, []);
    assert.deepEqual(ask(`with a as (select upper(state) as state ${from}) select 1 from a where state = '${CURSOR}'`).labels, []);
    assert.deepEqual(ask(`select 1 ${from} where order_id = '${CURSOR}'`).labels, []);
  });

  test('a channel takes those of the rules where no test tells', () => {
    assert.deepEqual(ask(`select 1 ${from} where o.channel = '${CURSOR}'`).labels, ['organic_search', 'paid_search', 'social', 'email', 'direct']);
  });
});

test('a quote opens no list elsewhere', () => {
  for (const marked of [`select '${CURSOR}' ${from}`, `select 'x'${CURSOR} ${from}`, `select 1 ${from} where state = 'new'${CURSOR}`, `select 1 ${from} where state || '${CURSOR}' = 'x'`, `select coalesce(state, '${CURSOR}') ${from}`, `select 1 ${from} where lower(state) = '${CURSOR}'`, `select 1 -- state = '${CURSOR}'`, `select "x"${CURSOR} ${from}`]) {
    assert.deepEqual(ask(marked, marked.includes('"x"') ? '"' : "'").labels, [], marked);
  }
  assert.deepEqual(ask(`select o."${CURSOR}"\n${from}`, '"').labels.slice(0, 2), ['order_id', 'state']);
});
