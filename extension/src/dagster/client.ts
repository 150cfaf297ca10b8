/** GraphQL over HTTP, with limits: Dagster may be anything that listens on that port. */
import { Cancelled, HumanError, messageOf, type Remedy } from '../base/errors';
import { COMMANDS } from '../contributions';
import { VERSION, type Operation } from './operations';

export type Trouble =
  /** nothing listens, or the connection broke */
  | 'unreachable'
  | 'slow'
  /** 401 or 403 */
  | 'refused'
  | 'redirect'
  | 'large'
  /** something else than Dagster answers */
  | 'foreign'
  /** Dagster answers that the question is wrong: it is older, newer or read-only */
  | 'graphql';

/** What went wrong with Dagster, in words. */
export class DagsterError extends HumanError {
  constructor(readonly trouble: Trouble, message: string, remedies: readonly Remedy[] = [], options?: ErrorOptions) {
    super(message, remedies, options);
  }

  /** Whether trying again later may help. */
  get passing(): boolean {
    return this.trouble === 'unreachable' || this.trouble === 'slow' || this.trouble === 'foreign';
  }
}

export type Headers = Readonly<Record<string, string>>;

export interface ClientOptions {
  /** sent to this Dagster only, never anywhere else; asked at each request so that they may change */
  headers?: (() => Promise<Headers>) | undefined;
  /** milliseconds for one request, its body included */
  timeout?: number;
  /** bytes of one answer */
  maxBytes?: number;
}

interface Call {
  signal?: AbortSignal | undefined;
  /** milliseconds */
  timeout?: number;
  /** never asked twice: it may have been heard although no answer came */
  once?: boolean;
}

const SHOW_STATUS: Remedy = { title: 'Show Status', command: COMMANDS.showStatus };
const SET_HEADERS: Remedy = { title: 'Set Headers…', command: COMMANDS.setDagsterHeaders };

/** One Dagster, at one address. */
export class DagsterClient {
  /** without a slash at its end; it may have a path */
  readonly url: string;
  readonly maxBytes: number;
  readonly #headers: () => Promise<Headers>;
  readonly #timeout: number;

