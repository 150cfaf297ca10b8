/**
 * Dagster as the features see it: connected or not, its assets with their state, the runs under way.
 *
 *     const dagster = new DagsterSource({
 *       url: () => setting.value,                 // attribution.dagster.url; '' means the one that we start
 *       services,                                 // `new Services(…)` of server.ts; undefined: none can be started
 *       headers: async () => ({ … }),             // from secret storage
 *       prepare: async (signal) => changed,       // parses the changed dbt project; HumanError where it does not parse
 *       lockFolder: context.globalStorageUri.fsPath,
 *       log: (line) => log.info(line),
 *     });
 *     await dagster.start();                      // starts or adopts, then connects and stays connected
 *     dagster.attentive = window.state.focused;   // asks often only while somebody looks
 *
 * It does nothing before `start`. `dispose` lets go of the services, which then end by themselves unless another window holds them.
 */
import { Cancelled, HumanError, messageOf } from '../base/errors';
import { DisposableStore, Emitter, type Disposable } from '../base/events';
import { assetsOf, inOrder, problemOf, type Blame } from './assetModel';
import { blameOf, lastExecutions } from './history';
import { DagsterClient, type Headers } from './client';
import { cancelRun, Launcher, UNDER_WAY } from './launch';
import { DEFINITIONS, LOCATION_BELL, PULSE, RELOAD, STANDING, type CheckExecutionData, type NodeData, type PulseData, type RunData } from './operations';
import { keyOf } from './runModel';
import { FollowedRun } from './runs';
import type { Services } from './server';
import { Bell } from './socket';
import type { Asset, Dagster, DagsterState, Launch, Run } from './types';

/** Between two looks while somebody looks, while nobody does, and while Dagster does not answer. */
const ATTENTIVE_MS = 4000;
const IDLE_MS = 20_000;
const AWAY_MS = 1000;
/** What no run changed (an event reported from outside) is seen after this long. */
const EVERYTHING_MS = 120_000;
const RUNS_LOOKED_AT = 25;
const TOGETHER_MS = 300;
const RELOAD_MS = 180_000;
/** Where there is no websocket (a proxy without them) polling does. */
const BELLS_APART_MS = 10_000;

export interface DagsterOptions {
  url: () => string;
  services?: Services | undefined;
  headers?: (() => Promise<Headers>) | undefined;
  /** parses what changed of the dbt project and says whether the manifest is a new one */
  prepare?: ((signal: AbortSignal) => Promise<boolean>) | undefined;
  /** shared by all windows of this machine */
  lockFolder: string;
  log?: (line: string) => void;
}

export class DagsterSource implements Dagster, Disposable {
  readonly #store = new DisposableStore();
  readonly #changed = this.#store.add(new Emitter<void>());
  readonly #materialized = this.#store.add(new Emitter<string>());
  readonly onDidChange = this.#changed.event;
  readonly onDidMaterialize = this.#materialized.event;
  readonly #launcher: Launcher;
  readonly #runs = new Map<string, FollowedRun>();
  readonly #blames = new Map<string, Blame>();
  readonly #lastChecks = new Map<string, CheckExecutionData | undefined>();
  /** milliseconds since 1970 of the newest materialization that was told of, by key */
  readonly #times = new Map<string, number>();
  #state: DagsterState = { kind: 'stopped' };
  #assets: readonly Asset[] = [];
  #nodes: ReadonlyMap<string, NodeData> = new Map();
  #assetOfCheck: ReadonlyMap<string, string> = new Map();
  #client: DagsterClient | undefined;
  #bell: Bell | undefined;
  #bellTried = -Infinity;
  #pulse = '';
  #locations = '';
  #everythingAt = 0;
  #attentive = true;
  #loop: { stop: AbortController; wake: () => void } | undefined;
  #refreshing: Promise<void> | undefined;
  #soon: NodeJS.Timeout | undefined;
  #problem: string | undefined;
  #started = false;
  #reloadDue = false;

