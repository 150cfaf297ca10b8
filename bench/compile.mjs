/**
 * A changed model compiled by the warm dbt, beside `dbt compile --select` of the same change, turn by turn: `npm run bench -- compile
 * [--rounds 5] [--models 300]`. On the project itself, and on a generated one. Target: at least 5 times as fast. The text changes
 * in each round; every other time so does its Jinja, which dbt has to parse anew. What both compile is compared.
 */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { connectionFile, readConnection } from '../stack/connection.mjs';
import { childEnv, placeOf } from '../stack/paths.mjs';

const place = placeOf();
const option = (name, otherwise) => (process.argv.includes(`--${name}`) ? Number(process.argv[process.argv.indexOf(`--${name}`) + 1]) : otherwise);
const rounds = option('rounds', 5);
const models = option('models', 300);
const connection = process.env.PGHOST ? {} : readConnection(connectionFile(place));
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-compile-'));
const env = { ...childEnv(place), DBT_SEND_ANONYMOUS_USAGE_STATS: 'false', ...(connection.host ? {
  PGHOST: connection.host, PGPORT: String(connection.port), PGUSER: connection.user, PGPASSWORD: connection.password, PGDATABASE: connection.dbname,
} : {}) };

async function main() {
  const { DbtSession } = await bundle();
  const real = path.join(scratch, 'real');
  fs.cpSync(place.dbt, real, { recursive: true, filter: (file) => !/[\\/](target|logs|profiles\.yml|\.user\.yml)$/.test(file) });
  const results = [
    await compare(DbtSession, 'the project', real, 'models/marts/last_touch_attribution.sql', 'stg_events'),
    await compare(DbtSession, `${models} models`, generate(path.join(scratch, 'generated')), `models/model_${models - 1}.sql`, 'model_0'),
  ];
  return results.every((times) => times >= 5) ? 0 : 1;
}

async function compare(DbtSession, title, project, name, other) {
  fs.copyFileSync(path.join(place.root, 'stack', 'profiles.template.yml'), path.join(project, 'profiles.yml'));
  const file = path.join(project, name);
  const original = fs.readFileSync(file, 'utf8');
  const session = new DbtSession({
    python: { find: () => Promise.resolve({ path: place.python, version: '', origin: '' }) }, environment: { variables: env, file: undefined },
    script: path.join(place.root, 'extension', 'python', 'dbt_session.py'), folder: path.join(scratch, 'session'), profilesDirectory: () => project, target: () => '',
  });
  const times = { warm: [], tags: [], dbt: [] };
  try {
    const began = performance.now();
    await session.compile({ project, file, text: original });
    const first = performance.now() - began;
    await dbt(project, name);
    for (let round = 0; round < rounds * 2; round++) {
      const jinja = round % 2 === 1 ? `\n-- {{ ref('${other}') }} ${'{{ 1 }}'.repeat(round)}` : '';
      const text = `${original.trimEnd()}\n-- round ${round}${jinja}\n`;
      const start = performance.now();
      const { sql } = await session.compile({ project, file, text });
      times[jinja === '' ? 'warm' : 'tags'].push(performance.now() - start);
      const expected = await dbt(project, name, text, times.dbt);
      if (sql !== expected) throw new Error(`${title}: what both compile differs.`);
    }
    const [warm, tags, cold] = ['warm', 'tags', 'dbt'].map((key) => median(times[key]));
    process.stdout.write(`${title.padEnd(14)} text ${ms(warm)}, with other Jinja ${ms(tags)}, dbt compile --select ${ms(cold)}: ${(cold / warm).toFixed(1)} and ${(cold / tags).toFixed(1)} times as fast (the first one ${ms(first)})\n`);
    return cold / Math.max(warm, tags);
  } finally {
    session.dispose();
    fs.writeFileSync(file, original);
  }
}

/** As somebody does by hand: saves the text, runs dbt, which keeps its own partial parse. */
async function dbt(project, name, text, times) {
  if (text !== undefined) fs.writeFileSync(path.join(project, name), text);
  const args = ['-m', 'dbt.cli.main', 'compile', '--select', path.basename(name, '.sql'), '--project-dir', project, '--profiles-dir', project];
  const start = performance.now();
  const child = spawn(place.python, args, { cwd: scratch, env, stdio: ['ignore', 'pipe', 'ignore'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (part) => (output += part));
  const code = await new Promise((resolve) => child.once('close', resolve));
  times?.push(performance.now() - start);
  if (code !== 0) throw new Error(`dbt compile ended with ${code}:\n${output}`);
  const projectName = /^name:\s*(\w+)/m.exec(fs.readFileSync(path.join(project, 'dbt_project.yml'), 'utf8'))?.[1];
  return fs.readFileSync(path.join(project, 'target', 'compiled', projectName, name), 'utf8');
}

/** Models in layers, each on three of the layer below, with YAML and tests. */
function generate(folder) {
  fs.mkdirSync(path.join(folder, 'models'), { recursive: true });
  fs.writeFileSync(path.join(folder, 'dbt_project.yml'), 'name: generated\nversion: "1.0"\nprofile: attribution\n');
  for (let number = 0; number < models; number++) {
    const below = number < 10 ? [] : [1, 4, 9].map((back) => number - back);
    const ctes = below.map((one) => `part_${one} as (\n\n    select * from {{ ref('model_${one}') }}\n\n)`);
    const sql = below.length === 0 ? 'select 1 as id, 2 as amount' : `with\n\n${ctes.join(',\n\n')}\n\n${below.map((one) => `select id, amount from part_${one}`).join('\nunion all\n')}`;
    fs.writeFileSync(path.join(folder, 'models', `model_${number}.sql`), `{{ config(materialized='table') }}\n\n${sql}\n`);
    fs.writeFileSync(path.join(folder, 'models', `model_${number}.yml`), `models:\n  - name: model_${number}\n    columns:\n      - name: id\n        data_tests: [not_null]\n      - name: amount\n`);
  }
  return folder;
}

async function bundle() {
  const { build } = createRequire(path.join(place.root, 'extension', 'package.json'))('esbuild');
  const outfile = path.join(place.root, 'extension', 'out', `bench-compile-${process.pid}.mjs`);
  await build({ entryPoints: [path.join(place.root, 'extension', 'src', 'dbt', 'session.ts')], outfile, bundle: true, platform: 'node', format: 'esm', packages: 'external', logLevel: 'warning' });
  try {
    return await import(pathToFileURL(outfile).href);
  } finally {
    fs.rmSync(outfile);
  }
}

const median = (values) => [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)];
const ms = (value) => `${Math.round(value)} ms`;

try {
  process.exitCode = await main();
} finally {
  fs.rmSync(scratch, { recursive: true, force: true });
}
