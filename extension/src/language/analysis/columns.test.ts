import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { projectOf, type Fixture } from '../features/fixture';
import { FileProject } from '../project/fileProject';
import { columnsOfModel } from './columns';

const SAMPLE = path.join(import.meta.dirname, '../../../../dbt');

const told = (fixture: Fixture, model: string): { certain: boolean; columns: string[] } => {
  const { columns, certain } = columnsOfModel(fixture.project, model);
  return { certain, columns: columns.map(({ name, type, from }) => `${name}${type === undefined ? '' : ` ${type}`}${from ? ` < ${from.relation}.${from.column}` : ''}`) };
};

test('the columns of each model of the sample are those that its YAML lists', () => {
  const project = new FileProject(SAMPLE, () => undefined);
  while (project.step()) { /* reads everything */ }
  const models = [...project.models.values()].filter(({ package: from, kind }) => from === undefined && kind === 'model');
  assert.ok(models.length > 10);
  for (const { name, properties } of models) {
    const { columns, certain } = columnsOfModel(project, name);
    assert.deepEqual(columns.map((column) => column.name), properties?.columns.map((column) => column.name), name);
    assert.ok(certain, name);
    for (const column of columns) assert.ok(column.location && column.documented && column.type, `${name}.${column.name}`);
  }
});

test('columns go through CTEs, stars, joins, unions and refs', () => {
  const fixture = projectOf({
    'models/a.sql': "with s as (select * from {{ source('raw', 'x') }}), r as (select id, amount::numeric(10, 2) as amount, lower(n) as name from s) select * from r",
    'models/b.sql': "select a.*, a.amount * 2 as twice, 'x' as tag from {{ ref('a') }} a",
    'models/c.sql': "select id, tag from {{ ref('b') }} union all select 1, 'y'",
    'models/d.sql': "select * from {{ ref('a') }} join {{ ref('c') }} using (id)",
    'models/e.sql': "with t (one, two) as (select id, name from {{ ref('a') }}) select * from t q (eins)",
    'models/schema.yml': 'models:\n  - name: a\n    columns:\n      - {name: id, data_type: bigint, description: The key.}\nsources:\n  - name: raw\n    tables:\n      - name: x\n',
  });
  assert.deepEqual(told(fixture, 'a'), { certain: true, columns: ['id bigint < raw.x.id', 'amount numeric(10,2) < raw.x.amount', 'name text < r.name'] });
  assert.deepEqual(told(fixture, 'b'), { certain: true, columns: ['id bigint < a.id', 'amount numeric(10,2) < a.amount', 'name text < a.name', 'twice numeric', 'tag text'] });
  assert.deepEqual(told(fixture, 'c'), { certain: true, columns: ['id bigint < b.id', 'tag text < b.tag'] });
  assert.deepEqual(told(fixture, 'd').columns.map((column) => column.split(' ')[0]), ['id', 'amount', 'name', 'tag']);
  assert.deepEqual(told(fixture, 'e').columns, ['eins bigint < a.id', 'two text < a.name']);
});

test('what USING and NATURAL join is one column in front of all others, of the type that both sides have as one', () => {
  const fixture = projectOf({
    'models/a.sql': 'select 1 as one, 1::bigint as id, 2::numeric(8, 2) as amount, now() as at',
    'models/b.sql': "select 'x' as two, 3::numeric as amount, 1 as id",
    'models/c.sql': "select * from {{ ref('a') }} left join {{ ref('b') }} using (amount, id)",
    'models/d.sql': "select * from {{ ref('a') }} natural join {{ ref('b') }}",
    'models/e.sql': "select amount, id, a.amount as own from {{ ref('a') }} as a join {{ ref('b') }} as b using (amount, id)",
    'models/f.sql': "select a.* from {{ ref('a') }} as a join {{ ref('b') }} using (id)",
    'models/g.sql': "select * from {{ ref('b') }} as first, {{ ref('a') }} as a join {{ ref('e') }} as e using (\"id\")",
  });
  const shown = (model: string): string[] => told(fixture, model).columns.map((column) => column.replace(/ <.*/, ''));
  assert.deepEqual(shown('c'), ['amount numeric', 'id bigint', 'one integer', 'at timestamp with time zone', 'two text']);
  assert.deepEqual(shown('d'), ['id bigint', 'amount numeric', 'one integer', 'at timestamp with time zone', 'two text']);
  assert.deepEqual(shown('e'), ['amount numeric', 'id bigint', 'own numeric(8,2)']);
  assert.deepEqual(shown('f'), ['one integer', 'id bigint', 'amount numeric(8,2)', 'at timestamp with time zone']);
  assert.deepEqual(shown('g'), ['two text', 'amount numeric', 'id integer', 'id bigint', 'one integer', 'amount numeric(8,2)', 'at timestamp with time zone', 'amount numeric', 'own numeric(8,2)']);
});

