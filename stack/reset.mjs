/** A fresh start: says what it would delete and how much room that takes; deletes only when told to. */
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline/promises';
import { outsideFolder } from './binaries.mjs';
import { dagsterService } from './dagster.mjs';
import { HumanError } from './errors.mjs';
import { lockHolder } from './lock.mjs';
import { placeOf } from './paths.mjs';
import { postgresService } from './postgres.mjs';
import { running } from './processes.mjs';
import { say, size } from './terminal.mjs';

/**
 * @param {import('./paths.mjs').Place} place
 * @returns {{path: string, what: string, bytes: number}[]} what is there
 */
export function leftovers(place) {
  const extension = path.join(place.root, 'extension');
  const list = [
    [place.local, 'the database, Dagster\'s history, logs, uv'],
    [outsideFolder(place.local), 'the database of a root user'],
    ...testFolders(place).map((folder) => [outsideFolder(folder), 'the database of a root user\'s tests']),
    [place.venv, 'the Python environment'],
    [path.join(place.root, 'node_modules'), 'the npm packages'],
    [path.join(place.root, 'stack', 'test', 'postgres15', 'node_modules'), 'PostgreSQL 15 for the tests'],
    [path.join(extension, 'node_modules'), 'the packages of the extension'],
    [path.join(extension, 'test', 'node_modules'), 'VS Code for the browser'],
    ...['dist', 'out', 'test/ui/shots', 'test/ui/results'].map((name) => [path.join(extension, name), 'what building and testing the extension made']),
    [path.join(place.dbt, 'target'), 'what dbt compiled'],
    [path.join(place.dbt, 'logs'), 'dbt\'s logs'],
    [path.join(place.profilesDir, 'profiles.yml'), 'dbt\'s connection'],
  ];
  return list.filter(([file]) => fs.existsSync(file)).map(([file, what]) => ({ path: file, what, bytes: bytesOf(file) }));
}

/** Local folders of the tests: the pipeline's and the extension's. */
const testFolders = ({ shared }) => ['test', 'extension-test', 'workbench-test/workspace/.local'].map((name) => path.join(shared, name));

/** @throws {HumanError} while something of it is in use */
export function refuseWhileRunning(place) {
  const tests = testFolders(place).map((folder) => placeOf({ ATTRIBUTION_LOCAL_DIR: folder }, place.root));
  for (const each of [place, ...tests]) {
    const starter = lockHolder(path.join(each.local, 'start.lock')) ?? lockHolder(path.join(each.shared, 'setup.lock'));
    if (starter) throw new HumanError(`A command of this checkout is running (process ${starter.pid}). Stop it first (Ctrl-C in its terminal).`);
    for (const service of [postgresService(each), postgresService(each, 'postgres15'), dagsterService(each)]) {
      const found = running(service);
      if (found) throw new HumanError(`${service.name} is running (process ${found.pid}). Stop the command that uses it first (Ctrl-C in its terminal).`);
    }
  }
}

/** @param {import('./main.mjs').Context} context */
export async function reset({ place, args, signal }) {
  const list = leftovers(place);
  if (list.length === 0) {
    say('There is nothing to delete.');
    return 0;
  }
  say('This would be deleted. `npm start` makes it again from data/raw, except the history of the runs and tables of your own in this database:');
  for (const item of list) say(`  ${size(item.bytes).padStart(8)}  ${item.path}   ${item.what}`);
  say(`  ${size(list.reduce((sum, item) => sum + item.bytes, 0)).padStart(8)}  in all`);
  refuseWhileRunning(place);
  if (!args.includes('--yes') && !(await confirmed(signal))) {
    say('Nothing was deleted. To delete it: `npm run reset -- --yes`');
    return 0;
  }
  for (const item of list) fs.rmSync(item.path, { recursive: true, force: true });
  say('Deleted.');
  return 0;
}

async function confirmed(signal) {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return false;
  const prompt = readline.createInterface({ input: process.stdin, output: process.stdout });
  try {
    return (await prompt.question('Delete all of it? Type yes: ', { signal })).trim().toLowerCase() === 'yes';
  } finally {
    prompt.close();
  }
}

/** Room on the disk; links are not followed, and a file that vanishes meanwhile takes none. */
function bytesOf(file) {
  const found = fs.lstatSync(file, { throwIfNoEntry: false });
  if (!found) return 0;
  const own = (found.blocks ?? 0) * 512 || found.size;
  if (!found.isDirectory()) return own;
  return fs.readdirSync(file).reduce((sum, name) => sum + bytesOf(path.join(file, name)), own);
}
