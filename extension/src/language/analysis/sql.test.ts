import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSql } from './document';
import type { Query, Relation, Select, SqlDocument } from './types';

function own(text: string): Query {
  const { query } = parseSql(text).sql;
  assert.ok(query, text);
  return query;
}

function last(text: string): Select {
  const select = own(text).selects.at(-1);
  assert.ok(select, text);
  return select;
}

const items = (select: Select): string[] => select.items.map(({ name, star, type, dynamic }) => `${star ? `${star.qualifier ? `${star.qualifier.name}.` : ''}*` : name ?? ''}${type === undefined ? '' : ` ${type}`}${dynamic ? ' …' : ''}`);
const named = (expressions: string): string[] => items(last(`select ${expressions} from t`));
const references = (select: Select): string[] => select.references.map(({ name, qualifier }) => (qualifier ? `${qualifier.name}.${name}` : name));
const relation = ({ kind, path, alias, join, columnAliases, dynamic }: Relation): string => [join ? `${join.lateral ? 'lateral ' : ''}${join.kind}` : '', kind, path.join('.'), alias ? `as ${alias.name}` : '', columnAliases ? `(${columnAliases.map(({ name }) => name).join(' ')})` : '', dynamic ? '…' : ''].filter(Boolean).join(' ');
const relations = (text: string): string[] => last(text).from.map(relation);

test('columns are called as PostgreSQL calls them', () => {
  assert.deepEqual(named('a, t.b, A, "Mixed", a as x, a y, a "Z"'), ['a', 'b', 'a', 'Mixed', 'x', 'y', 'Z']);
  assert.deepEqual(named('count(*), sum(a) over (partition by b), s.f(a), trim(a), coalesce(a, 1), extract(epoch from a)'), ['count bigint', 'sum', 'f', 'btrim text', 'coalesce', 'extract numeric']);
  assert.deepEqual(named("a::numeric(18, 4), 1::int, cast(a as double precision), cast('x' as text), a::timestamp with time zone, b::text[]"), ['a numeric(18,4)', 'int4 integer', 'a double precision', 'text text', 'a timestamp with time zone', 'b text[]']);
  assert.deepEqual(named("case when a then 1 end, case when a then 1 else b end, case when a then 'x' else null end"), ['case integer', 'b', 'case text']);
  assert.deepEqual(named("a + 1, -a, 'x', 1.5, not a, a = b, (a), (a, b), row(a), a is null"), ['?column?', '?column?', '?column? text', '?column? numeric', '?column? boolean', '?column? boolean', 'a', 'row', 'row', '?column? boolean']);
  assert.deepEqual(named('a + b::bigint, 1 + 2::bigint, (1 + 2)::bigint'), ['?column?', '?column? bigint', 'int8 bigint']);
  assert.deepEqual(named("interval '30 days', date '2024-01-01' d, now() at time zone 'UTC', array[1], exists (select 1), (select max(q) from u), current_date"), ['interval interval', 'd date', 'timezone timestamp', 'array integer[]', 'exists boolean', 'max', 'current_date date']);
  assert.deepEqual(named("*, t.*, count(*) filter (where a) n, percentile_cont(0.5) within group (order by a) total, a collate \"C\", arr[1], (r).f"), ['*', 't.*', 'n bigint', 'total', 'a', 'arr', 'f']);
});