test('a chain of thousands of CTEs is followed', () => {
  const chain = Array.from({ length: 3000 }, (_, at) => `c${at + 1} as (select c${at}.*, one + 1 as n${at % 5} from c${at} where one > 0)`.replace(at >= 5 ? /, one \+ 1 as n\d/ : /$^/, ''));
  const fixture = projectOf({ 'models/a.sql': `with c0 as (select 1 as one), ${chain.join(', ')} select * from c3000` });
  assert.deepEqual(told(fixture, 'a').columns.map((column) => column.replace(/ <.*/, '')), ['one integer', ...[0, 1, 2, 3, 4].map((at) => `n${at} integer`)]);
});

test('what reads itself ends', () => {
  const fixture = projectOf({
    'models/x.sql': 'select 1 as a',
    'models/a.sql': "select y.b, x.a from {{ ref('x') }} as y, lateral (select y.a + 1 as b, y.b as c from {{ ref('x') }} as z) as y, lateral (select x.a as a) as x",
    'models/b.sql': 'with recursive r as (select r.one, 1 as two from r) select * from r',
  });
  assert.deepEqual(told(fixture, 'a').columns.map((column) => column.split(' ')[0]), ['b', 'a']);
  assert.deepEqual(told(fixture, 'b').columns.map((column) => column.split(' ')[0]), ['one', 'two']);
});

test('of VALUES every row says of which type a column is', () => {
  const fixture = projectOf({ 'models/a.sql': "select * from (values (1, 'a', 1, null), (2.5, null, 'x'::text, 2::bigint)) as v (one, two, three, four)" });
  assert.deepEqual(told(fixture, 'a').columns.map((column) => column.replace(/ <.*/, '')), ['one numeric', 'two text', 'three', 'four bigint']);
});

test('loops over lists that the file spells out are unrolled', () => {
  const fixture = projectOf({
    'models/a.sql': "{% set kinds = ['new', 'Paid'] %}\nselect status, {% for k in kinds %} count(*) filter (where kind = '{{ k }}') as {{ k }}_count {% if not loop.last %},{% endif %} {% endfor %} from t",
    'models/b.sql': "select {% for k in [1, 2] %} v{{ k }} as \"N{{ k }}\", {% endfor %} id from {{ ref('a') }}",
    'models/c.sql': "{% for k in var('kinds') %}{% endfor %} select {% for k in var('kinds') %} a as {{ k }}, {% endfor %} b from t",
    'models/d.sql': "select {% for k in ['x'] %} {% if k %} a as {{ k }}, {% endif %} a as {{ k }}_{{ z }}, {% endfor %} b from t",
  });
  assert.deepEqual(told(fixture, 'a'), { certain: true, columns: ['status', 'new_count bigint', 'paid_count bigint'] });
  assert.deepEqual(told(fixture, 'b'), { certain: true, columns: ['N1', 'N2', 'id'] });
  assert.deepEqual(told(fixture, 'c'), { certain: false, columns: ['b'] });
  assert.deepEqual(told(fixture, 'd'), { certain: false, columns: ['b'] });
});

