/** Something that must be let go of; VS Code's own disposables fit. */
export interface Disposable {
  dispose(): unknown;
}

/** Subscribes; the result unsubscribes. */
export type Event<T> = (listener: (value: T) => void) => Disposable;

/** A source of events, without vscode. A listener that throws does not keep the others from hearing. */
export class Emitter<T> implements Disposable {
  readonly #listeners = new Set<(value: T) => void>();

  readonly event: Event<T> = (listener) => {
    this.#listeners.add(listener);
    return { dispose: () => this.#listeners.delete(listener) };
  };

  fire(value: T): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(value);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  dispose(): void {
    this.#listeners.clear();
  }
}

/** Disposes everything that was added, last first. */
export class DisposableStore implements Disposable {
  readonly #items: Disposable[] = [];
  #disposed = false;

  add<T extends Disposable>(item: T): T {
    if (this.#disposed) item.dispose();
    else this.#items.push(item);
    return item;
  }

  dispose(): void {
    this.#disposed = true;
    for (const item of this.#items.splice(0).reverse()) item.dispose();
  }
}

/** Waits until something holds, which is asked now and after each event. @param cancelled rejects where nobody waits any more */
export async function until(event: Event<void>, holds: () => boolean, cancelled: Promise<never>): Promise<void> {
  if (holds()) return;
  let subscription: Disposable | undefined;
  try {
    await Promise.race([new Promise<void>((resolve) => (subscription = event(() => holds() && resolve()))), cancelled]);
  } finally {
    subscription?.dispose();
  }
}
