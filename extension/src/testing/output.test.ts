import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DbtEvent } from '../dbt/session';
import { lineOf, sumOf, toldBy } from './output';

const event = (name: string, level: DbtEvent['level'], node?: string): DbtEvent => ({ name, level, message: 'words', node: node === undefined ? null : { unique_id: node }, data: {} });
const plain = (text: string): string => text.replace(/\u001b\[\d+m/g, '');

test('of what dbt tells the results are not told twice, and nothing of its progress and where its files lie', () => {
  const told = (one: DbtEvent): boolean => toldBy(one, (id) => id.startsWith('test.')) !== undefined;
  for (const name of ['FoundStats', 'LogStartLine', 'LogHookEndLine', 'SQLCompiledPath', 'StatsLine', 'EndOfRunSummary']) assert.ok(!told(event(name, 'info', 'test.a')), name);
  for (const name of ['LogTestResult', 'RunResultFailure', 'RunResultError', 'RunResultWarningMessage']) assert.ok(!told(event(name, 'error', 'test.a')), name);
  assert.ok(told(event('RunResultError', 'error', 'operation.hook')));
  assert.ok(told(event('RunResultError', 'error')));
  assert.ok(told(event('JinjaLogWarning', 'warn')));
  assert.ok(told(event('JinjaLogInfo', 'info', 'test.a')));
});

test('a test is one line, and why it did not pass stands below', () => {
  assert.equal(plain(lineOf('orders: id · unique', { id: 'a', outcome: 'passed', message: '', duration: 90.6 })), '✓ orders: id · unique 91 ms');
  assert.equal(plain(lineOf('no_orphans', { id: 'a', outcome: 'failed', message: '3 rows\n\nof them', duration: 1240 })), '✗ no_orphans 1.2 s\n    3 rows\n\n    of them');
  assert.equal(plain(lineOf('no_orphans', { id: 'a', outcome: 'skipped', message: '', duration: undefined })), '- no_orphans');
});

test('what became of all of them', () => {
  assert.equal(sumOf(['passed']), '1 of 1 test passed');
  assert.equal(sumOf(['passed', 'warned', 'failed', 'errored', 'skipped']), '2 of 5 tests passed, 1 with a warning, 1 failed, 1 could not run, 1 skipped');
});
