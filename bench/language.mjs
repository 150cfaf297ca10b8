/**
 * The language server on a generated dbt project without a manifest, every answer held to what the generator knows:
 * `npm run bench -- language [--models 1000] [--large 10000] [--requests 200] [--peer "name=command with arguments"]…`.
 * The floor is a server that answers anything at once, on the same library. A wrong answer is printed, and makes the run fail.
 */
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { placeOf } from '../stack/paths.mjs';

const ROUNDS = 5;
const WRONG_SHOWN = 5;
/** Once everything is read and prepared: milliseconds in which nothing is asked, for each thousand models. */
const PAUSE = 2000;
/** At most so many times the target, in the large project. */
const GROWTH = 5;
const MEGABYTE = 1024 * 1024;
const ALL = ['ref', 'source', 'table', 'macro', 'variable', 'column', 'qualified'];

/** What is asked, by which question, at most how many milliseconds (p95). */
const QUESTIONS = [
  ['a model opened to its definition', 20, ({ opening }) => opening],
  ['hover, while the project is still read', Infinity, ({ hover }) => hover(ALL)],
  ['hover', 2, ({ hover }) => hover(ALL)],
  ['definition', 2, ({ definition }) => definition(ALL)],
  ['`ref` completion', 10, ({ nameCompletion }) => nameCompletion('ref')],
  ['`source` completion', 10, ({ nameCompletion }) => nameCompletion('source')],
  ['table of `source` completion', 10, ({ nameCompletion }) => nameCompletion('table')],
  ['column completion', 10, ({ columnCompletion }) => columnCompletion()],
  ['references', 30, ({ references }) => references(['ref', 'macro', 'variable'])],
  ['unknown `ref`, from the change on', 10, ({ unknownRef }) => unknownRef],
  ['no false diagnostic in an opened file', Infinity, ({ noProblem }) => noProblem],
];

const place = placeOf();
const extension = path.join(place.root, 'extension');
const require = createRequire(path.join(extension, 'package.json'));
const options = (name) => process.argv.flatMap((word, index) => (word === `--${name}` ? [process.argv[index + 1]] : []));
const number = (name, otherwise) => Number(options(name)[0] ?? otherwise);
const requests = number('requests', 200);
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-language-'));
const outfile = path.join(extension, 'out', `bench-language-${process.pid}.mjs`);
let wrongAnswers = 0;
let missed = 0;

async function main() {
  const tools = await bundle();
  const command = await server();
  say(`Node ${process.version.slice(1)}, machine load before: ${os.loadavg()[0].toFixed(1)}; ${requests} requests each, milliseconds: median / p95\n`);
  const floor = await measureFloor(tools);
  const small = await measure(tools, command, number('models', 1000));
  const large = number('large', 10_000) > 0 ? await measure(tools, command, number('large', 10_000)) : undefined;
  table(['', `${small.models} models`, 'right', 'target', ...(large ? [`${large.models} models`, 'right', 'times'] : []), 'floor'], small.rows.map((row, index) => {
    const other = large?.rows[index];
    const growth = other ? other.p95 / row.p95 : 0;
    if (row.p95 > row.target || (other && other.p95 > GROWTH * other.target)) missed++;
    return [row.what, figures(row), row.right, Number.isFinite(row.target) ? String(row.target) : '', ...(other ? [figures(other), other.right, growth.toFixed(1)] : []), floor[row.floor ?? 'answer']];
  }));
  for (const peer of options('peer')) await besides(tools, peer, small.models);
  if (wrongAnswers > 0) say(`\n${wrongAnswers} wrong answers.`);
  if (missed > 0) say(`\n${missed} figures over their target.`);
  return wrongAnswers + missed > 0 ? 1 : 0;
}

async function bundle() {
  const { build } = require('esbuild');
  const contents = ['project', 'client', 'oracle', 'draft'].map((name) => `export * from ${JSON.stringify(path.join(extension, 'test', 'language', name))};`).join('\n');
  await build({ stdin: { contents, resolveDir: extension, loader: 'ts' }, outfile, bundle: true, platform: 'node', format: 'esm', packages: 'external', logLevel: 'warning' });
  return import(pathToFileURL(outfile).href);
}

/** As it is packed. */
async function server() {
  const { build } = require('esbuild');
  // The list of bundles names what is there, seen from the extension
  process.chdir(extension);
  const { BUNDLES } = await import(pathToFileURL(path.join(extension, 'esbuild.mjs')).href);
  await build({ ...BUNDLES.find(({ entryPoints }) => 'language-server' in entryPoints), absWorkingDir: extension, outdir: scratch });
  return [process.execPath, path.join(scratch, 'language-server.js'), '--stdio'];
}

