/** A real Dagster with a database, a home and a copy of the dbt project of its own. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { DagsterClient } from '../../src/dagster/client';
import { LOGS, RUN_STATUS, RUNS, type EventData, type RunData } from '../../src/dagster/operations';
import { Services } from '../../src/dagster/server';
import { DagsterSource, type DagsterOptions } from '../../src/dagster/state';
import type { Run } from '../../src/dagster/types';
import { ROOT, sampleDatabase, testEnv, type TestDatabase } from '../servers';

export interface Rig {
  folder: string;
  /** the copy of the dbt project */
  dbt: string;
  python: string;
  env: Record<string, string>;
  services: Services;
  client: () => DagsterClient;
  /** what the services and the windows said */
  said: readonly string[];
  /** another window on the same Dagster, connected */
  window: (options?: Partial<DagsterOptions>) => Promise<DagsterSource>;
  /** what the copy's manifest says after a change of its files */
  parse: () => void;
  close: () => Promise<void>;
}

/** The bundle that the extension starts, made anew. */
export async function servicesProgram(): Promise<string> {
  const outfile = path.join(ROOT, 'extension', 'out', `services-${process.pid}.mjs`);
  await build({
    entryPoints: [path.join(ROOT, 'extension', 'src', 'dagster', 'services.ts')], outfile, bundle: true, platform: 'node', target: 'node20', format: 'esm', external: ['pg-native'], logLevel: 'warning',
    banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
  });
  return outfile;
}

/** A folder that is removed by whoever asked for it. */
export const temporary = (name: string): string => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), `attribution-${name}-`));
  // PostgreSQL may run as another user
  fs.chmodSync(folder, 0o755);
  return folder;
};

export async function openRig(): Promise<Rig> {
  const database = await sampleDatabase();
  const folder = temporary('dagster');
  try {
    return await rigOf(database, folder);
  } catch (error) {
    await database.release();
    throw error;
  }
}

async function rigOf(database: TestDatabase, folder: string): Promise<Rig> {
  const dbt = path.join(folder, 'dbt');
  fs.cpSync(path.join(ROOT, 'dbt'), dbt, { recursive: true, filter: (file) => !/[\\/](target|logs|profiles\.yml)$/.test(file) });
  const { host, port, user, password, dbname } = database.connection;
  const variables = {
    ATTRIBUTION_LOCAL_DIR: folder, PGHOST: host, PGPORT: String(port), PGUSER: user, PGPASSWORD: password, PGDATABASE: dbname,
    DBT_PROJECT_DIR: dbt, DBT_PROFILES_DIR: folder, RAW_DATA_DIR: path.join(ROOT, 'data', 'raw'), DBT_SEND_ANONYMOUS_USAGE_STATS: 'false',
  };
  const env = { ...(testEnv() as Record<string, string>), ...variables };
  const { writeProfile } = (await import(pathToFileURL(path.join(ROOT, 'stack', 'connection.mjs')).href)) as { writeProfile: (place: object, connection: object) => void };
  writeProfile({ root: ROOT, profilesDir: folder }, database.connection);
  const python = path.join(ROOT, '.venv', process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  const program = await servicesProgram();
  const lines: string[] = [];
  const services = new Services({ program, request: () => Promise.resolve({ root: ROOT, env }), log: (line) => lines.push(line) });
  let url = await services.start();
  services.onDidChangeUrl((changed) => (url = changed ?? url));
  const windows: DagsterSource[] = [];
  return {
    folder, dbt, python, env, services, said: lines,
    client: () => new DagsterClient(url),
    window: async (options = {}) => {
      const window = new DagsterSource({ url: () => url, lockFolder: path.join(folder, 'locks'), log: (line) => lines.push(line), ...options });
      windows.push(window);
      await window.start();
      return window;
    },
    parse: () => {
      const { status, stdout, stderr } = spawnSync(python, ['-m', 'attribution_pipeline.manifest'], { cwd: path.join(ROOT, 'dagster_project'), env, encoding: 'utf8' });
      if (status !== 0) throw new Error(stdout + stderr);
    },
    close: async () => {
      for (const window of windows) window.dispose();
      await services.stop();
      await database.release();
      fs.rmSync(program, { force: true });
      fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Waits until something holds. @throws where it does not within the time (milliseconds) */
export async function until<T>(what: string, condition: () => T | Promise<T>, milliseconds = 30_000): Promise<NonNullable<T>> {
  const end = Date.now() + milliseconds;
  for (;;) {
    const found = await condition();
    if (found) return found;
    if (Date.now() > end) throw new Error(`${what}: not within ${milliseconds / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The lines that a run says from now on, and those that it said before. */
export function heard(run: Run): string[] {
  const lines: string[] = [];
  run.onDidLog((line) => lines.push(line));
  return lines;
}

/** All events of a run, read at once. */
export async function eventsOf(client: DagsterClient, id: string): Promise<EventData[]> {
  const { logsForRun } = await client.query(LOGS, { id, cursor: null, limit: 5000 });
  return logsForRun.events ?? [];
}

export async function statusOf(client: DagsterClient, id: string): Promise<string | undefined> {
  return (await client.query(RUN_STATUS, { id })).runOrError.status;
}

export async function allRuns(client: DagsterClient): Promise<RunData[]> {
  return (await client.query(RUNS, { filter: {}, limit: 500 })).runsOrError.results ?? [];
}

/** Ids of processes whose arguments or environment name the text (Linux). */
export function processesNaming(text: string): number[] {
  return fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
    if (pid === process.pid) return false;
    try {
      // A zombie has ended already
      if (/^State:\s+Z/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))) return false;
      return ['cmdline', 'environ'].some((file) => fs.readFileSync(`/proc/${pid}/${file}`, 'utf8').includes(text));
    } catch {
      return false;
    }
  });
}
