import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Cancelled, HumanError } from '../base/errors';
import { killGroup } from '../environment/processes';

/** Milliseconds. */
export interface SessionLimits {
  /** until dbt is imported */
  start: number;
  /** until a project is parsed: one of thousands of models takes minutes the first time */
  parse: number;
  /** until a parsed model is compiled */
  compile: number;
  /** between two events of an invocation, whose queries may take long */
  silence: number;
  /** what was cancelled may take so long to end by itself */
  cancel: number;
}

export const LIMITS: SessionLimits = { start: 90_000, parse: 15 * 60_000, compile: 60_000, silence: 60 * 60_000, cancel: 5000 };

export interface ProcessOptions {
  python: string;
  script: string;
  env: NodeJS.ProcessEnv;
  cwd: string;
  /** the first line that the process reads: where its files go, and what it compiles for */
  setup: { folder: string; role: string; profilesDirectory: string | null; target: string | null };
  limits: SessionLimits;
}

/** One request. */
export interface Asked {
  method: 'compile' | 'parse' | 'invoke';
  params: Record<string, unknown>;
  onEvent?: ((event: Record<string, unknown>) => void) | undefined;
}

/** The request failed in dbt, in dbt's words. `kind` is the name of dbt's exception. */
export class DbtFailure extends Error {
  override readonly name = 'DbtFailure';

  constructor(readonly kind: string, message: string) {
    super(message);
  }
}

/** The process went away under the request. */
export class ProcessDied extends Error {
  override readonly name = 'ProcessDied';
}

interface Line {
  ready?: { version: string; installed: string };
  failed?: { kind: string; message: string };
  id?: number;
  event?: Record<string, unknown>;
  result?: unknown;
  error?: { kind: string; message: string };
}

interface Running {
  id: number;
  asked: Asked;
  resolve: (result: unknown) => void;
  reject: (error: unknown) => void;
  limit: NodeJS.Timeout | undefined;
}

/** One warm Python. Takes one request at a time; when one does not end in its time the whole process goes. */
export class SessionProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #exited: Promise<void>;
  readonly ready: Promise<{ version: string; installed: string }>;
  #running: Running | undefined;
  #number = 0;
  #stderr = '';
  #over: Error | undefined;

  constructor(private readonly options: ProcessOptions) {
    const { python, script, env, cwd, setup } = options;
    const child = spawn(python, [script], { cwd, env, shell: false, windowsHide: true, detached: process.platform !== 'win32', stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child = child;
    child.stdin.on('error', () => {});
    child.stdin.write(`${JSON.stringify(setup)}\n`);
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#stderr = (this.#stderr + text).slice(-4000)));
    this.ready = new Promise((resolve, reject) => {
      const limit = setTimeout(() => {
        void this.end(new HumanError(`dbt did not start within ${options.limits.start / 1000} seconds and was stopped. Look at the machine's load, then try again.`));
        reject(this.#over ?? new Cancelled());
      }, options.limits.start);
      createInterface({ input: child.stdout }).on('line', (text) => {
        const line = JSON.parse(text) as Line;
        if (line.ready ?? line.failed) clearTimeout(limit);
        if (line.ready) resolve(line.ready);
        else if (line.failed) reject(new DbtFailure(line.failed.kind, line.failed.message));
        else this.#hear(line);
      });
      const gone = (error: Error): void => {
        clearTimeout(limit);
        this.#over ??= error;
        reject(this.#over);
        this.#settle((running) => running.reject(this.#over));
      };
      child.on('error', (error) => gone(new HumanError(`${python} could not be started: ${error.message}.`, [], { cause: error })));
      child.on('close', (code, signal) => gone(new ProcessDied(`dbt's process ended (${signal ?? `exit code ${code ?? ''}`}). ${this.#stderr.trim().split('\n').at(-1) ?? ''}`.trim())));
    });
    // Whoever asks hears of it
    this.ready.catch(() => {});
    this.#exited = new Promise((resolve) => {
      child.once('close', () => resolve());
      child.once('error', () => resolve());
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get alive(): boolean {
    return this.#over === undefined;
  }

  /** Whether it works for somebody, or still ends what nobody waits for. */
  get busy(): boolean {
    return this.#running !== undefined;
  }

  /** Asks one thing; only when nothing else is asked. @throws DbtFailure, ProcessDied, HumanError when it takes too long, Cancelled */
  async ask(asked: Asked): Promise<unknown> {
    await this.ready;
    if (this.#over) throw this.#over;
    return await new Promise((resolve, reject) => {
      this.#running = { id: ++this.#number, asked, resolve, reject, limit: undefined };
      this.#limit(asked.method === 'invoke' ? this.options.limits.silence : this.options.limits.compile);
      this.#write({ id: this.#number, method: asked.method, params: asked.params });
    });
  }

  /** Interrupts what runs, as Ctrl-C would, and ends the process where that does not help. Its queries end on the server. */
  interrupt(): void {
    const running = this.#running;
    if (!running) return;
    this.#write({ cancel: running.id });
    setTimeout(() => {
      if (this.#running === running) void this.end(new Cancelled());
    }, this.options.limits.cancel).unref();
  }

  /** Ends the process and all that it started. Resolves when it is gone. @param why what a request under way is told */
  async end(why: Error = new Cancelled()): Promise<void> {
    this.#over ??= why;
    // The end of its input has it cancel its queries and go; the group goes in any case
    this.#child.stdin.end();
    const last = setTimeout(() => killGroup(this.#child), 500);
    this.#settle((running) => running.reject(why));
    await this.#exited;
    clearTimeout(last);
  }

  #hear(line: Line): void {
    const running = this.#running;
    if (!running || line.id !== running.id) return;
    if (line.event) {
      const { phase } = line.event;
      this.#limit(running.asked.method === 'invoke' ? this.options.limits.silence : phase === 'parse' ? this.options.limits.parse : this.options.limits.compile);
      running.asked.onEvent?.(line.event);
      return;
    }
    const { error } = line;
    this.#settle(({ resolve, reject }) => {
      if (!error) resolve(line.result);
      else reject(error.kind === 'cancelled' ? new Cancelled() : new DbtFailure(error.kind, error.message));
    });
  }

  #limit(milliseconds: number): void {
    const running = this.#running;
    if (!running) return;
    clearTimeout(running.limit);
    running.limit = setTimeout(() => {
      void this.end(new HumanError(`dbt gave no answer within ${Math.round(milliseconds / 1000)} seconds and was stopped. Look at what the model and its macros do while they are compiled, and whether the database answers; dbt starts again at the next try.`));
    }, milliseconds);
  }

  #settle(how: (running: Running) => void): void {
    const running = this.#running;
    this.#running = undefined;
    if (!running) return;
    clearTimeout(running.limit);
    how(running);
  }

  #write(message: unknown): void {
    this.#child.stdin.write(`${JSON.stringify(message)}\n`);
  }
}
