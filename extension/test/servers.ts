/** Real servers for tests: the embedded PostgreSQL, with the sample loaded by the pipeline itself. */
import { spawn } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import type { Connection } from '../src/dbt/types';

/** The checkout. */
export const ROOT = path.join(import.meta.dirname, '..', '..');

interface Place { root: string; local: string; python: string; dbt: string; dagsterProject: string }
interface Server { host: string; port: number; user: string; password: string; dbname: string }
interface Held { holder: { pid: number; release: () => Promise<void> }; connection: Server }
type Module = Record<string, (...args: unknown[]) => unknown>;

/** A database of one test. */
export interface TestDatabase {
  connection: Connection;
  /** as the owner of everything in it, may write */
  run: (sql: string, parameters?: unknown[]) => Promise<pg.QueryResult<Record<string, unknown>>>;
  /** drops it and lets the server go; a server that nobody holds stops */
  release: () => Promise<void>;
}

// The stack finds its files by its own place, so it must not be bundled
const stack = async (name: string): Promise<Module> => (await import(pathToFileURL(path.join(ROOT, 'stack', `${name}.mjs`)).href)) as Module;

/** The environment without libpq's variables: tests use a server of their own, whatever they name. */
export function testEnv(local = process.env.ATTRIBUTION_LOCAL_DIR ?? path.join(ROOT, '.local', 'extension-test')): NodeJS.ProcessEnv {
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PG')));
  return { ...own, ATTRIBUTION_LOCAL_DIR: local };
}

/** The local folder of the tests (`ATTRIBUTION_LOCAL_DIR`, else `.local/extension-test`). */
export async function testPlace(local?: string): Promise<Place> {
  const { placeOf } = await stack('paths');
  return placeOf?.(testEnv(local)) as Place;
}

/** A server that is held until `release`; `pid`: its process. */
export interface HeldServer {
  connection: Connection;
  pid: number;
  release: () => Promise<void>;
}

/** Holds the tests' server. @param local another local folder: a server of one's own, which may be stopped */
export async function holdServer(local?: string): Promise<HeldServer> {
  const place = await testPlace(local);
  const { holdPostgres, mainCluster } = await stack('postgres');
  // Nothing here must outlive a crash of the machine
  const cluster = { ...(mainCluster?.(place) as object), settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' } };
  const { holder, connection } = (await holdPostgres?.(place, cluster)) as Held;
  return { connection: { ...connection, profile: 'attribution', target: 'dev' }, pid: holder.pid, release: () => holder.release() };
}

/** A fresh database with the sample loaded and every model built. */
export async function sampleDatabase(): Promise<TestDatabase> {
  const server = await holdServer();
  try {
    const template = await sampleTemplate(server.connection);
    const name = `clone_${process.pid}_${crypto.randomBytes(4).toString('hex')}`;
    await admin(server.connection, (client) => client.query(`create database ${name} template ${template}`));
    return testDatabase(server, name);
  } catch (error) {
    await server.release();
    throw error;
  }
}

function testDatabase(server: HeldServer, name: string): TestDatabase {
  const connection = { ...server.connection, dbname: name };
  const pool = new pg.Pool({ ...clientOf(connection), max: 4 });
  // A test that stops the server breaks idle connections too
  pool.on('error', () => {});
  return {
    connection,
    run: (sql, parameters) => pool.query<Record<string, unknown>>(sql, parameters),
    release: async () => {
      await pool.end();
      await admin(server.connection, (client) => client.query(`drop database if exists ${name} with (force)`));
      await server.release();
    },
  };
}

/** What `pg` needs of a connection. */
export const clientOf = ({ host, port, user, password, dbname }: Connection): pg.ClientConfig => ({ host, port, user, password, database: dbname, ssl: false });

async function admin<T>(connection: Connection, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ ...clientOf(connection), database: 'postgres' });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** The name of the database that clones are made from; the pipeline runs where there is none for this state of the files. */
async function sampleTemplate(connection: Connection): Promise<string> {
  const place = await testPlace();
  const name = `sample_${sampleVersion(place)}`;
  const { waitForLock } = await stack('lock');
  const lock = (await waitForLock?.(path.join(place.local, 'sample.lock'))) as { release: () => void };
  try {
    await admin(connection, async (client) => {
      const { rows } = await client.query<{ datname: string }>("select datname from pg_database where datname ~ '^(sample|clone)_'");
      if (rows.some(({ datname }) => datname === name)) return;
      // Of older files, of a build that broke off, and of tests that were killed
      const left = rows.filter(({ datname }) => !datname.startsWith('clone_') || !alive(Number(datname.split('_')[1])));
      for (const { datname } of left) await client.query(`drop database ${datname} with (force)`);
      const building = `${name}_building`;
      await client.query(`create database ${building}`);
      await loadSample(place, { ...connection, dbname: building });
      await client.query(`alter database ${building} rename to ${name}`);
    });
  } finally {
    lock.release();
  }
  return name;
}

async function loadSample(place: Place, connection: Connection): Promise<void> {
  const { writeProfile } = await stack('connection');
  const { prepareHome } = await stack('dagster');
  const { childEnv } = await stack('paths');
  prepareHome?.(place);
  writeProfile?.(place, connection);
  const { host, port, user, password, dbname } = connection;
  const where = { PGHOST: host, PGPORT: String(port), PGUSER: user, PGPASSWORD: password, PGDATABASE: dbname };
  const env = childEnv?.(place, { ...testEnv(), ...where, RAW_DATA_DIR: path.join(place.root, 'data', 'raw') }) as NodeJS.ProcessEnv;
  for (const args of [['-m', 'attribution_pipeline.manifest'], ['-m', 'attribution_pipeline.cli', 'pipeline']]) {
    const child = spawn(place.python, args, { cwd: place.dagsterProject, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    const code = await new Promise((resolve) => child.once('close', resolve));
    if (code !== 0) throw new Error(`python ${args.join(' ')} ended with ${String(code)}:\n${output.slice(-4000)}`);
  }
}

/** Changes with every file that decides what is in the database. */
function sampleVersion(place: Place): string {
  const hash = crypto.createHash('sha256');
  const folders = [path.join(place.dbt, 'models'), path.join(place.dbt, 'macros'), path.join(place.root, 'data', 'raw'), path.join(place.dagsterProject, 'attribution_pipeline', 'loading')];
  for (const file of [path.join(place.dbt, 'dbt_project.yml'), ...folders.flatMap(filesBelow)]) {
    hash.update(path.relative(place.root, file)).update('\0').update(fs.readFileSync(file)).update('\0');
  }
  return hash.digest('hex').slice(0, 12);
}

function filesBelow(folder: string): string[] {
  const entries = fs.readdirSync(folder, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile() && !entry.name.endsWith('.pyc')).map((entry) => path.join(entry.parentPath, entry.name)).sort();
}

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
