/** Our own PostgreSQL: made on the first start, started where it does not run, shared by all commands of this local folder. */
import { spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hydrate, install, nativeFolder, programOf, withShellSafePrograms } from './binaries.mjs';
import { connectionFile, readConnection, writeConnection } from './connection.mjs';
import { HumanError } from './errors.mjs';
import { waitForLock } from './lock.mjs';
import { previewFile, providePreviewRole } from './previewRole.mjs';
import { hold, identityOf, run, stopGroup } from './processes.mjs';
import { say, step } from './terminal.mjs';

const FIRST_PORT = 54329;
const START_MS = 60_000;
const PORT_ATTEMPTS = 4;
const OWNER = 'attribution';
/** Fast shutdown, then immediate: the server then recovers at its next start. @type {import('./processes.mjs').StopSteps} */
const STOP = [['SIGINT', 10_000], ['SIGQUIT', 5000], ['SIGKILL', 5000]];

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  // One machine, no replicas: bulk loads need not be logged twice
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '4GB',
  shared_buffers: '256MB',
  work_mem: '64MB',
  maintenance_work_mem: '256MB',
  // Compiling costs more than it saves on models of this size
  jit: 'off',
  TimeZone: 'UTC',
  log_timezone: 'UTC',
  fsync: 'on',
};

/**
 * @typedef {object} Cluster
 * @property {string} folder of the package that brings the programs
 * @property {string} name of the data folder, of the service, and of its state file
 * @property {string} connection path of the connection file
 * @property {string} [preview] path of the preview role's file; there is no such role without it
 * @property {Record<string, string>} [settings] beyond ours
 */

/** The cluster of a local folder. @param {import('./paths.mjs').Place} place  @returns {Cluster} */
export const mainCluster = (place) => ({ folder: place.root, name: 'postgres', connection: connectionFile(place), preview: previewFile(place) });

/** PostgreSQL 15 of the tests. @param {import('./paths.mjs').Place} place  @returns {Cluster} */
export const oldCluster = (place) => ({
  folder: path.join(place.root, 'stack', 'test', 'postgres15'), name: 'postgres15', connection: connectionFile(place, 'connection15'),
});

/** @param {import('./paths.mjs').Place} place  @param {string} [name]  @returns {import('./processes.mjs').Service} */
export const postgresService = (place, name = 'postgres') => ({
  name: name === 'postgres' ? 'PostgreSQL' : name,
  stateFile: path.join(place.local, `${name}.json`),
  logFile: path.join(place.logs, `${name}.log`),
  stop: STOP,
});

/**
 * Joins or starts the server and verifies that it is ours.
 * @param {import('./paths.mjs').Place} place
 * @param {Cluster} cluster
 * @param {{signal?: AbortSignal}} [options]
 * @returns {Promise<{holder: import('./processes.mjs').Holder, connection: import('./connection.mjs').Connection, installation: import('./binaries.mjs').Installation}>}
 * @throws {HumanError}
 */
export async function holdPostgres(place, cluster, { signal } = {}) {
  const lock = await waitForLock(path.join(place.local, `${cluster.name}.lock`), { signal });
  try {
    const native = nativeFolder(cluster.folder);
    hydrate(native);
    const installation = install(native, place.local, cluster.name);
    checkMajor(installation);
    const service = postgresService(place, cluster.name);
    for (let attempt = 1; ; attempt++) {
      const holder = await hold(service, () => prepare(installation, cluster, signal));
      const connection = readConnection(cluster.connection);
      try {
        await untilReady(holder, connection, { installation, service, preview: cluster.preview, signal });
        return { holder, connection, installation };
      } catch (error) {
        await holder.release();
        // Somebody may have taken the port between our look and the server's
        if (attempt === PORT_ATTEMPTS || signal?.aborted || (await freePort(connection.port)) === connection.port) throw error;
      }
    }
  } finally {
    lock.release();
  }
}

