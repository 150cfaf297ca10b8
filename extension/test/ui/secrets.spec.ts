import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from './fixtures';

/** Where passwords belong: the stack's own files, readable by the user alone. */
const HOMES = ['.local/connection.json', '.local/preview.json', 'dbt/profiles.yml'];
const SMALL = 20_000_000;

test('after all that was done, the passwords are in no log, setting, file or argument list', async ({ workbench }) => {
  await expect(workbench.status(/attribution · dev/)).toBeVisible({ timeout: 100_000 });
  const passwords = ['connection.json', 'preview.json'].map((name) => (JSON.parse(fs.readFileSync(path.join(workbench.folder, '.local', name), 'utf8')) as { password: string }).password);
  for (const password of passwords) expect(password.length).toBeGreaterThan(20);
  const homes = HOMES.map((name) => path.join(workbench.folder, name));
  for (const home of homes) expect(fs.statSync(home).mode & 0o077, home).toBe(0);
  const files = [...filesBelow(workbench.folder), ...filesBelow(workbench.window.dataDir)].filter((file) => !homes.includes(file));
  expect(files.length).toBeGreaterThan(100);
  const found = files.filter((file) => passwords.some((password) => read(file).includes(password)));
  expect(found).toEqual([]);
  const commands = fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map((pid) => read(`/proc/${pid}/cmdline`));
  expect(commands.filter((line) => passwords.some((password) => line.includes(password)))).toEqual([]);
});

/** Every file that something of ours may have written; the server's own data, packages and what links lead to are left out. */
function filesBelow(folder: string): string[] {
  return meanwhile(() => fs.readdirSync(folder, { withFileTypes: true }), []).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) return ['postgres', 'node_modules', 'extensions'].includes(entry.name) ? [] : filesBelow(file);
    return entry.isFile() && meanwhile(() => fs.statSync(file).size, SMALL) < SMALL ? [file] : [];
  });
}

const read = (file: string): string => meanwhile(() => fs.readFileSync(file, 'latin1'), '');

/** What is at work goes on: a process may end, and a file go, between being listed and being looked at. */
function meanwhile<T>(look: () => T, gone: T): T {
  try {
    return look();
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return gone;
    throw error;
  }
}
