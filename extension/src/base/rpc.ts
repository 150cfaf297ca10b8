import { messageOf } from './errors';

/** Named requests, each with one argument and one result. */
export type Requests = Record<string, { argument: unknown; result: unknown }>;
/** Named notifications, each with one argument. */
export type Notifications = Record<string, unknown>;

/** One direction of a conversation between a host and a page. */
export interface Side {
  requests: Requests;
  notifications: Notifications;
}

/** What travels. Everything is plain JSON. */
export type Message =
  | { kind: 'request'; id: number; name: string; argument: unknown }
  | { kind: 'cancel'; id: number }
  | { kind: 'result'; id: number; result: unknown }
  | { kind: 'error'; id: number; message: string }
  | { kind: 'notification'; name: string; argument: unknown };

export type Handlers<T extends Side> = {
  [Name in keyof T['requests']]: (argument: T['requests'][Name]['argument'], signal: AbortSignal) => Promise<T['requests'][Name]['result']> | T['requests'][Name]['result'];
} & { [Name in keyof T['notifications']]: (argument: T['notifications'][Name]) => void };

/**
 * Typed calls in both directions over one channel of messages. A request's error comes back to whoever asked, as an
 * Error with the same words; aborting a request aborts the other side's signal.
 */
export class Rpc<Mine extends Side, Theirs extends Side> {
  readonly #pending = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  readonly #running = new Map<number, AbortController>();
  #next = 1;

  /**
   * @param send hands a message to the other side
   * @param handlers what the other side may ask of this one
   */
  constructor(private readonly send: (message: Message) => unknown, private readonly handlers: Handlers<Mine>) {}

  /** Asks the other side. Rejects with its error, or with the signal's reason. */
  async request<Name extends keyof Theirs['requests'] & string>(
    name: Name, argument: Theirs['requests'][Name]['argument'], signal?: AbortSignal,
  ): Promise<Theirs['requests'][Name]['result']> {
    signal?.throwIfAborted();
    const id = this.#next++;
    const answer = new Promise<unknown>((resolve, reject) => this.#pending.set(id, { resolve, reject }));
    const abort = (): void => {
      this.send({ kind: 'cancel', id });
      this.#settle(id)?.reject(signal?.reason as Error);
    };
    signal?.addEventListener('abort', abort, { once: true });
    this.send({ kind: 'request', id, name, argument });
    try {
      return await answer;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /** Tells the other side, without an answer. */
  notify<Name extends keyof Theirs['notifications'] & string>(name: Name, argument: Theirs['notifications'][Name]): void {
    this.send({ kind: 'notification', name, argument });
  }

  /** Takes in a message of the other side; what it does not know is ignored. */
  receive(message: Message): void {
    switch (message.kind) {
      case 'request':
        void this.#answer(message);
        break;
      case 'cancel':
        this.#running.get(message.id)?.abort();
        break;
      case 'result':
        this.#settle(message.id)?.resolve(message.result);
        break;
      case 'error':
        this.#settle(message.id)?.reject(new Error(message.message));
        break;
      case 'notification':
        if (Object.hasOwn(this.handlers, message.name)) void this.handlers[message.name]?.(message.argument as never, undefined as never);
        break;
    }
  }

  /** The other side started anew, with numbers of its own: what it asked before is aborted and not answered. */
  forget(reason: Error): void {
    for (const controller of this.#running.values()) controller.abort(reason);
    this.#running.clear();
  }

  /** Ends every open request in both directions. */
  close(reason: Error): void {
    for (const id of [...this.#pending.keys()]) this.#settle(id)?.reject(reason);
    this.forget(reason);
  }

  async #answer({ id, name, argument }: { id: number; name: string; argument: unknown }): Promise<void> {
    const controller = new AbortController();
    this.#running.set(id, controller);
    try {
      if (!Object.hasOwn(this.handlers, name)) throw new Error(`There is no request "${name}".`);
      const result: unknown = await this.handlers[name]?.(argument as never, controller.signal as never);
      if (!controller.signal.aborted) this.send({ kind: 'result', id, result });
    } catch (error) {
      if (!controller.signal.aborted) this.send({ kind: 'error', id, message: messageOf(error) });
    } finally {
      if (this.#running.get(id) === controller) this.#running.delete(id);
    }
  }

  #settle(id: number): { resolve: (value: unknown) => void; reject: (error: Error) => void } | undefined {
    const found = this.#pending.get(id);
    this.#pending.delete(id);
    return found;
  }
}

/** What is told to a page that is not there, until it starts: the last of each kind, and no answers, which nobody waits for any more. */
export class Outbox {
  readonly #last = new Map<string, Message>();

  add(message: Message): void {
    if (message.kind !== 'notification') return;
    this.#last.delete(message.name);
    this.#last.set(message.name, message);
  }

  /** In the order they were said; then it is empty. */
  take(): Message[] {
    const messages = [...this.#last.values()];
    this.#last.clear();
    return messages;
  }
}