  /** @throws DagsterError where the address is none */
  constructor(url: string, { headers = () => Promise.resolve({}), timeout = 10_000, maxBytes = 10_000_000 }: ClientOptions = {}) {
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) throw new DagsterError('foreign', `"${url}" is no address of Dagster. It looks like http://127.0.0.1:3000: correct the setting attribution.dagster.url.`);
    this.url = url.replace(/\/+$/, '');
    this.#headers = headers;
    this.#timeout = timeout;
    this.maxBytes = maxBytes;
  }

  headers(): Promise<Headers> {
    return this.#headers();
  }

  /** @returns Dagster's version  @throws DagsterError where something else answers, or nothing */
  async verify(signal?: AbortSignal): Promise<string> {
    const info = await this.#json('GET', '/server_info', undefined, { signal });
    if (typeof info !== 'object' || info === null || !('dagster_version' in info)) throw this.#foreign('its /server_info names no version');
    return (await this.query(VERSION, {}, { signal })).version;
  }

  /**
   * @returns the data, also when Dagster sent it with an error status
   * @throws DagsterError, or Cancelled when the signal was aborted
   */
  async query<Data, Variables>({ name, text }: Operation<Data, Variables>, variables: Variables, call: Call = {}): Promise<Data> {
    const body = JSON.stringify({ query: text, variables, operationName: name });
    const answer = await this.#json('POST', '/graphql', body, call);
    if (typeof answer !== 'object' || answer === null) throw this.#foreign('it sent no GraphQL');
    const { data, errors } = answer as { data?: Data | null; errors?: { message?: string }[] };
    if (data !== null && data !== undefined) return data;
    if (!Array.isArray(errors)) throw this.#foreign('it sent no GraphQL');
    throw new DagsterError('graphql', `Dagster at ${this.url} refuses "${name}": ${errors.map(({ message }) => message ?? 'without a word').join('; ')}`, [SHOW_STATUS]);
  }

  async #json(method: 'GET' | 'POST', path: string, body: string | undefined, call: Call): Promise<unknown> {
    try {
      return await this.#ask(method, path, body, call);
    } catch (error) {
      // A connection that was kept for the next question may have been closed meanwhile
      const broken = error instanceof DagsterError && error.trouble === 'unreachable' && BROKEN.has(codeOf(error.cause));
      if (!broken || call.once) throw error;
      return this.#ask(method, path, body, call);
    }
  }

  async #ask(method: 'GET' | 'POST', path: string, body: string | undefined, { signal, timeout = this.#timeout }: Call): Promise<unknown> {
    const limit = AbortSignal.timeout(timeout);
    const either = signal ? AbortSignal.any([limit, signal]) : limit;
    try {
      const extra = await this.#headers();
      const response = await fetch(this.url + path, {
        method, redirect: 'manual', signal: either,
        headers: { ...extra, accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { body }),
      });
      this.#checkStatus(response);
      return this.#parse(await this.#text(response), response);
    } catch (error) {
      if (signal?.aborted) throw new Cancelled();
      if (error instanceof DagsterError) throw error;
      if (limit.aborted) throw new DagsterError('slow', `Dagster at ${this.url} did not answer within ${Math.round(timeout / 1000)} s.`, [SHOW_STATUS], { cause: error });
      throw new DagsterError('unreachable', `Dagster does not answer at ${this.url} (${reasonOf(error)}).`, [{ title: 'Start Dagster', command: COMMANDS.startServices }], { cause: error });
    }
  }

  #checkStatus(response: Response): void {
    const { status } = response;
    if (status === 401 || status === 403) {
      void response.body?.cancel();
      throw new DagsterError('refused', `${this.url} refuses access (HTTP ${status}). Set the headers that it asks for; they are kept in the secret storage.`, [SET_HEADERS]);
    }
    if (status >= 300 && status < 400) {
      void response.body?.cancel();
      const to = response.headers.get('location');
      const origin = to !== null && URL.canParse(to, this.url) ? new URL(to, this.url).origin : 'somewhere else';
      throw new DagsterError('redirect', `${this.url} leads on to ${origin}. That is not followed, as it would take the headers along: set attribution.dagster.url to the address that Dagster itself has.`, [SHOW_STATUS]);
    }
  }

  async #text(response: Response): Promise<string> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    const reader = response.body?.getReader();
    for (;;) {
      const read = await reader?.read();
      if (!read?.value) return Buffer.concat(chunks).toString('utf8');
      size += read.value.length;
      if (size > this.maxBytes) {
        void reader?.cancel().catch(() => {});
        throw new DagsterError('large', `${this.url} sent more than ${Math.round(this.maxBytes / 1e6)} MB in one answer, so it was cut off. Is that Dagster?`, [SHOW_STATUS]);
      }
      chunks.push(read.value);
    }
  }

  #parse(text: string, { status, statusText }: Response): unknown {
    try {
      return JSON.parse(text);
    } catch {
      // Dagster sends valid data with HTTP 500 as well, so the body decides
      throw this.#foreign(status === 200 ? 'it sent something else than JSON' : `HTTP ${status} ${statusText}`.trim());
    }
  }

  #foreign(what: string): DagsterError {
    return new DagsterError('foreign', `Something else than Dagster answers at ${this.url}: ${what}. Correct the setting attribution.dagster.url, or free that port.`, [SHOW_STATUS]);
  }
}

const BROKEN = new Set<unknown>(['ECONNRESET', 'UND_ERR_SOCKET', 'EPIPE']);

/** The system's code of what `fetch` failed at. */
function codeOf(error: unknown): unknown {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return (cause as { code?: unknown } | undefined)?.code;
}

function reasonOf(error: unknown): string {
  const code = codeOf(error);
  if (code === 'ECONNREFUSED') return 'nothing listens there';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'that host is not known';
  if (BROKEN.has(code)) return 'the connection broke';
  return messageOf(error instanceof Error && error.cause !== undefined ? error.cause : error);
}
