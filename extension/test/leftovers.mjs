/** What the extension started for a window outlives it for a while, so that a reload keeps runs alive: tests do not wait for that. */
import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A variable that everything started from a test's window inherits: its value says from which. */
export const MARK = 'ATTRIBUTION_TEST_WINDOW';

/**
 * Stops every process that carries the mark (Linux; elsewhere nothing is looked for).
 * @param {string} value
 * @returns {Promise<number>} how many there were
 */
export async function stopMarked(value) {
  const found = marked(value);
  for (const pid of found) signal(pid, 'SIGTERM');
  for (const end = Date.now() + 15_000; marked(value).length > 0 && Date.now() < end;) await sleep(100);
  for (const pid of marked(value)) signal(pid, 'SIGKILL');
  return found.length;
}

/** @param {string} value  @returns {number[]} the processes that carry the mark */
export function marked(value) {
  if (process.platform !== 'linux') return [];
  return fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => pid !== process.pid && carries(pid, `${MARK}=${value}`));
}

function carries(pid, text) {
  try {
    return fs.readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(text);
  } catch {
    return false;
  }
}

function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch {
    // It ended meanwhile
  }
}
