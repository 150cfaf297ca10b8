/** What is only told by the history of runs and checks. */
import { neverRan, type Blame } from './assetModel';
import type { DagsterClient } from './client';
import { failuresOf } from './failures';
import { LAST_EXECUTIONS, LOGS, type CheckExecutionData, type StandingData } from './operations';
import { keyOf } from './runModel';

const PAGE = 1000;
const TOGETHER = 8;

/** What a failed run failed at, read from its events once it has ended. */
export async function blameOf(client: DagsterClient, runId: string, assetOfCheck: (name: string) => string | undefined): Promise<Blame> {
  const blame = { models: new Set<string>(), steps: new Set<string>(), words: new Map<string, string>() };
  let cursor: string | null = null;
  for (let more = true; more;) {
    const { logsForRun } = (await client.query(LOGS, { id: runId, cursor, limit: PAGE })) as { logsForRun: { events?: Parameters<typeof failuresOf>[0][]; cursor?: string; hasMore?: boolean } };
    const events = logsForRun.events ?? [];
    for (const event of events.filter(({ __typename: kind }) => kind === 'ExecutionStepFailureEvent')) {
      for (const { model, step, check, message } of failuresOf(event, assetOfCheck)) {
        // A failed check is told of beside the asset, which was built
        if (model !== undefined && check === undefined) blame.models.add(model);
        if (model === undefined && step !== undefined) blame.steps.add(step);
        const name = model ?? step;
        if (name !== undefined) blame.words.set(name, message.split('\n')[0] ?? message);
      }
    }
    cursor = logsForRun.cursor ?? null;
    more = logsForRun.hasMore === true && events.length > 0;
  }
  return blame;
}

/**
 * Fills in the last execution of checks that have not run to their end since the last materialization of their asset.
 * @param known by `asset key` + space + `check`, undefined where it never ran; what is there is not asked for again
 */
export async function lastExecutions(client: DagsterClient, { assetNodes }: StandingData, known: Map<string, CheckExecutionData | undefined>): Promise<void> {
  const wanted: { id: string; key: { path: string[] }; name: string }[] = [];
  for (const { assetKey, assetChecksOrError } of assetNodes) {
    for (const { name, executionForLatestMaterialization: execution } of assetChecksOrError.checks ?? []) {
      const id = `${keyOf(assetKey)} ${name}`;
      // Remembered for when the asset is materialized without its checks
      if (execution && !neverRan(execution)) known.set(id, execution);
      else if (!known.has(id)) wanted.push({ id, key: assetKey, name });
    }
  }
  while (wanted.length > 0) {
    await Promise.all(wanted.splice(0, TOGETHER).map(async ({ id, key, name }) => {
      known.set(id, (await client.query(LAST_EXECUTIONS, { key, name })).assetCheckExecutions.find((execution) => !neverRan(execution)));
    }));
  }
}

