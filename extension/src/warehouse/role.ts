/** The role that previews run as: the stack's in its own server, to be created by hand elsewhere. */
import fs from 'node:fs/promises';
import path from 'node:path';
import type { Connection } from '../dbt/types';
import { quoteIdentifier } from './identifiers';

export interface Credentials {
  user: string;
  password: string;
}

/**
 * The preview role's login, where the connection leads to the server that the stack runs on this folder's data.
 * @param local the local folder (`.local`), with the stack's connection.json and preview.json
 */
export async function stackCredentials(local: string, { host, port }: Connection): Promise<Credentials | undefined> {
  try {
    const read = async (name: string): Promise<Partial<Connection>> => JSON.parse(await fs.readFile(path.join(local, name), 'utf8')) as Partial<Connection>;
    const [server, role] = await Promise.all([read('connection.json'), read('preview.json')]);
    const ours = isLoopback(host) && isLoopback(server.host ?? '') && server.port === port;
    return ours && role.user && role.password ? { user: role.user, password: role.password } : undefined;
  } catch {
    // Without the stack's files it is somebody else's server
    return undefined;
  }
}

/** The part of VS Code's SecretStorage that is needed here. */
interface Secrets {
  get(key: string): PromiseLike<string | undefined>;
}

export const PREVIEW_ROLE = 'attribution_preview';

/** Where the password of a foreign server's preview role is kept in SecretStorage. */
export const secretKey = ({ host, port, dbname }: Connection): string => `attribution.preview:${host}:${port}/${dbname}`;

/** The preview role's login on a server of the user's own, where its password was entered. */
export async function storedCredentials(secrets: Secrets, connection: Connection): Promise<Credentials | undefined> {
  const password = await secrets.get(secretKey(connection));
  return password === undefined ? undefined : { user: PREVIEW_ROLE, password };
}

export const isLoopback = (host: string): boolean => ['127.0.0.1', 'localhost', '::1'].includes(host);

/** What an administrator of a foreign server runs to have previews use a role that can only read. */
export function createRoleSql({ dbname, user }: Connection, schemas: readonly string[]): string {
  const lines = schemas.flatMap((schema) => [
    `grant usage on schema ${quoteIdentifier(schema)} to attribution_preview;`,
    `grant select on all tables in schema ${quoteIdentifier(schema)} to attribution_preview;`,
    `-- dbt makes its tables anew: the next ones must be readable too`,
    `alter default privileges for role ${quoteIdentifier(user)} in schema ${quoteIdentifier(schema)} grant select on tables to attribution_preview;`,
  ]);
  return [
    '-- Run as an administrator of the server, with a password of your own; enter it in the preview afterwards',
    "create role attribution_preview login password 'choose one' nosuperuser nocreatedb nocreaterole;",
    'alter role attribution_preview set default_transaction_read_only = on;',
    `grant connect on database ${quoteIdentifier(dbname)} to attribution_preview;`,
    ...lines,
    '',
  ].join('\n');
}