  constructor(private readonly options: DagsterOptions) {
    this.#launcher = new Launcher(options.lockFolder);
    if (options.services) {
      this.#store.add(options.services.onDidChangeUrl((url) => {
        // Dagster that was started again may have another port
        if (url !== undefined && this.#client && this.#client.url !== url && this.options.url() === '') this.#connect(url);
      }));
    }
  }

  get state(): DagsterState {
    return this.#state;
  }

  get assets(): readonly Asset[] {
    return this.#assets;
  }

  get runs(): readonly Run[] {
    return [...this.#runs.values()];
  }

  /** Whether somebody looks: only then Dagster is asked often. */
  set attentive(value: boolean) {
    if (value && !this.#attentive) this.#loop?.wake();
    this.#attentive = value;
  }

  /** Says why there is nothing to start. */
  off(reason: string): void {
    this.#halt();
    this.#set({ kind: 'off', reason });
  }

  /** Starts or adopts Dagster and stays connected. @throws HumanError where it does not start */
  async start(): Promise<void> {
    if (this.#loop) return;
    const stop = new AbortController();
    this.#loop = { stop, wake: () => {} };
    this.#set({ kind: 'starting' });
    try {
      const url = this.options.url() || (await this.options.services?.start(stop.signal));
      if (url === undefined) throw new HumanError('There is no Dagster to start here. Give the address of one in the setting attribution.dagster.url.');
      if (stop.signal.aborted) throw new Cancelled();
      this.#connect(url);
    } catch (error) {
      if (this.#loop.stop === stop) {
        this.#loop = undefined;
        this.#set({ kind: 'stopped' });
      }
      throw error;
    }
    void this.#run(stop.signal);
    await this.#firstAnswer(stop.signal);
  }

  /** Disconnects, and stops what we started unless another window holds it. */
  async stop(): Promise<void> {
    this.#halt();
    await this.options.services?.stop();
    // Somebody may have started it again meanwhile
    if (!this.#loop) this.#set({ kind: 'stopped' });
  }

  async launch(launch: Launch): Promise<Run> {
    const stop = this.#loop?.stop.signal ?? AbortSignal.abort();
    if (await this.options.prepare?.(stop)) this.#reloadDue = true;
    // Also when it was due before, and did not come to its end
    if (this.#reloadDue) await this.reload();
    const client = this.#connected();
    // A model that is new since the last look
    if (launch.assets.some((key) => !this.#nodes.has(key))) await this.refresh();
    return this.#follow(await this.#launcher.launch(client, launch, this.#nodes));
  }

  async cancel(runId: string): Promise<void> {
    await cancelRun(this.#connected(), runId);
    this.#runs.get(runId)?.look();
    await this.#runs.get(runId)?.ended;
  }

  /** Loads the code locations anew: the dbt project or the assets changed. @throws HumanError with the words of what does not load */
  async reload(): Promise<void> {
    const client = this.#connected();
    const names = new Set([...this.#nodes.values()].map(({ repository }) => repository.location.name));
    if (names.size === 0) for (const { name } of (await client.query(DEFINITIONS, {})).workspaceOrError.locationEntries ?? []) names.add(name);
    for (const name of names) await client.query(RELOAD, { name }, { timeout: RELOAD_MS });
    this.#reloadDue = false;
    await this.refresh();
    if (this.#problem !== undefined) throw new HumanError(this.#problem);
  }

  async refresh(): Promise<void> {
    // One that is under way may have asked before what the caller did
    await this.#refreshing?.catch(() => {});
    this.#locations = '';
    await this.#look(this.#connected());
  }

  dispose(): void {
    this.#halt();
    this.#store.dispose();
    this.options.services?.dispose();
  }

  // ---- staying connected

  #connected(): DagsterClient {
    if (this.#client && (this.#state.kind === 'connected' || this.#state.kind === 'starting')) return this.#client;
    throw new HumanError(this.#state.kind === 'disconnected' ? this.#state.message : 'Dagster is not running.', [{ title: 'Start Dagster', command: 'attribution.startServices' }]);
  }

  #connect(url: string): void {
    this.#client = new DagsterClient(url, { headers: this.options.headers });
    this.#locations = '';
    this.#listen(this.#client);
    this.#loop?.wake();
  }

  /** A socket that closes says at once that the server is gone; a location that was loaded says so too. */
  #listen(client: DagsterClient): void {
    this.#bell?.dispose();
    this.#bellTried = performance.now();
    let opened = false;
    const bell = new Bell(client, LOCATION_BELL, {}, {
      open: () => (opened = true),
      ring: () => this.#loop?.wake(),
      close: () => {
        if (this.#bell === bell) this.#bell = undefined;
        if (opened) this.#loop?.wake();
      },
    });
    this.#bell = bell;
  }

  async #run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      const client = this.#client;
      let pause = this.#attentive || this.#runs.size > 0 ? ATTENTIVE_MS : IDLE_MS;
      try {
        if (client) await this.#look(client);
        if (client && client === this.#client && !this.#bell && performance.now() - this.#bellTried > BELLS_APART_MS) this.#listen(client);
      } catch (error) {
        if (this.#aborted(stop)) return;
        this.#lost(error);
        pause = AWAY_MS;
      }
      // Without a socket nobody else says that the server is gone
      if (!this.#bell) pause = Math.min(pause, ATTENTIVE_MS);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, pause);
        if (this.#loop) {
          this.#loop.wake = () => {
            clearTimeout(timer);
            resolve();
          };
        }
      });
    }
  }

  #aborted(stop: AbortSignal): boolean {
    return stop.aborted;
  }

  #lost(error: unknown): void {
    const message = messageOf(error);
    if (!(error instanceof HumanError)) this.options.log?.(`Dagster: ${error instanceof Error ? (error.stack ?? message) : message}`);
    if (this.#state.kind === 'disconnected' && this.#state.message === message) return;
    this.#bell?.dispose();
    this.#bell = undefined;
    this.#pulse = '';
    this.#set({ kind: 'disconnected', url: this.#client?.url ?? '', message });
  }

  async #firstAnswer(stop: AbortSignal): Promise<void> {
    if (this.#state.kind !== 'starting') return;
    await new Promise<void>((resolve) => {
      const subscription = this.onDidChange(() => {
        if (this.#state.kind === 'starting') return;
        subscription.dispose();
        resolve();
      });
      stop.addEventListener('abort', () => {
        subscription.dispose();
        resolve();
      }, { once: true });
    });
  }

  #halt(): void {
    this.#loop?.stop.abort();
    this.#loop?.wake();
    this.#loop = undefined;
    clearTimeout(this.#soon);
    this.#bell?.dispose();
    this.#bell = undefined;
    this.#client = undefined;
    for (const run of this.#runs.values()) run.dispose();
    this.#runs.clear();
  }

  #set(state: DagsterState): void {
    if (JSON.stringify(state) === JSON.stringify(this.#state)) return;
    this.#state = state;
    this.#changed.fire();
  }

  // ---- looking

  /** One look; those who ask meanwhile get the same. */
  #look(client: DagsterClient): Promise<void> {
    this.#refreshing ??= this.#lookNow(client).finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }

  async #lookNow(client: DagsterClient): Promise<void> {
    const first = this.#state.kind !== 'connected' || this.#locations === '';
    if (first) await client.verify();
    const pulse = await client.query(PULSE, { limit: RUNS_LOOKED_AT });
    const runs = pulse.runsOrError.results ?? [];
    const locations = locationsOf(pulse);
    const summary = JSON.stringify(runs.map(({ id, status, updateTime }) => [id, status, updateTime]));
    if (client !== this.#client) return;
    const reloaded = locations !== this.#locations;
    if (reloaded) await this.#define(client);
    for (const run of runs) if (UNDER_WAY.includes(run.status)) this.#follow(run);
    const due = performance.now() - this.#everythingAt > EVERYTHING_MS;
    if (reloaded || due || summary !== this.#pulse) await this.#stand(client, runs);
    this.#pulse = summary;
    this.#locations = locations;
    if (client !== this.#client) return;
    this.#set({ kind: 'connected', url: client.url, version: pulse.version, started: this.#isOurs(), ...(this.#problem === undefined ? {} : { problem: this.#problem }) });
    if (!this.#started || first) for (const run of this.#runs.values()) run.look();
    this.#started = true;
  }

  #isOurs(): boolean {
    return this.options.url() === '' && this.options.services?.started === true;
  }

  /** The definitions; where the code is broken, or is being loaded, the last good ones stay. */
  async #define(client: DagsterClient): Promise<void> {
    const definitions = await client.query(DEFINITIONS, {}, { timeout: 30_000 });
    this.#problem = problemOf(definitions);
    const loading = definitions.workspaceOrError.locationEntries?.some(({ locationOrLoadError }) => locationOrLoadError === null) === true;
    if ((loading || this.#problem !== undefined) && definitions.assetNodes.length < this.#nodes.size) return;
    this.#nodes = new Map(definitions.assetNodes.map((node) => [keyOf(node.assetKey), node]));
    this.#assetOfCheck = new Map(definitions.assetNodes.flatMap(({ assetKey, assetChecksOrError }) => (assetChecksOrError.checks ?? []).map(({ name }) => [name, keyOf(assetKey)] as const)));
  }

  async #stand(client: DagsterClient, runs: readonly RunData[]): Promise<void> {
    this.#everythingAt = performance.now();
    const standing = await client.query(STANDING, { keys: [...this.#nodes.values()].map(({ assetKey }) => assetKey) }, { timeout: 30_000 });
    for (const { latestRun } of standing.assetsLatestInfo) {
      if (latestRun?.status === 'FAILURE' && !this.#blames.has(latestRun.id)) this.#blames.set(latestRun.id, await blameOf(client, latestRun.id, (name) => this.#assetOfCheck.get(name)));
    }
    if (runs.length > 0) await lastExecutions(client, standing, this.#lastChecks);
    const before = JSON.stringify(this.#assets);
    this.#assets = assetsOf(this.#nodes, standing, this.#blames, this.#lastChecks);
    for (const { key, materialized } of this.#assets) if (materialized !== undefined) this.#tell(key, materialized);
    if (this.#state.kind === 'connected' && JSON.stringify(this.#assets) !== before) this.#changed.fire();
  }

  /** Tells of a materialization once, whoever sees it first; what was there at the first look is not news. */
  #tell(key: string, time: number): void {
    const known = this.#times.get(key);
    if (known !== undefined && time <= known) return;
    this.#times.set(key, time);
    if (this.#started) this.#materialized.fire(key);
  }

  // ---- runs

  #follow(data: RunData): FollowedRun {
    const known = this.#runs.get(data.id);
    if (known) return known;
    const run: FollowedRun = new FollowedRun(data, {
      client: () => this.#client,
      names: { assetOfCheck: (name) => this.#assetOfCheck.get(name), inOrder: (keys) => inOrder(keys, this.#nodes) },
      onMaterialize: (key, time) => {
        this.#tell(key, time);
        this.#lookSoon();
      },
    });
    this.#runs.set(data.id, run);
    const changes = run.onDidChange(() => this.#changed.fire());
    const gone = (): void => {
      changes.dispose();
      // Not followed any more, it may be followed anew
      if (this.#runs.get(data.id) !== run) return;
      this.#runs.delete(data.id);
      this.#pulse = '';
      this.#changed.fire();
      this.#loop?.wake();
    };
    run.ended.then(gone, gone);
    this.#lookSoon();
    this.#changed.fire();
    return run;
  }

  /** Several events come together: one look for all of them. */
  #lookSoon(): void {
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      this.#pulse = '';
      this.#loop?.wake();
    }, TOGETHER_MS);
  }
}

function locationsOf({ locationStatusesOrError: { entries = [] } }: PulseData): string {
  return JSON.stringify(entries.map(({ name, loadStatus, updateTimestamp, versionKey }) => [name, loadStatus, updateTimestamp, versionKey]));
}
