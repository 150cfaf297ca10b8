/** The warm dbt: what compiles unsaved text while somebody types, and runs dbt's commands with their events one by one. */
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Cancelled } from '../base/errors';
import type { Disposable } from '../base/events';
import type { Environment } from '../environment/envFile';
import type { PythonEnvironment } from '../environment/python';
import { inWords } from './sessionErrors';
import { LIMITS, ProcessDied, SessionProcess, type Asked, type SessionLimits } from './sessionProcess';

/** What somebody waits for goes first: a person who asked, then what follows the typing, then checks that nobody asked for. */
export const PRIORITY = { asked: 0, typing: 1, idle: 2 } as const;
export type Priority = (typeof PRIORITY)[keyof typeof PRIORITY];

export interface CompileRequest {
  /** folder of dbt_project.yml */
  project: string;
  /** absolute path of the model, test, snapshot or analysis; without it the text stands alone (`dbt compile --inline`) */
  file?: string;
  /** what the file has now, saved or not */
  text: string;
  /** a part of it that is compiled in place of the whole, with the file's own `this` and config */
  snippet?: string;
  priority?: Priority;
}

export interface Compiled {
  /** exactly what `dbt compile` would write */
  sql: string;
  uniqueId: string;
  /** '' for text that stands alone */
  name: string;
  materialized: string | null;
  /** as dbt renders it: `"database"."schema"."name"` */
  relation: string | null;
  /** why another file of the project does not parse, in dbt's words: what is known of it is older then */
  older: string | null;
}

/** What dbt tells while it works. `name` is dbt's own: NodeStart, NodeFinished, LogTestResult, … */
export interface DbtEvent {
  name: string;
  level: 'debug' | 'info' | 'warn' | 'error';
  message: string;
  /** of events about a node: its `unique_id`, `node_name`, `resource_type`, `node_status`, … */
  node: { unique_id: string; node_name?: string; node_path?: string; resource_type?: string; node_status?: string } | null;
  /** the rest; NodeFinished has `run_result` with `status`, `message`, `execution_time` (seconds), `num_failures` */
  data: Record<string, unknown>;
}

export interface NodeResult {
  uniqueId: string;
  /** pass, fail, warn, error, skipped, success, … */
  status: string;
  message: string | null;
  failures: number | null;
  /** how long it took */
  seconds: number;
  /** the compiled SQL; of a data test the query of its failing rows */
  sql: string | null;
  relation: string | null;
}

export interface Invoked {
  /** of nodes and hooks, in the order they ended */
  results: NodeResult[];
  /** what `list` lists */
  names: string[];
}

export interface SessionOptions {
  python: Pick<PythonEnvironment, 'find'>;
  environment: Pick<Environment, 'variables' | 'file'>;
  /** absolute path of dbt_session.py */
  script: string;
  /** where its targets, logs and shadows of projects go; private to the extension */
  folder: string;
  /** the setting `attribution.dbt.profilesDirectory`, or where the stack keeps the profile; '' for dbt's own default */
  profilesDirectory: () => string;
  /** the setting `attribution.dbt.target`; '' for the profile's default */
  target: () => string;
  /** throws where nothing may be executed: a folder that is not trusted */
  allow?: () => void;
  log?: (line: string) => void;
  limits?: Partial<SessionLimits>;
}

/** How long a compilation that nobody waits for may go on. */
const PATIENCE_MS = 15_000;

interface Waiting {
  asked: Asked;
  project: string;
  priority: Priority;
  signal: AbortSignal | undefined;
  resolve: (result: unknown) => void;
  reject: (error: unknown) => void;
}

/**
 * One warm process compiles, a second one runs commands, so that a long test keeps nobody from seeing what they type. Each starts when
 * something needs it, starts anew when dbt, the profile, `.env` or a setting changed or when it died, and ends when nobody has used it.
 */
export class DbtSession implements Disposable {
  readonly #compiling: Lane;
  readonly #running: Lane;

  constructor(options: SessionOptions) {
    this.#compiling = new Lane('compile', options, 30 * 60_000);
    this.#running = new Lane('run', options, 5 * 60_000);
  }

  /**
   * The SQL of a text, without saving it. A fraction of a second where the manifest in memory fits, else dbt parses what changed.
   * @throws HumanError with dbt's words, its `cause` a DbtFailure; Cancelled
   */
  async compile({ project, file, text, snippet, priority = PRIORITY.asked }: CompileRequest, signal?: AbortSignal): Promise<Compiled> {
    const params = { project, text, file: file === undefined ? null : path.relative(project, file), ...(snippet === undefined ? {} : { snippet }) };
    return await this.#compiling.ask({ method: 'compile', params }, project, priority, signal) as Compiled;
  }

  /** Parses what changed, so that the next compilation is quick. @throws as `compile` */
  async parse(project: string, signal?: AbortSignal): Promise<void> {
    await this.#compiling.ask({ method: 'parse', params: { project } }, project, PRIORITY.idle, signal);
  }

  /**
   * Runs a command of dbt on the saved files: `['test', '--select', 'stg_clients']`. Results of which some failed are no error.
   * @param onEvent each event as it comes
   * @param signal interrupts dbt and cancels its queries on the server
   * @throws HumanError where dbt could not run at all; Cancelled
   */
  async invoke(project: string, args: readonly string[], onEvent?: (event: DbtEvent) => void, signal?: AbortSignal): Promise<Invoked> {
    const listener = onEvent && ((event: Record<string, unknown>) => onEvent(event as unknown as DbtEvent));
    return await this.#running.ask({ method: 'invoke', params: { project, args }, onEvent: listener }, project, PRIORITY.asked, signal) as Invoked;
  }

