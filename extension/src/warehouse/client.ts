/** One connection of `pg`: how it is opened, what its session means, how its query is stopped. */
import net from 'node:net';
import pg from 'pg';
import type { Connection } from '../dbt/types';
import { messageOf } from '../base/errors';
import { isLoopback, type Credentials } from './role';

const CONNECT_MS = 8000;
const MAX_BYTES = 200 * 1024 * 1024;

export type Login = Pick<Connection, 'host' | 'port' | 'dbname' | 'sslmode'> & Credentials;
type Ssl = false | { rejectUnauthorized: boolean };

/** What libpq's sslmode tries, in its order; on this machine itself nothing is won by asking for encryption first. */
function sslAttempts({ host, sslmode = 'prefer' }: Login): Ssl[] {
  switch (sslmode === 'prefer' && (isLoopback(host) || host.startsWith('/')) ? 'allow' : sslmode) {
    case 'disable': return [false];
    case 'allow': return [false, { rejectUnauthorized: false }];
    case 'require': return [{ rejectUnauthorized: false }];
    case 'verify-ca': case 'verify-full': return [{ rejectUnauthorized: true }];
    default: return [{ rejectUnauthorized: false }, false];
  }
}

export interface Pools {
  pool: pg.Pool;
  /** one connection beside the pool, for questions that must not wait for it */
  watcher: pg.Pool;
}

/** Opens the pools of this login, by the first way of its sslmode that the server takes; nothing is left open where none does. */
export async function openPools(login: Login, size: number): Promise<Pools> {
  const attempts = sslAttempts(login);
  for (const [index, ssl] of attempts.entries()) {
    const pool = newPool(login, ssl, size);
    try {
      (await pool.connect()).release();
      return { pool, watcher: newPool(login, ssl, 1) };
    } catch (error) {
      await pool.end().catch(() => {});
      const another = /does not support SSL|no encryption|SSL off|SSL encryption/i.test(messageOf(error));
      if (!another || index === attempts.length - 1) throw error;
    }
  }
  throw new Error('There is no way to connect.');
}

function newPool({ host, port, user, password, dbname }: Login, ssl: Ssl, max: number): pg.Pool {
  const pool = new pg.Pool({
    host, port, user, password, database: dbname, ssl, max, keepAlive: true,
    idleTimeoutMillis: 30_000, connectionTimeoutMillis: CONNECT_MS, application_name: 'attribution-workbench', allowExitOnIdle: true,
  });
  // An idle connection that breaks is replaced at the next use
  pool.on('error', () => {});
  // One that breaks in use rejects its query, which says all
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

/**
 * Opens the transaction of one read: nothing can be written, values print exactly and the same everywhere, and the
 * server stops by itself.
 * @param timeout milliseconds
 */
export async function begin(client: pg.PoolClient, timeout: number): Promise<void> {
  await client.query(`begin isolation level read committed read only; set local statement_timeout = ${Math.ceil(timeout)};
    set local datestyle = 'ISO, YMD'; set local intervalstyle = 'postgres'; set local timezone = 'UTC'; set local extra_float_digits = 1; set local bytea_output = 'hex'`);
}

export interface RawResult {
  fields: pg.FieldDef[];
  rows: (string | null)[][];
}

/** One statement by the extended protocol: several in one text are refused. Every value is the server's own text. */
export async function runOne(client: pg.PoolClient, text: string, values: readonly unknown[]): Promise<RawResult> {
  let bytes = 0;
  const take = (value: string): string => {
    bytes += value.length;
    if (bytes > MAX_BYTES) throw new Error(`The answer is larger than ${MAX_BYTES / 1024 / 1024} MB. Ask for fewer rows or columns.`);
    return value;
  };
  const config = { text, values: [...values], rowMode: 'array' as const, queryMode: 'extended', types: { getTypeParser: () => take } };
  const { fields, rows } = await client.query<(string | null)[]>(config as unknown as pg.QueryArrayConfig);
  return { fields, rows };
}

/**
 * Asks the server to stop what the connection does, as the protocol says: on a connection of its own, which needs no login
 * and so works when every other one is taken. Resolves when the request is through, or could not be made.
 */
export async function cancel(client: pg.PoolClient, { host, port }: Login): Promise<void> {
  const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
  const request = Buffer.alloc(16);
  for (const [index, value] of [16, 80_877_102, processID, secretKey].entries()) request.writeInt32BE(value, index * 4);
  await new Promise<void>((resolve) => {
    const socket = host.startsWith('/') ? net.connect(`${host}/.s.PGSQL.${port}`) : net.connect(port, host);
    socket.setTimeout(2000, () => socket.destroy());
    socket.on('error', () => {});
    socket.once('close', () => resolve());
    socket.end(request);
  });
}

/** The server's process of a connection. */
export const processOf = (client: pg.PoolClient): number => (client as unknown as { processID: number }).processID;

/** Cuts a connection off without waiting for the server. */
export const cut = (client: pg.PoolClient): unknown => (client as unknown as { connection: { stream: net.Socket } }).connection.stream.destroy();
