import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Asset } from '../dagster/types';
import { inWords, reach, unfinished } from './selection';

const asset = (key: string, upstream: string[], downstream: string[], more: Partial<Asset> = {}): Asset => ({
  key, group: 'marts', kinds: [], upstream, downstream, status: 'fresh', checks: [], executable: true, ...more,
});
const chain = [asset('raw', [], ['staged'], { executable: false }), asset('staged', ['raw'], ['first', 'last']), asset('first', ['staged'], ['report']), asset('last', ['staged'], ['report']), asset('report', ['first', 'last'], [])];

test('upstream and downstream take in every ancestor or descendant once, after what was asked for', () => {
  assert.deepEqual(reach(chain, ['report'], 'upstream'), ['report', 'staged', 'first', 'last']);
  assert.deepEqual(reach(chain, ['staged'], 'downstream'), ['staged', 'first', 'last', 'report']);
  assert.deepEqual(reach(chain, ['last', 'first', 'last'], 'only'), ['first', 'last']);
});

test('what cannot be materialized, or is not there, is left out', () => {
  assert.deepEqual(reach(chain, ['raw', 'nowhere'], 'only'), []);
});

test('a cycle ends', () => {
  assert.deepEqual(reach([asset('a', ['b'], ['b']), asset('b', ['a'], ['a'])], ['a'], 'upstream'), ['a', 'b']);
});

test('unfinished: not materialized by that run, failed, or with a failed check', () => {
  const after = [
    asset('done', [], [], { lastRunId: 'r2' }), asset('skipped', [], [], { lastRunId: 'r1' }), asset('broken', [], [], { lastRunId: 'r2', status: 'failed' }),
    asset('doubted', [], [], { lastRunId: 'r2', checks: [{ name: 'unique', outcome: 'failed' }] }), asset('warned', [], [], { lastRunId: 'r2', checks: [{ name: 'known', outcome: 'warned' }] }), asset('other', [], []),
  ];
  assert.deepEqual(unfinished(after, ['done', 'skipped', 'broken', 'doubted', 'warned'], 'r2'), ['skipped', 'broken', 'doubted']);
});

test('a selection in words', () => {
  assert.equal(inWords(['marts/first']), 'first');
  assert.equal(inWords(['first', 'last', 'report']), 'first and 2 more');
});
