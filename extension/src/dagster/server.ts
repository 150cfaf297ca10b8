/** The process that holds our services, seen from the window. */
import { spawn, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import readline from 'node:readline';
import { Cancelled, HumanError } from '../base/errors';
import { Emitter, type Disposable } from '../base/events';
import { COMMANDS } from '../contributions';
import { eventOf, type ServicesEvent, type ServicesOrder, type ServicesRequest } from './serviceProtocol';

export interface ServicesOptions {
  /** path of `dist/services.mjs` */
  program: string;
  /** asked at each start @throws HumanError where something is missing, with what to do */
  request: () => Promise<ServicesRequest>;
  log?: (line: string) => void;
}

const SHOW_LOG = { title: 'Show Log', command: COMMANDS.showLog };

/** Starts PostgreSQL and Dagster of the workspace, or joins them where they run. They end some 12 s after the last window that held them. */
export class Services implements Disposable {
  readonly #url = new Emitter<string | undefined>();
  readonly #progress = new Emitter<string>();
  /** where Dagster is; undefined: it is gone */
  readonly onDidChangeUrl = this.#url.event;
  /** one line at a time, while it starts */
  readonly onDidProgress = this.#progress.event;
  #child: ChildProcess | undefined;
  #starting: Promise<string> | undefined;
  #started = false;

  constructor(private readonly options: ServicesOptions) {}

  /** Whether Dagster was started by us, and not joined. */
  get started(): boolean {
    return this.#started;
  }

  /** @returns Dagster's address  @throws HumanError where a service does not start, Cancelled */
  start(signal?: AbortSignal): Promise<string> {
    this.#starting ??= this.#start().catch((error: unknown) => {
      this.#starting = undefined;
      throw error;
    });
    if (!signal) return this.#starting;
    return Promise.race([this.#starting, new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(new Cancelled()), { once: true }))]);
  }

  /** Lets go at once; what no other window holds is stopped when this returns. */
  async stop(): Promise<void> {
    const child = this.#child;
    this.#forget();
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.stdin?.write(`${JSON.stringify({ order: 'stop' } satisfies ServicesOrder)}\n`);
    await exited;
  }

  /** Lets go after a while, so that a window which is only reloaded finds everything as it was. */
  dispose(): void {
    const child = this.#child;
    this.#forget();
    child?.stdin?.end();
    for (const stream of [child?.stdout, child?.stderr]) stream?.destroy();
    child?.unref();
  }

  async #start(): Promise<string> {
    const request = await this.options.request();
    if (!fs.existsSync(this.options.program)) throw new HumanError(`The extension is incomplete: ${this.options.program} is missing. Install it again.`);
    const child = spawn(process.execPath, [this.options.program], {
      // Its own group: what ends the window's processes must not end it before it has let go
      detached: true, stdio: ['pipe', 'pipe', 'pipe'], cwd: request.root, windowsHide: true,
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
    });
    this.#child = child;
    child.stdin.on('error', () => {});
    child.stdin.write(`${JSON.stringify(request)}\n`);
    let words = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      words = (words + text).slice(-4000);
      this.options.log?.(text.trimEnd());
    });
    return new Promise<string>((resolve, reject) => {
      child.once('error', (error) => reject(new HumanError(`The services could not be started: ${error.message}.`, [SHOW_LOG])));
      child.once('exit', (code, signal) => {
        if (this.#child === child) this.#gone();
        reject(new HumanError(`The process that holds PostgreSQL and Dagster ended (${signal ?? `exit code ${code ?? '?'}`}).${words === '' ? '' : ` Its last words: ${words.trim()}`}`, [SHOW_LOG]));
      });
      readline.createInterface({ input: child.stdout }).on('line', (line) => {
        const event = eventOf(line);
        this.#hear(event, child);
        if (event.event === 'dagster') resolve(event.url);
        if (event.event === 'failed') reject(new HumanError(event.message, [SHOW_LOG]));
      });
    });
  }

  #hear(event: ServicesEvent, child: ChildProcess): void {
    if (child !== this.#child) return;
    this.options.log?.(inWords(event));
    if (event.event === 'progress') this.#progress.fire(event.message);
    if (event.event === 'dagster') {
      this.#started = event.started;
      this.#url.fire(event.url);
    }
    if (event.event === 'failed') {
      child.stdin?.end();
      this.#gone();
    }
  }

  #gone(): void {
    this.#forget();
    this.#url.fire(undefined);
  }

  #forget(): void {
    this.#child = undefined;
    this.#starting = undefined;
  }
}

function inWords(event: ServicesEvent): string {
  switch (event.event) {
    case 'postgres':
      return `${event.started ? 'Started' : 'Joined'} PostgreSQL on port ${event.port}`;
    case 'dagster':
      return `${event.started ? 'Started' : 'Joined'} Dagster at ${event.url}`;
    case 'stopped':
      return 'Let go of PostgreSQL and Dagster';
    default:
      return event.message;
  }
}