// ---- ours

async function measure(tools, command, models) {
  const project = tools.generateProject(models);
  const folder = path.join(scratch, `project-${models}`);
  tools.writeProject(project, folder);
  const rows = [await firstCompletion(tools, command, project, folder)];
  const client = await tools.LanguageClient.start(command, [folder]);
  try {
    const oracle = new tools.Oracle(project, folder, client, new tools.Dice(models));
    for (const [what, target, choose] of QUESTIONS) {
      if (what === 'hover') await new Promise((resolve) => setTimeout(resolve, PAUSE * (models / 1000)));
      rows.push(await ask(oracle, project, choose(oracle), { what, target }));
    }
    oracle.closeAll();
    rows.push(memory(client, 'memory in MB after these', 150));
    rows.push(...await largeDocument(client, project, folder));
    rows.push(memory(client, 'memory in MB after the large document', Infinity));
    if (client.complaints.length > 0) fail(`The server's log: ${client.complaints[0]}`);
    return { models: models.toLocaleString('en'), rows };
  } finally {
    await client.stop();
  }
}

function memory(client, what, target) {
  const now = client.memory().now / 1e6;
  return { what, target, p50: now, p95: now, right: '', floor: 'memory' };
}

/** From the start of a process to the first right answer in it. */
async function firstCompletion(tools, command, project, folder) {
  const times = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    const client = await tools.LanguageClient.start(command, [folder]);
    const model = project.models[project.models.length - 1 - round];
    const file = path.join(folder, model.file);
    const mark = model.marks.find(({ kind }) => kind === 'ref');
    client.open(file, model.text.slice(0, mark.span.start));
    const { items } = await client.completion(file, mark.span.start);
    times.push(performance.now() - start);
    const labels = new Set(items.map(tools.labelOf));
    const missing = project.modelNames.filter((name) => !labels.has(name));
    if (missing.length > 0) fail(`The first completion lacks ${missing.length} models, ${missing[0]} for one`);
    await client.stop();
  }
  return summary('first right completion, from the start of the process', times, { target: 400, right: `${ROUNDS}/${ROUNDS}`, floor: 'start' });
}

async function ask(oracle, project, question, { what, target }, count = requests) {
  const times = [];
  let right = 0;
  for (let asked = 0; times.length < count && asked < count * 20; asked++) {
    const answer = await question(project.models[(asked * 7919) % project.models.length]);
    if (!answer) continue;
    times.push(answer.milliseconds);
    if (answer.wrong === undefined) right++;
    else fail(answer.wrong);
  }
  return summary(what, times, { target, right: `${right}/${times.length}` });
}

/** A model of a megabyte: answers at its end are right too. */
async function largeDocument(client, project, folder) {
  const model = project.models.find(({ certain, columns }) => certain && columns.length > 5);
  const column = model.columns[0];
  const part = (index) => `part_${index} as (\n\n    select part.${column.name}, part.${column.name} as again_${index}\n    from {{ ref('${model.name}') }} as part\n    where part.${column.name} is not null\n\n)`;
  const parts = [];
  for (let length = 0; length < MEGABYTE; length += parts.at(-1).length + 3) parts.push(part(parts.length));
  const last = `part_${parts.length - 1}`;
  const head = `with\n\n${parts.join(',\n\n')}\n\nselect\n    ${last}.`;
  const text = `${head}${column.name}\nfrom ${last}\n`;
  const file = path.join(folder, 'models', 'marts', 'large_document.sql');
  client.open(file, text);
  await client.hover(file, 0);
  const rows = { completion: [], definition: [], diagnostics: [] };
  const name = text.lastIndexOf(model.name);
  for (let round = 0; round < ROUNDS; round++) {
    rows.completion.push(await timed(async () => {
      client.edit(file, head.length, head.length + column.name.length, '');
      const { items } = await client.completion(file, head.length);
      const labels = items.map(({ label }) => label).sort().join();
      if (labels !== [column.name, `again_${parts.length - 1}`].sort().join()) fail(`Columns at the end of a megabyte: ${labels}`);
    }));
    client.edit(file, head.length, head.length, column.name);
    rows.definition.push(await timed(async () => {
      const [found] = await client.definition(file, name + 1);
      if (found?.file !== path.join(folder, model.file)) fail(`A ref at the end of a megabyte leads to ${found?.file}`);
    }));
    rows.diagnostics.push(await timed(async () => {
      client.edit(file, name, name, 'x');
      const problems = (await client.diagnostics(file)).filter(({ severity }) => severity <= 2);
      if (problems.length !== 1 || !problems[0].message.includes(`x${model.name}`)) fail(`An unknown ref at the end of a megabyte: ${JSON.stringify(problems).slice(0, 300)}`);
    }));
    client.edit(file, name, name + 1, '');
  }
  client.close(file);
  return Object.entries(rows).map(([what, times]) => summary(`a document of 1 MB: ${what}${what === 'definition' ? '' : ' after a change'}`, times, { target: Infinity, right: `${ROUNDS}/${ROUNDS}` }));
}

