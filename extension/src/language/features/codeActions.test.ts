import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { CodeAction, Range } from 'vscode-languageserver';
import { LineIndex } from '../analysis/positions';
import { codeActions } from './codeActions';
import { projectOf, type Fixture } from './fixture';

function actions(fixture: Fixture, file: string): CodeAction[] {
  const request = fixture.at(file);
  return codeActions(request, { start: 0, end: request.text.length }, { diagnostics: [] });
}

/** Texts of the files that an action changes or makes, by path below the project. */
function after(fixture: Fixture, action: CodeAction | undefined): Record<string, string> {
  const edits = Object.entries(action?.edit?.changes ?? {});
  for (const change of action?.edit?.documentChanges ?? []) if ('edits' in change) edits.push([change.textDocument.uri, change.edits.flatMap((edit) => ('newText' in edit ? [edit] : []))]);
  return Object.fromEntries(edits.map(([uri, list]) => {
    const name = path.relative(fixture.root, fileURLToPath(uri)).replaceAll('\\', '/');
    let { text } = fixture.at(name);
    const lines = new LineIndex(text);
    for (const { range, newText } of [...list].sort((one, other) => lines.offsetAt(other.range.start) - lines.offsetAt(one.range.start))) text = text.slice(0, lines.offsetAt(range.start)) + newText + text.slice(lines.offsetAt(range.end));
    return [name, text];
  }));
}

function titled(list: readonly CodeAction[], part: string): CodeAction | undefined {
  return list.find(({ title }) => title.includes(part));
}

const YAML = 'version: 2\n\nmodels:\n  # the raw facts\n  - name: stg_events\n    columns:\n      - name: event_id # the key\n        data_type: bigint\n        description: "Key."\n\n# the end\n';

test('a misspelt ref becomes the one that is meant, or a new model', () => {
  const fixture = projectOf({ 'models/staging/stg_events.sql': 'select 1 as event_id', 'models/marts/orders.sql': "select 1 as id from {{ ref('stg_event') }}", 'models/all.yml': 'models:\n  - name: orders\n  - name: stg_events\n' });
  const found = actions(fixture, 'models/marts/orders.sql');
  assert.deepEqual(found.map(({ title, isPreferred }) => [title, isPreferred]), [['Change to "stg_events"', true], ['Create model "stg_event" (models/staging/stg_event.sql)', undefined]]);
  assert.deepEqual(after(fixture, found[0]), { 'models/marts/orders.sql': "select 1 as id from {{ ref('stg_events') }}" });
  assert.deepEqual(after(fixture, found[1]), { 'models/staging/stg_event.sql': 'select\n    1 as id\n' });
  assert.deepEqual(found[1]?.edit?.documentChanges?.map((change) => ('kind' in change ? change.kind : 'edit')), ['create', 'edit']);
  assert.equal(found[0]?.diagnostics?.[0]?.code, 'unknown-ref');
});

test('a client that can is told to show what was written elsewhere; a name like no other is made beside the file', () => {
  const fixture = projectOf({ 'models/marts/orders.sql': "select 1 as id from {{ ref('nothing') }}", 'models/all.yml': 'models:\n  - name: orders\n' });
  const request = fixture.at('models/marts/orders.sql');
  const found = codeActions(request, { start: 0, end: request.text.length }, { diagnostics: [] }, 'show');
  assert.deepEqual(titled(found, 'Create model')?.command, { title: 'Open', command: 'show', arguments: [request.uriOf(fixture.path('models/marts/nothing.sql'))] });
  assert.equal(titled(codeActions(request, { start: 0, end: request.text.length }, { diagnostics: [] }), 'Create model')?.command, undefined);
});

test('only what the client asks for, and where', () => {
  const fixture = projectOf({ 'models/orders.sql': "select 1 as id\n\nfrom {{ ref('nothing') }}", 'models/all.yml': 'models:\n  - name: orders\n' });
  const request = fixture.at('models/orders.sql');
  assert.deepEqual(codeActions(request, { start: 0, end: 3 }, { diagnostics: [] }), []);
  assert.deepEqual(codeActions(request, { start: 0, end: 99 }, { diagnostics: [], only: ['source.organizeImports'] }), []);
  const shown = { range: { start: { line: 2, character: 13 }, end: { line: 2, character: 20 } }, code: 'unknown-ref', message: 'as the client has it' };
  assert.equal(codeActions(request, { start: 30, end: 30 }, { diagnostics: [shown], only: ['quickfix'] })[0]?.diagnostics?.[0], shown);
});

test('a variable is added among the others', () => {
  const sql = "select {{ var('days') }} as id";
  for (const [before, then] of [
    ['name: shop\nvars:\n  # how many\n  size: 3 # so many\n\nmodels: {}\n', 'name: shop\nvars:\n  # how many\n  size: 3 # so many\n  days: null\n\nmodels: {}\n'],
    ['name: shop\n', 'name: shop\n\nvars:\n  days: null\n'],
    ['name: shop\nvars: {size: 3}\n', 'name: shop\nvars: {size: 3, days: null}\n'],
    ['name: shop\nvars:\n    shop:\n        size: [1, 2]\n', 'name: shop\nvars:\n    shop:\n        size: [1, 2]\n        days: null\n'],
  ] as const) {
    const fixture = projectOf({ 'dbt_project.yml': before, 'models/orders.sql': sql });
    assert.deepEqual(after(fixture, titled(actions(fixture, 'models/orders.sql'), 'Add variable')), { 'dbt_project.yml': then });
  }
});

