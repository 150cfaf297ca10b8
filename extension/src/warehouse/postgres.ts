/** PostgreSQL, read-only, as the whole extension reads it. */
import type pg from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cancelled, HumanError } from '../base/errors';
import { Emitter, type Disposable } from '../base/events';
import type { Connection } from '../dbt/types';
import type { ConfigValue } from '../platform/config';
import { begin, cancel, cut, openPools, processOf, runOne, type Login, type Pools, type RawResult } from './client';
import { isLostConnection, isRefusedLogin, isStarting, queryError, timedOut, unavailable } from './errors';
import type { Credentials } from './role';
import type { Access, Parameter, QueryOptions, Reader, ReadingWarehouse, Rows, WarehouseState } from './types';

const POOL_SIZE = 8;
/** How long a query runs before it looks whether somebody waits for it, and how often it looks then. */
const LOOK_MS = 300;
const GIVE_WAY_TIMES = 5;
/** How long a cancelled query may take to end before its connection is cut. */
const CANCEL_MS = 2000;
const STARTING_MS = 5000;

export interface WarehouseOptions {
  connection: () => Promise<Connection>;
  /** the login of the preview role; undefined where the server has none */
  previewCredentials: (connection: Connection) => Credentials | undefined | Promise<Credentials | undefined>;
  /** seconds */
  timeout: ConfigValue<number>;
  /** what goes in front of every schema's name */
  schemaPrefix: () => string;
}

interface Open extends Pools {
  login: Login;
}

type Work<T> = (query: (sql: string, parameters?: readonly Parameter[]) => Promise<RawResult>, client: pg.PoolClient) => Promise<T>;

/** Somebody waits for a lock that this read holds: give way, then read again. */
class GaveWay extends Error {}

export class PostgresWarehouse implements ReadingWarehouse, Disposable {
  readonly #changed = new Emitter<void>();
  readonly #types = new Map<string, string>();
  readonly onDidChange = this.#changed.event;
  #state: WarehouseState = { kind: 'unknown' };
  #open: { key: string; pools: Promise<Open> } | undefined;

  constructor(private readonly options: WarehouseOptions) {}

  get state(): WarehouseState {
    return this.#state;
  }

  schema(name: 'raw' | 'staging' | 'intermediate' | 'marts'): string {
    return `${this.options.schemaPrefix()}${name}`;
  }

  connection(): Promise<Connection> {
    return this.options.connection();
  }

  query(sql: string, parameters: readonly Parameter[] = [], options: QueryOptions = {}): Promise<Rows> {
    return this.#read(async (query, client) => this.#rowsOf(client, await query(sql, parameters)), options);
  }

  read<T>(work: (query: Reader) => Promise<T>, options: QueryOptions = {}): Promise<T> {
    return this.#read(work, options);
  }

