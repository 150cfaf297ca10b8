/** What the commands do, in order. */
import fs from 'node:fs';
import path from 'node:path';
import { checkOwnServer, readConnection, connectionFile, writeProfile } from './connection.mjs';
import { holdDagster, prepareHome } from './dagster.mjs';
import { openBrowser, openDesktop, packExtension } from './editor.mjs';
import { HumanError } from './errors.mjs';
import { lockHolder, tryLock } from './lock.mjs';
import { childEnv } from './paths.mjs';
import { holdPostgres, mainCluster } from './postgres.mjs';
import { run } from './processes.mjs';
import { prepareManifest, setUp } from './setup.mjs';
import { bold, dim, say, warn } from './terminal.mjs';

/** @typedef {import('./main.mjs').Context} Context */

/** @param {import('./paths.mjs').Place} place */
export const startLock = (place) => path.join(place.local, 'start.lock');

const BROWSER = '--browser';

/** @param {Context} given  `--browser`: in a browser, the other arguments are the pipeline's */
export async function start(given) {
  const context = { ...given, args: given.args.filter((arg) => arg !== BROWSER) };
  const { place, signal } = context;
  const lock = tryLock(startLock(place));
  if (!lock) throw new HumanError(alreadyRunning(place));
  try {
    await setUp(place, { signal });
    const code = await withDatabase(context, async (database) => {
      await prepareManifest(place, { signal });
      // One after the other: on a fresh Dagster home both would create its history at once
      const failed = await runPipeline(context);
      if (failed) return failed;
      const dagster = await holdDagster(place, { signal });
      lock.note({ url: dagster.url });
      let workbench;
      try {
        if (given.args.includes(BROWSER)) workbench = await openBrowser(place, { signal });
        sayWhereNext(dagster.url, database, workbench?.url ?? (await inDesktop(place, signal)));
        return await stayUp(signal, [dagster.holder.ended, ...database.ended, ...(workbench ? [workbench.ended] : [])]);
      } finally {
        await workbench?.stop();
        await dagster.holder.release();
      }
    });
    if (code === 0) say('Everything is stopped.');
    return code;
  } finally {
    lock.release();
  }
}

/** @param {Context} context */
export async function pipeline(context) {
  await setUp(context.place, { signal: context.signal });
  return withDatabase(context, async () => {
    await prepareManifest(context.place, { signal: context.signal });
    return runPipeline(context);
  });
}

/** @param {Context} context */
export async function database(context) {
  const { place, signal } = context;
  if (process.env.PGHOST) throw new HumanError('PGHOST is set, so that server is used and none is started here. Unset PGHOST to start the embedded one.');
  await setUp(place, { signal });
  return withDatabase(context, async (server) => {
    say();
    sayDatabase(server);
    say('Ctrl-C stops it.');
    return stayUp(signal, server.ended);
  });
}

/** @param {Context} context */
export async function setup({ place, signal }) {
  await setUp(place, { signal });
  prepareHome(place);
  writeProfile(place, readConnection(connectionFile(place)));
  await prepareManifest(place, { signal });
  say('Everything is set up. Next: `npm start`.');
  return 0;
}

/** @param {Context} context */
export async function bench(context) {
  const { place, args, signal } = context;
  const named = args[0] && !args[0].startsWith('-');
  const rest = args.slice(named ? 1 : 0);
  const folder = path.join(place.root, 'bench');
  const script = ['py', 'mjs'].map((kind) => path.join(folder, `${named ? args[0] : 'load'}.${kind}`)).find((file) => fs.existsSync(file));
  if (!script) throw new HumanError(`There is no benchmark "${args[0]}". Look into bench/README.md.`);
  await setUp(place, { signal });
  return withDatabase(context, async () => {
    const [program, cwd] = script.endsWith('.py') ? [place.python, place.dagsterProject] : [process.execPath, place.root];
    return exitCode(await run(program, [script, ...rest], { cwd, env: childEnv(place), signal }));
  });
}

