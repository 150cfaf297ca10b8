import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** How long nobody must have asked anything (milliseconds): collecting stops the process for some 50 ms. */
const PAUSE = 2000;
/** Below this nobody minds (bytes). */
const ENOUGH = 110_000_000;
/** Only what has grown by so much since is worth it. */
const GROWTH = 1.25;
/** So many files are a large project: its answers fill the little room ten times, and each time costs milliseconds. */
const LARGE = 5000;

/** Since Node 22 V8 measures how hot code is in calls, before in bytes of bytecode; it complains of a flag that it does not know. */
const COUNTS_CALLS = Number.parseInt(process.versions.v8, 10) >= 12;

type Collect = (options: { type: 'major'; execution: 'sync'; flavor: 'last-resort' }) => void;

/**
 * Sets V8 up for a server whose answers take half a millisecond. Small: little room for what is young, which is mostly garbage of one request, and memory given back in
 * pauses, since V8 keeps what the trees of a large document took long after they are gone. Quiet: the threads that compile what is warm keep two cores from the
 * answer that somebody waits for.
 */
export class Engine {
  #timer: NodeJS.Timeout | undefined;
  #left = 0;
  #collect: Collect | undefined;
  #large: boolean | undefined;

  constructor() {
    // The heap doubles otherwise before anything is collected: most of that would be garbage of answers
    setFlagsFromString('--heap-growing-percent=30');
    // Fifteen times as hot as by default before it is optimized: reading a large project still is
    setFlagsFromString(COUNTS_CALLS ? '--invocation-count-for-turbofan=45000' : '--interrupt-budget=1000000');
  }

  /** Something was asked: the pause begins anew. @param files of all projects */
  busy(files: number): void {
    const large = files > LARGE;
    if (large !== this.#large) {
      this.#large = large;
      // What it grew to while the program was loaded is enough for the others
      setFlagsFromString(`--semi-space-growth-factor=${large ? 2 : 1}`);
    }
    if (this.#timer) this.#timer.refresh();
    else this.#timer = setTimeout(() => this.#rest(), PAUSE).unref();
  }

  dispose(): void {
    clearTimeout(this.#timer);
  }

  #rest(): void {
    if (process.memoryUsage.rss() < ENOUGH || process.memoryUsage().heapTotal < this.#left * GROWTH) return;
    if (!this.#collect) {
      setFlagsFromString('--expose-gc');
      this.#collect = runInNewContext('gc') as Collect;
    }
    this.#collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    this.#left = process.memoryUsage().heapTotal;
  }
}
