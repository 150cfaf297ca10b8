import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { FileProject } from '../project/fileProject';
import { columnLineage } from './columnLineage';
import { projectOf } from './fixture';

const fixture = projectOf({
  'models/sources.yml': 'sources:\n  - name: raw\n    tables:\n      - name: events\n        columns: [{name: id}, {name: amount}, {name: paid}]\n',
  'models/stg.sql': 'with source as (select * from {{ source(\'raw\', \'events\') }}) select id, amount::numeric(18, 4) as revenue, paid from source',
  'models/through.sql': 'select * from {{ ref(\'stg\') }}',
  'models/both.sql': 'select id, revenue as value from {{ ref(\'through\') }} union all select id, 0 from {{ ref(\'stg\') }}',
  'models/mart.sql': 'with a as (select both.id, both.value from {{ ref(\'both\') }} as both)\nselect a.id, sum(a.value) filter (where s.paid) as total from a left join {{ ref(\'stg\') }} as s on s.id = a.id group by 1',
});
const at: typeof fixture.at = (...given) => fixture.at(...given);
const sorted = (found: ReturnType<typeof columnLineage>) => found && [Object.entries(found.columns).map(([name, columns]) => `${name}: ${columns.sort().join(' ')}`).sort(), found.edges.map(({ from, to }) => `${from} > ${to}`).sort()];

test('from an expression through CTEs, unions, stars and models to the source', () => {
  const text = at('models/mart.sql').text;
  assert.deepEqual(sorted(columnLineage(at('models/mart.sql', text.replace('as total', 'as to¦tal')))), [
    ['both: value', 'mart: total', 'raw.events: amount paid', 'stg: paid revenue', 'through: revenue'],
    ['both > mart', 'raw.events > stg', 'stg > mart', 'stg > through', 'through > both'],
  ]);
  assert.deepEqual(sorted(columnLineage(at('models/mart.sql', text.replace('s.paid', 's.pa¦id'))))?.[1], ['raw.events > stg', 'stg > mart']);
});

test('anywhere in an item of a select list, the item is meant', () => {
  const text = at('models/mart.sql').text;
  const total = sorted(columnLineage(at('models/mart.sql', text.replace('as total', 'as to¦tal'))));
  for (const [place, marked] of [['sum(', 's¦um('], ['as total', 'a¦s total'], ['filter (', 'fil¦ter (']] as const) assert.deepEqual(sorted(columnLineage(at('models/mart.sql', text.replace(place, marked)))), total, marked);
  assert.equal(columnLineage(at('models/mart.sql', text.replace('group by', 'gr¦oup by'))), null);
  const nested = columnLineage(at('models/mart.sql', "select (select m¦ax(revenue) as top from {{ ref('stg') }}) as value, paid from {{ ref('stg') }}"));
  assert.equal(nested?.column, 'mart.top');
  at('models/mart.sql', text);
});

test('of a union each branch gives the column at its place', () => {
  const found = columnLineage(at('models/both.sql', at('models/both.sql').text.replace('select id,', 'select i¦d,')));
  assert.deepEqual(sorted(found)?.[1], ['raw.events > stg', 'stg > both', 'stg > through', 'through > both']);
});

test('from the YAML that describes it', () => {
  const found = columnLineage(at('models/stg.yml', 'models:\n  - name: through\n    columns:\n      - name: reve¦nue\n'));
  assert.deepEqual(sorted(found), [['raw.events: amount', 'stg: revenue', 'through: revenue'], ['raw.events > stg', 'stg > through']]);
  assert.equal(columnLineage(at('models/sources.yml', at('models/sources.yml').text.replace('name: id', 'name: i¦d'))), null);
});

test('where no column is there is none', () => {
  assert.equal(columnLineage(at('models/mart.sql', 'sel¦ect 1 as one')), null);
});

test('in this repository: revenue of the first touch comes from the raw events', () => {
  const root = path.join(import.meta.dirname, '../../../../dbt');
  const project = new FileProject(root, () => undefined);
  while (project.step()) { /* reads everything */ }
  const file = path.join(root, 'models/marts/first_touch_attribution.sql');
  const sql = project.sql(file);
  assert.ok(sql);
  const request = { ...at('models/mart.sql'), project, file, sql, text: sql.text, offset: sql.text.indexOf('attributed_revenue') + 2 };
  const found = columnLineage(request);
  assert.deepEqual(found?.columns['raw.events']?.includes('revenue'), true);
  assert.deepEqual(found.columns['int_purchases'], ['revenue']);
});
