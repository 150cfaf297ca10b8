import type { Event } from '../base/events';
import type { Place } from '../dbt/types';

export type AssetStatus = 'fresh' | 'stale' | 'failed' | 'missing' | 'running';

export interface AssetCheck {
  name: string;
  /** undefined: never run */
  outcome?: 'passed' | 'failed' | 'warned' | 'errored' | 'running';
  description?: string;
  /** milliseconds since 1970 of its last run */
  time?: number;
  /** when it ran on an older materialization than the last */
  outdated?: boolean;
}

/** One asset of Dagster with its state. */
export interface Asset {
  /** the key's parts joined by '/': `first_touch_attribution` */
  key: string;
  group: string;
  kinds: string[];
  /** keys of what it depends on, and of what depends on it */
  upstream: string[];
  downstream: string[];
  description?: string;
  status: AssetStatus;
  /** in words, where status is stale or failed: "code changed", "upstream stg_events was materialized" */
  reason?: string;
  /** milliseconds since 1970 of the last materialization */
  materialized?: number;
  /** rows at the last materialization */
  rows?: number;
  lastRunId?: string;
  checks: AssetCheck[];
  executable: boolean;
  /** where it is defined, where the code location says so */
  definition?: Place;
}

export type DagsterState =
  /** not trusted, or no Dagster project */
  | { kind: 'off'; reason: string }
  | { kind: 'stopped' }
  | { kind: 'starting' }
  /** `problem`: the code location did not load; assets are the last good ones */
  | { kind: 'connected'; url: string; version: string; started: boolean; problem?: string }
  /** it answered before, and does not now */
  | { kind: 'disconnected'; url: string; message: string };

export type RunStatus = 'queued' | 'starting' | 'started' | 'succeeded' | 'failed' | 'canceling' | 'canceled';

/** A failure's deepest cause. `model`: the dbt model or asset to blame, where known. */
export interface Failure {
  step?: string;
  model?: string;
  /** dbt's file, relative to its project, where its message names one */
  file?: string;
  line?: number;
  /** the check that failed, where it is one */
  check?: string;
  message: string;
}

/** A run that is followed. */
export interface Run {
  readonly id: string;
  /** asset keys that were asked for */
  readonly assets: readonly string[];
  /** nothing is materialized, the checks of the assets run alone */
  readonly checksOnly: boolean;
  readonly status: RunStatus;
  /** the step or model at work now, in words */
  readonly progress: string;
  /** how many of the asked assets are done, and how many there are */
  readonly done: number;
  readonly total: number;
  readonly failures: readonly Failure[];
  /** its page in Dagster */
  readonly url: string;
  readonly onDidChange: Event<void>;
  /** each line for the log, in order, every event once */
  readonly onDidLog: Event<string>;
  /** resolves at the run's true end; rejects with Cancelled where Dagster was left before it */
  readonly ended: Promise<RunStatus>;
}

export interface Launch {
  /** asset keys; empty with `checksOnly` means none */
  assets: readonly string[];
  /** only the checks of these assets, nothing is materialized */
  checksOnly?: boolean;
  /** with `checksOnly`: of these names alone */
  checks?: readonly string[];
  fullRefresh?: boolean;
}

/** Dagster as the features see it. */
export interface Dagster {
  readonly state: DagsterState;
  readonly assets: readonly Asset[];
  /** state or assets changed */
  readonly onDidChange: Event<void>;
  /** an asset was materialized, by whatever run: its key */
  readonly onDidMaterialize: Event<string>;
  /** runs under way that we follow, ours and those of others on these assets */
  readonly runs: readonly Run[];
  /**
   * Starts a run. The same selection that is already under way gives that run back: two clicks or two windows never start two.
   * @throws HumanError where Dagster refuses, with its words
   */
  launch(launch: Launch): Promise<Run>;
  /** Ends a run, whatever state it is in, and resolves when Dagster says so. */
  cancel(runId: string): Promise<void>;
  /** Asks for everything again. */
  refresh(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}
