/** The two commands, from a clean clone of what is committed, in a path with spaces: the way a newcomer meets them. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { outsideFolder } from '../binaries.mjs';
import { eventually, processesNaming, ROOT, start } from './helpers.mjs';

const SETUP_MS = 300_000;
const SECOND_RUN_MS = 60_000;
let base;
let clone;

before(() => {
  base = fs.mkdtempSync(path.join(os.tmpdir(), 'aw clean clone '));
  clone = path.join(base, 'attribution workbench');
  execFileSync('git', ['clone', '--quiet', '--no-hardlinks', ROOT, clone]);
  // No window of VS Code opens on the desk of whoever runs this
  fs.mkdirSync(path.join(base, 'bin'));
  fs.writeFileSync(path.join(base, 'bin', 'code'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
});

after(() => {
  for (const { pid } of left()) process.kill(pid, 'SIGKILL');
  fs.rmSync(outsideFolder(path.join(clone, '.local')), { recursive: true, force: true });
  fs.rmSync(base, { recursive: true, force: true });
});

/** A newcomer's environment: none of what the tests set for themselves. */
function env() {
  const kept = Object.entries(process.env).filter(([key]) => !/^(ATTRIBUTION_|DAGSTER_|DBT_|VIRTUAL_ENV|npm_|NODE_TEST|NODE_CHANNEL|PG)/.test(key));
  return { ...Object.fromEntries(kept), PATH: [path.join(base, 'bin'), ...process.env.PATH.split(path.delimiter).filter((folder) => !folder.includes('.venv') && !folder.includes('node_modules'))].join(path.delimiter) };
}

// A group of its own, as in a terminal: Ctrl-C reaches npm, its shell and our command at once
const npm = (t, ...args) => start(t, 'npm', args, { cwd: clone, env: env(), detached: true });
const left = () => processesNaming(base);
const nothingLeft = async () => assert.ok(await eventually(() => left().length === 0, 30_000), left().map(({ pid, args }) => `${pid} ${args}`).join('\n'));

async function toEnd(child, milliseconds) {
  const timer = setTimeout(() => child.kill('SIGKILL'), milliseconds);
  const { code } = await child.ended;
  clearTimeout(timer);
  assert.equal(code, 0, child.text);
}

test('npm start sets up, loads, shows the result and stays up; a second one is refused; a pipeline shares its database; Ctrl-C stops all', async (t) => {
  const began = performance.now();
  const first = npm(t, 'start');
  assert.ok(await eventually(() => first.text.includes('Ready.') || first.exitCode !== null, SETUP_MS) && first.exitCode === null, first.text);
  t.diagnostic(`npm start from nothing to ready: ${((performance.now() - began) / 1000).toFixed(1)} s`);
  for (const title of ['npm packages', 'uv', 'Python environment']) assert.match(first.text, new RegExp(`✓ ${title} \\([\\d.]+ s\\)`));
  assert.doesNotMatch(first.text, /\u001b\[/, 'no colours without a terminal');
  for (const table of ['Channel performance', 'Reconciliation']) assert.ok(first.text.includes(table), first.text);
  const url = first.text.match(/http:\/\/127\.0\.0\.1:\d+/)[0];
  assert.equal((await fetch(`${url}/server_info`)).status, 200);
  assert.match(first.text, /Workbench +no `code` on the PATH; npm start -- --browser opens it in a browser/);
  const second = npm(t, 'start');
  assert.equal((await second.ended).code, 1);
  assert.match(second.text, /running here already: process \d+, since /);
  assert.ok(second.text.includes(url));
  const beside = npm(t, 'run', 'pipeline');
  await toEnd(beside, SECOND_RUN_MS * 3);
  assert.match(beside.text, /Joined PostgreSQL/);
  const refused = npm(t, 'run', 'reset', '--', '--yes');
  assert.equal((await refused.ended).code, 1);
  assert.equal((await fetch(`${url}/server_info`)).status, 200, 'the first still runs');
  process.kill(-first.pid, 'SIGINT');
  await first.ended;
  // npm ends itself with the same signal, whatever our exit code
  assert.match(first.text, /Everything is stopped\./);
  await nothingLeft();
});

test('npm run pipeline goes straight to work the second time, ends by itself and leaves the checkout clean', async (t) => {
  const began = performance.now();
  const child = npm(t, 'run', 'pipeline');
  await toEnd(child, SECOND_RUN_MS * 3);
  t.diagnostic(`npm run pipeline again: ${((performance.now() - began) / 1000).toFixed(1)} s, beside the other suites (aim, alone on two cores: under ${SECOND_RUN_MS / 1000} s)`);
  assert.doesNotMatch(child.text, /✓ (npm packages|uv|Python environment)/);
  await nothingLeft();
  assert.equal(execFileSync('git', ['status', '--porcelain'], { cwd: clone, encoding: 'utf8' }), '');
});

test('no process stays behind when npm is killed with SIGKILL', async (t) => {
  const child = npm(t, 'start');
  assert.ok(await eventually(() => fs.existsSync(path.join(clone, '.local', 'dagster.json')), SECOND_RUN_MS * 2), child.text);
  assert.ok(left().length > 5);
  child.kill('SIGKILL');
  await nothingLeft();
});

test('reset says what it would delete and deletes it only when told to', async (t) => {
  const asking = npm(t, 'run', 'reset');
  await toEnd(asking, 30_000);
  assert.match(asking.text, /MB {2}.*\.venv.*\n[^]*in all[^]*Nothing was deleted/);
  assert.ok(fs.existsSync(path.join(clone, '.venv')));
  const telling = npm(t, 'run', 'reset', '--', '--yes');
  await toEnd(telling, 30_000);
  assert.equal(execFileSync('git', ['status', '--porcelain', '--ignored'], { cwd: clone, encoding: 'utf8' }), '');
});
