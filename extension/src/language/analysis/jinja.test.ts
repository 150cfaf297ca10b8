import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseJinja } from './jinja';
import type { Span } from './types';

const at = (text: string, { start, end }: Span): string => text.slice(start, end);
const errors = (text: string): string[] => parseJinja(text).errors.map(({ span, message }) => `${at(text, span)} · ${message}`);
const calls = (text: string): string[] => parseJinja(text).calls.map((call) => `${call.name}(${call.arguments.map(({ name, text: literal, span }) => `${name === undefined ? '' : `${name}:`}${literal ?? at(text, span)}`).join(' | ')})${call.closed ? '' : ' …'}`);

test('calls with literal, named, nested and computed arguments', () => {
  assert.deepEqual(calls("{{ ref('a') }} {{- source(\"s\", 't') -}} {% set x = dbt_utils.star(from=ref('b'), except=['c', 'd']) %}"), [
    'ref(a)', 'source(s | t)', "dbt_utils.star(from:from=ref('b') | except:except=['c', 'd'])", 'ref(b)',
  ]);
  assert.deepEqual(calls("{{ config(materialized='table', meta={'a': [1, {'b': 2}]}) }}{{ x | replace('}}', ')') }}{{ adapter.get(\n  this,\n) }}"), [
    "config(materialized:table | meta:meta={'a': [1, {'b': 2}]})", 'replace(}} | ))', 'adapter.get(this)',
  ]);
  assert.deepEqual(calls("{% do rows.append(f(1, g('it\\'s'))) %}{% if (a or not (b)) and x in (1, 2) %}{% endif %}"), ["rows.append(f(1, g('it\\'s')))", "f(1 | g('it\\'s'))", "g(it's)"]);
});

test('a literal has its place between the quotes', () => {
  const text = "select '{{ ref('orders') }}' -- {{ var(\"x\") }}\n\"{{ ref('q') }}\"";
  assert.deepEqual(parseJinja(text).calls.map((call) => at(text, call.arguments[0]?.textSpan ?? { start: 0, end: 0 })), ['orders', 'x', 'q']);
});

test('comments, raw text and docs blocks hold no calls', () => {
  assert.deepEqual(calls("{# {{ ref('a') }} #}{% raw %}{{ ref('b') }}{% endraw %}{% docs x %}it's {{ doc('y') }} {% if %}{% enddocs %}{{ ref('c') }}"), ['ref(c)']);
  assert.deepEqual(errors("{# {{ ref('a') }} #}{% raw %}{{ ref('b' }}{% endraw %}{% docs x %}it's {{ doc('y') }} {% if %}{% enddocs %}"), []);
});

test('half-written tags end where they most likely do', () => {
  assert.deepEqual(calls("select * from {{ ref('stg_ }} where {{ ref('b') }}"), ['ref(stg_) …', 'ref(b)']);
  assert.deepEqual(calls("select * from {{ ref('stg_\nwhere x = 'y' and {{ ref('b') }}"), ['ref(stg_) …', 'ref(b)']);
  assert.deepEqual(calls("{{ ref( }} {{ ref('b') }} {{ ref('c'"), ['ref() …', 'ref(b)', 'ref(c) …']);
  assert.deepEqual(calls("{{ ref('a')\nfrom {{ ref('b') }}"), ['ref(a)', 'ref(b)']);
});

test('errors stand at their place', () => {
  assert.deepEqual(errors("{{ ref('a' }}"), ['( · "(" is not closed.']);
  assert.deepEqual(errors("{{ ref('a')) }}"), [') · Nothing opens this ")".']);
  assert.deepEqual(errors("{{ ref('a) }}"), ["'a) · This string is not closed: its second quote is missing."]);
  assert.deepEqual(errors('{{ a'), ['{{ · This tag is not closed: "}}" is missing.']);
  assert.deepEqual(errors('{{ }}{% %}'), ['{{ }} · This tag is empty: an expression is missing.', '{% %} · This tag is empty: a statement is missing.']);
  assert.deepEqual(errors('{% if a %}{% endfor %}{% endif %}'), ['endfor · "endfor" closes nothing: no "for" is open here.']);
  assert.deepEqual(errors('{% if a %}{% for b in c %}{% endif %}'), ['{% for b in c %} · "for" is not closed: "endfor" is missing.']);
  assert.deepEqual(errors('{% else %}{% iff a %}'), ['else · "else" is outside of an "if" or "for".', 'iff · Jinja knows no tag "iff".']);
  assert.deepEqual(errors('{% macro a() %}{# b'), ['{% macro a() %} · "macro" is not closed: "endmacro" is missing.', '{# · This comment is not closed: "#}" is missing.']);
});