test('the value of an added variable is selected where its file is shown: typing replaces it', () => {
  const sql = "select {{ var('days') }} as id";
  for (const before of ['name: shop\r\nvars:\r\n  size: 3\r\n\r\nmodels: {}\r\n', 'name: shop', 'name: shop\nvars: {size: 3}\n']) {
    const fixture = projectOf({ 'dbt_project.yml': before, 'models/orders.sql': sql });
    const request = fixture.at('models/orders.sql');
    const action = titled(codeActions(request, { start: 0, end: request.text.length }, { diagnostics: [] }, 'show'), 'Add variable');
    const [uri, shown] = action?.command?.arguments as [string, { selection: Range }];
    assert.equal(uri, request.uriOf(fixture.path('dbt_project.yml')));
    const text = after(fixture, action)['dbt_project.yml'] ?? '';
    const lines = new LineIndex(text);
    assert.equal(text.slice(lines.offsetAt(shown.selection.start)), text.slice(text.indexOf('null')));
    assert.equal(lines.offsetAt(shown.selection.end), text.indexOf('null') + 4);
  }
});

test('a model is described in the YAML of its folder, with its columns', () => {
  const fixture = projectOf({ 'models/staging/stg_events.sql': 'select 1 as event_id', 'models/staging/stg_clients.sql': 'select 1::bigint as client_id, now() as seen', 'models/staging/_models.yml': YAML, 'models/docs.md': '{% docs client_id %}The client.{% enddocs %}' });
  const action = titled(actions(fixture, 'models/staging/stg_clients.sql'), 'Describe');
  assert.equal(action?.title, 'Describe "stg_clients" in models/staging/_models.yml');
  assert.equal(after(fixture, action)['models/staging/_models.yml'], YAML.replace('"Key."\n', `"Key."
  - name: stg_clients
    description: ""
    columns:
      - name: client_id
        data_type: bigint
        description: "{{ doc('client_id') }}"
      - name: seen
        data_type: timestamp with time zone
        description: ""
`));
});

test('a new file follows the habit of the project', () => {
  const own = projectOf({ 'models/a.sql': 'select 1 as id', 'models/a.yml': 'version: 2\n\nmodels:\n- name: a\n', 'models/b.sql': 'select 1 as id' });
  assert.deepEqual(after(own, titled(actions(own, 'models/b.sql'), 'Describe')), { 'models/b.yml': 'version: 2\n\nmodels:\n- name: b\n  description: ""\n  columns:\n  - name: id\n    data_type: integer\n    description: ""\n' });
  const folder = projectOf({ 'models/staging/a.sql': 'select 1 as id', 'models/staging/a2.sql': 'select 1 as id', 'models/staging/_staging__models.yml': 'models:\n  - name: a\n  - name: a2\n', 'models/marts/b.sql': 'select 1 as id' });
  assert.deepEqual(Object.keys(after(folder, titled(actions(folder, 'models/marts/b.sql'), 'Describe'))), ['models/marts/_marts__models.yml']);
  const none = projectOf({ 'models/b.sql': 'select 1 as id' });
  assert.deepEqual(Object.keys(after(none, titled(actions(none, 'models/b.sql'), 'Describe'))), ['models/_models.yml']);
});

test('columns that are not documented are added to the others', () => {
  const fixture = projectOf({ 'models/stg_events.sql': 'select 1 as event_id, 2 as size, 3 as more', 'models/all.yml': YAML });
  const found = actions(fixture, 'models/stg_events.sql');
  assert.equal(after(fixture, titled(found, 'Document column "size"'))['models/all.yml'], YAML.replace('"Key."\n', '"Key."\n      - name: size\n        data_type: integer\n        description: ""\n'));
  assert.equal(after(fixture, titled(found, 'Document the 2 columns'))['models/all.yml'], YAML.replace('"Key."\n', '"Key."\n      - name: size\n        data_type: integer\n        description: ""\n      - name: more\n        data_type: integer\n        description: ""\n'));
});

test('rules have their fix, and a comment that silences them', () => {
  const fixture = projectOf({ 'dbt_project.yml': 'name: shop\nvars:\n  attribution_window_days: 30\n', 'models/int_pairs.sql': "select 1 as id\nfrom {{ ref('touches') }} as touches\n    where touches.touch_time < purchase_time", 'models/touches.sql': "select now() as touch_time", 'models/all.yml': 'models:\n  - name: int_pairs\n  - name: touches\n' });
  const found = actions(fixture, 'models/int_pairs.sql');
  assert.match(after(fixture, titled(found, 'Change to <='))['models/int_pairs.sql'] ?? '', /touch_time <= purchase_time/);
  assert.match(after(fixture, titled(found, 'Ignore attribution/window-edge'))['models/int_pairs.sql'] ?? '', /\n {4}-- attribution: ignore window-edge\n {4}where/);
});
