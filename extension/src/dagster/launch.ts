/** Starting runs, each once, and ending them. */
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HumanError } from '../base/errors';
import { DagsterError, type DagsterClient } from './client';
import { LAUNCH, REQUIRED_KEYS, RUN_STATUS, RUNS, TERMINATE, type DagsterRunStatus, type ExecutionParams, type Key, type NodeData, type RunData } from './operations';
import { hasEnded, keyOf, statusOf } from './runModel';
import type { Launch, RunStatus } from './types';

const TAG = 'attribution/selection';
const ASSET_JOB = '__ASSET_JOB';
const ACTIVE: DagsterRunStatus[] = ['QUEUED', 'NOT_STARTED', 'STARTING', 'STARTED'];
export const UNDER_WAY: DagsterRunStatus[] = [...ACTIVE, 'CANCELING'];
const LAUNCH_MS = 60_000;
const LOCK_STALE_MS = 30_000;

// ---- what is asked of Dagster: pure

/**
 * What Dagster is asked to run.
 * @param nodes every asset that Dagster has, by key
 * @throws HumanError where the selection cannot be one run
 */
export function paramsOf(launch: Launch, nodes: ReadonlyMap<string, NodeData>): ExecutionParams {
  const chosen = [...new Set(launch.assets)].sort().map((key) => {
    const node = nodes.get(key);
    if (!node) throw new HumanError(`Dagster has no asset "${key}". Refresh the assets; where the model is new, reload the project.`);
    return node;
  });
  const [first] = chosen;
  if (!first) throw new HumanError('No asset was chosen, so there is nothing to run.');
  const { name: repositoryName, location: { name: repositoryLocationName } } = first.repository;
  const stranger = chosen.find(({ repository }) => repository.name !== repositoryName || repository.location.name !== repositoryLocationName);
  if (stranger) throw new HumanError(`${keyOf(first.assetKey)} and ${keyOf(stranger.assetKey)} belong to different code locations, which Dagster cannot run together. Choose assets of one of them.`);
  const unable = launch.checksOnly ? undefined : chosen.find(({ isMaterializable }) => !isMaterializable);
  if (unable) throw new HumanError(`${keyOf(unable.assetKey)} cannot be materialized by Dagster: it is made elsewhere. Leave it out of the selection.`);
  const shared = first.jobNames.filter((job) => chosen.every(({ jobNames }) => jobNames.includes(job)));
  const jobName = shared.find((job) => job.startsWith(ASSET_JOB)) ?? shared[0];
  if (jobName === undefined) throw new HumanError('No job of Dagster covers all the chosen assets. Choose fewer of them.');
  const checks = chosen.flatMap(({ assetKey, assetChecksOrError }) =>
    (assetChecksOrError.checks ?? []).filter(({ name, canExecuteIndividually }) => canExecuteIndividually === 'CAN_EXECUTE' && (launch.checks?.includes(name) ?? true)).map(({ name }) => ({ assetKey, name })));
  if (launch.checksOnly && checks.length === 0) throw new HumanError('None of the chosen assets has a check that runs by itself.');
  const params: ExecutionParams = {
    selector: {
      repositoryLocationName, repositoryName, jobName,
      assetSelection: launch.checksOnly ? [] : chosen.map(({ assetKey }) => assetKey),
      assetCheckSelection: launch.checksOnly ? checks : null,
    },
    mode: 'default',
    runConfigData: launch.fullRefresh ? fullRefresh(chosen) : {},
    executionMetadata: { tags: [] },
  };
  params.executionMetadata.tags.push({ key: TAG, value: crypto.createHash('sha256').update(JSON.stringify(params)).digest('hex').slice(0, 32) });
  return params;
}

/** Only what the operations themselves say they accept. */
function fullRefresh(chosen: readonly NodeData[]): object {
  const ops = chosen.flatMap(({ opName, configField }) =>
    opName !== null && configField?.configType.fields?.some(({ name }) => name === 'full_refresh') ? [[opName, { config: { full_refresh: true } }] as const] : []);
  if (ops.length === 0) throw new HumanError('None of the chosen assets can be refreshed in full: their operations have no setting "full_refresh". Materialize them as usual.');
  return { ops: Object.fromEntries(ops) };
}

// ---- once

/** Starts runs of one Dagster; the same selection that is under way is never started again. */
export class Launcher {
  readonly #launching = new Map<string, Promise<RunData>>();

  /** @param lockFolder shared by all windows of this machine */
  constructor(private readonly lockFolder: string) {}

  /** @throws HumanError with Dagster's words where it refuses */
  async launch(client: DagsterClient, launch: Launch, nodes: ReadonlyMap<string, NodeData>): Promise<RunData> {
    const complete = launch.checksOnly ? launch : { ...launch, assets: await withRequired(client, launch.assets, nodes) };
    const params = paramsOf(complete, nodes);
    const tag = params.executionMetadata.tags[0]?.value ?? '';
    const under = `${client.url} ${tag}`;
    const known = this.#launching.get(under);
    if (known) return known;
    const launching = withLock(path.join(this.lockFolder, `launch-${crypto.createHash('sha256').update(under).digest('hex').slice(0, 24)}`), () => once(client, params, tag));
    this.#launching.set(under, launching);
    try {
      return await launching;
    } finally {
      this.#launching.delete(under);
    }
  }
}

