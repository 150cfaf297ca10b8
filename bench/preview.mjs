/**
 * The first rows of a mart as the preview reads them, beside the bare query, and beside `dbt show` of the same model:
 * `npm run bench -- preview [--rows 10000000] [--rounds 20]`. Targets: under 300 ms and, both connecting, at most 2 times the bare
 * query; at least 20 times as fast as `dbt show`.
 */
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { connectionFile, readConnection } from '../stack/connection.mjs';
import { HumanError } from '../stack/errors.mjs';
import { childEnv, placeOf } from '../stack/paths.mjs';
import { run } from '../stack/processes.mjs';

const MODEL = 'first_touch_attribution';
const PAGE = 200;
const DATABASE = 'bench_preview';
const VIEW = { sort: [], filter: [] };
const MART = `create schema marts; create table marts.${MODEL} as select
    'client_' || n % 400000 as client_id, timestamp '2024-01-01' + n * interval '3 seconds' as purchase_time, (array['email', 'social', 'paid_search', 'organic_search', 'direct'])[1 + n % 5] as attributed_channel,
    (n % 100000)::numeric(18, 4) / 100 as attributed_revenue, timestamp '2023-12-20' + n * interval '3 seconds' as first_touch_time, n % 31 as days_to_conversion, 'marketing_touch' as attribution_basis,
    md5(n::text) as purchase_id, md5('touch' || n) as touch_id
  from generate_series(1, $ROWS) as n`;

const place = placeOf();
const option = (name, otherwise) => Number(process.argv[process.argv.indexOf(`--${name}`) + 1] || otherwise);
const rows = process.argv.includes('--rows') ? option('rows') : 10_000_000;
const rounds = process.argv.includes('--rounds') ? option('rounds') : 20;
const require = createRequire(path.join(place.root, 'extension', 'package.json'));
const pg = require('pg');
const connection = process.env.PGHOST
  ? { host: process.env.PGHOST, port: Number(process.env.PGPORT ?? 5432), user: process.env.PGUSER, password: process.env.PGPASSWORD, dbname: process.env.PGDATABASE ?? process.env.PGUSER }
  : readConnection(connectionFile(place));
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-preview-'));

async function main() {
  const preview = await bundle();
  const large = await firstRows(preview);
  const show = await besideDbtShow(preview);
  const good = large.every(({ ours }) => ours < 300) && large.at(-1).ours <= 2 * large.at(-1).bare && show.dbt >= 20 * show.ours;
  return good ? 0 : 1;
}

async function bundle() {
  const { build } = require('esbuild');
  const source = (name) => path.join(place.root, 'extension', 'src', name);
  const outfile = path.join(place.root, 'extension', 'out', `bench-preview-${process.pid}.mjs`);
  const contents = ['preview/source', 'warehouse/postgres', 'warehouse/role'].map((name) => `export * from ${JSON.stringify(source(name))};`).join('\n');
  await build({ stdin: { contents, resolveDir: place.root, loader: 'ts' }, outfile, bundle: true, platform: 'node', format: 'esm', packages: 'external', logLevel: 'warning' });
  try {
    return await import(pathToFileURL(outfile).href);
  } finally {
    fs.rmSync(outfile);
  }
}

async function firstRows(preview) {
  const owner = { ...connection, dbname: DATABASE };
  await statement(connection, `drop database if exists ${DATABASE} with (force)`);
  await statement(connection, `create database ${DATABASE}`);
  try {
    say(`${rows.toLocaleString('en')} rows; machine load before: ${os.loadavg()[0].toFixed(1)}`);
    for (const part of MART.replace('$ROWS', String(rows)).split('; ')) await statement(owner, part);
    const { user, password } = await preview.stackCredentials(place.local, connection) ?? connection;
    const reader = { ...owner, user, password };
    const kept = warehouseOn(preview, owner);
    const client = await connected(reader);
    const times = { 'connected already': [[], []], 'connecting first': [[], []] };
    for (let round = 0; round < rounds; round++) {
      times['connected already'][0].push(await timed(() => firstPage(preview, kept, 'marts')));
      times['connected already'][1].push(await timed(() => bareRows(client)));
      times['connecting first'][0].push(await timed(async (after) => {
        const fresh = warehouseOn(preview, owner);
        after(() => fresh.reset());
        await firstPage(preview, fresh, 'marts');
      }));
      times['connecting first'][1].push(await timed(async (after) => {
        const fresh = await connected(reader);
        after(() => fresh.end());
        await bareRows(fresh);
      }));
    }
    await client.end();
    await kept.reset();
    return Object.entries(times).map(([what, [ours, bare]]) => report(`First ${PAGE} rows, ${what}`, ours, bare));
  } finally {
    await statement(connection, `drop database if exists ${DATABASE} with (force)`);
  }
}