test('columns that are read, without anything that only looks like one', () => {
  const read = (text: string): string[] => references(last(text));
  assert.deepEqual(read("select a, t.b, count(*) filter (where c > 1), sum(d) over (partition by e order by f desc nulls last rows between unbounded preceding and current row) from t where extract(year from g) = 1 and h is not distinct from i group by j having max(k) > 1 window w as (partition by l) order by m"), ['a', 't.b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm']);
  assert.deepEqual(read("select distinct on (a) b::numeric(18, 4), cast(c as timestamp without time zone), interval '1 day' * d, e at time zone 'UTC', f collate \"C\", make_interval(days => g), string_agg(h, ',' order by i), substring(j from k for 2), position('x' in l) from t"), ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l']);
  assert.deepEqual(read("select a as x, b y from t order by x, c limit 10 offset 5"), ['a', 'b', 'c']);
  assert.deepEqual(read("select data->>'k', arr[n], current_date, true, null, left(s, 3), x like 'y' escape '!' from t for update"), ['data', 'arr', 'n', 's', 'x']);
  assert.deepEqual(read("select a from t where b in (1, c) and d between e and 3 and not f and g ilike any (array['x'])"), ['a', 'b', 'c', 'd', 'e', 'f', 'g']);
});

test('a sign before an operand is no comparison', () => assert.deepEqual(named('~ 1 a, - 1 b, 1 ~ 2 c'), ['a', 'b integer', 'c boolean']));

test('a predicate that is whole may have a name behind it', () => {
  assert.deepEqual(named('a is null x, a is not true y, a isnull z, a is not distinct from b u, a is json object with unique keys v, a is nfc normalized w, a is json and b is unknown q'), ['x', 'y', 'z', 'u', 'v', 'w', 'q'].map((name) => `${name} boolean`));
  assert.deepEqual(references(last('select a is not true b, c notnull d from t where e is null and f is distinct from g')), ['a', 'c', 'e', 'f', 'g']);
  assert.deepEqual(references(last('select a from t group by grouping sets ((a, b), (c), ()), rollup (d)')), ['a', 'a', 'b', 'c', 'd']);
});

test('nested queries keep their own references and know what is around them', () => {
  const { query, queries } = parseSql('select a from t where exists (select 1 from u where u.i = t.i) and b in (select c from v)').sql;
  assert.equal(queries.length, 3);
  const [outer, ...inner] = queries;
  assert.equal(outer, query);
  assert.deepEqual(references(outer?.selects[0] ?? last('')), ['a', 'b']);
  for (const one of inner) assert.deepEqual([one.parent, one.parentSelect], [outer, outer?.selects[0]]);
  assert.deepEqual(inner.flatMap(({ selects }) => selects.flatMap(references)), ['u.i', 't.i', 'c']);
});

test('relations of every kind', () => {
  assert.deepEqual(relations("select * from {{ ref('a') }} as x left join {{ source('s', 't') }} y on x.i = y.i cross join b.c, d"), ['ref a as x', 'left source s.t as y', 'cross name b.c', 'name d']);
  assert.deepEqual(relations("select * from (select 1) q(a, b) join lateral (select q.a) l on true, unnest(q.x) with ordinality as u(v, o), (values (1, 'x')) as w (n, m)"), ['query as q (a b)', 'lateral inner query as l', 'function unnest as u (v o)', 'query as w (n m)']);
  assert.deepEqual(relations('select * from (a join b using (i, j)) natural full outer join c tablesample system (1) where x'), ['name a', 'inner name b', 'full name c']);
  assert.deepEqual(relations("select * from {{ ref('p', 'a') }}, {{ ref('a', v=2) }}, {{ ref(x) }} z, {{ this }}, {{ s }}.t, {{ ref('a') }}_x"), ['ref a', 'ref a …', 'jinja as z', 'jinja', 'jinja', 'jinja']);
  assert.deepEqual(relations("select r.* from {{ ref('a') }} as r {{ only_new('r') }} where true"), ['ref a as r', 'jinja']);
  assert.deepEqual(last('select * from a join b using (i, j)').from[1]?.join?.using, ['i', 'j']);
  assert.deepEqual(relations('select * from rows from (f(a), g(b) as (c int)) with ordinality as r (x, y) join u on true'), ['function as r (x y)', 'inner name u']);
  const text = 'select * from a left join b on a.i = b.i and b.x > 1 where y';
  const { on, span } = last(text).from[1]?.join ?? {};
  assert.deepEqual([on, span].map((one) => text.slice(one?.start, one?.end)), ['a.i = b.i and b.x > 1', 'left join b on a.i = b.i and b.x > 1']);
});

test('CTEs, set operations and clauses', () => {
  const text = 'with recursive a (x, y) as not materialized (select 1, 2 union all select x + 1, y from a), b as materialized (select * from a) select * from b where z union select 1 order by 1';
  const query = own(text);
  assert.deepEqual(query.ctes.map(({ name, columnAliases, query: inner }) => [name, columnAliases?.map((one) => one.name), inner.selects.length]), [['a', ['x', 'y'], 2], ['b', undefined, 1]]);
  assert.deepEqual(query.ctes.map(({ span }) => text.slice(span.start, span.end)), ['a (x, y) as not materialized (select 1, 2 union all select x + 1, y from a)', 'b as materialized (select * from a)']);
  assert.equal(query.selects.length, 2);
  assert.ok(query.recursive && query.ctes.every((cte) => cte.query.parent === query));
  const { where, from } = query.selects[0]?.clauses ?? {};
  assert.deepEqual([where, from, query.orderBy].map((span) => text.slice(span?.start, span?.end)), ['where z', 'from b', 'order by 1']);
  assert.deepEqual(own('(select a from x) union all (select b from y)').selects.map(items), [['a'], ['b']]);
});

test('half-written text gives the scopes that it has', () => {
  assert.deepEqual(relations('select o. from orders o'), ['name orders as o']);
  assert.deepEqual(relations('select a, from t where a.'), ['name t']);
  assert.deepEqual(relations('select count(a from t where b'), ['name t']);
  assert.deepEqual(relations('select case when a then from t'), ['name t']);
  assert.deepEqual(relations('select a as from t'), ['name t']);
  assert.deepEqual(own('with a as (select 1 as x\nselect x from a').ctes.map(({ name }) => name), ['a']);
  assert.deepEqual(own('with a as (\n select * from x\n, b as (select 1 as one)\nselect * from b').ctes.map(({ name }) => name), ['a', 'b']);
  assert.deepEqual(relations('with a as (select 1),\nselect * from a'), ['name a']);
  assert.deepEqual(items(last('select a as x b as y from t')), ['x', 'y']);
  for (const text of ['select', 'select from', 'with', 'with a', 'with a as', 'with a as (', 'select * from (select 1 as a', "select 'abc", 'values (1', 'select a from t join', 'select a::', 'select (((', '{{', 'select {% if', 'select "a', 'select /* a', 'select $$ a']) parseSql(text);
});

test('FROM of a function that is not closed is the clause', () => {
  for (const open of ['trim(a.', "position('x' in a.", 'extract(epoch from a.', 'substring(a.', 'nullif(trim(a.', 'trim(both from a.']) {
    for (const rest of [', a.b c from t a', '\n, d\nfrom t a where true', ', e from t a join u on a.f = u.f', ' from t a where true']) assert.deepEqual(last(`select ${open}${rest}`).from[0]?.alias?.name, 'a', open + rest);
  }
  assert.deepEqual(references(last("select trim(both 'x' from a), trim(from b), extract(epoch from (select max(c) from u)), substring(d from 2 for 3) from t")), ['a', 'b', 'd']);
  const half = last('select a.b, a.\n substring(a.c from 2) d from t a');
  assert.deepEqual([items(half), relations('select a.b, a.\n substring(a.c from 2) d from t a')], [['b', ' …', 'd text'], ['name t as a']]);
});

test('branches of Jinja are read side by side', () => {
  const branches = own("{% if is_incremental() %} select a from {{ ref('q') }} {% else %} select b from {{ source('s', 't') }} s {% endif %}");
  assert.equal(branches.dynamic, true);
  assert.deepEqual(branches.selects.map((select) => [items(select), select.from.map(relation)]), [[['a'], ['ref q']], [['b'], ['source s.t as s']]]);
  assert.deepEqual(relations("select * from {% if x %}{{ ref('a') }}{% else %}{{ ref('b') }}{% endif %} as t where t.x"), ['ref a …', 'ref b as t …']);
  assert.deepEqual(items(last("select {% if x %} a {% else %} b {% endif %} as c, {% if y %} d as e {% else %} f as e {% endif %} from t")), ['c …', 'e …', 'e …']);
  assert.deepEqual(items(last("select a, {% if x %} b, {% endif %} c {% if y %} + 1 {% endif %} as d, {{ cols() }}, {{ f('a') }} as e, {{ p }}_id, a as {{ n }} from t")), ['a', 'b …', 'd', ' …', 'e', ' …', ' …']);
  assert.deepEqual(items(last("select {% for m in ms %} sum({{ m }}) as {{ m }}_amount {{ ',' if not loop.last }} {% endfor %} from t")), [' …']);
  assert.deepEqual(references(last("select a from t where {{ c }} > 1 and t.{{ d }} = e and {{ f }}_g = 2 {% if is_incremental() %} and h > (select max(i) from {{ this }}) {% endif %}")), ['a', 'e', 'h']);
});

test('what blocks capture is not the query of the file', () => {
  const { query, queries } = parseSql("{% set q %} select 1 as x from a {% endset %}{% call statement('s') %} select 2 {% endcall %} select y from b").sql;
  assert.equal(queries.length, 3);
  assert.deepEqual(query?.selects.map(items), [['y']]);
  assert.equal(parseSql('{% macro m() %} select 1 {% endmacro %}').sql.query, undefined);
  assert.deepEqual(parseSql('{% snapshot s %} select 1 as a {% endsnapshot %}').sql.query?.selects.map(items), [['a integer']]);
});

test('tokens follow one another; tags in strings and comments belong to these', () => {
  const text = "select 'it''s {{ ref('a') }}', \"{{ c }}\", $$ x' $$, e'\\'' -- {{ ref('b') }}\n/* a /* {% x %} */ */ a::int<=-1 {{ d }}";
  const tokens = (document: SqlDocument): string[] => document.sql.tokens.map(({ kind, start, end }) => `${kind} ${text.slice(start, end)}`);
  assert.deepEqual(tokens(parseSql(text)), [
    'word select', "string 'it''s {{ ref('a') }}'", 'symbol ,', 'quoted "{{ c }}"', 'symbol ,', "string $$ x' $$", 'symbol ,', "string e'\\''", "comment -- {{ ref('b') }}",
    'comment /* a /* {% x %} */ */', 'word a', 'symbol ::', 'word int', 'symbol <=', 'symbol -', 'number 1', 'jinja {{ d }}',
  ].flatMap((one) => (one === 'symbol <=' ? ['symbol <='] : [one])));
});
