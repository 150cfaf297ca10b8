import type { Disposable } from '../base/events';

/** What of an editor's document decides whether it is checked. */
export interface Checkable {
  uri: { toString(): string };
  version: number;
  isClosed: boolean;
}

interface Check<D> {
  document: D;
  version: number;
  controller: AbortController;
}

/** When texts are checked: one at a time, the one that was touched last. */
export class Checks<D extends Checkable> implements Disposable {
  #timer: NodeJS.Timeout | undefined;
  /** What waits for its time or is under way */
  #now: Check<D> | undefined;
  /** Versions that need no further check, by uri */
  readonly #done = new Map<string, number>();

  /** @param check whether this version needs no further check, as far as it can tell; never rejects */
  constructor(private readonly check: (document: D, signal: AbortSignal) => Promise<boolean>) {}

  /** Checks a text that changed or was saved, in place of what waits or is under way. */
  request(document: D, after: number): void {
    this.#stop();
    const now = (this.#now = { document, version: document.version, controller: new AbortController() });
    this.#timer = setTimeout(() => void this.#run(now), after);
  }

  /** Checks a text that came into sight, unless it was or is about to be. */
  once(document: D, after: number): void {
    const { version } = document;
    if (this.#done.get(document.uri.toString()) === version) return;
    if (this.#now?.document === document && this.#now.version === version) return;
    this.request(document, after);
  }

  /** Of a text that nobody has open any more. */
  forget(uri: D['uri']): void {
    const key = uri.toString();
    this.#done.delete(key);
    if (this.#now?.document.uri.toString() === key) this.#stop();
  }

  /** Ends what waits or is under way. */
  dispose(): void {
    this.#stop();
  }

  async #run(now: Check<D>): Promise<void> {
    const { document, version, controller: { signal } } = now;
    const done = !document.isClosed && await this.check(document, signal);
    if (this.#now === now) this.#now = undefined;
    if (done && !signal.aborted && !document.isClosed && document.version === version) this.#done.set(document.uri.toString(), version);
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#now?.controller.abort();
    this.#now = undefined;
  }
}
