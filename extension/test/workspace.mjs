/** A copy of the project for tests: with a database and a history of its own, and everything that a test may change. */
import fs from 'node:fs';
import path from 'node:path';
import { outsideFolder } from '../../stack/binaries.mjs';
import { provideBrowser } from '../../stack/browser.mjs';
import { writeProfile } from '../../stack/connection.mjs';
import { prepareHome } from '../../stack/dagster.mjs';
import { describe, HumanError, Interrupted } from '../../stack/errors.mjs';
import { contentHash } from '../../stack/files.mjs';
import { installPackages } from '../../stack/packages.mjs';
import { childEnv, placeOf } from '../../stack/paths.mjs';
import { holdPostgres, mainCluster } from '../../stack/postgres.mjs';
import { onInterruption, run } from '../../stack/processes.mjs';
import { markSetUp, prepareManifest } from '../../stack/setup.mjs';
import { step, warn } from '../../stack/terminal.mjs';

const COPIED = ['dbt', 'dagster_project', 'data', 'stack', 'package.json', 'package-lock.json'];
const LEFT_OUT = new Set(['target', 'logs', 'profiles.yml', 'node_modules', '__pycache__', '.pytest_cache', '.ruff_cache']);
const TESTS = new Set([path.join('dagster_project', 'tests'), path.join('stack', 'test')]);
// Nothing is lost by this when a process is killed, and no test cuts the power
const UNSAFE = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

/** The environment without a server, data or Dagster home of the person who runs the tests. */
export function cleanEnv(env = process.env) {
  return Object.fromEntries(Object.entries(env).filter(([key]) => !/^(PG[A-Z]|RAW_DATA_DIR$|ATTRIBUTION_LOCAL_DIR$|DAGSTER_|DBT_|VIRTUAL_ENV$)/.test(key)));
}

/**
 * Lays the copy, or restores what an earlier run changed in it.
 * @param {import('../../stack/paths.mjs').Place} place the checkout
 * @param {string} folder where to; its last database stays
 * @returns {import('../../stack/paths.mjs').Place} the copy
 */
export function copyProject(place, folder) {
  fs.mkdirSync(folder, { recursive: true });
  for (const name of COPIED) {
    const target = path.join(folder, name);
    const kept = path.join(folder, '.local', 'kept-target');
    if (name === 'dbt' && fs.existsSync(path.join(target, 'target'))) fs.renameSync(path.join(target, 'target'), kept);
    fs.rmSync(target, { recursive: true, force: true });
    fs.cpSync(path.join(place.root, name), target, { recursive: true, preserveTimestamps: true, filter: (file) => !LEFT_OUT.has(path.basename(file)) && !TESTS.has(path.relative(place.root, file)) });
    if (name === 'dbt' && fs.existsSync(kept)) fs.renameSync(kept, path.join(target, 'target'));
  }
  link(place.venv, path.join(folder, '.venv'));
  if (!fs.existsSync(path.join(folder, 'node_modules'))) fs.cpSync(path.join(place.root, 'node_modules'), path.join(folder, 'node_modules'), { recursive: true, verbatimSymlinks: true });
  // Compiled modules are kept by path: those of the environment need not be compiled again under its second name
  link(path.join(place.shared, 'pycache'), path.join(folder, '.local', 'pycache'));
  const compiled = path.join(place.shared, 'pycache');
  fs.mkdirSync(path.join(compiled, place.venv), { recursive: true });
  link(path.join(compiled, place.venv), path.join(compiled, folder, '.venv'));
  const copy = placeOf(cleanEnv(), folder);
  markSetUp(copy);
  return copy;
}

function link(target, file) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.mkdirSync(target, { recursive: true });
  if (!fs.lstatSync(file, { throwIfNoEntry: false })) fs.symlinkSync(target, file, 'dir');
}

