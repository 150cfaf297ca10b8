/** What the extension started for a window outlives it for a while: tests do not wait for that. */
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Stops every process that works in a folder or names it in its arguments (Linux; elsewhere nothing is looked for).
 * @param {string} folder
 * @returns {Promise<number>} how many there were
 */
export async function stopLeftIn(folder) {
  const found = left(folder);
  for (const pid of found) signal(pid, 'SIGTERM');
  for (const end = Date.now() + 8000; left(folder).length > 0 && Date.now() < end;) await sleep(100);
  for (const pid of left(folder)) signal(pid, 'SIGKILL');
  return found.length;
}

function left(folder) {
  if (process.platform !== 'linux') return [];
  return fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid).map(Number).filter((pid) => belongs(pid, folder));
}

function belongs(pid, folder) {
  try {
    const cwd = fs.readlinkSync(`/proc/${pid}/cwd`);
    const args = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return [cwd, ...args].some((text) => text === folder || text.startsWith(folder + path.sep));
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
