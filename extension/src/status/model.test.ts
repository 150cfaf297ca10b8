import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMMANDS } from '../contributions';
import { show, type Facts } from './model';

const facts: Facts = {
  trusted: true, projects: ['attribution'], target: 'dev', running: 0,
  dagster: { kind: 'connected', url: 'http://127.0.0.1:3000', version: '1.13', started: true },
  warehouse: { kind: 'connected', server: '127.0.0.1:54329', database: 'attribution', access: 'preview-role' },
};

test('healthy: the project and its target, and no colour', () => {
  const shown = show(facts);
  assert.equal(shown.text, '$(pass) attribution · dev');
  assert.equal(shown.severity, 'none');
  assert.equal(shown.health, 'ready');
});

test('untrusted: nothing but the way to trust', () => {
  const shown = show({ ...facts, trusted: false });
  assert.equal(shown.health, 'untrusted');
  assert.equal(shown.actions[0]?.command, 'workbench.trust.manage');
  assert.ok(shown.actions.every(({ command }) => command !== COMMANDS.startServices));
});

test('a missing part comes before everything else, with its fix first', () => {
  const shown = show({ ...facts, problem: { message: 'No Python was found.', remedies: [{ title: 'Set Up', command: COMMANDS.setUp }] } });
  assert.equal(shown.severity, 'error');
  assert.equal(shown.actions[0]?.command, COMMANDS.setUp);
  assert.equal(shown.tooltip[0], 'No Python was found.');
});

test('stopped leads to start, disconnected to restart, starting to the log', () => {
  assert.equal(show({ ...facts, dagster: { kind: 'stopped' } }).actions[0]?.command, COMMANDS.startServices);
  assert.equal(show({ ...facts, dagster: { kind: 'disconnected', url: 'u', message: 'refused' } }).actions[0]?.command, COMMANDS.restartServices);
  assert.equal(show({ ...facts, dagster: { kind: 'starting' } }).health, 'starting');
});

test('code that does not load, and a database that does not answer, are warnings', () => {
  assert.equal(show({ ...facts, dagster: { kind: 'connected', url: 'u', version: '1', started: true, problem: 'SyntaxError' } }).severity, 'warning');
  assert.equal(show({ ...facts, warehouse: { kind: 'unavailable', message: 'refused' } }).severity, 'warning');
});

test('a run under way can be cancelled from here', () => assert.equal(show({ ...facts, running: 1 }).actions[0]?.command, COMMANDS.cancelRun));
