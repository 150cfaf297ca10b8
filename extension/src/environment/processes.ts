import { spawn, type ChildProcess } from 'node:child_process';
import { Cancelled, HumanError } from '../base/errors';

export interface RunOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** ends the process and everything that it started; the run rejects with Cancelled */
  signal?: AbortSignal | undefined;
  /** milliseconds until it is ended; the run rejects with a HumanError */
  timeout: number;
  /** written to its standard input */
  input?: string;
}

export interface Finished {
  /** null: a signal ended it */
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Characters kept of each stream: the end is what tells. */
const KEPT = 4 * 1024 * 1024;
/** How long an ending process may take to tidy up (milliseconds). */
const GRACE = 3000;

/** The programs that somebody ran, by name and arguments only: what is written to the log. Their output may hold secrets. */
export type Ran = (program: string, args: readonly string[], milliseconds: number, code: number | null) => void;

/**
 * Runs a program to its end: by an argument array, never through a shell, in a process group of its own that goes as a whole.
 * @throws Cancelled, or HumanError where the program cannot be started or takes too long; a code other than 0 is no error
 */
export async function run(program: string, args: readonly string[], { signal, timeout, input, ...options }: RunOptions, ran?: Ran): Promise<Finished> {
  if (signal?.aborted) throw new Cancelled();
  const started = performance.now();
  const child = spawn(program, [...args], { ...options, shell: false, windowsHide: true, detached: process.platform !== 'win32', stdio: ['pipe', 'pipe', 'pipe'] });
  return new Promise((resolve, reject) => {
    let why: Error | undefined;
    const output = { stdout: '', stderr: '' };
    const end = (error: Error): void => {
      why ??= error;
      killGroup(child);
    };
    const abort = (): void => end(new Cancelled());
    const timer = setTimeout(() => end(new HumanError(`${program} did not end within ${Math.round(timeout / 1000)} seconds and was stopped.`)), timeout);
    signal?.addEventListener('abort', abort, { once: true });
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        output[stream] = (output[stream] + text).slice(-KEPT);
      });
    }
    // It may have ended without reading
    child.stdin.on('error', () => {});
    child.stdin.end(input ?? '');
    child.on('error', (error: NodeJS.ErrnoException) => {
      settle();
      reject(why ?? new HumanError(`${program} could not be started: ${error.code === 'ENOENT' ? 'it is not there' : error.message}.`, [], { cause: error }));
    });
    child.on('close', (code) => {
      // What never started has not ended: its error was told
      if (child.pid === undefined) return;
      settle();
      ran?.(program, args, Math.round(performance.now() - started), code);
      if (why) reject(why);
      else resolve({ code, ...output });
    });
  });
}

/** Asks the whole group to end, and makes it after the grace. */
export function killGroup(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  if (process.platform === 'win32') {
    spawn('taskkill', ['/pid', String(pid), '/t', '/f'], { windowsHide: true, stdio: 'ignore' }).on('error', () => child.kill());
    return;
  }
  const send = (signal: NodeJS.Signals): void => {
    try {
      process.kill(-pid, signal);
    } catch {
      // The group is gone
    }
  };
  send('SIGTERM');
  const last = setTimeout(() => send('SIGKILL'), GRACE);
  // Its children may hold the streams open and live on after it: the group gets the last word in any case
  last.unref();
}
