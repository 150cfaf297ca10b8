/**
 * How long from our launch to the run's end, beside `dagster asset materialize` of the same selection: `npm run bench -- materialize [--rounds n]`.
 * Both materialize into the database that is up, one after the other, turn by turn.
 */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { holdDagster } from '../stack/dagster.mjs';
import { childEnv, placeOf } from '../stack/paths.mjs';
import { prepareManifest } from '../stack/setup.mjs';

const SELECTIONS = [['marts/first_touch_attribution'], ['intermediate/int_purchase_attribution', 'marts/first_touch_attribution', 'marts/last_touch_attribution', 'marts/channel_performance']];
const TARGET = 1.1;

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' } } });
const place = placeOf();
const { DagsterSource } = await bundled();
await prepareManifest(place);
const { holder, url } = await holdDagster(place);
const locks = fs.mkdtempSync(path.join(os.tmpdir(), 'attribution-bench-'));
const source = new DagsterSource({ url: () => url, lockFolder: locks });
try {
  await source.start();
  // Neither pays for cold files
  await ours(SELECTIONS[0]);
  await theirs(SELECTIONS[0]);
  let worst = 0;
  for (const selection of SELECTIONS) {
    const [mine, peer] = [[], []];
    for (let round = 0; round < Number(values.rounds); round++) {
      mine.push(await ours(selection));
      peer.push(await theirs(selection));
    }
    const ratio = median(mine) / median(peer);
    worst = Math.max(worst, ratio);
    console.log(`${selection.length} asset${selection.length > 1 ? 's' : ''}: launch to end ${seconds(median(mine))} (${mine.map(seconds).join(', ')}), dagster asset materialize ${seconds(median(peer))} (${peer.map(seconds).join(', ')}): ${ratio.toFixed(2)} times`);
  }
  console.log(`Target: at most ${TARGET} times. Machine load: ${os.loadavg()[0]?.toFixed(1)} on ${os.cpus().length} cores.`);
  process.exitCode = worst <= TARGET ? 0 : 1;
} finally {
  source.dispose();
  await holder.release();
  fs.rmSync(locks, { recursive: true, force: true });
}

async function ours(assets) {
  const began = performance.now();
  const run = await source.launch({ assets });
  const end = await run.ended;
  if (end !== 'succeeded') throw new Error(`The run ${end}: ${run.failures.map(({ message }) => message).join('; ')}`);
  return performance.now() - began;
}

async function theirs(assets) {
  const began = performance.now();
  const args = ['-m', 'dagster', 'asset', 'materialize', '--select', assets.map((key) => `key:"${key}"`).join(' or '), '-m', 'attribution_pipeline.definitions'];
  const child = spawn(place.python, args, { cwd: place.dagsterProject, env: childEnv(place), stdio: ['ignore', 'ignore', 'pipe'] });
  let words = '';
  child.stderr.on('data', (data) => (words = (words + data).slice(-3000)));
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`dagster asset materialize ended with ${code}:\n${words}`);
  return performance.now() - began;
}

/** The extension's own code, bundled as it is for the extension. */
async function bundled() {
  const extension = path.join(place.root, 'extension');
  const esbuild = path.join(extension, 'node_modules', 'esbuild', 'lib', 'main.js');
  if (!fs.existsSync(esbuild)) throw new Error('The extension\'s packages are not installed: run `npm ci` in extension/ first.');
  const { build } = (await import(pathToFileURL(esbuild).href)).default;
  const outfile = path.join(extension, 'out', 'bench-dagster.mjs');
  await build({
    entryPoints: [path.join(extension, 'src', 'dagster', 'state.ts')], outfile, bundle: true, platform: 'node', target: 'node20', format: 'esm', logLevel: 'error', external: ['bufferutil', 'utf-8-validate'],
    banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
  });
  return import(pathToFileURL(outfile).href);
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

function seconds(milliseconds) {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}
