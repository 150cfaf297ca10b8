import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Asset } from './types';
import { ago, checksInWords, describeAsset, describeCheck, shownStatus } from './words';

const MINUTE = 60_000;
const asset: Asset = { key: 'first', group: 'marts', kinds: [], upstream: [], downstream: [], status: 'fresh', checks: [], executable: true, materialized: 0, rows: 36 };

test('times are told in the unit that fits', () => {
  assert.deepEqual([0, 59_999, MINUTE, 59 * MINUTE, 60 * MINUTE, 24 * 60 * MINUTE, 72 * 60 * MINUTE].map(ago), ['just now', 'just now', '1 min ago', '59 min ago', '1 h ago', '1 day ago', '3 days ago']);
});

test('a clock that runs behind says "just now"', () => assert.equal(ago(-5000), 'just now'));

test('an asset says its state, why, when and how many rows', () => {
  assert.equal(describeAsset(asset, 2 * MINUTE), '2 min ago · 36 rows');
  assert.equal(describeAsset({ ...asset, status: 'stale', reason: 'code changed', rows: 1 }, 0), 'stale: code changed · just now · 1 row');
  assert.equal(describeAsset({ key: 'first', group: 'marts', kinds: [], upstream: [], downstream: [], checks: [], executable: true, status: 'missing' }, 0), 'never materialized');
});

test('checks count what passed', () => {
  assert.equal(checksInWords([{ name: 'a', outcome: 'passed' }, { name: 'b', outcome: 'warned' }, { name: 'c' }]), '1/3 checks');
  assert.equal(checksInWords([]), '');
  assert.equal(describeCheck({ name: 'a', outcome: 'failed', time: 0, outdated: true }, MINUTE), 'failed · 1 min ago · before the last materialization');
  assert.equal(describeCheck({ name: 'a' }, 0), 'never run');
});

test('an asset with a failing check is shown as failed, unless it is at work', () => {
  const shown = (status: Asset['status'], ...outcomes: Asset['checks'][number]['outcome'][]) => shownStatus({ ...asset, status, checks: outcomes.map((outcome) => ({ name: 'a', ...(outcome ? { outcome } : {}) })) });
  assert.deepEqual([shown('fresh', 'passed', 'failed'), shown('stale', 'errored'), shown('running', 'failed'), shown('fresh', 'warned', undefined), shown('missing')], ['failed', 'failed', 'running', 'fresh', 'missing']);
});
