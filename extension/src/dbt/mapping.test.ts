import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Mapping } from './mapping';

/** Maps the place of `mark` (`|` in the source) and shows what stands there. */
function there(source: string, compiled: string): { text: string; exact: boolean } {
  const offset = source.indexOf('|');
  const { start, end, exact } = new Mapping(source.replace('|', ''), compiled).toCompiled(offset);
  return { text: exact ? compiled.slice(start, start + 6) : compiled.slice(start, end), exact };
}

function back(source: string, compiled: string): { text: string; exact: boolean } {
  const offset = compiled.indexOf('|');
  const { start, end, exact } = new Mapping(source, compiled.replace('|', '')).toSource(offset);
  return { text: exact ? source.slice(start, start + 6) : source.slice(start, end), exact };
}

const SOURCE = "{{ config(materialized='table') }}\n\nselect client_id, count(*) as n\nfrom {{ ref('events') }} as events\nwhere {{ window() }} group by 1\n";
const COMPILED = '\n\nselect client_id, count(*) as n\nfrom "db"."staging"."events" as events\nwhere touch <= purchase group by 1';

test('literal text is found as it is, both ways', () => {
  assert.deepEqual(there(SOURCE.replace('client_id', '|client_id'), COMPILED), { text: 'client', exact: true });
  assert.deepEqual(there(SOURCE.replace('group', '|group'), COMPILED), { text: 'group ', exact: true });
  assert.deepEqual(back(SOURCE, COMPILED.replace('as events', '|as events')), { text: 'as eve', exact: true });
});

test('what a tag made leads to the tag, and the tag to it', () => {
  assert.deepEqual(there(SOURCE.replace("ref('", "|ref('"), COMPILED), { text: '"db"."staging"."events"', exact: false });
  assert.deepEqual(back(SOURCE, COMPILED.replace('"staging"', '|"staging"')), { text: "{{ ref('events') }}", exact: false });
  assert.deepEqual(back(SOURCE, COMPILED.replace('touch', 'to|uch')), { text: '{{ window() }}', exact: false });
  assert.deepEqual(there(SOURCE.replace('config', '|config'), COMPILED), { text: '', exact: false });
});

test('a branch that was dropped, a loop that repeats, lines that stand twice', () => {
  const source = 'select a\n{% if x %}\nfrom one\nwhere a > 1\n{% else %}\nfrom two\nwhere a > 1\n{% endif %}\norder by a';
  const compiled = 'select a\n\nfrom two\nwhere a > 1\n\norder by a';
  assert.deepEqual(back(source, compiled.replace('two', '|two')), { text: 'two\nwh', exact: true });
  assert.deepEqual(back(source, compiled.replace('order', '|order')), { text: 'order ', exact: true });
  const loop = 'select\n{% for c in cs %}\n  sum({{ c }}) as total_{{ c }},\n{% endfor %}\n  1 as last\nfrom t';
  const looped = 'select\n\n  sum(a) as total_a,\n\n  sum(b) as total_b,\n\n  1 as last\nfrom t';
  assert.deepEqual(back(loop, looped.replace('1 as last', '|1 as last')), { text: '1 as l', exact: true });
  assert.deepEqual(back(loop, looped.replace('from t', '|from t')), { text: 'from t', exact: true });
});

test('what dbt puts in front for ephemeral models moves the rest only', () => {
  const source = "with one as (\n  select * from {{ ref('e') }}\n)\nselect b from one";
  const compiled = 'with __dbt__cte__e as (\nselect b from one\n),  one as (\n  select * from __dbt__cte__e\n)\nselect b from one';
  const last = compiled.lastIndexOf('select b');
  const { start, exact } = new Mapping(source, compiled).toSource(last);
  assert.deepEqual([source.slice(start), exact], ['select b from one', true]);
});

test('a large text is aligned in little time', () => {
  const lines = Array.from({ length: 10_000 }, (_, index) => `  case when a = ${index} then {{ v(${index}) }} end as c${index},`);
  const source = `select\n${lines.join('\n')}\n  1`;
  const compiled = source.replace(/\{\{ v\((\d+)\) \}\}/g, "'value $1'");
  const started = performance.now();
  assert.equal(back(source, compiled.replace('as c7000,', '|as c7000,')).text, 'as c70');
  assert.ok(performance.now() - started < 2000);
});
