import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CORE_SCHEMA, load } from 'js-yaml';
import { insertionOf, unitTestOf, unitTestsIn, type Frozen } from './freeze';

const uuid = (last: string): string => `5f0c2a31-8e11-4b0a-9d3e-0000000000${last}`;
const purchases: Frozen = {
  model: 'int_purchases',
  columns: [{ name: 'purchase_id', type: 'uuid' }, { name: 'client_id', type: 'text' }, { name: 'revenue', type: 'numeric(18,4)' }, { name: 'note', type: 'text' }],
  rows: [[uuid('bb'), 'anna@shop', '19.9900', 'n'], [uuid('cc'), 'anna@shop', null, null]],
};
const touches: Frozen = {
  model: 'int_touchpoints',
  columns: [{ name: 'touch_id', type: 'uuid' }, { name: 'client_id', type: 'text' }, { name: 'channel', type: 'text' }, { name: 'record_number', type: 'bigint' }],
  rows: [[uuid('aa'), 'anna@shop', 'paid: "search"', '7']],
};
const expected: Frozen = {
  model: 'credit', columns: [{ name: 'client_id', type: 'text' }, { name: 'purchase_id', type: 'uuid' }, { name: 'touch_id', type: 'uuid' }, { name: 'is_first', type: 'boolean' }],
  rows: [['anna@shop', uuid('bb'), uuid('aa'), 't'], ['anna@shop', uuid('cc'), null, 'f']],
};
const frozen = unitTestOf({ name: 'a_journey', description: 'It said "so".', model: 'credit', incremental: true, given: [purchases, touches], expect: expected, sql: 'select revenue, channel, record_number' });
type Row = Record<string, unknown>;
const parsed = (text: string) => (load(text, { schema: CORE_SCHEMA }) as { unit_tests: { name: string; description: string; given: { input: string; rows: Row[] }[]; expect: { rows: Row[] }; overrides?: unknown }[] }).unit_tests;

test('the rows are literal, exact, and the same in every table; who it was is not in it', () => {
  const [one] = parsed(`unit_tests:\n${frozen}`);
  assert.deepEqual(one?.given, [
    { input: 'ref(\'int_purchases\')', rows: [{ purchase_id: '00000000-0000-0000-0000-000000000002', client_id: 'client_1', revenue: '19.9900' }, { purchase_id: '00000000-0000-0000-0000-000000000003', client_id: 'client_1' }] },
    { input: 'ref(\'int_touchpoints\')', rows: [{ touch_id: '00000000-0000-0000-0000-000000000001', client_id: 'client_1', channel: 'paid: "search"', record_number: 7 }] },
  ]);
  assert.deepEqual(one.expect.rows, [
    { client_id: 'client_1', purchase_id: '00000000-0000-0000-0000-000000000002', touch_id: '00000000-0000-0000-0000-000000000001', is_first: true },
    { client_id: 'client_1', purchase_id: '00000000-0000-0000-0000-000000000003', touch_id: null, is_first: false },
  ]);
  assert.deepEqual(one.overrides, { macros: { is_incremental: false } });
  assert.ok(!frozen.includes('anna') && !frozen.includes('5f0c2a31'));
});

test('masks keep the order of bytes, however many there are', () => {
  const files = Array.from({ length: 12 }, (_, index) => `events-${index}.csv`);
  const table: Frozen = { model: 't', columns: [{ name: 'source_file', type: 'text' }], rows: files.map((file) => [file]) };
  const [one] = parsed(`unit_tests:\n${unitTestOf({ name: 'x', description: '', model: 't', incremental: false, given: [table], expect: table, sql: '' })}`);
  const masked = one?.expect.rows.map((row) => String(row['source_file'])) ?? [];
  const order = (values: string[]): number[] => [...values.keys()].sort((a, b) => (String(values[a]) < String(values[b]) ? -1 : 1));
  assert.deepEqual(order(masked), order(files));
});

test('a table without rows says so', () => {
  const [one] = parsed(`unit_tests:\n${unitTestOf({ name: 'x', description: '', model: 'credit', incremental: false, given: [{ ...touches, rows: [] }], expect: expected, sql: '' })}`);
  assert.deepEqual(one?.given[0]?.rows, []);
});

const insert = (text: string): string => {
  const { line, text: added } = insertionOf(text, frozen);
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return line >= lines.length ? text + added : [...lines.slice(0, line), ''].join('\n') + added + lines.slice(line).join('\n');
};
for (const [title, text, names] of [
  ['into the section that is there', 'version: 2\n\nunit_tests:\n  - name: old\n    model: credit\n', ['old', 'a_journey']],
  ['before the next section and its comment', 'unit_tests:\n  - name: old\n    model: credit\n\n# next\nmodels: []\n', ['old', 'a_journey']],
  ['a section of its own after models', 'models:\n  - name: credit\n', ['a_journey']],
  ['without a line break at the end', 'unit_tests:\n  - name: old\n    model: credit', ['old', 'a_journey']],
  ['in a file without indentation of items', 'unit_tests:\n- name: old\n  model: credit\n', ['old', 'a_journey']],
  ['into an empty file', '', ['a_journey']],
] as const) {
  test(`it is put ${title}`, () => {
    const after = insert(text);
    assert.deepEqual(parsed(after).map(({ name }) => name), names);
    assert.deepEqual(unitTestsIn(after).map(({ name }) => name), names);
    assert.ok(unitTestsIn(after).some(({ model }) => model === 'credit'));
  });
}