test('names that Jinja pieces together are those that lists, sets and variables give', () => {
  const fixture = projectOf({
    'dbt_project.yml': "name: shop\nprofile: shop\nvars:\n  methods: ['card', 'cash']\n",
    'models/a.sql': "select {% for m in ['x', 'y'] %} sum(a) as {{ m }}_sum{{ ',' if not loop.last }} {% endfor %} from t",
    'models/b.sql': "{% set c = 'amount' %}{% set cols = ['id', 'day'] %}select {% for c_ in cols %} t.{{ c_ }}, {% endfor %} {{ c }}, sum({{ c }}) as {{ c | upper }}_sum from t",
    'models/c.sql': "select {% for m in var('methods') %} 1 as {{ m }}_n, {% endfor %} {% for i in range(1, 3) %} 1 as m{{ i }}, {% endfor %} 1 as z from t",
    'models/d.sql': "{% set kinds = {'a': 'One', 'b': 'Two'} %}select {% for k, v in kinds.items() %} {{ v }} as {{ k }}_{{ v | replace('T', 's') }}, {% endfor %} {% for o in [{'n': 'p'}] %} 1 as {{ o.n }}, 1 as \"{{ o['n'] }} Q\", {% endfor %} 1 as z from t",
    'models/e.sql': "select {% for a in ['x', 'y'] %}{% for b in [1, 2] %} 1 as {{ a }}{{ b }}, {% endfor %}{% endfor %} 1 as z from t",
    'models/f.sql': "select {% for m in other() %} 1 as {{ m }}, {% endfor %} {{ cents('a') }}, 1 as z from t",
  });
  assert.deepEqual(told(fixture, 'a'), { certain: true, columns: ['x_sum', 'y_sum'] });
  assert.deepEqual(told(fixture, 'b'), { certain: true, columns: ['id', 'day', 'amount', 'amount_sum'] });
  assert.deepEqual(told(fixture, 'c'), { certain: false, columns: ['card_n integer', 'cash_n integer', 'm1 integer', 'm2 integer', 'z integer'] });
  assert.deepEqual(told(fixture, 'd'), { certain: true, columns: ['a_one', 'b_swo', 'p integer', 'p Q integer', 'z integer'] });
  assert.deepEqual(told(fixture, 'e'), { certain: true, columns: ['x1 integer', 'x2 integer', 'y1 integer', 'y2 integer', 'z integer'] });
  assert.deepEqual(told(fixture, 'f'), { certain: false, columns: ['z integer'] });
  fixture.edit('dbt_project.yml', "name: shop\nprofile: shop\nvars:\n  methods: ['coupon']\n");
  assert.deepEqual(told(fixture, 'c').columns.slice(0, 2), ['coupon_n integer', 'm1 integer']);
});

test('relations that Jinja names, and what macros of dbt_utils write', () => {
  const fixture = projectOf({
    'models/a.sql': "select 1 as id, 'x' as name", 'models/b.sql': "select 1 as id, now() as at_time",
    'models/c.sql': "{%- set rel = ref('a') -%}\nwith s as (select * from {{ rel }}) select s.* from s",
    'models/d.sql': "{% set rels = [ref('a'), ref('b')] %}{% for r in rels %} select * from {{ r }} {% if not loop.last %} union all {% endif %} {% endfor %}",
    'models/e.sql': "select {{ dbt_utils.star(from=ref('a'), except=['ID'], prefix='a_') }}, {{ dbt_utils.star(ref('b')) }} from {{ ref('a') }}",
    'models/f.sql': "with u as ({{ dbt_utils.union_relations(relations=[ref('a'), ref('b')]) }}), d as ({{ dbt_utils.date_spine(datepart='day', start_date='x', end_date='y') }}) select u.*, d.date_day from u cross join d",
    'models/g.sql': "{% set rel = ref('a') %}{% set rel = ref('b') %}select * from {{ rel }}",
    'models/h.sql': "select e.*, o.* from {{ ref('a') }} a, jsonb_each(a.name::jsonb) as e, unnest(array[1]) with ordinality as o",
  });
  const names = (model: string): string[] => columnsOfModel(fixture.project, model).columns.map(({ name }) => name);
  assert.deepEqual(told(fixture, 'c'), { certain: true, columns: ['id integer < a.id', 'name text < a.name'] });
  assert.deepEqual(['d', 'e', 'f', 'g', 'h'].map(names), [['id', 'name'], ['a_name', 'id', 'at_time'], ['_dbt_source_relation', 'id', 'name', 'at_time', 'date_day'], [], ['key', 'value', 'o', 'ordinality']]);
});

