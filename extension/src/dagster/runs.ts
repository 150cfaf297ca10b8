/** A run that is followed to its end, whatever happens to the socket and to the server meanwhile. */
import { Cancelled } from '../base/errors';
import { Emitter, type Disposable, type Event } from '../base/events';
import { DagsterError, type DagsterClient } from './client';
import { LOGS, RUN_BELL, RUN_STATUS, type RunData } from './operations';
import { hasEnded, keyOf, RunModel, statusOf, type Names } from './runModel';
import { Bell } from './socket';
import type { Failure, Run, RunStatus } from './types';

const PAGE = 1000;
/** Bursts of events are read together. */
const READ_APART_MS = 100;
/** Between looks without a bell, and with one (which may miss something). */
const POLL_MS = 1000;
const POLL_WITH_BELL_MS = 3000;
/** The run itself is asked how it stands this far apart, where its events do not say that it ended. */
const STATUS_APART_MS = 2000;
const LINES_KEPT = 10_000;
/** A socket that drops at once is not opened again at once. */
const BELLS_APART_MS = 1000;
/** Dagster says one thing more after the last event. */
const LAST_WORDS_MS = 300;

export interface RunContext {
  /** Dagster as it is reached now; undefined while it is not */
  client: () => DagsterClient | undefined;
  names: Names;
  /** an asset was materialized, with the time in milliseconds since 1970 */
  onMaterialize?: (key: string, time: number) => void;
  /** milliseconds between two openings of the socket */
  bellsApart?: number;
  /** milliseconds between two readings of events, which come in bursts */
  readApart?: number;
}

/**
 * Follows one run. A socket only rings; the events are read over HTTP by one reader from one cursor, so each comes once and in order,
 * however often the socket drops or the server restarts.
 */