/**
 * @typedef {object} Database
 * @property {string} words where it is
 * @property {string} psql how to connect
 * @property {Promise<string>[]} ended
 */

/** Holds our server, or checks the one that PGHOST names, while the work runs. */
async function withDatabase({ place, signal }, work) {
  prepareHome(place);
  if (process.env.PGHOST) {
    const server = await checkOwnServer(place, { signal });
    writeProfile(place, readConnection(connectionFile(place)));
    const words = `PostgreSQL ${server.version} on ${server.host}:${server.port}, database "${server.dbname}", as ${server.user}`;
    say(`Using ${words} (PGHOST is set)`);
    return work({ words, psql: 'psql', ended: [] });
  }
  const { holder, connection, installation } = await holdPostgres(place, mainCluster(place), { signal });
  try {
    writeProfile(place, connection);
    const words = `PostgreSQL ${installation.version} on ${connection.host}:${connection.port}, database "${connection.dbname}", as ${connection.user}`;
    say(`${holder.started ? 'Started' : 'Joined'} ${words}`);
    const psql = `psql -h ${connection.host} -p ${connection.port} -U ${connection.user} ${connection.dbname}   ${dim(`(password: ${connectionFile(place)})`)}`;
    return await work({ words, psql, ended: [holder.ended] });
  } finally {
    await holder.release();
  }
}

async function runPipeline({ place, args, signal }) {
  const options = { cwd: place.dagsterProject, env: childEnv(place), signal };
  return exitCode(await run(place.python, ['-m', 'attribution_pipeline.cli', 'pipeline', ...args], options));
}

const exitCode = ({ code }) => code ?? 1;

/** Until Ctrl-C, which is how it is meant to end, or until a service is gone, which is not. */
async function stayUp(signal, ends) {
  const interrupted = new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
    if (signal.aborted) resolve(undefined);
  });
  // Nothing else keeps the event loop alive where PGHOST names the server
  const alive = setInterval(() => {}, 60_000);
  const words = await Promise.race([interrupted, ...ends]);
  clearInterval(alive);
  if (words) throw new HumanError(`${words}. Run the command again.`);
  return 0;
}

function sayDatabase(server) {
  say(`${bold('Database')}   ${server.words}`);
  say(`           ${server.psql}`);
}

/** Opens VS Code where there is one. Without it everything else is of use all the same. @returns {Promise<string>} in words */
async function inDesktop(place, signal) {
  try {
    if (await openDesktop(place, { signal })) return 'open in VS Code';
  } catch (error) {
    if (!(error instanceof HumanError)) throw error;
    warn(`\n${error.message}`);
    return 'VS Code could not be opened: the reason is above';
  }
  return `no \`code\` on the PATH; ${bold('npm start -- --browser')} opens it in a browser, ${bold('npm run package')} makes the extension for an editor of yours`;
}

/** @param {Context} context */
export async function pack({ place, signal }) {
  await setUp(place, { signal });
  say(await packExtension(place, { signal }));
  return 0;
}

function sayWhereNext(url, server, workbench) {
  say();
  say(`${bold('Workbench')}  ${workbench}`);
  say(`${bold('Dagster')}    ${url}`);
  sayDatabase(server);
  say(`${bold('Again')}      npm run pipeline   ${dim('(in another terminal; after a change in data/raw or dbt/models)')}`);
  say('Ready. Ctrl-C stops everything.');
}

function alreadyRunning(place) {
  const holder = lockHolder(startLock(place));
  if (!holder) return '`npm start` has just ended here. Run the command again.';
  const since = new Date(holder.since).toLocaleString('sv');
  const where = holder.url ? `Its UI: ${holder.url}` : 'It is still setting up.';
  return `\`npm start\` is running here already: process ${holder.pid}, since ${since}. ${where}\nUse it, or stop it with Ctrl-C in its terminal. Nothing was changed.`;
}