/**
 * Starts (or joins) the copy's database and brings the sample into it, where that was not done for these very files.
 * @param {import('../../stack/paths.mjs').Place} copy
 * @param {{signal?: AbortSignal}} options
 * @returns {Promise<import('../../stack/processes.mjs').Holder>}
 */
export async function holdDatabase(copy, { signal }) {
  prepareHome(copy);
  const { holder, connection } = await holdPostgres(copy, { ...mainCluster(copy), settings: UNSAFE }, { signal });
  try {
    writeProfile(copy, connection);
    const stamp = path.join(copy.local, 'loaded');
    const wanted = contentHash(['dbt', 'dagster_project', 'data'].map((name) => path.join(copy.root, name)), (name) => !LEFT_OUT.has(name));
    if (!fs.existsSync(stamp) || fs.readFileSync(stamp, 'utf8') !== wanted) {
      const env = childEnv(copy, cleanEnv());
      await prepareManifest(copy, { env, signal });
      await step('the sample, loaded and materialized', async () => {
        const { code, output } = await run(copy.python, ['-m', 'attribution_pipeline.cli', 'pipeline'], { cwd: copy.dagsterProject, env, signal, output: 'capture' });
        if (code !== 0) throw new HumanError(`The pipeline failed in ${copy.root}:\n${output.trimEnd()}`);
      });
      fs.writeFileSync(stamp, wanted);
    }
    return holder;
  } catch (error) {
    await holder.release();
    throw error;
  }
}

/**
 * The folder that tests of the extension work in; what is in it is kept for the next run.
 * @param {import('../../stack/paths.mjs').Place} place the checkout
 */
export const testFolder = (place) => process.env.ATTRIBUTION_TEST_DIR ?? path.join(place.shared, 'workbench-test');

/**
 * Does the work on a copy of the project whose database is up.
 * @template T
 * @param {import('../../stack/paths.mjs').Place} place the checkout
 * @param {{fresh?: boolean, signal?: AbortSignal}} options fresh: nothing of an earlier run stays
 * @param {(copy: import('../../stack/paths.mjs').Place) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withWorkspace(place, { fresh = false, signal }, work) {
  const folder = path.join(testFolder(place), 'workspace');
  if (fresh) {
    fs.rmSync(outsideFolder(path.join(folder, '.local')), { recursive: true, force: true });
    fs.rmSync(testFolder(place), { recursive: true, force: true });
  }
  const copy = copyProject(place, folder);
  const database = await holdDatabase(copy, { signal });
  try {
    return await work(copy);
  } finally {
    await database.release();
  }
}

/**
 * What the extension needs to be tested: its packages and its bundles, and a browser where asked for.
 * @param {import('../../stack/paths.mjs').Place} place
 * @param {{browser?: boolean, signal?: AbortSignal}} options
 */
export async function provideExtension(place, { browser = false, signal }) {
  const extension = path.join(place.root, 'extension');
  await installPackages(place, extension, 'packages of the extension', { signal });
  if (browser) await provideBrowser(place, { tests: true, signal });
  const { code } = await run(process.execPath, ['esbuild.mjs'], { cwd: extension, signal });
  if (code !== 0) throw new HumanError('The extension could not be built: esbuild\'s words are above.');
}

/**
 * Runs a runner as a program: its exit code, one plain message where it fails, Ctrl-C.
 * @param {(place: import('../../stack/paths.mjs').Place, options: {args: string[], signal: AbortSignal}) => Promise<number>} runner
 */
export async function main(runner) {
  const interruption = new AbortController();
  onInterruption((reason) => {
    warn(`\n${reason.message} Stopping …`);
    interruption.abort(reason);
  });
  let code = 1;
  try {
    code = await runner(placeOf(cleanEnv()), { args: process.argv.slice(2), signal: interruption.signal });
  } catch (error) {
    if (error instanceof Interrupted) code = error.exitCode;
    else warn(describe(error));
  }
  process.exit(code);
}