async function prepare(installation, cluster, signal) {
  await stopOrphan(installation);
  if (!fs.existsSync(path.join(installation.data, 'PG_VERSION'))) {
    await step(`PostgreSQL ${installation.version}: a new data folder`, () => initialise(installation, cluster, { signal }));
  }
  return program(installation, await settledConnection(installation, cluster, signal), cluster.settings);
}

/** @throws {HumanError} when the data folder belongs to another major version: nothing is touched then */
export function checkMajor({ data, version }) {
  const file = path.join(data, 'PG_VERSION');
  if (!fs.existsSync(file)) return;
  const major = fs.readFileSync(file, 'utf8').trim();
  if (major === version.split('.')[0]) return;
  throw new HumanError([
    `The data folder ${data} belongs to PostgreSQL ${major}, this is PostgreSQL ${version}. Nothing was touched.`,
    `To keep the data, go back to the version of this project that made it and dump it with pg_dump ${major}.`,
    'Everything in it can be made again from the raw files: `npm run reset` says what would go, `npm start` builds it anew.',
  ].join('\n'));
}

function program(installation, connection, more) {
  const settings = Object.entries({ ...SETTINGS, ...more, port: connection.port }).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
  return {
    command: programOf(installation, 'postgres'),
    args: ['-D', installation.data, ...settings],
    cwd: installation.base,
    env: plainEnv(),
    account: installation.account,
    details: { port: connection.port, data: installation.data },
  };
}

/** The caller's PG variables and locale are not the server's. */
function plainEnv() {
  return { ...Object.fromEntries(Object.entries(process.env).filter(([key]) => !/^(PG|LC_|LANG)/.test(key))), LC_ALL: 'C' };
}

// ---- the first start

async function initialise(installation, cluster, { signal }) {
  const { account, base, data } = installation;
  const draft = `${data}.new`;
  const passwordFile = `${data}.password`;
  const connection = { host: '127.0.0.1', port: await freePort(FIRST_PORT), user: OWNER, password: newPassword(), dbname: OWNER };
  fs.rmSync(draft, { recursive: true, force: true });
  try {
    fs.mkdirSync(draft, { recursive: true, mode: 0o700 });
    fs.writeFileSync(passwordFile, connection.password, { mode: 0o600 });
    if (account) for (const file of [draft, passwordFile]) fs.chownSync(file, account.uid, account.gid);
    const args = ['-D', draft, '--encoding=UTF8', '--locale=C', `--username=${OWNER}`, `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--no-instructions'];
    const options = { cwd: base, env: plainEnv(), account, output: 'capture', signal };
    const { code, output } = await withShellSafePrograms(installation, (bin) => run(programOf({ bin }, 'initdb'), args, options));
    if (code !== 0) throw new HumanError(`PostgreSQL could not make its data folder ${data}:\n${output.trim()}\nMake room or correct what it names, and run the command again.`);
    // The password first: a data folder whose password nobody knows would be lost
    writeConnection(cluster.connection, connection);
    fs.renameSync(draft, data);
  } finally {
    fs.rmSync(passwordFile, { force: true });
    fs.rmSync(draft, { recursive: true, force: true });
  }
}

const newPassword = () => crypto.randomBytes(24).toString('base64url');

/** The remembered connection, with another port where something else has taken ours, and a new password where the file is gone. */
async function settledConnection(installation, cluster, signal) {
  let connection = readConnection(cluster.connection);
  if (!connection) {
    say(`  ${cluster.connection} is gone: the data folder gets a new password`);
    connection = { host: '127.0.0.1', port: FIRST_PORT, user: OWNER, password: newPassword(), dbname: OWNER };
    await setPassword(installation, connection.password, signal);
  }
  const port = await freePort(connection.port);
  if (port !== connection.port) say(`  Port ${connection.port} is taken by something else: PostgreSQL listens on ${port} from now on`);
  connection = { ...connection, port };
  writeConnection(cluster.connection, connection);
  return connection;
}

async function setPassword(installation, password, signal) {
  const { code, output } = await run(programOf(installation, 'postgres'), ['--single', '-D', installation.data, 'postgres'], {
    cwd: installation.base, env: plainEnv(), account: installation.account, output: 'capture', signal,
    input: `alter user ${OWNER} password '${password}'\n`,
  });
  if (code !== 0) throw new HumanError(`PostgreSQL could not set a new password in ${installation.data}:\n${output.trim()}`);
}

/**
 * @param {number} first
 * @returns {Promise<number>} the first free port from there on, on the loopback interface
 * @throws {HumanError}
 */
export async function freePort(first) {
  for (let port = first; port < Math.min(first + 200, 65_536); port++) {
    const free = await new Promise((resolve) => {
      const server = net.createServer();
      server.once('error', () => resolve(false));
      server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
  throw new HumanError(`No port is free from ${first} on: end what listens there (\`ss -ltnp\` shows it) and run the command again.`);
}

// ---- whose server is it

/** A server whose guard and state file are both gone still has its data folder's pid file. */
async function stopOrphan({ data }) {
  const file = path.join(data, 'postmaster.pid');
  if (!fs.existsSync(file)) return;
  const [pid, folder] = fs.readFileSync(file, 'utf8').split('\n');
  const ours = folder === data && identityOf(Number(pid)) && commandOf(Number(pid)).includes(data);
  if (ours) {
    say(`  A server of an earlier run (process ${pid}) still runs on this data folder: stopping it`);
    await stopGroup(Number(pid), STOP);
  }
}

function commandOf(pid) {
  if (process.platform === 'linux') {
    try {
      return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    } catch {
      return '';
    }
  }
  return spawnSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }).stdout ?? '';
}

