import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DocumentSymbol } from 'vscode-languageserver';
import { projectOf } from './fixture';
import { foldingRange } from './folding';
import { semanticTokens, SEMANTIC_LEGEND } from './semanticTokens';
import { documentSymbol, workspaceSymbol } from './symbols';

const MODEL = `{{
    config(
        materialized='table',
    )
}}
-- Orders
-- of the shop
with orders as (
    select
        id,
        amount * 2 as doubled
    from {{ ref('stg_orders') }} as raw
)
{# Two
   lines #}
select
    orders.*,
    (
        select max(id)
        from orders
    ) as last
from orders
{% if true %}
where id > {{ var('first', 3) }}
{% endif %}
`;

const FILES = {
  'dbt_project.yml': 'name: shop\nprofile: shop\nvars:\n  first: 1\n',
  'models/orders.sql': MODEL,
  'models/stg_orders.sql': "select id, amount from {{ source('raw', 'orders') }}\n",
  'models/schema.yml': `models:
  - name: orders
    columns:
      - name: id
        data_type: integer
        data_tests:
          - unique
          - accepted_values:
              arguments: {values: [1]}
sources:
  - name: raw
    tables:
      - name: orders
exposures:
  - name: board
    type: dashboard
`,
  'macros/cents.sql': '{% macro cents(column, digits=2) %}round({{ column }}){% endmacro %}\n',
  'models/docs.md': '{% docs orders %}Orders{% enddocs %}\n',
};

const outline = (symbols: readonly DocumentSymbol[]): unknown[] => symbols.map(({ name, detail, children }) => [...[name, detail].filter(Boolean), ...(children ? [outline(children)] : [])]);

test('the outline of SQL has its CTEs with their columns, then its own columns; of macros their parameters', () => {
  const fixture = projectOf(FILES);
  assert.deepEqual(outline(documentSymbol(fixture.at('models/orders.sql'))), [['orders', 'CTE', [['id'], ['doubled']]], ['orders.*'], ['last']]);
  assert.deepEqual(outline(documentSymbol(fixture.at('macros/cents.sql'))), [['cents', '(column, digits)', [['column'], ['digits', '2']]]]);
  assert.deepEqual(outline(documentSymbol(fixture.at('models/docs.md'))), [['orders', 'docs']]);
});

test('the outline of YAML has models with columns and tests, and variables', () => {
  const fixture = projectOf(FILES);
  assert.deepEqual(outline(documentSymbol(fixture.at('models/schema.yml'))), [
    ['models', [['orders', [['id', 'integer', [['unique', 'test'], ['accepted_values', 'test']]]]]]],
    ['sources', [['raw', [['orders']]]]], ['exposures', [['board', 'dashboard']]],
  ]);
  assert.deepEqual(outline(documentSymbol(fixture.at('dbt_project.yml'))), [['name', 'shop'], ['profile', 'shop'], ['vars', [['first', '1']]]]);
});

test('a symbol holds its name and its children, as the protocol wants', () => {
  const fixture = projectOf(FILES);
  const check = (symbol: DocumentSymbol, outer?: DocumentSymbol): void => {
    const inside = (one: { line: number; character: number }, other: { line: number; character: number }): boolean => one.line < other.line || (one.line === other.line && one.character <= other.character);
    assert.ok(inside(symbol.range.start, symbol.selectionRange.start) && inside(symbol.selectionRange.end, symbol.range.end), symbol.name);
    if (outer) assert.ok(inside(outer.range.start, symbol.range.start) && inside(symbol.range.end, outer.range.end), `${symbol.name} in ${outer.name}`);
    for (const child of symbol.children ?? []) check(child, symbol);
  };
  for (const file of Object.keys(FILES)) for (const symbol of documentSymbol(fixture.at(file))) check(symbol);
});

test('workspace symbols: the letters in their order, the best first', () => {
  const fixture = projectOf(FILES);
  const found = (query: string): string[] => workspaceSymbol(fixture.at('models/orders.sql'), query).map(({ name, containerName }) => `${containerName ?? ''} ${name}`);
  assert.deepEqual(found('orders'), ['model orders', 'docs orders', 'source raw.orders', 'model stg_orders']);
  assert.deepEqual(found('sgo'), ['model stg_orders']);
  assert.deepEqual(found('cent'), ['macro cents']);
  assert.deepEqual(found('board'), ['exposure board']);
  assert.deepEqual(found('first'), ['variable first']);
  assert.equal(found('').length, 7);
});

test('what spans lines folds', () => {
  const fixture = projectOf(FILES);
  const shown = foldingRange(fixture.at('models/orders.sql')).map(({ startLine, endLine, kind }) => `${startLine + 1}-${endLine + 1}${kind === undefined ? '' : ` ${kind}`}`);
  assert.deepEqual(shown, ['1-4', '6-7 comment', '8-12', '9-11', '14-15 comment', '16-21', '18-20', '23-24']);
  const yaml = foldingRange(fixture.at('models/schema.yml')).map(({ startLine, endLine }) => `${startLine + 1}-${endLine + 1}`);
  assert.ok(yaml.includes('1-9') && yaml.includes('2-9') && yaml.includes('10-13'), yaml.join());
});

interface Token { text: string; type: string }

function tokens(text: string): Token[] {
  const request = projectOf({}).at('models/m.sql', text);
  const { data } = semanticTokens(request);
  const found: Token[] = [];
  for (let at = 0, line = 0, character = 0; at < data.length; at += 5) {
    const [deltaLine = 0, deltaStart = 0, length = 0, type = 0, modifiers = 0] = data.slice(at, at + 5);
    line += deltaLine;
    character = deltaLine > 0 ? deltaStart : character + deltaStart;
    const start = request.lines.offsetAt({ line, character });
    const names = SEMANTIC_LEGEND.tokenModifiers.filter((_, bit) => modifiers & (1 << bit));
    found.push({ text: request.text.slice(start, start + length), type: [SEMANTIC_LEGEND.tokenTypes[type], ...names].join('.') });
  }
  return found;
}

test('Jinja is coloured, CTEs and aliases are, and the rest is left to the grammar', () => {
  assert.deepEqual(tokens("with a as (select b.x from {{ ref('orders') }} as b) {# two\nlines #} select a.x from a {% if not this %}{{ cents(x=1) }}{% endif %}").map(({ text, type }) => `${text} ${type}`), [
    'a type.declaration', 'b variable', '{{ macro', "ref function.defaultLibrary", "' string", 'orders class', "' string", '}} macro', 'b variable.declaration', '{# two comment', 'lines #} comment',
    'a type', 'a type', '{% macro', 'if keyword', 'not keyword', 'this variable.defaultLibrary', '%} macro', '{{ macro', 'cents function', 'x parameter', '1 number', '}} macro', '{% macro', 'endif keyword', '%} macro',
  ]);
  for (const text of ['{{', '{% set x', "{{ ref('a", '{#', 'with a as (', '{{ "a\nb" }} {{ }}']) assert.doesNotThrow(() => tokens(text), text);
});