/** On the database of the project: `npm run pipeline` has filled it. */
async function besideDbtShow(preview) {
  const warehouse = warehouseOn(preview, connection);
  try {
    const ours = [];
    for (let round = 0; round < rounds; round++) ours.push(await timed(() => firstPage(preview, warehouse, 'marts')));
    const args = ['--quiet', 'show', '--select', MODEL, '--limit', String(PAGE), '--project-dir', place.dbt, '--profiles-dir', place.profilesDir, '--target-path', scratch, '--log-path', scratch];
    const dbt = [];
    for (let round = 0; round < 3; round++) {
      dbt.push(await timed(async () => {
        const { code, output } = await run(path.join(place.scripts, 'dbt'), args, { cwd: place.dbt, env: childEnv(place), output: 'capture' });
        if (code !== 0) throw new HumanError(`dbt show failed; run \`npm run pipeline\` first.\n${output}`);
      }));
    }
    say(`The sample's ${MODEL}: preview ${median(ours).toFixed(1)} ms, dbt show ${(median(dbt) / 1000).toFixed(2)} s: ${(median(dbt) / median(ours)).toFixed(0)} times as fast`);
    return { ours: median(ours), dbt: median(dbt) };
  } finally {
    await warehouse.reset();
  }
}

const warehouseOn = ({ PostgresWarehouse, stackCredentials }, to) => new PostgresWarehouse({
  connection: async () => to, previewCredentials: (where) => stackCredentials(place.local, where), timeout: { value: 60, onDidChange: () => ({ dispose() {} }) }, schemaPrefix: () => '',
});

/** What a person waits for: the table's columns and types, and its first page. */
async function firstPage({ PreviewSource }, warehouse, schema) {
  const source = await PreviewSource.open(warehouse, { schema, name: MODEL }, { count: PAGE });
  const page = await source.page(VIEW, 0, PAGE);
  if (page.rows.length === 0) throw new HumanError('The mart is empty. Run `npm run pipeline` first.');
}

async function bareRows(client) {
  const { rows: found } = await client.query({ text: `select * from marts.${MODEL} limit ${PAGE}`, rowMode: 'array', types: { getTypeParser: () => String } });
  if (found.length !== PAGE) throw new Error(`${found.length} rows`);
}

async function connected({ host, port, user, password, dbname }) {
  const client = new pg.Client({ host, port, user, password, database: dbname, ssl: false });
  await client.connect();
  return client;
}

async function statement(to, sql) {
  const client = await connected(to);
  await client.query(sql).finally(() => client.end());
}

/** Milliseconds; what is given to `after` is not measured. */
async function timed(work) {
  const later = [];
  const start = performance.now();
  await work((undo) => later.push(undo));
  const time = performance.now() - start;
  for (const undo of later) await undo();
  return time;
}

function report(what, ours, bare) {
  const [one, other] = [median(ours), median(bare)];
  say(`${what}: preview ${one.toFixed(1)} ms (worst ${Math.max(...ours).toFixed(1)}), bare query ${other.toFixed(1)} ms (worst ${Math.max(...bare).toFixed(1)}): ${(one / other).toFixed(2)} times`);
  return { ours: one, bare: other };
}

function median(values) {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)];
}

function say(line) {
  process.stdout.write(`${line}\n`);
}

process.exitCode = await main().finally(() => fs.rmSync(scratch, { recursive: true, force: true }));