test('what only dbt knows is not certain, and YAML fills in', () => {
  const fixture = projectOf({
    'models/a.sql': "select id, {{ dbt_utils.star(ref('x')) }} from {{ ref('x') }}", 'models/b.sql': "select * from {{ source('raw', 'x') }}",
    'models/x.sql': "select * from {{ ref('y') }}", 'models/y.sql': "select *, 1 as z from {{ ref('x') }}", 'seeds/s.csv': 'id,"name"\n1,a\n',
    'models/schema.yml': 'models:\n  - name: a\n    columns:\n      - name: id\n      - name: extra\n        data_type: text\n',
  });
  assert.deepEqual(told(fixture, 'a'), { certain: false, columns: ['id < x.id', 'z integer < x.z', 'extra text'] });
  assert.deepEqual(told(fixture, 'b'), { certain: false, columns: [] });
  assert.deepEqual(told(fixture, 'y').certain, false);
  assert.deepEqual(told(fixture, 's'), { certain: true, columns: ['id', 'name'] });
  assert.deepEqual(told(fixture, 'nowhere'), { certain: false, columns: [] });
});

test('a seed has the types that its configuration gives', () => {
  const fixture = projectOf({
    'dbt_project.yml': 'name: shop\nprofile: shop\nseeds:\n  shop:\n    names:\n      +column_types: {label: varchar(20)}\n', 'seeds/names.csv': 'channel,Label,paid\nemail,E-mail,false\n', 'seeds/codes.csv': 'code,paid\na,false\n',
    'seeds/seeds.yml': 'seeds:\n  - name: codes\n    config:\n      column_types:\n        paid: boolean\n', 'models/a.sql': "select paid from {{ ref('codes') }}",
  });
  assert.deepEqual(told(fixture, 'names').columns, ['channel', 'Label varchar(20)', 'paid']);
  assert.deepEqual(told(fixture, 'codes').columns, ['code', 'paid boolean']);
  assert.deepEqual(told(fixture, 'a').columns, ['paid boolean < codes.paid']);
});

test('a change is seen by the models that depend on it, and others are kept', () => {
  const fixture = projectOf({ 'models/a.sql': 'select 1 as x', 'models/b.sql': "select * from {{ ref('a') }}", 'models/c.sql': 'select 2 as y' });
  const before = columnsOfModel(fixture.project, 'c');
  assert.deepEqual(told(fixture, 'b').columns, ['x integer < a.x']);
  fixture.edit('models/a.sql', 'select 1 as x, 2 as more');
  assert.deepEqual(told(fixture, 'b').columns, ['x integer < a.x', 'more integer < a.more']);
  assert.equal(columnsOfModel(fixture.project, 'c'), before);
});

test('each version of a model has its own columns, snapshots in YAML those of what they keep', () => {
  const fixture = projectOf({
    'models/dim_v1.sql': 'select 1 as old', 'models/newest.sql': 'select 2 as new',
    'models/a.sql': "select * from {{ ref('dim') }}", 'models/b.sql': "select * from {{ ref('dim', v=1) }}", 'models/c.sql': "select d.* from {{ ref('shop', 'dim', version='2') }} d",
    'models/d.sql': "select id, dbt_valid_to from {{ ref('kept') }}", 'models/e.sql': "select * from {{ ref('kept') }}",
    'models/schema.yml': "models:\n  - name: dim\n    latest_version: 2\n    versions:\n      - v: 1\n      - v: 2\n        defined_in: newest\nsources:\n  - name: raw\n    tables:\n      - name: x\n        columns:\n          - name: id\n",
    'snapshots/kept.yml': "snapshots:\n  - name: kept\n    relation: source('raw', 'x')\n  - name: again\n    relation: ref('dim')\n",
  });
  const names = (model: string): string[] => columnsOfModel(fixture.project, model).columns.map(({ name }) => name);
  assert.deepEqual(['a', 'b', 'c'].map(names), [['new'], ['old'], ['new']]);
  const added = ['dbt_scd_id', 'dbt_updated_at', 'dbt_valid_from', 'dbt_valid_to'];
  assert.deepEqual(names('e'), ['id', ...added]);
  assert.deepEqual(told(fixture, 'd').columns, ['id < kept.id', 'dbt_valid_to < kept.dbt_valid_to']);
  assert.deepEqual(names('again'), ['new', ...added]);
  fixture.edit('models/newest.sql', 'select 2 as newer');
  assert.deepEqual(names('again'), ['newer', ...added]);
});