// ---- beside it

async function measureFloor(tools) {
  const file = path.join(scratch, 'floor.cjs');
  const contents = `const { createConnection } = require('vscode-languageserver/node'); const connection = createConnection(process.stdin, process.stdout);
    connection.onInitialize(() => ({ capabilities: { hoverProvider: true, textDocumentSync: 2 } })); connection.onHover(() => ({ contents: 'here' })); connection.listen();`;
  await require('esbuild').build({ stdin: { contents, resolveDir: extension }, outfile: file, bundle: true, platform: 'node', format: 'cjs', minify: true });
  const start = performance.now();
  const client = await tools.LanguageClient.start([process.execPath, file], [scratch]);
  const document = path.join(scratch, 'document.sql');
  client.open(document, 'select 1');
  await client.hover(document, 0);
  const started = performance.now() - start;
  const times = [];
  for (let index = 0; index < requests; index++) times.push(await timed(() => client.hover(document, 0)));
  const memory = client.memory().now;
  await client.stop();
  return { start: started.toFixed(0), answer: figures(summary('', times)), memory: (memory / 1e6).toFixed(0) };
}

/** The same questions to somebody else's server: what it does not offer is left out, what is wrong is counted. */
async function besides(tools, peer, models) {
  const [name, line] = peer.split(/=(.*)/s);
  const project = tools.generateProject(Number(models.replaceAll(',', '')));
  const folder = path.join(scratch, `project-${project.models.length}`);
  const rows = [];
  for (const [what, , choose] of QUESTIONS) {
    let client;
    const times = [];
    let right = 0;
    let ended = '';
    try {
      client = await tools.LanguageClient.start(line.split(' '), [folder], { cwd: folder, limit: 5000 });
      const oracle = new tools.Oracle(project, folder, client, new tools.Dice(1));
      for (let asked = 0; times.length < requests; asked++) {
        const answer = await choose(oracle)(project.models[(asked * 7919) % project.models.length]);
        if (!answer) continue;
        times.push(answer.milliseconds);
        if (answer.wrong === undefined) right++;
      }
    } catch (error) {
      ended = error.message.split('\n')[0].replace(folder, '…');
    } finally {
      await client?.stop();
    }
    const row = times.length > 0 ? summary(what, times) : undefined;
    rows.push([what, row ? figures(row) : '', `${right}/${requests}`, ended]);
  }
  say(`\n${name}, ${models} models\n`);
  table(['', 'milliseconds', 'right', ''], rows);
}

// ---- words

function fail(wrong) {
  if (wrongAnswers++ < WRONG_SHOWN * QUESTIONS.length) say(wrong.slice(0, 600));
}

async function timed(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function summary(what, times, more = {}) {
  const sorted = [...times].sort((one, other) => one - other);
  const at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
  return { what, p50: at(0.5), p95: at(0.95), ...more };
}

function figures({ p50, p95 }) {
  const short = (value) => (value >= 20 ? value.toFixed(0) : value.toFixed(value >= 2 ? 1 : 2));
  return p50 === p95 ? short(p50) : `${short(p50)} / ${short(p95)}`;
}

function table(head, rows) {
  const widths = head.map((_, index) => Math.max(...[head, ...rows].map((row) => row[index].length)));
  const line = (cells) => `| ${cells.map((cell, index) => cell.padEnd(widths[index])).join(' | ')} |`;
  say([line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n'));
}

function say(line) {
  process.stdout.write(`${line}\n`);
}

process.exitCode = await main().finally(() => {
  fs.rmSync(scratch, { recursive: true, force: true });
  fs.rmSync(outfile, { force: true });
});
