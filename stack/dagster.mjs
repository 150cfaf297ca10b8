/** Dagster's UI and daemon: `dagster dev` as a guarded service, on a port that is verified to be its own. */
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HumanError } from './errors.mjs';
import { within } from './limits.mjs';
import { waitForLock } from './lock.mjs';
import { childEnv } from './paths.mjs';
import { freePort, lastLines } from './postgres.mjs';
import { hold, TERMINATE } from './processes.mjs';

const FIRST_PORT = 3000;
const START_MS = 180_000;
const PORT_ATTEMPTS = 3;

const HOME_FILE = `# Written once by the stack; yours to change.
telemetry:
  enabled: false
# No invitation to a newsletter over the first page
nux:
  enabled: false
# A run waits for its turn a second at most, not five
run_queue:
  dequeue_interval_seconds: 1
# Two machines that ask for the same at once: the second run waits, and is taken out of the queue by who asked
  tag_concurrency_limits:
    - key: attribution/selection
      value:
        applyLimitPerUniqueValue: true
      limit: 1
`;
/** What earlier versions wrote: replaced, unless somebody changed it. */
const FORMER_HOME_FILES = ['# A run waits', '# Two machines'].map((next) => HOME_FILE.slice(0, HOME_FILE.indexOf(next)));

/** @param {import('./paths.mjs').Place} place  @returns {import('./processes.mjs').Service} */
export const dagsterService = (place) => ({
  name: 'Dagster',
  stateFile: path.join(place.local, 'dagster.json'),
  logFile: path.join(place.logs, 'dagster.log'),
  stop: TERMINATE,
});

/** History and settings of Dagster: without a home they would be lost. @param {import('./paths.mjs').Place} place */
export function prepareHome(place) {
  fs.mkdirSync(place.dagsterHome, { recursive: true });
  const file = path.join(place.dagsterHome, 'dagster.yaml');
  if (!fs.existsSync(file) || FORMER_HOME_FILES.includes(fs.readFileSync(file, 'utf8'))) fs.writeFileSync(file, HOME_FILE);
}

/**
 * @param {import('./paths.mjs').Place} place
 * @param {{env?: NodeJS.ProcessEnv, signal?: AbortSignal}} [options]
 * @returns {Promise<{holder: import('./processes.mjs').Holder, url: string}>}
 * @throws {HumanError}
 */
export async function holdDagster(place, { env = process.env, signal } = {}) {
  prepareHome(place);
  const lock = await waitForLock(path.join(place.local, 'dagster.lock'), { signal });
  try {
    return await holdLocked(place, env, signal);
  } finally {
    lock.release();
  }
}

async function holdLocked(place, env, signal) {
  const service = dagsterService(place);
  for (let attempt = 1; ; attempt++) {
    const port = await freePort(FIRST_PORT);
    const holder = await hold(service, async () => ({
      command: place.python,
      // By module, not by script: the first line of a script cannot hold every path
      args: ['-m', 'dagster', 'dev', '-h', '127.0.0.1', '-p', String(port)],
      cwd: place.dagsterProject,
      env: childEnv(place, env),
      details: { url: `http://127.0.0.1:${port}` },
    }));
    try {
      await untilReady(place, holder, service, signal);
      return { holder, url: holder.details.url };
    } catch (error) {
      await holder.release();
      // Somebody may have taken the port between our look and Dagster's
      if (attempt === PORT_ATTEMPTS || signal?.aborted || (await freePort(port)) === port) throw error;
    }
  }
}

async function untilReady(place, holder, service, signal) {
  const end = Date.now() + START_MS;
  let ended;
  holder.ended.then((words) => (ended = words));
  while (Date.now() < end) {
    signal?.throwIfAborted();
    if (ended) throw new HumanError(`${ended}. Its last words:\n${lastLines(service.logFile)}`);
    if (await answers(holder.details.url, place, signal)) return;
    await sleep(250);
  }
  throw new HumanError(`Dagster does not answer at ${holder.details.url}. Its last words:\n${lastLines(service.logFile)}`);
}

/** Another Dagster may have taken the port meanwhile: ours names our home. */
async function answers(url, place, signal) {
  const limit = () => within(10_000, signal);
  try {
    const info = await fetch(`${url}/server_info`, { signal: limit() });
    if (!info.ok) return false;
    const reply = await fetch(`${url}/graphql`, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"query":"{ instance { info } }"}', signal: limit(),
    });
    const text = (await reply.json()).data?.instance?.info ?? '';
    if (text.includes(place.dagsterHome)) return true;
    throw new HumanError(`Another Dagster answers at ${url}. End it and run the command again.`);
  } catch (error) {
    if (error instanceof HumanError) throw error;
    return false;
  }
}
