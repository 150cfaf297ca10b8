import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { COMMANDS, CONTEXT, PANELS, VIEWS, type Setting } from './contributions';

interface Manifest {
  activationEvents: string[];
  capabilities: { untrustedWorkspaces: { supported: string; restrictedConfigurations: string[] } };
  contributes: {
    commands: { command: string; title: string; category: string }[];
    menus: Record<string, { command: string; when?: string }[]>;
    views: Record<string, { id: string }[]>;
    viewsWelcome: { view: string; when: string }[];
    configuration: { properties: Record<string, { default: unknown; scope: string }> };
  };
}

const read = (file: string): unknown => JSON.parse(fs.readFileSync(path.join(import.meta.dirname, '..', file), 'utf8'));
const manifest = read('package.json') as Manifest;
const { contributes } = manifest;

test('package.json contributes the commands of this file, and no others', () => {
  assert.deepEqual(contributes.commands.map(({ command }) => command).sort(), Object.values(COMMANDS).sort());
  assert.ok(contributes.commands.every(({ category }) => category === 'Attribution'));
});

test('every menu names a command that exists', () => {
  const ids = new Set<string>(Object.values(COMMANDS));
  for (const [menu, items] of Object.entries(contributes.menus)) {
    for (const { command } of items) assert.ok(ids.has(command), `${menu}: ${command}`);
  }
});

test('every context key in a when clause is one that we set', () => {
  const known = new Set<string>(Object.values(CONTEXT));
  const clauses = [...Object.values(contributes.menus).flat().map(({ when }) => when ?? ''), ...contributes.viewsWelcome.map(({ when }) => when)];
  for (const clause of clauses) {
    for (const [key] of clause.matchAll(/attribution\.[a-zA-Z]+/g)) assert.ok(known.has(key) || key === VIEWS.assets || key === PANELS.preview, `${key} in "${clause}"`);
  }
});

test('views and panels are the ones of this file', () => {
  assert.deepEqual(Object.values(contributes.views).flat().map(({ id }) => id), Object.values(VIEWS));
  for (const panel of Object.values(PANELS)) assert.ok(manifest.activationEvents.includes(`onWebviewPanel:${panel}`), panel);
});

test('settings are the ones of this file, each with a default', () => {
  const expected: Record<Setting, true> = {
    'attribution.python.interpreter': true, 'attribution.environmentFile': true, 'attribution.dbt.profilesDirectory': true, 'attribution.dbt.target': true,
    'attribution.dagster.projectDirectory': true, 'attribution.dagster.url': true, 'attribution.dagster.autoStart': true, 'attribution.lenses.materialize': true,
    'attribution.lenses.preview': true, 'attribution.lenses.journeys': true, 'attribution.lenses.checks': true, 'attribution.lenses.state': true, 'attribution.lenses.runQuery': true,
    'attribution.preview.pageSize': true, 'attribution.preview.timeout': true, 'attribution.preview.neutralizeFormulas': true,
    'attribution.language.enabled': true, 'attribution.language.checkSql': true, 'attribution.language.trace.server': true,
  };
  assert.deepEqual(Object.keys(contributes.configuration.properties).sort(), Object.keys(expected).sort());
  for (const [key, { default: value }] of Object.entries(contributes.configuration.properties)) assert.notEqual(value, undefined, key);
});

test('settings that name programs, paths or URLs are restricted in an untrusted folder', () => {
  const restricted = new Set(manifest.capabilities.untrustedWorkspaces.restrictedConfigurations);
  assert.equal(manifest.capabilities.untrustedWorkspaces.supported, 'limited');
  const risky = Object.keys(contributes.configuration.properties).filter((key) => /interpreter|File|Directory|url|target/.test(key));
  assert.ok(risky.length >= 5);
  for (const key of risky) assert.ok(restricted.has(key), key);
});

test('every text of package.json is in package.nls.json, and none there is without use', () => {
  const text = fs.readFileSync(path.join(import.meta.dirname, '..', 'package.json'), 'utf8');
  const used = new Set([...text.matchAll(/"%([\w.]+)%"/g)].map(([, key]) => key));
  assert.deepEqual([...used].sort(), Object.keys(read('package.nls.json') as Record<string, string>).sort());
});