export class FollowedRun implements Run, Disposable {
  readonly #changed = new Emitter<void>();
  readonly #logged = new Emitter<string>();
  readonly onDidChange = this.#changed.event;
  /** Whoever subscribes late hears what was said before as well. */
  readonly onDidLog: Event<string> = (listener) => {
    for (const line of this.#lines) listener(line);
    return this.#logged.event(listener);
  };
  readonly id: string;
  readonly ended: Promise<RunStatus>;
  readonly checksOnly: boolean;
  readonly #model: RunModel;
  readonly #lines: string[] = [];
  #url = '';
  #statusAsked = 0;
  #cursor: string | null = null;
  #bell: { client: DagsterClient; bell: Bell } | undefined;
  #bellOpened = -Infinity;
  #wake: (() => void) | undefined;
  #rung = false;
  #disposed = false;

  constructor(data: RunData, private readonly context: RunContext) {
    this.id = data.id;
    const assets = (data.assetSelection ?? []).map(keyOf);
    const checked = (data.assetCheckSelection ?? []).map(({ assetKey }) => keyOf(assetKey));
    this.checksOnly = assets.length === 0 && checked.length > 0;
    const asked = this.checksOnly ? [...new Set(checked)] : assets;
    // A job's run names no assets: it plans them
    this.#model = new RunModel(context.names, asked.length > 0 ? asked : undefined, this.checksOnly);
    this.#model.status = statusOf(data.status);
    this.ended = this.#follow();
    // Who waits for it hears it too
    this.ended.catch(() => undefined);
  }

  get assets(): readonly string[] {
    return this.#model.assets;
  }

  get status(): RunStatus {
    return this.#model.status;
  }

  get progress(): string {
    return this.#model.progress;
  }

  get done(): number {
    return this.#model.done;
  }

  get total(): number {
    return this.#model.assets.length;
  }

  get failures(): readonly Failure[] {
    return this.#model.failures;
  }

  get url(): string {
    return `${this.context.client()?.url ?? this.#url}/runs/${this.id}`;
  }

  /** Looks again at once: the server is back, or somebody knows that something happened. */
  look(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** Stops following; `ended` then rejects with Cancelled: how the run ended nobody here knows. */
  dispose(): void {
    this.#disposed = true;
    this.#bell?.bell.dispose();
    this.#wake?.();
  }

  async #follow(): Promise<RunStatus> {
    // Whoever made this subscribes first
    await Promise.resolve();
    while (!this.#disposed) {
      this.#rung = false;
      const client = this.context.client();
      if (client) {
        try {
          if (await this.#look(client)) return this.#end();
        } catch (error) {
          // A server that is gone comes back, and a question it refuses may pass later; what is no answer at all is a bug
          if (!(error instanceof DagsterError)) throw error;
        }
      }
      await this.#pause(this.context.readApart ?? READ_APART_MS, false);
      if (!this.#hasRung()) await this.#pause(this.#bell ? POLL_WITH_BELL_MS : POLL_MS, true);
    }
    throw new Cancelled();
  }

  #hasRung(): boolean {
    return this.#rung;
  }

  /** @returns whether the run has ended */
  async #look(client: DagsterClient): Promise<boolean> {
    this.#url = client.url;
    this.#listen(client);
    const before = this.#summary();
    await this.#read(client);
    if (before !== this.#summary()) this.#changed.fire();
    if (!hasEnded(this.#model.status) && performance.now() - this.#statusAsked < STATUS_APART_MS) return false;
    this.#statusAsked = performance.now();
    const { runOrError } = await client.query(RUN_STATUS, { id: this.id });
    if (this.#disposed) return false;
    if (runOrError.__typename === 'RunNotFoundError') {
      this.#model.status = 'canceled';
      this.#log('This run was deleted from Dagster.');
      return true;
    }
    if (!runOrError.status) return false;
    const status = statusOf(runOrError.status);
    if (hasEnded(this.#model.status) && !hasEnded(status)) {
      // Its last event was written a moment before the run itself
      this.#rung = true;
      return false;
    }
    if (status !== this.#model.status) {
      this.#model.status = status;
      this.#changed.fire();
    }
    if (!hasEnded(status)) return false;
    await new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS));
    await this.#read(client);
    // An event may be older than what the run itself says by now
    this.#model.status = status;
    return true;
  }

  async #read(client: DagsterClient): Promise<void> {
    for (let more = true; more && !this.#disposed;) {
      const { logsForRun } = await client.query(LOGS, { id: this.id, cursor: this.#cursor, limit: PAGE });
      const { events = [], cursor, hasMore = false } = logsForRun;
      if (events.length > 0 && cursor !== undefined) this.#cursor = cursor;
      for (const event of events) {
        const { line, materialized } = this.#model.apply(event);
        if (line !== undefined) this.#log(line);
        if (materialized) this.context.onMaterialize?.(materialized.key, materialized.time);
      }
      more = hasMore && events.length > 0;
    }
  }

  #log(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > LINES_KEPT) this.#lines.shift();
    this.#logged.fire(line);
  }

  #listen(client: DagsterClient): void {
    if (this.#bell?.client === client || this.#disposed || performance.now() - this.#bellOpened < (this.context.bellsApart ?? BELLS_APART_MS)) return;
    this.#bellOpened = performance.now();
    this.#bell?.bell.dispose();
    const bell = new Bell(client, RUN_BELL, { id: this.id, cursor: this.#cursor }, {
      ring: () => this.look(),
      close: () => {
        if (this.#bell?.bell === bell) this.#bell = undefined;
        this.look();
      },
    });
    this.#bell = { client, bell };
  }

  #summary(): string {
    return `${this.#model.status} ${this.#model.progress} ${this.#model.done} ${this.#model.failures.length}`;
  }

  #end(): RunStatus {
    if (this.#model.status === 'canceled') this.#model.failures.length = 0;
    this.#bell?.bell.dispose();
    this.#bell = undefined;
    this.#changed.fire();
    return this.#model.status;
  }

  #pause(milliseconds: number, wakeable: boolean): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      if (wakeable) this.#wake = done;
    });
  }
}