async function untilReady(holder, connection, { installation, service, preview, signal }) {
  const { default: pg } = await import('pg');
  const end = Date.now() + START_MS;
  let ended;
  holder.ended.then((words) => (ended = words));
  const connect = async (database) => {
    const client = new pg.Client({ ...connection, database, connectionTimeoutMillis: 5000, ssl: false, application_name: 'stack' });
    client.on('error', () => {});
    try {
      await client.connect();
      return client;
    } catch (error) {
      await client.end().catch(() => {});
      throw error;
    }
  };
  for (;;) {
    signal?.throwIfAborted();
    if (ended) throw new HumanError(`${ended}. Its last words:\n${lastLines(service.logFile)}`);
    try {
      const client = await connect('postgres');
      try {
        await verify(client, installation);
        if (preview) await providePreviewRole(client, preview);
      } finally {
        await client.end();
      }
      return;
    } catch (error) {
      if (error instanceof HumanError || error.code === '28P01') throw wrongPassword(error, installation);
      // Refused while it opens its port, 57P03 while it recovers
      if (Date.now() > end) throw new HumanError(`PostgreSQL does not answer on port ${connection.port} (${error.message}). Its last words:\n${lastLines(service.logFile)}`);
    }
    await sleep(50);
  }
}

async function verify(client, { data }) {
  const { rows } = await client.query('show data_directory');
  const found = rows[0].data_directory;
  if (fs.realpathSync(found) !== fs.realpathSync(data)) {
    throw new HumanError(`The server that answers is another one, of ${found}. Stop it and run the command again.`);
  }
  const { rowCount } = await client.query('select from pg_database where datname = $1', [OWNER]);
  if (rowCount === 0) await client.query(`create database ${OWNER}`);
}

function wrongPassword(error, { data }) {
  if (error instanceof HumanError) return error;
  return new HumanError(`The password in connection.json is not the one of the data folder ${data}. Delete connection.json and run the command again: the server then gets a new one.`);
}

/** @param {string} file  @param {number} [count] */
export function lastLines(file, count = 8) {
  if (!fs.existsSync(file)) return '';
  return fs.readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).map((line) => `  ${line}`).join('\n');
}
