/** The explanation against the golden cases' expected files and the independent model of the rules, on random folders too. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { explain, type ExplainedPurchase, type TouchCandidate } from '../../src/attribution/explain';
import { compareEvents } from '../../src/attribution/order';
import { DEFAULT_RULES } from '../../src/attribution/rules';
import { DAY, parseTime } from '../../src/attribution/time';
import { ROOT, testPlace } from '../servers';

interface Staged { client_id: string; event_type: string; event_time: string; channel: string | null; source_file: string; record_number: number; revenue: string | null }
interface Side { attributed_channel: string; first_touch_time?: string | null; last_touch_time?: string | null; days_to_conversion: number | null; attribution_basis: string }
interface Dump { events: Staged[]; expected: { purchase: Staged; first: Side; last: Side }[] }

const CASES = path.join(ROOT, 'dagster_project', 'tests', 'cases');
const SEEDS = ['1', '2', '3', '4', '5', '6', '7', '8'];
const golden = fs.readdirSync(CASES).map((name) => path.join(CASES, name, 'raw')).filter((raw) => fs.existsSync(raw));
const place = await testPlace();
const dumps = JSON.parse(execFileSync(place.python, ['-B', path.join(import.meta.dirname, 'reference.py'), ...golden, path.join(ROOT, 'data', 'raw'), ...SEEDS], { encoding: 'utf8', maxBuffer: 1 << 28 })) as Record<string, Dump>;

const candidate = (row: Staged): TouchCandidate => ({
  id: `${row.source_file}:${row.record_number}`, type: row.event_type, time: parseTime(row.event_time), channel: row.channel, sourceFile: row.source_file, recordNumber: row.record_number,
});

/** What the explanation says, in the columns of the marts. */
function explained(row: Staged, events: Staged[]): { first: Side; last: Side } {
  const purchase: ExplainedPurchase = { ...candidate(row), revenue: row.revenue ?? '0' };
  const { touches, basis } = explain(purchase, events.filter(({ client_id }) => client_id === row.client_id).map(candidate), DEFAULT_RULES);
  const side = (touch: TouchCandidate | undefined): Side => ({
    attributed_channel: touch?.channel ?? 'direct', days_to_conversion: touch ? Number((purchase.time - touch.time) / DAY) : null, attribution_basis: basis,
  });
  assert.deepEqual([...touches].sort(compareEvents), touches);
  return { first: side(touches[0]), last: side(touches.at(-1)) };
}

const facts = ({ attributed_channel, days_to_conversion, attribution_basis }: Side): unknown[] => [attributed_channel, days_to_conversion, attribution_basis];

for (const [name, { events, expected }] of Object.entries(dumps)) {
  test(`every purchase of ${path.isAbsolute(name) ? path.relative(ROOT, name) : `random folder ${name}`} (${expected.length})`, () => {
    assert.ok(expected.length > 0);
    for (const { purchase, first, last } of expected) {
      const said = explained(purchase, events);
      assert.deepEqual([facts(said.first), facts(said.last)], [facts(first), facts(last)], `${purchase.client_id} ${purchase.event_time}`);
    }
  });
}

for (const raw of golden) {
  for (const side of ['first', 'last'] as const) {
    test(`${path.relative(CASES, path.dirname(raw))}: ${side} touch as the expected file says`, () => {
      const [, ...lines] = fs.readFileSync(path.join(raw, '..', 'expected', `${side}_touch_attribution.csv`), 'utf8').trimEnd().split('\n');
      const wanted = lines.map((line) => line.replaceAll('"', '').split(',')).map(([client, time, channel, , , days, basis]) => [client, parseTime(time ?? ''), channel, days, basis].join(' '));
      const { events, expected } = dumps[raw] ?? assert.fail();
      const said = expected.map(({ purchase }) => {
        const { attributed_channel: channel, days_to_conversion: days, attribution_basis: basis } = explained(purchase, events)[side];
        return [purchase.client_id, parseTime(purchase.event_time), channel, days, basis].join(' ');
      });
      assert.deepEqual(said.sort(), wanted.sort());
    });
  }
}
