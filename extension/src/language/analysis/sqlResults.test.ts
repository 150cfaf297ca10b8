import assert from 'node:assert/strict';
import { test } from 'node:test';
import { projectOf } from '../features/fixture';
import { columnsOfModel } from './columns';

const COLUMNS = { whole: 'integer', large: 'bigint', amount: 'numeric(18,4)', ratio: 'double precision', day: 'date', at: 'timestamptz', moment: 'timestamp', name: 'text', short: 'varchar(10)', span: 'interval', odd: 'geometry', list: 'integer[]', doc: 'jsonb' };
const shop = projectOf({ 'models/sources.yml': `sources:\n  - name: raw\n    tables:\n      - name: x\n        columns:\n${Object.entries(COLUMNS).map(([name, type]) => `          - {name: ${name}, data_type: "${type}"}\n`).join('')}` });

/** The type of each expression over a table with these columns. */
function types(expressions: readonly string[]): (string | undefined)[] {
  shop.edit('models/a.sql', `select ${expressions.map((one, at) => `${one} as c${at}`).join(', ')} from {{ source('raw', 'x') }} as x`);
  const { columns } = columnsOfModel(shop.project, 'a');
  return expressions.map((_, at) => columns.find(({ name }) => name === `c${at}`)?.type);
}

function check(wanted: Readonly<Record<string, string | undefined>>): void {
  const found = types(Object.keys(wanted));
  assert.deepEqual(Object.fromEntries(Object.keys(wanted).map((one, at) => [one, found[at]])), wanted);
}

test('aggregates and functions', () => {
  check({
    'min(x.at)': 'timestamp with time zone', 'max(name)': 'text', 'max(short)': 'text', 'max(amount)': 'numeric', 'max(odd)': undefined, 'sum(whole)': 'bigint', 'sum(large)': 'numeric', 'sum(distinct amount)': 'numeric', 'sum(ratio)': 'double precision',
    'avg(whole)': 'numeric', 'avg(ratio)': 'double precision', 'sum(amount) filter (where whole > 1)': 'numeric', 'lag(moment) over (order by day)': 'timestamp', 'lag(whole, 1, 0.5) over (order by day)': 'numeric', 'lag(whole, 1, missing) over (order by day)': undefined,
    'round(amount, 2)': 'numeric', 'round(whole)': 'double precision', 'round(whole, 2)': 'numeric', "date_trunc('day', day)": 'timestamp with time zone', "date_trunc('day', moment)": 'timestamp', 'own.sum(whole)': undefined, 'sign(whole)': 'double precision', 'own.sign(whole)': undefined, 'round(avg(whole), 2)': 'numeric',
  });
});

test('operators by their precedence', () => {
  check({
    'amount * 2': 'numeric', 'whole * 2': 'integer', 'whole + large': 'bigint', 'whole + amount * ratio': 'double precision', '(whole + 1) / 2.0': 'numeric', 'day - day': 'integer', 'day + 1': 'date', 'day + span': 'timestamp', 'at - at': 'interval', 'moment - span': 'timestamp',
    'span * 2': 'interval', 'day + day': undefined, "at - '2024-01-01'": undefined, "name || 'x'": 'text', 'name || list': undefined, '- amount': 'numeric', 'whole = 1': 'boolean', 'odd * 2': undefined, 'missing * 2': undefined, 'list[1]': 'integer',
    'whole + day::int': 'integer', 'moment::date - day::date': 'integer', 'sum(whole) / count(*)': 'bigint', 'whole {{ more }} 2': undefined, 'amount * {{ rate }}': undefined,
  });
});

test('one of several values', () => {
  check({
    'coalesce(amount, 0)': 'numeric', 'coalesce(amount, amount)': 'numeric(18,4)', "coalesce(name, '')": 'text', "coalesce(short, 'x')": 'character varying', 'coalesce(whole, ratio)': 'double precision', 'coalesce(day, moment)': 'timestamp', 'coalesce(day, name)': undefined, 'coalesce(name, missing)': undefined,
    'case when whole > 1 then amount end': 'numeric', 'case when whole > 1 then amount else amount end': 'numeric(18,4)', "case when whole > 1 then 'a' else 'b' end": 'text', 'case when whole > 1 then day else null end': 'date', 'case when whole > 1 then day else name end': undefined,
    'nullif(large, 0)': 'bigint', "nullif(short, '')": 'text', 'nullif(whole, ratio)': undefined, 'nullif(amount, 0)': 'numeric(18,4)', 'coalesce(sum(amount), 0)': 'numeric', 'sum(case when whole > 1 then large else 0 end)': 'numeric',
  });
});

