/** Subscriptions over a websocket, in the legacy `graphql-ws` subprotocol that Dagster speaks. */
import WebSocket from 'ws';
import type { Disposable } from '../base/events';
import type { DagsterClient } from './client';
import type { Operation } from './operations';

const HANDSHAKE_MS = 5000;
const PING_MS = 10_000;

export interface BellHandlers {
  /** the subscription has something */
  ring: () => void;
  /** the socket is open and the subscription accepted */
  open?: () => void;
  /** called once, however it ended, unless it was disposed */
  close: () => void;
}

interface Message { type?: string }

/** One subscription on a socket of its own. It only rings: what happened is asked for over HTTP, so that each event is read once. */
export class Bell implements Disposable {
  #socket: WebSocket | undefined;
  #closed = false;
  #ping: NodeJS.Timeout | undefined;

  constructor(client: DagsterClient, operation: Operation<unknown, unknown>, variables: unknown, private readonly handlers: BellHandlers) {
    void this.#open(client, operation, variables);
  }

  dispose(): void {
    this.#closed = true;
    clearInterval(this.#ping);
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ id: '1', type: 'stop' }));
    // What did not open yet is cut off, which `close` would wait for
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.close();
    else this.#socket?.terminate();
  }

  async #open(client: DagsterClient, { name, text }: Operation<unknown, unknown>, variables: unknown): Promise<void> {
    try {
      const headers = await client.headers();
      // Disposed while the headers were fetched
      if (this.#closed) return;
      const socket = new WebSocket(`${client.url.replace(/^http/, 'ws')}/graphql`, 'graphql-ws', {
        headers, handshakeTimeout: HANDSHAKE_MS, followRedirects: false, maxPayload: client.maxBytes, perMessageDeflate: false,
      });
      this.#socket = socket;
      socket.on('open', () => {
        socket.send(JSON.stringify({ type: 'connection_init', payload: {} }));
        this.#watch(socket);
      });
      socket.on('message', (data) => this.#receive(socket, parse(data), { query: text, variables, operationName: name }));
      socket.on('error', () => this.#end());
      socket.on('close', () => this.#end());
    } catch {
      this.#end();
    }
  }

  #receive(socket: WebSocket, { type }: Message, payload: object): void {
    if (type === 'connection_ack') {
      socket.send(JSON.stringify({ id: '1', type: 'start', payload }));
      this.handlers.open?.();
    } else if (type === 'data') {
      if (!this.#closed) this.handlers.ring();
    } else if (type === 'error' || type === 'complete' || type === 'connection_error') {
      socket.close();
    }
  }

  /** Dagster sends no keep-alive: a connection that hangs is found by asking. */
  #watch(socket: WebSocket): void {
    let alive = true;
    socket.on('pong', () => (alive = true));
    this.#ping = setInterval(() => {
      if (alive) socket.ping();
      else socket.terminate();
      alive = false;
    }, PING_MS);
    this.#ping.unref();
  }

  #end(): void {
    clearInterval(this.#ping);
    if (this.#closed) return;
    this.#closed = true;
    this.#socket?.terminate();
    this.handlers.close();
  }
}

function parse(data: WebSocket.RawData): Message {
  try {
    const bytes = Array.isArray(data) ? Buffer.concat(data) : data instanceof ArrayBuffer ? Buffer.from(data) : data;
    return JSON.parse(bytes.toString('utf8')) as Message;
  } catch {
    return {};
  }
}
