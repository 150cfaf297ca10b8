import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jinjaCursor, type JinjaCursor } from './jinjaCursor';

/** `|` is the cursor. */
function at(marked: string): JinjaCursor | undefined {
  const offset = marked.indexOf('|');
  return jinjaCursor(marked.slice(0, offset) + marked.slice(offset + 1), offset);
}

function written(marked: string): string | undefined {
  const offset = marked.indexOf('|');
  const span = at(marked)?.string;
  return span && (marked.slice(0, offset) + marked.slice(offset + 1)).slice(span.start, span.end);
}

test('a string is what stands between its quotes, closed or not', () => {
  assert.equal(written("select * from {{ ref('stg_|events') }}"), 'stg_events');
  assert.equal(written("select * from {{ ref('|"), '');
  assert.equal(written("{{ ref('st|') }} join {{ ref('b') }}"), 'st');
  assert.equal(written("{{ ref('st|) }} join {{ ref('b') }}"), 'st');
  assert.equal(written("{{ ref('|\nselect 'a'"), '');
  assert.equal(written('{{ ref("a b|c d") }}'), 'a bc d');
});

test('calls with their arguments, nested and named', () => {
  const star = at("{{ dbt_utils.star(from=ref('a'), except=[|'b']) }}");
  assert.deepEqual(star?.calls.map(({ name, argument, keyword, brackets }) => ({ name, argument, keyword, brackets })), [{ name: 'dbt_utils.star', argument: 1, keyword: 'except', brackets: '[' }]);
  assert.deepEqual(at("{{ f(1, ref('a|')) }}")?.calls.map((call) => call.name), ['f', 'ref']);
  assert.deepEqual(at("{{ source('raw', '|') }}")?.calls[0]?.texts, ['raw']);
  assert.equal(at("{{ config(a={'b': {'c': '|'}}) }}")?.calls[0]?.key, 'c');
});

test('outside a tag there is nothing', () => {
  assert.equal(at("{{ ref('a') }} |"), undefined);
  assert.equal(at("{{ f({'a': {}}) }} |"), undefined);
  assert.equal(at('{{| x }}')?.start, 2);
  assert.equal(at("{{ ref('a\nwhere x = |"), undefined);
  assert.equal(at('{% if x %}|'), undefined);
});

test('what stands before the word', () => {
  assert.equal(at('{{ dbt_utils.st| }}')?.path, 'dbt_utils');
  assert.equal(at('{{ modules.re.| }}')?.path, 'modules.re');
  assert.equal(at('{{ x | }}'.replace('|', '¦').replace('¦', '|'))?.previousWord, 'x');
  assert.equal(at('{% if execute an| %}')?.previousWord, 'execute');
  const filter = '{{ x | upp }}';
  assert.equal(jinjaCursor(filter, filter.indexOf('upp') + 2)?.previous, '|');
});