test('words that JavaScript has too mean nothing', () => {
  check({ 'constructor(whole)': undefined, "whole::constructor": 'constructor', "toString 'x'": 'tostring', 'sum(whole::constructor)': undefined, 'whole::constructor * 2': undefined });
  shop.edit('models/b.sql', 'select * from constructor(1) as c');
  assert.deepEqual(columnsOfModel(shop.project, 'b').columns.map(({ name }) => name), ['c']);
});

test('through CTEs, and however long an expression is', () => {
  shop.edit('models/b.sql', "with a as (select name, min(at) as first_at, sum(amount) as total from {{ source('raw', 'x') }} group by 1), b as (select *, total * 2 as twice from a) select name, first_at, twice from b");
  assert.deepEqual(columnsOfModel(shop.project, 'b').columns.map(({ name, type }) => `${name} ${type ?? ''}`), ['name text', 'first_at timestamp with time zone', 'twice numeric']);
  assert.deepEqual(types([`whole${' + whole'.repeat(50_000)}`]), [undefined]);
});

test('JSON, arrays and time zones', () => {
  check({
    "doc -> 'a'": 'jsonb', "doc -> 'a' ->> 'b'": 'text', "doc #>> '{a}'": 'text', "(doc ->> 'a')::int": 'integer', "doc || '{}'": 'jsonb', "doc ->> 'a' || 'x'": 'text', "name ->> 'a'": undefined, "doc['a']": 'jsonb',
    'list[1:2]': 'integer[]', 'array[1, 2]': 'integer[]', "array['a']": 'text[]', 'array[whole, large]': 'bigint[]', '(array[1.5])[1]': 'numeric', 'array[]::text[]': 'text[]', 'array_agg(amount)': 'numeric[]', 'array_agg(name)': 'text[]', 'unnest(list)': 'integer', 'name[1]': undefined,
    "(string_to_array(name, ','))[1]": 'text', "moment at time zone 'UTC'": 'timestamp with time zone', "at at time zone 'UTC'": 'timestamp', "moment at time zone 'UTC' at time zone 'UTC'": 'timestamp', "(moment at time zone 'UTC')::date": 'date', "missing at time zone 'UTC'": undefined,
  });
});

test('subqueries, and arguments in an order', () => {
  const from = "from {{ source('raw', 'x') }} as y";
  check({
    [`(select max(y.at) ${from})`]: 'timestamp with time zone', [`coalesce((select sum(y.amount) ${from} where y.day = x.day), 0)`]: 'numeric', [`((select y.whole ${from} limit 1) * 2.5)`]: 'numeric', '((select 1) union (select 2.5))': 'numeric', '(select missing)': undefined, '(select x.day)': 'date', [`(select y.* ${from})`]: undefined,
    [`array(select y.name ${from} order by 1)`]: 'text[]', 'array_agg(name order by day desc nulls last)': 'text[]', "string_agg(name, ',' order by day)": 'text', '(array_agg(amount order by day, whole))[1]': 'numeric', 'array_agg(missing order by day)': undefined,
    'percentile_cont(0.5) within group (order by whole)': 'double precision', 'percentile_cont(array[0.5]) within group (order by whole)': undefined, 'mode() within group (order by name)': 'text', 'mode() within group (order by missing)': undefined,
  });
});

test('functions in FROM see what stands before them', () => {
  const found = (from: string, column: string): string | undefined => {
    shop.edit('models/b.sql', `select ${column} as c from {{ source('raw', 'x') }} as x ${from}`);
    return columnsOfModel(shop.project, 'b').columns[0]?.type;
  };
  assert.equal(found('cross join unnest(x.list) as u', 'u'), 'integer');
  assert.equal(found('cross join unnest(list, array[day]) as u(a, b)', 'u.b'), 'date');
  assert.equal(found("cross join generate_series(x.day, now(), '1 day') as g", 'g'), 'timestamp with time zone');
  assert.equal(found('cross join unnest(b.list) as a cross join unnest(a.list) as b', 'a'), undefined);
  assert.equal(found('cross join unnest(u.list) as u', 'u'), undefined);
});

test('branches of a union have one type', () => {
  const project = projectOf({ 'models/a.sql': "select 1 as a, 'x' as b, now() as c union all select 2.5, 'y', 'z'" });
  assert.deepEqual(columnsOfModel(project.project, 'a').columns.map(({ type }) => type), ['numeric', 'text', undefined]);
});