async function once(client: DagsterClient, params: ExecutionParams, tag: string): Promise<RunData> {
  const before = (await underWay(client, tag)).at(-1);
  if (before) return before;
  const { launchRun } = await client.query(LAUNCH, { params }, { timeout: LAUNCH_MS, once: true });
  const mine = launchRun.run;
  if (!mine) {
    const words = launchRun.errors?.map(({ message }) => message).join('; ') ?? launchRun.message ?? launchRun.__typename;
    throw new HumanError(`Dagster did not start the run: ${words}`);
  }
  // A window on another machine may have been as quick: newest first, so the last one was created first and stays
  const first = (await underWay(client, tag)).at(-1);
  if (!first || first.id === mine.id) return mine;
  // Until it has surely ended takes longer than anybody should wait for the run that stays
  void cancelRun(client, mine.id).catch(() => {});
  return first;
}

async function underWay(client: DagsterClient, tag: string): Promise<RunData[]> {
  const { runsOrError } = await client.query(RUNS, { filter: { statuses: ACTIVE, tags: [{ key: TAG, value: tag }] }, limit: 20 });
  // What was taken out of the queue may begin all the same, and is then ended once more: nobody is to join it
  return (runsOrError.results ?? []).filter(({ endTime }) => endTime === null);
}

/** Assets that are made together must be asked for together. */
async function withRequired(client: DagsterClient, keys: readonly string[], nodes: ReadonlyMap<string, NodeData>): Promise<string[]> {
  const asked = keys.flatMap((key): Key[] => (nodes.has(key) ? [nodes.get(key)?.assetKey ?? { path: [] }] : []));
  if (asked.length !== keys.length || keys.length === 0) return [...keys];
  const { assetNodeAdditionalRequiredKeys } = await client.query(REQUIRED_KEYS, { keys: asked });
  return [...new Set([...keys, ...assetNodeAdditionalRequiredKeys.map(keyOf)])];
}

/** Two windows of one machine: a file that only one of them can create. A dead holder's is taken over. */
async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  for (;;) {
    try {
      fs.writeFileSync(file, String(process.pid), { flag: 'wx', mode: 0o600 });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const age = Date.now() - (fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
      if (age > LOCK_STALE_MS) fs.rmSync(file, { force: true });
      await sleep(40);
    }
  }
  const alive = setInterval(() => {
    fs.utimesSync(file, new Date(), new Date());
  }, LOCK_STALE_MS / 3);
  try {
    return await work();
  } finally {
    clearInterval(alive);
    fs.rmSync(file, { force: true });
  }
}

// ---- the end

const CANCEL_MS = 90_000;
const SETTLED_MS = 3000;
/** A run that goes on although it accepted its end is told again after this long. */
const AGAIN_MS = 5000;
/** A process that starts longer than this will not come. */
const STARTING_MS = 30_000;

/**
 * Ends a run, whatever state it is in; returns when Dagster says that it has ended.
 * A run that is starting is let start first; one that was taken out of the queue may start all the same, so it is watched for a while;
 * one whose process is gone is marked as cancelled.
 * @throws HumanError where it does not end
 */
export async function cancelRun(client: DagsterClient, id: string): Promise<void> {
  const began = Date.now();
  let asked = 0;
  let refusals = 0;
  let queued = false;
  let endedAt: number | undefined;
  while (Date.now() - began < CANCEL_MS) {
    const status = await statusNow(client, id);
    if (status === undefined) return;
    queued ||= status === 'queued';
    if (hasEnded(status)) {
      endedAt ??= Date.now();
      // Should it begin all the same, it must be told anew
      asked = 0;
      if (!queued || Date.now() - endedAt > SETTLED_MS) return;
    } else {
      endedAt = undefined;
      // A worker that comes up and finds its run ending takes that for a restart, and Dagster calls the run failed
      const startsYet = status === 'starting' && Date.now() - began < STARTING_MS;
      // What accepted its end is given the time it takes: it may have much to undo
      const waiting = startsYet || (asked > 0 && (status === 'canceling' || Date.now() - asked < AGAIN_MS));
      const refused = waiting ? undefined : await terminate(client, id, 'SAFE_TERMINATE');
      if (!waiting && refused === undefined) asked = Date.now();
      // Nobody is there to be told: twice, as it may just have begun or ended
      if (refused !== undefined && ++refusals > 1) {
        const words = await terminate(client, id, 'MARK_AS_CANCELED_IMMEDIATELY');
        if (words !== undefined) throw new HumanError(`Dagster does not end the run ${id.slice(0, 8)}: ${words}`);
        asked = Date.now();
      }
    }
    await sleep(200);
  }
  throw new HumanError(`The run ${id.slice(0, 8)} did not end within ${CANCEL_MS / 1000} s. Open it in Dagster, where it can be marked as canceled.`);
}

/** @returns undefined where the run was deleted */
async function statusNow(client: DagsterClient, id: string): Promise<RunStatus | undefined> {
  const { runOrError } = await client.query(RUN_STATUS, { id });
  if (runOrError.__typename === 'RunNotFoundError') return undefined;
  if (!runOrError.status) throw new HumanError(`Dagster does not say how the run stands: ${runOrError.message ?? runOrError.__typename}`);
  return statusOf(runOrError.status);
}

/** @returns why Dagster refuses; undefined where it does not */
async function terminate(client: DagsterClient, id: string, policy: 'SAFE_TERMINATE' | 'MARK_AS_CANCELED_IMMEDIATELY'): Promise<string | undefined> {
  try {
    const { terminateRun } = await client.query(TERMINATE, { id, policy }, { timeout: 30_000 });
    return terminateRun.__typename === 'TerminateRunSuccess' ? undefined : (terminateRun.message ?? terminateRun.__typename);
  } catch (error) {
    if (error instanceof DagsterError && !error.passing) return error.message;
    throw error;
  }
}