  async #read<T>(work: Work<T>, { signal, timeout = this.options.timeout.value * 1000 }: QueryOptions): Promise<T> {
    let lost = false;
    for (let gaveWay = 0; ;) {
      if (signal?.aborted) throw new Cancelled();
      const open = await this.#opened();
      const client = await this.#client(open, signal);
      try {
        return await this.#transact(open, client, work, timeout, signal);
      } catch (error) {
        if (error instanceof GaveWay && gaveWay++ < GIVE_WAY_TIMES) continue;
        if (error instanceof GaveWay) throw new HumanError('The table is being changed all the time, so that reading it never came to an end. Try again later.');
        // Reading again does no harm, and a server that was restarted answers by then
        if (isLostConnection(error) && !lost) {
          lost = true;
          continue;
        }
        if (isLostConnection(error)) throw this.#unavailable(error, open.login);
        throw queryError(error, timeout);
      }
    }
  }

  /** Forgets the connections: the next query asks for the connection and the role again. */
  async reset(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await close(open?.pools);
  }

  dispose(): void {
    void this.reset();
    this.#changed.dispose();
  }

  // ---- one transaction

  async #transact<T>(open: Open, client: pg.PoolClient, work: Work<T>, timeout: number, signal?: AbortSignal): Promise<T> {
    let reason: Error | undefined;
    let cancelling: Promise<void> | undefined;
    let last: NodeJS.Timeout | undefined;
    let ended = false;
    const stop = (why: Error): void => {
      // The answer to a look may come late: the connection is somebody else's by then
      if (reason || ended) return;
      reason = why;
      cancelling = cancel(client, open.login);
      last = setTimeout(() => cut(client), CANCEL_MS);
    };
    const abort = (): void => stop(new Cancelled());
    signal?.addEventListener('abort', abort, { once: true });
    const timer = setTimeout(() => stop(timedOut(timeout)), timeout);
    const look = setInterval(() => void this.#somebodyWaits(open, client).then((waits) => waits && stop(new GaveWay())), LOOK_MS);
    const end = async (error?: unknown): Promise<void> => {
      ended = true;
      clearTimeout(timer);
      clearInterval(look);
      signal?.removeEventListener('abort', abort);
      // A request to cancel that is still on its way would hit whoever uses the connection next
      await cancelling;
      last ??= setTimeout(() => cut(client), CANCEL_MS);
      const broken = isLostConnection(error) || await client.query('rollback').then(() => false, () => true);
      clearTimeout(last);
      client.release(broken);
    };
    try {
      await begin(client, timeout);
      const result = await work(async (sql, parameters = []) => {
        if (reason) throw reason;
        return await runOne(client, sql, parameters);
      }, client);
      // Nobody needs to wait for the rollback of what is read already
      void end();
      return result;
    } catch (error) {
      await end(error);
      throw reason ?? error;
    }
  }

  /** Adds the types' names, which the server's answer has as numbers only. */
  async #rowsOf(client: pg.PoolClient, { fields, rows }: RawResult): Promise<Rows> {
    const key = ({ dataTypeID, dataTypeModifier }: pg.FieldDef): string => `${dataTypeID} ${dataTypeModifier}`;
    const unknown = fields.filter((field) => !this.#types.has(key(field)));
    if (unknown.length > 0) {
      const named = await runOne(client, 'select pg_catalog.format_type(type, modifier) from unnest($1::oid[], $2::int[]) as fields (type, modifier)', [
        unknown.map(({ dataTypeID }) => dataTypeID), unknown.map(({ dataTypeModifier }) => dataTypeModifier),
      ]);
      for (const [index, field] of unknown.entries()) this.#types.set(key(field), named.rows[index]?.[0] ?? '');
    }
    return { columns: fields.map((field) => ({ name: field.name, type: this.#types.get(key(field)) ?? '' })), rows };
  }

  /** Whether another session waits for a lock that this one holds: a materialization must never wait for a reader. */
  async #somebodyWaits({ watcher }: Open, client: pg.PoolClient): Promise<boolean> {
    try {
      const sql = 'select exists (select from pg_catalog.pg_locks where not granted and $1 = any(pg_catalog.pg_blocking_pids(pid))) as waits';
      return (await watcher.query<{ waits: boolean }>(sql, [processOf(client)])).rows[0]?.waits === true;
    } catch {
      return false;
    }
  }

  // ---- connections

  async #client({ pool, login }: Open, signal?: AbortSignal): Promise<pg.PoolClient> {
    for (const end = Date.now() + STARTING_MS; ;) {
      if (signal?.aborted) throw new Cancelled();
      try {
        return await pool.connect();
      } catch (error) {
        if (!isStarting(error) || Date.now() > end) throw this.#unavailable(error, login);
        await sleep(100);
      }
    }
  }

  async #opened(): Promise<Open> {
    const connection = await this.options.connection();
    const key = JSON.stringify(connection);
    if (this.#open?.key !== key) {
      void close(this.#open?.pools);
      this.#types.clear();
      const opening = { key, pools: this.#connect(connection) };
      this.#open = opening;
      // The next query tries again
      opening.pools.catch(() => (this.#open = this.#open === opening ? undefined : this.#open));
    }
    return await this.#open.pools;
  }

  async #connect(connection: Connection): Promise<Open> {
    let preview = await this.options.previewCredentials(connection);
    for (const end = Date.now() + STARTING_MS; ;) {
      const login: Login = preview ? { ...connection, ...preview } : connection;
      try {
        const pools = await openPools(login, POOL_SIZE);
        const access: Access = preview ? 'preview-role' : 'profile-role';
        this.#become({ kind: 'connected', server: `${login.host}:${login.port}`, database: login.dbname, access });
        return { ...pools, login };
      } catch (error) {
        if (preview && isRefusedLogin(error)) preview = undefined;
        else if (!isStarting(error) || Date.now() > end) throw this.#unavailable(error, login);
        else await sleep(100);
      }
    }
  }

  #unavailable(error: unknown, { host, port }: Login): Error {
    // The server may be elsewhere next time, or the role gone
    void this.reset();
    const words = unavailable(error, `${host}:${port}`);
    this.#become({ kind: 'unavailable', message: words.message });
    return words;
  }

  #become(state: WarehouseState): void {
    if (JSON.stringify(state) === JSON.stringify(this.#state)) return;
    this.#state = state;
    this.#changed.fire();
  }
}

async function close(opening: Promise<Open> | undefined): Promise<void> {
  const open = await opening?.catch(() => undefined);
  await Promise.all([open?.pool.end(), open?.watcher.end()]).catch(() => {});
}