test('an expression that Jinja refuses has its error where it breaks', () => {
  const place = (text: string): string[] => parseJinja(text).errors.map(({ span: { start, end }, message }) => `${start}:${text.slice(start, end)} ${message}`);
  assert.deepEqual(place("{{ config(materialized='view',, tags=[]) }}"), ['30:, An expression is missing before ",".']);
  assert.deepEqual(place("{{ config(materialized='view' tags=[]) }}"), ['30:tags A comma or ")" is missing before "tags".']);
  assert.deepEqual(place("{{ config(materialized=) }}"), ['23:) An expression is missing before ")".']);
  assert.deepEqual(place('{{ config(a=1, 2) }}').map((one) => one.slice(0, 14)), ['15:2 This argu']);
  assert.deepEqual(place('{% set x = [1,, 2] %}{% if a b %}{% endif %}{{ x | }}{% for a of b %}{% endfor %}').map((one) => one.replace(/ .*/, '')), ['14:,', '29:b', '49:|', '65:b']);
  assert.deepEqual(place(`{{ ${'('.repeat(5000)}a${')'.repeat(5000)} }}`), []);
});

test('valid code has no errors', () => {
  for (const text of [
    "{%- set sql -%} select {{ x }} {%- endset -%}", "{% set a, b = 1, {'c': {'d': 2}} %}", "{{ {'a': {'b': 1}} }}", "{% call(row) statement('x', fetch_result=True) %} select 1 {% endcall %}",
    "{% set q = \"select\n'{{ x }}'\n\" %}", "{% for a, b in c.items() if a is not none %}{% else %}{% endfor %}", "{% materialization m, adapter='postgres' -%}{%- endmaterialization %}",
    "{% test t(model, column_name) %}{% endtest %}{% snapshot s %}{% endsnapshot %}", "{% set x | upper %}a{% endset %}", "{{ 'it''s' ~ \"}}\" }}", "{ {# a #} %} }}", "{% filter upper %}a{% endfilter %}",
  ]) assert.deepEqual(errors(text), [], text);
});

test('definitions with parameters, body and the comment before them', () => {
  const text = "{#- Cuts.\n    Twice. -#}\n{% macro cut(a, b={'x': [1, 2]}, c='q') -%}\n{{ a }}\n{%- endmacro %}\n{% test t(model) %}{% endtest %}";
  const [macro, generic] = parseJinja(text).definitions;
  assert.ok(macro && generic);
  assert.deepEqual([macro.kind, macro.name, macro.comment], ['macro', 'cut', 'Cuts.\nTwice.']);
  assert.deepEqual(macro.parameters.map((one) => [one.name, one.default, at(text, one.span)]), [['a', undefined, 'a'], ['b', "{'x': [1, 2]}", 'b'], ['c', "'q'", 'c']]);
  assert.equal(at(text, macro.body).trim(), '{{ a }}');
  assert.ok(at(text, macro.span).startsWith('{% macro') && at(text, macro.span).endsWith('endmacro %}'));
  assert.deepEqual([generic.kind, generic.name, generic.comment], ['test', 't', undefined]);
});

test('variables with where they are bound and used', () => {
  const text = "{% macro m(a, b=1) %}{% set c = a.b | f(a=b) %}{% for d, e in c.items() %}{{ d ~ e ~ z ~ loop.index }}{% endfor %}{% endmacro %}";
  assert.deepEqual(parseJinja(text).variables.map(({ name, binds }) => (binds ? `${name}!` : name)), ['a!', 'b!', 'c!', 'a', 'b', 'd!', 'e!', 'c', 'd', 'e']);
});

test('blocks reach from tag to tag', () => {
  const text = '{% if a %}{% for b in c %}x{% endfor %}{% endif %}{% macro d() %}';
  assert.deepEqual(parseJinja(text).blocks.map(({ keyword, span }) => [keyword, at(text, span)]), [
    ['if', '{% if a %}{% for b in c %}x{% endfor %}{% endif %}'], ['for', '{% for b in c %}x{% endfor %}'], ['macro', '{% macro d() %}'],
  ]);
});
