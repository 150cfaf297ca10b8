import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { FileProject } from '../project/fileProject';
import { columnLineage } from './columnLineage';
import { CURSOR, projectOf } from './fixture';

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

/** What a column of a query over the models `x` (a, b, c), `y` (a, d, list) and the source `raw.open` is made of. */
const made = projectOf({
  'models/sources.yml': 'sources:\n  - name: raw\n    tables: [{name: open}]\n', 'models/x.sql': 'select 1 as a, 2 as b, 3 as c', 'models/y.sql': "select 1 as a, 4 as d, array[1] as list",
  'models/w.sql': "select array[2] as list, 5 as e", 'models/v.yml': 'models:\n  - {name: v, versions: [{v: 1}, {v: 2}]}\n', 'models/v_v1.sql': 'select 1 as a', 'models/v_v2.sql': 'select 1 as a',
});
const inputs = (text: string, column = 'm'): string => {
  made.edit('models/q.sql', text.replaceAll('$x', "{{ ref('x') }}").replaceAll('$y', "{{ ref('y') }}").replaceAll('$open', "{{ source('raw', 'open') }}"));
  const found = columnLineage(made.at('models/p.sql', `select q.¦${column} from {{ ref('q') }} as q`));
  return Object.entries(found?.columns ?? {}).filter(([name]) => name !== 'p' && name !== 'q').flatMap(([name, columns]) => columns.map((one) => `${name}.${one}`)).sort().join(' ');
};

test('recursion goes round until nothing new is found, and a chain however wide costs no more than its length', () => {
  assert.equal(inputs('with recursive r (m, n) as (select a, b from $x union all select r.n + y.d, r.m from r join $y as y on true) select m from r'), 'x.a x.b y.d');
  const chain = Array.from({ length: 200 }, (_, at) => `c${at + 1} as (select m + m + m as m from c${at})`);
  assert.equal(inputs(`with c0 as (select a as m from $x), ${chain.join(', ')} select m from c200`), 'x.a');
});

test('by its place in each branch of a union, also where several have no name', () => {
  assert.equal(inputs('select a as m, b as n from $x union all (select d + 1, a + 1 from $y) except select b + 1, c + 1 from $x'), 'x.a x.b y.d');
  assert.equal(inputs('select a as m, x.* from $x as x union all select y.*, 1 from $y as y'), 'x.a y.a');
  assert.equal(inputs('select x.*, a as m from $x as x union all select y.list, y.*, 0 from $y as y', 'b'), 'x.b y.a');
  const branch = columnLineage(made.at('models/q.sql', "(select a as m from {{ ref('x') }}) union all (select d as ot¦her from {{ ref('y') }})"));
  assert.deepEqual([branch?.column, branch?.columns['x'], branch?.columns['y']], ['q.m', ['a'], ['d']]);
});

test('a bare name is of the nearest select that has it, constant or not', () => {
  assert.equal(inputs('with one as (select 1 as b) select (select max(b) from one) as m from $x'), '');
  assert.equal(inputs('select (select max(d) from $y where list is not null and b = 1) as m from $x'), 'x.b y.d y.list');
  assert.equal(inputs('select m from (select secret as m from $open) as s'), 'raw.open.secret');
  assert.equal(inputs('select secret as m from $x, $open'), 'raw.open.secret');
  assert.equal(inputs('select secret as m from $x'), '');
  assert.equal(inputs('select to_jsonb(x) as m from $x as x'), 'x.a x.b x.c');
  const text = "select a + b as total from {{ ref('x') }} order by to¦tal";
  assert.deepEqual(columnLineage(made.at('models/q.sql', text))?.columns['x'], ['a', 'b']);
});

test('windows by name, functions in FROM, rows of VALUES, and new names count', () => {
  assert.equal(inputs('select sum(a) over w as m from $x window v as (partition by b), w as (v order by c)'), 'x.a x.b x.c');
  assert.equal(inputs('select sum(a) over (w rows 2 preceding) as m from $x window w as (order by b)'), 'x.a x.b');
  assert.equal(inputs('select m from $y as y, unnest(y.list) as m'), 'y.list');
  assert.equal(inputs("select m from $y as y cross join unnest(list) as m cross join {{ ref('w') }} as w"), 'y.list');
  assert.equal(inputs("select v.m from $x as x cross join lateral (values ('a', x.a), ('b', x.b)) as v (kind, m)"), 'x.a x.b');
  assert.equal(inputs("select v.kind from $x as x cross join lateral (values ('a', x.a), ('b', x.b)) as v (kind, m)", 'kind'), '');
  assert.equal(inputs('with c (one, two) as (select a, b from $x) select t.m from c as t (n, m)'), 'x.b');
  assert.equal(inputs('select t.m from $x as t (n, m)'), 'x.b');
  assert.equal(inputs("select {{ dbt_utils.star(from=ref('x'), prefix='own_') }} from $x", 'own_a'), 'x.a');
  assert.equal(inputs("select {% for one in ['b', 'c'] %} sum({{ one }} + a) as of_{{ one }}, {% endfor %} 1 as m from $x", 'of_b'), 'x.a');
  assert.equal(inputs("select a as m from {{ ref('v', v=1) }}"), 'v_v1.a');
});

test('a macro of the project reads the columns that its expression names, and a query in it rows of its own', () => {
  made.edit('macros/share.sql', "{% macro share(part) %} {{ part }}::numeric / {{ whole() }} {% endmacro %}{% macro whole() %} nullif(b, 'a'::text) /* c */ {% endmacro %}{% macro looked_up() %} (select max(c) from t) {% endmacro %}");
  assert.equal(inputs("select {{ share('x.a') }} + {{ looked_up() }} as m from $x as x"), 'x.a x.b');
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

test('of several snapshots in one file each has columns of its own', () => {
  const files = {
    'models/a.sql': 'select 1 as id, 2 as x', 'models/b.sql': 'select 1 as id, 2 as y',
    'snapshots/both.sql': "{% snapshot first_one %}\nselect id, x as kept from {{ ref('a') }}\n{% endsnapshot %}\n{% snapshot second_one %}\nselect id, y as held from {{ ref('b') }}\n{% endsnapshot %}\n",
  };
  const snapshots = projectOf(files);
  const of = (text: string): unknown => columnLineage(snapshots.at('models/c.sql', text))?.columns;
  assert.deepEqual(of(`select held${CURSOR} from {{ ref('second_one') }}`), { c: ['held'], second_one: ['held'], b: ['y'] });
  assert.deepEqual(of(`select kept${CURSOR} from {{ ref('first_one') }}`), { c: ['kept'], first_one: ['kept'], a: ['x'] });
  const inside = columnLineage(snapshots.at('snapshots/both.sql', files['snapshots/both.sql'].replace('held', `held${CURSOR}`)));
  assert.deepEqual([inside?.model, inside?.columns], ['second_one', { second_one: ['held'], b: ['y'] }]);
});
