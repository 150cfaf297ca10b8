/** What a run's events say about it: status, progress, failures, and the lines of its log. Pure. */
import { failuresOf, deepest, lastPart, plain } from './failures';
import type { DagsterRunStatus, EventData, Key } from './operations';
import type { Failure, RunStatus } from './types';

export const keyOf = ({ path }: Key): string => path.join('/');

const STATUSES: Record<DagsterRunStatus, RunStatus> = {
  QUEUED: 'queued', NOT_STARTED: 'queued', MANAGED: 'queued', STARTING: 'starting', STARTED: 'started', SUSPENDED: 'started',
  SUCCESS: 'succeeded', FAILURE: 'failed', CANCELING: 'canceling', CANCELED: 'canceled',
};
export const statusOf = (status: DagsterRunStatus): RunStatus => STATUSES[status];

export const hasEnded = (status: RunStatus): boolean => status === 'succeeded' || status === 'failed' || status === 'canceled';

const BY_EVENT: Record<string, RunStatus> = {
  RunEnqueuedEvent: 'queued', RunDequeuedEvent: 'starting', RunStartingEvent: 'starting', RunStartEvent: 'started',
  RunCancelingEvent: 'canceling', RunCanceledEvent: 'canceled', RunSuccessEvent: 'succeeded', RunFailureEvent: 'failed',
};

/** Events that say nothing to a person. */
const SILENT = new Set([
  'AssetMaterializationPlannedEvent', 'AssetCheckEvaluationPlannedEvent', 'LogsCapturedEvent', 'ExecutionStepInputEvent', 'ExecutionStepOutputEvent',
  'HandledOutputEvent', 'LoadedInputEvent', 'ResourceInitStartedEvent', 'ResourceInitSuccessEvent', 'StepWorkerStartingEvent', 'StepWorkerStartedEvent', 'ObjectStoreOperationEvent',
]);

/** What dagster-dbt says of its command line, too long to be progress. */
const OF_DBT = /\bdbt command\b|\bdbt subsetted\b/;

/** What is known of the assets, to put names on things. */
export interface Names {
  /** the asset that a check belongs to, by the check's name */
  assetOfCheck: (name: string) => string | undefined;
  /** keys, those that others depend on first */
  inOrder: (keys: readonly string[]) => string[];
}

/** What the events so far add up to. */
export class RunModel {
  status: RunStatus = 'queued';
  progress = '';
  readonly failures: Failure[] = [];
  readonly #materialized = new Set<string>();
  readonly #planned = new Set<string>();
  readonly #checked = new Set<string>();
  #step: string | undefined;
  #lost: string | undefined;

  /** @param asked keys of the assets that the run is for; undefined: those that it plans  @param checksOnly nothing is materialized */
  constructor(private readonly names: Names, private readonly asked: readonly string[] | undefined, private readonly checksOnly = false) {}