test('functions in FROM have the columns that they are known for, or that they are given', () => {
  const of = (sql: string): ReturnType<typeof told> => told(projectOf({ 'models/a.sql': sql }), 'a');
  assert.deepEqual(of("select * from jsonb_to_recordset('[]') as r (a int, b numeric(5, 2))"), { certain: true, columns: ['a integer < r.a', 'b numeric(5,2) < r.b'] });
  assert.deepEqual(of("select e.key, value from jsonb_each('{}') e"), { certain: true, columns: ['key text < e.key', 'value jsonb < e.value'] });
  assert.deepEqual(of('select g, h.* from generate_series(1, 3) g, generate_series(1, 2) with ordinality h (n, o)').columns, ['g integer < g.g', 'n integer < h.n', 'o bigint < h.o']);
  assert.equal(of('select * from my_function() f').certain, false);
  assert.equal(of('select * from unnest(array[1]) u').certain, false);
});

test('a model of which a macro writes everything', () => {
  const fixture = projectOf({ 'models/a.sql': 'select 1 as x', 'models/b.sql': "{{ config(materialized='view') }}\n{{ dbt_utils.union_relations(relations=[ref('a')]) }}\n", 'models/c.sql': "{{ dbt_utils.date_spine(datepart='day', start_date='x', end_date='y') }}", 'models/d.sql': '{{ mine() }}' });
  assert.deepEqual(['b', 'c', 'd'].map((model) => columnsOfModel(fixture.project, model)).map(({ columns, certain }) => [certain, ...columns.map(({ name }) => name)]), [[false, '_dbt_source_relation', 'x'], [false, 'date_day'], [false]]);
});

test('chains of any length, and cycles of them', () => {
  const chain = (length: number, first: string): Record<string, string> => Object.fromEntries(Array.from({ length }, (_, index) => [`models/m_${index}.sql`, index === 0 ? first : `with a as (select * from {{ ref('m_${index - 1}') }}), b as (select * from a) select * from b`]));
  const columns = (files: Record<string, string>, model: string): string[] => columnsOfModel(projectOf(files).project, model).columns.map(({ name }) => name);
  assert.deepEqual(columns(chain(2000, 'select 1 as a, 2 as b'), 'm_1999'), ['a', 'b']);
  assert.deepEqual(columns(chain(300, "select *, 1 as a from {{ ref('m_299') }}"), 'm_299'), ['a']);
});

test('what USING makes one stands in front, in the order of the joins', () => {
  const project = projectOf({ 'models/a.sql': 'select 1 as x, 2 as y, 3 as p', 'models/b.sql': 'select 1.5 as x, 4 as q', 'models/c.sql': 'select 1.5 as y, 5 as r, 6 as x2', 'models/d.sql': "select * from {{ ref('a') }} join {{ ref('b') }} using (x) join {{ ref('c') }} using (y) join {{ ref('a') }} as e using (y) cross join {{ ref('b') }} as f" });
  assert.deepEqual(columnsOfModel(project.project, 'd').columns.map(({ name, type = '' }) => `${name} ${type}`), ['y numeric', 'x numeric', 'p integer', 'q integer', 'r integer', 'x2 integer', 'x integer', 'p integer', 'x numeric', 'q integer']);
});
