import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSql } from '../language/analysis/document';
import { firstWords, fragmentWord, hasSql, setsBefore, sqlOfCte, targetAt, targetsOf } from './target';

const TEXT = "{{ config(materialized='table') }}\n\nwith\n\nevents as (\n    select * from {{ ref('stg_events') }}\n),\n\nlast as (select 1 as one)\n\nselect * from last\norder by one";

test('each CTE and the final select can be run; the cursor says which', () => {
  const targets = targetsOf(parseSql(TEXT));
  assert.deepEqual(targets.map(({ cte, at }) => [cte, TEXT.slice(at, at + 6)]), [['events', 'events'], ['last', 'last a'], [undefined, 'select']]);
  const at = (words: string): string | undefined => targetAt(targets, TEXT.indexOf(words))?.cte;
  assert.equal(at('stg_events'), 'events');
  assert.equal(at('1 as one'), 'last');
  assert.equal(at('order by'), undefined);
  assert.deepEqual(targetsOf(parseSql('{% macro a() %}select 1{% endmacro %}')), []);
  assert.equal(targetsOf(parseSql('select 1')).length, 1);
  assert.deepEqual(targetsOf(parseSql('')), []);
});

test('the SQL of a CTE: what is before it as it is, what is after it not', () => {
  const compiled = '\nwith a as (\n  select 1 as one\n), "B" as (select * from a) -- )\nselect * from "B" limit 1';
  assert.equal(sqlOfCte(compiled, 'a'), '\nwith a as (\n  select 1 as one\n)\nselect * from a');
  assert.equal(sqlOfCte(compiled, 'B'), `${compiled.slice(0, compiled.indexOf(' -- )'))}\nselect * from "B"`);
  assert.equal(sqlOfCte(compiled, 'none'), undefined);
  assert.equal(sqlOfCte('with recursive n as (select 1 as i union all select i + 1 from n where i < 3) select 1', 'n')?.startsWith('with recursive n as'), true);
});

test('a selection keeps the variables that are set before it', () => {
  const text = "{% set a = 1 %}\n{%- set b, c = 2, 3 -%}\nselect {{ a }} {% set late = 4 %}";
  assert.equal(setsBefore(text, text.indexOf('select')), '{% set a = 1 %}{%- set b, c = 2, 3 -%}');
});

test('a text that is wholly wrong is SQL all the same; macros, comments and configuration are none', () => {
  const asked = (text: string): boolean => hasSql(parseSql(text));
  assert.deepEqual(['selec a from b', "{{ config(a=1) }}\nfoo", '{% snapshot s %} selec {% endsnapshot %}'].map(asked), [true, true, true]);
  assert.deepEqual(['', "{{ config(materialized='table') }}\n-- later\n{# selec #}", '{% macro m() %} selec {% endmacro %}', '{% test t(model) %} selec {% endtest %}'].map(asked), [false, false, false, false]);
});

test('a selection that is no query of its own, by the word it begins with', () => {
  const word = (text: string): string | undefined => fragmentWord(parseSql(text));
  assert.equal(word('min(e.event_time)'), 'min');
  assert.equal(word('(a + b)'), 'a');
  assert.equal(word('events as (select 1)'), 'events');
  assert.equal(word("{% if a %} where b > 1 {% endif %}"), 'where');
  assert.equal(word('-- nothing'), '-- nothing');
  for (const query of ['select 1', ' -- why\n(SELECT 1)', 'with a as (select 1) select * from a', 'values (1)', "{{ config(a=1) }} select 1", "{{ dbt_utils.union_relations([ref('a')]) }}"]) assert.equal(word(query), undefined, query);
});

test('the words that a title has of a selection', () => {
  assert.equal(firstWords('  select 1\n  as one '), 'select 1 as one');
  assert.equal(firstWords("select client_id,\n  count(*) as touches\nfrom {{ ref('int_touchpoints') }}"), 'select client_id, count(*) as…');
});
