/** `npm test`: everything, on servers of its own, with one summary at the end. */
import fs from 'node:fs';
import path from 'node:path';
import { runGates } from './check.mjs';
import { writeProfile } from './connection.mjs';
import { prepareHome } from './dagster.mjs';
import { childEnv, placeOf } from './paths.mjs';
import { holdPostgres, mainCluster, oldCluster } from './postgres.mjs';
import { run } from './processes.mjs';
import { prepareManifest, setUp } from './setup.mjs';
import { bold, say, seconds } from './terminal.mjs';

const CLONE = 'clone.test.mjs';
// A process that is killed loses nothing by this, and no test cuts the power
const UNSAFE = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

/** @param {import('./main.mjs').Context} context  extra arguments go to pytest */
export async function test({ place: own, args, signal }) {
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
    return await suites(place, testEnv(place, env, held[1].installation), args, signal);
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

async function suites(place, env, args, signal) {
  const folder = path.join(place.root, 'stack', 'test');
  const files = fs.readdirSync(folder).filter((name) => name.endsWith('.test.mjs'));
  const results = [];
  const suite = async (name, work) => {
    const started = performance.now();
    const { ok, report } = await work();
    const duration = seconds(performance.now() - started);
    if (report) say(`\n${bold(name)}\n${report}`);
    results.push({ name, ok, duration });
  };
  const nodeTests = async (names) => {
    const paths = names.map((name) => path.join(folder, name));
    const { code, output } = await run(process.execPath, ['--test', '--test-reporter=spec', ...paths], { cwd: place.root, env, output: 'capture', signal });
    return { ok: code === 0, report: output.trimEnd() };
  };
  // Two lanes for two cores: the clean clone takes about as long as all the others of the stack
  await Promise.all([
    suite('two commands from a clean clone', () => nodeTests(files.filter((name) => name === CLONE))),
    suite('static checks', () => runGates(place, { env, signal })).then(() => suite('stack', () => nodeTests(files.filter((name) => name !== CLONE)))),
  ]);
  await suite('pipeline', async () => {
    say(`\n${bold('pipeline')}`);
    const { code } = await run(place.python, ['-m', 'pytest', '-n', '2', '--dist', 'worksteal', ...args], { cwd: place.dagsterProject, env, signal });
    return { ok: code === 0 };
  });
  say(`\n${bold('Summary')}`);
  for (const { name, ok, duration } of results) say(`  ${ok ? '✓ passed' : '✗ FAILED'}  ${name} (${duration})`);
  return results.every(({ ok }) => ok) ? 0 : 1;
}
