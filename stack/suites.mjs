/** `npm test`: everything, on servers of its own, in two lanes for two cores, with one summary at the end. */
import fs from 'node:fs';
import path from 'node:path';
import { runGates } from './check.mjs';
import { writeProfile } from './connection.mjs';
import { prepareHome } from './dagster.mjs';
import { describe, HumanError } from './errors.mjs';
import { within } from './limits.mjs';
import { childEnv, placeOf } from './paths.mjs';
import { holdPostgres, mainCluster, oldCluster } from './postgres.mjs';
import { run } from './processes.mjs';
import { prepareManifest, setUp } from './setup.mjs';
import { bold, dim, say, seconds } from './terminal.mjs';

const CLONE = 'clone.test.mjs';
const FAULTS = 'tests/test_pipeline_faults.py';
/** Nothing may hang whoever waits for the result. */
const LIMIT_MINUTES = 18;
/** Of the output of a suite that failed, repeated at the end. */
const FAILURE_LINES = 120;
// A process that is killed loses nothing by this, and no test cuts the power
const UNSAFE = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

/**
 * @typedef {object} Suite
 * @property {string} name
 * @property {0 | 1 | 'alone'} lane suites of one lane run one after the other; `alone`: after the lanes, by itself
 * @property {(tools: Tools) => Promise<boolean>} run whether it passed
 */
/**
 * @typedef {object} Tools
 * @property {import('./paths.mjs').Place} place
 * @property {NodeJS.ProcessEnv} env
 * @property {string[]} options for pytest
 * @property {AbortSignal} signal
 * @property {(text: string) => void} report
 * @property {(command: string, args: string[], options?: {cwd?: string, env?: NodeJS.ProcessEnv}) => Promise<boolean>} program runs one and reports what it prints
 */

/** @type {Suite[]} */
const SUITES = [
  { name: 'static checks', lane: 1, run: async ({ place, env, signal, report }) => {
    const gates = await runGates(place, { env, signal });
    report(gates.report);
    return gates.ok;
  } },
  { name: 'two commands from a clean clone', lane: 0, run: (tools) => nodeTests(tools, (name) => name === CLONE) },
  { name: 'stack', lane: 0, run: (tools) => nodeTests(tools, (name) => name !== CLONE) },
  { name: 'pipeline', lane: 0, run: (tools) => pytest(tools, `--ignore=${FAULTS}`) },
  { name: 'extension on Dagster', lane: 0, run: (tools) => onServers(tools, undefined, 'test/dagster') },
  { name: 'inside VS Code', lane: 1, run: (tools) => runner(tools, 'run-host.mjs') },
  { name: 'workbench', lane: 1, run: (tools) => runner(tools, 'run-ui.mjs') },
  { name: 'extension', lane: 1, run: extension },
  { name: 'extension on dbt and PostgreSQL', lane: 1, run: (tools) => onServers(tools, path.join(tools.place.shared, 'extension-data'), 'test/dbt', 'test/warehouse', 'test/journey', 'test/language') },
  // How soon a fault is told is measured in seconds: on a machine that does nothing else
  { name: 'faults of the pipeline', lane: 'alone', run: (tools) => pytest(tools, FAULTS) },
];

/** @param {import('./main.mjs').Context} context  words choose suites by parts of their names, options go to pytest */
export async function test({ place: own, args, signal }) {
  const words = args.filter((arg) => !arg.startsWith('-')).map((word) => word.toLowerCase());
  const chosen = SUITES.filter(({ name }) => words.length === 0 || words.some((word) => name.toLowerCase().includes(word)));
  if (chosen.length === 0) throw new HumanError(`No suite's name holds ${words.join(' or ')}. There are: ${SUITES.map(({ name }) => name).join(', ')}.`);
  const env = cleanEnv(own);
  // What runs inside this process reads its environment too
  for (const key of Object.keys(process.env)) if (!(key in env)) delete process.env[key];
  Object.assign(process.env, env);
  const place = placeOf(env, own.root);
  await setUp(place, { tests: true, signal });
  prepareHome(place);
  const held = [];
  try {
    for (const cluster of [mainCluster(place), oldCluster(place)]) {
      const server = await holdPostgres(place, { ...cluster, settings: UNSAFE }, { signal });
      held.push(server);
      say(`PostgreSQL ${server.installation.version} on port ${server.connection.port}`);
    }
    writeProfile(place, held[0].connection);
    await prepareManifest(place, { env, signal });
    const options = args.filter((arg) => arg.startsWith('-'));
    return await inLanes(chosen, { place, env: testEnv(place, env, held[1].installation), options }, signal);
  } finally {
    for (const { holder } of held.reverse()) await holder.release();
  }
}