  /** The process ids that are alive. */
  get pids(): number[] {
    return [this.#compiling.pid, this.#running.pid].flatMap((pid) => (pid === undefined ? [] : [pid]));
  }

  /** Ends the processes; the next request starts them again. */
  async restart(): Promise<void> {
    await Promise.all([this.#compiling.end(), this.#running.end()]);
  }

  dispose(): void {
    this.#compiling.dispose();
    this.#running.dispose();
  }
}

/** One process and the requests that wait for it. */
class Lane implements Disposable {
  readonly #queue: Waiting[] = [];
  #process: { process: SessionProcess; stamp: string; installed: string | undefined } | undefined;
  #working = false;
  #disposed = false;
  #unused: NodeJS.Timeout | undefined;

  constructor(private readonly role: string, private readonly options: SessionOptions, private readonly keep: number) {}

  get pid(): number | undefined {
    return this.#process?.process.alive ? this.#process.process.pid : undefined;
  }

  ask(asked: Asked, project: string, priority: Priority, signal: AbortSignal | undefined): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted || this.#disposed) {
        reject(new Cancelled());
        return;
      }
      const waiting: Waiting = { asked, project, priority, signal, resolve, reject };
      // What waits goes away with its signal
      signal?.addEventListener('abort', () => {
        const index = this.#queue.indexOf(waiting);
        if (index >= 0) this.#queue.splice(index, 1);
        reject(new Cancelled());
      }, { once: true });
      const before = this.#queue.findIndex((other) => other.priority > priority);
      this.#queue.splice(before < 0 ? this.#queue.length : before, 0, waiting);
      void this.#work();
    });
  }

  async end(): Promise<void> {
    const open = this.#process;
    this.#process = undefined;
    await open?.process.end();
  }

  dispose(): void {
    this.#disposed = true;
    clearTimeout(this.#unused);
    for (const { reject } of this.#queue.splice(0)) reject(new Cancelled());
    void this.end();
  }

  async #work(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    clearTimeout(this.#unused);
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) await this.#one(next);
    this.#working = false;
    this.#unused = setTimeout(() => void this.end(), this.keep);
    this.#unused.unref();
  }

  async #one(waiting: Waiting, again = false): Promise<void> {
    const { asked, signal, project } = waiting;
    let running: SessionProcess | undefined;
    let patience: NodeJS.Timeout | undefined;
    const abort = (): void => {
      // A compilation is over in a moment, and what it parsed serves the next one; a command is interrupted at once
      if (asked.method === 'invoke') running?.interrupt();
      else patience = setTimeout(() => running?.interrupt(), PATIENCE_MS);
    };
    signal?.addEventListener('abort', abort, { once: true });
    try {
      this.options.allow?.();
      running = await this.#warm(project);
      await running.ready;
      if (signal?.aborted) throw new Cancelled();
      waiting.resolve(await running.ask(asked));
    } catch (error) {
      if (error instanceof ProcessDied) this.options.log?.(`${error.message} It starts again.`);
      // Compiling once more does no harm; what else was done half is for the person to judge
      if (error instanceof ProcessDied && !again && asked.method !== 'invoke' && !signal?.aborted && !this.#disposed) await this.#one(waiting, true);
      else waiting.reject(inWords(error, project));
    } finally {
      clearTimeout(patience);
      signal?.removeEventListener('abort', abort);
    }
  }

  /** The process of how things are now: a new one where it died or something that it stands on changed. */
  async #warm(project: string): Promise<SessionProcess> {
    const { python, environment, script, folder, log } = this.options;
    const interpreter = await python.find('dbt');
    const profiles = this.options.profilesDirectory();
    const profilesDirectory = profiles === '' ? null : path.resolve(project, profiles);
    const target = this.options.target();
    const env = { ...environment.variables, PYTHONUTF8: '1', PYTHONUNBUFFERED: '1', DBT_SEND_ANONYMOUS_USAGE_STATS: 'false', NO_COLOR: '1' };
    const profileFiles = [profilesDirectory, environment.variables['DBT_PROFILES_DIR'], project, path.join(os.homedir(), '.dbt')].flatMap((place) => (place ? [path.join(place, 'profiles.yml')] : []));
    const stamp = JSON.stringify([interpreter.path, profilesDirectory, target, await Promise.all([environment.file, ...profileFiles].map(stampOf))]);
    const known = this.#process;
    const same = known?.process.alive === true && known.stamp === stamp && (known.installed === undefined || (await stampOf(known.installed)) !== 'none');
    if (known && same) return known.process;
    if (known?.process.alive) log?.('dbt, its profile or .env changed: dbt starts again.');
    await this.end();
    await fs.mkdir(folder, { recursive: true });
    // From here to its start nothing is waited for: nobody would end it
    if (this.#disposed) throw new Cancelled();
    const setup = { folder, role: this.role, profilesDirectory, target: target === '' ? null : target };
    const started = new SessionProcess({ python: interpreter.path, script, env, cwd: project, setup, limits: { ...LIMITS, ...this.options.limits } });
    const opened = (this.#process = { process: started, stamp, installed: undefined as string | undefined });
    const begun = performance.now();
    const { version, installed } = await started.ready;
    opened.installed = installed;
    log?.(`dbt ${version} is warm (${this.role}, process ${started.pid ?? ''}) after ${Math.round(performance.now() - begun)} ms.`);
    return started;
  }
}

async function stampOf(file: string | undefined): Promise<string> {
  if (file === undefined) return '';
  return fs.stat(file).then(({ mtimeMs, size }) => `${file} ${mtimeMs} ${size}`, () => 'none');
}