  get assets(): readonly string[] {
    return this.asked ?? [...this.#planned];
  }

  get done(): number {
    const seen = this.checksOnly ? this.#checked : this.#materialized;
    return this.assets.filter((key) => seen.has(key)).length;
  }

  /**
   * Takes in the next event.
   * @returns its line for the log, undefined where it has none; and the asset that it materialized, with the time in milliseconds since 1970
   */
  apply(event: EventData): { line?: string; materialized?: { key: string; time: number } } {
    this.status = BY_EVENT[event.__typename] ?? this.status;
    const result: { line?: string; materialized?: { key: string; time: number } } = {};
    const key = event.assetKey ? keyOf(event.assetKey) : undefined;
    switch (event.__typename) {
      case 'AssetMaterializationPlannedEvent':
        if (key !== undefined) this.#planned.add(key);
        break;
      case 'ExecutionStepStartEvent':
        this.#step = event.stepKey ?? undefined;
        this.progress = this.#step ?? '';
        break;
      case 'MaterializationEvent':
        if (key === undefined) break;
        this.#materialized.add(key);
        this.progress = `${lastPart(key)} is done`;
        result.materialized = { key, time: Number(event.timestamp) };
        break;
      case 'AssetCheckEvaluationEvent':
        if (event.evaluation) this.#checked.add(keyOf(event.evaluation.assetKey));
        if (this.checksOnly && event.evaluation) this.progress = `checked ${lastPart(keyOf(event.evaluation.assetKey))}`;
        break;
      case 'LogMessageEvent':
        // What the step says of itself: for whom it waits, how far the load is
        if (event.level === 'INFO' && event.message && !OF_DBT.test(event.message)) this.progress = plain(event.message).split('\n')[0]?.slice(0, 120) ?? '';
        break;
      case 'ExecutionStepFailureEvent':
      case 'ResourceInitFailureEvent':
        this.failures.push(...failuresOf(event, this.names.assetOfCheck).map((failure) => this.#blame(failure)));
        break;
      case 'RunFailureEvent':
        if (this.failures.length === 0) this.failures.push(this.#blame({ message: event.error ? deepest(event.error) : (this.#lost ?? plain(event.message ?? '')) }));
        break;
      case 'EngineEvent':
        // The run itself then says no more than that it was marked as failed
        this.#lost = /Run execution process .*?(?:\(SIG\w+\)|code -?\d+)/.exec(event.message ?? '')?.[0] ?? this.#lost;
        break;
      case 'RunCanceledEvent':
        // A step that is interrupted fails as well, which is not worth a word
        this.failures.length = 0;
        break;
    }
    const line = lineOf(event);
    return line === undefined ? result : { ...result, line };
  }

  /** The asset at work when the run's process ended: the first one that was still to come. */
  #blame(failure: Failure): Failure {
    if (failure.model !== undefined) return failure;
    const next = this.checksOnly ? undefined : this.names.inOrder(this.assets).find((key) => !this.#materialized.has(key));
    const step = failure.step ?? this.#step;
    return { ...failure, ...(step === undefined ? {} : { step }), ...(next === undefined ? {} : { model: lastPart(next) }) };
  }
}

function lineOf(event: EventData): string | undefined {
  if (SILENT.has(event.__typename)) return undefined;
  const time = new Date(Number(event.timestamp)).toISOString().slice(11, 19);
  const step = event.stepKey ? `${event.stepKey}: ` : '';
  const text = wordsOf(event).trimEnd().replaceAll('\n', '\n    ');
  return text === '' ? undefined : `${time}  ${step}${text}`;
}

function wordsOf(event: EventData): string {
  switch (event.__typename) {
    case 'MaterializationEvent': {
      const rows = rowsOf(event.metadataEntries ?? []);
      return `${event.assetKey ? keyOf(event.assetKey) : 'an asset'} materialized${rows === undefined ? '' : `, ${rows} ${rows === 1 ? 'row' : 'rows'}`}`;
    }
    case 'AssetCheckEvaluationEvent': {
      if (!event.evaluation) return plain(event.message ?? '');
      const { success, severity, checkName, assetKey, description } = event.evaluation;
      const outcome = success ? 'passed' : severity === 'WARN' ? 'warned' : 'FAILED';
      return `check ${checkName} of ${keyOf(assetKey)} ${outcome}${!success && description ? `: ${plain(description)}` : ''}`;
    }
    case 'ExecutionStepFailureEvent': {
      const description = event.failureMetadata?.description;
      return `FAILED: ${description ? plain(description) : event.error ? deepest(event.error) : plain(event.message ?? '')}`;
    }
    default:
      return plain(event.message ?? '') + (event.error ? `\n${deepest(event.error)}` : '');
  }
}

/** Rows at a materialization, from its metadata; undefined where it says nothing. */
export function rowsOf(entries: readonly { label: string; intRepr?: string | null }[]): number | undefined {
  const text = entries.find(({ label }) => label === 'dagster/row_count')?.intRepr;
  const rows = Number(text);
  return text === undefined || text === null || !Number.isFinite(rows) ? undefined : rows;
}