/** No server and no data of the person who runs the tests. */
function cleanEnv(own) {
  const kept = Object.entries(process.env).filter(([key]) => !/^PG[A-Z]/.test(key) && key !== 'RAW_DATA_DIR');
  return { ...Object.fromEntries(kept), ATTRIBUTION_LOCAL_DIR: path.join(own.shared, 'test') };
}

function testEnv(place, env, old) {
  return { ...childEnv(place, env), ATTRIBUTION_POSTGRES15: oldCluster(place).connection, ATTRIBUTION_POSTGRES15_BIN: old.bin };
}

async function inLanes(chosen, tools, signal) {
  const results = [];
  const lane = async (number) => {
    for (const suite of chosen.filter(({ lane: its }) => its === number)) results.push(await attempt(suite, tools, { signal, live: chosen.length === 1 }));
  };
  await Promise.all([lane(0), lane(1)]);
  await lane('alone');
  // The lanes mix; every runner sums up its failures last, so that the ends say what broke, and where
  for (const { name, ok, output } of results) if (!ok) say(`\n${bold(`${name}: the end of what it said`)}\n${output.split('\n').slice(-FAILURE_LINES).join('\n')}`);
  say(`\n${bold('Summary')}`);
  for (const { name, ok, duration } of results) say(`  ${ok ? '✓ passed' : '✗ FAILED'}  ${name} (${duration})`);
  return results.every(({ ok }) => ok) ? 0 : 1;
}

/** One suite, to its end or its limit; what it says comes in one piece, unless it is the only one. */
async function attempt({ name, run: work }, tools, { signal, live }) {
  const started = performance.now();
  const limit = within(LIMIT_MINUTES * 60_000, signal);
  const lines = [];
  const report = (text) => (live ? process.stdout.write(text) : lines.push(text));
  const program = async (command, args, { cwd = tools.place.root, env = tools.env } = {}) => {
    const output = live ? 'inherit' : 'capture';
    const { code } = await run(command, args, { cwd, env, output, signal: limit, onOutput: report });
    return code === 0;
  };
  say(dim(`· ${name} …`));
  let ok = false;
  try {
    ok = await work({ ...tools, signal: limit, report, program });
  } catch (error) {
    signal?.throwIfAborted();
    report(limit.aborted ? `\nStopped: it took longer than ${LIMIT_MINUTES} minutes.` : `\n${describe(error)}`);
  }
  const duration = seconds(performance.now() - started);
  const output = lines.join('').trimEnd();
  say(`\n${bold(name)} ${ok ? 'passed' : 'FAILED'} ${dim(`(${duration})`)}\n${output}`);
  return { name, ok, duration, output };
}

// ---- what the suites run

const pytest = ({ place, options, program }, ...files) => program(place.python, ['-m', 'pytest', '-n', '2', '--dist', 'worksteal', ...options, ...files], { cwd: place.dagsterProject });

function nodeTests({ place, program }, wanted) {
  const folder = path.join(place.root, 'stack', 'test');
  const files = fs.readdirSync(folder).filter((name) => name.endsWith('.test.mjs') && wanted(name)).map((name) => path.join(folder, name));
  return program(process.execPath, ['--test', '--test-reporter=spec', ...files]);
}

const extensionOf = (place) => path.join(place.root, 'extension');

/** The extension's packages and what its tests need of a browser; once, whoever comes first. */
let provided;
async function provide(place, signal) {
  const { provideExtension } = await import('../extension/test/workspace.mjs');
  provided ??= provideExtension(place, { browser: true, signal });
  await provided;
}

/** What needs no server and no editor; every part is tried. */
async function extension({ place, signal, report, program }) {
  await provide(place, signal);
  const tool = (...parts) => path.join(extensionOf(place), 'node_modules', ...parts);
  let ok = true;
  for (const [title, ...args] of [
    ['tsc', tool('typescript', 'bin', 'tsc'), '-p', '.', '--noEmit'], ['eslint', tool('eslint', 'bin', 'eslint.js'), '.'], ['unit tests', 'unit.mjs'],
  ]) {
    const started = performance.now();
    const passed = await program(process.execPath, args, { cwd: extensionOf(place) });
    report(`${passed ? '✓' : '✗'} ${title} (${seconds(performance.now() - started)})\n`);
    ok &&= passed;
  }
  return ok;
}

/** Beside the pipeline's tests, whose profile and server these must not touch. @param local a local folder of its own: two suites at once share no database */
async function onServers({ place, env, signal, program }, local, ...tests) {
  await provide(place, signal);
  return program(process.execPath, ['unit.mjs', ...tests], { cwd: extensionOf(place), env: { ...env, ATTRIBUTION_LOCAL_DIR: local, DBT_PROFILES_DIR: undefined, DAGSTER_HOME: undefined } });
}

const runner = ({ place, program }, name) => program(process.execPath, [path.join(extensionOf(place), 'test', name)]);
