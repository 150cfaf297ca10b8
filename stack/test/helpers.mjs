/** What several tests need. */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const TESTS = path.dirname(fileURLToPath(import.meta.url));
export const ROOT = path.dirname(path.dirname(TESTS));
export const fixture = (name) => path.join(TESTS, 'fixtures', name);

/**
 * A folder whose name would break whoever passes it through a shell; removed after the test.
 * @param {import('node:test').TestContext} t
 */
export function hostileFolder(t) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), `aw it's "a" $(touch ran) ; % ünï `));
  fs.chmodSync(folder, 0o755);
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** @param {() => unknown} condition  @param {number} [milliseconds]  @returns {Promise<boolean>} */
export async function eventually(condition, milliseconds = 10_000) {
  const end = Date.now() + milliseconds;
  while (Date.now() < end) {
    if (await condition()) return true;
    await sleep(50);
  }
  return Boolean(await condition());
}

/**
 * Starts Node with a script; everything of it is killed after the test.
 * @param {import('node:test').TestContext} t
 * @param {string[]} args
 * @param {import('node:child_process').SpawnOptions} [options]
 */
export function startNode(t, args, options = {}) {
  return start(t, process.execPath, args, options);
}

/**
 * @param {import('node:test').TestContext} t
 * @param {string} command
 * @param {string[]} args
 * @param {import('node:child_process').SpawnOptions} [options]
 */
export function start(t, command, args, options = {}) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  child.text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (data) => (child.text += data));
  child.ended = new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal })));
  t.after(() => child.kill('SIGKILL'));
  return child;
}

/** The first line of JSON that a child printed. */
export async function firstJson(child) {
  await eventually(() => child.text.includes('\n'));
  return JSON.parse(child.text.split('\n')[0]);
}

/** @returns {{pid: number, args: string}[]} processes whose arguments, folder or environment name the text */
export function processesNaming(text) {
  return fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      const args = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      const where = [args, fs.readlinkSync(`/proc/${pid}/cwd`), fs.readFileSync(`/proc/${pid}/environ`, 'utf8')];
      return Number(pid) !== process.pid && where.some((each) => each.includes(text)) ? [{ pid: Number(pid), args }] : [];
    } catch {
      return [];
    }
  });
}
