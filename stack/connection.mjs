/** Which server is used, and how the other parts learn of it: connection.json and dbt's profile. */
import fs from 'node:fs';
import path from 'node:path';
import { HumanError } from './errors.mjs';
import { readJson, replaceFile } from './files.mjs';
import { childEnv } from './paths.mjs';
import { run } from './processes.mjs';

const OLDEST_SERVER = 15;

/** @typedef {{host: string, port: number, user: string, password: string, dbname: string}} Connection */

/** @param {import('./paths.mjs').Place} place  @param {string} [name] */
export const connectionFile = (place, name = 'connection') => path.join(place.local, `${name}.json`);

/** @param {string} file  @returns {Connection | undefined} */
export function readConnection(file) {
  const found = readJson(file);
  return found?.port && found.password ? found : undefined;
}

/** @param {string} file  @param {Connection} connection */
export function writeConnection(file, connection) {
  replaceFile(file, `${JSON.stringify(connection, null, 2)}\n`);
}

const NOT_STARTED = { host: 'not-started-run-npm-run-db-first', port: 5432, user: 'attribution', password: '', dbname: 'attribution' };

/**
 * Writes dbt's profile where it changed.
 * @param {import('./paths.mjs').Place} place
 * @param {Connection} [connection] our server's; where it was never started, dbt's own error says how to start it
 */
export function writeProfile(place, connection) {
  let text = fs.readFileSync(path.join(place.root, 'stack', 'profiles.template.yml'), 'utf8');
  for (const [key, value] of Object.entries({ ...NOT_STARTED, ...connection })) {
    text = text.replaceAll(`__${key.toUpperCase()}__`, () => String(value));
  }
  const file = path.join(place.profilesDir, 'profiles.yml');
  const same = fs.existsSync(file) && fs.readFileSync(file, 'utf8') === text && (fs.statSync(file).mode & 0o077) === 0;
  if (!same) replaceFile(file, text);
}

// libpq itself is asked, so that services, password files and TLS mean what they mean everywhere else
const ASK = `
import json, psycopg
try:
    with psycopg.connect("", connect_timeout=10) as connection:
        info = connection.info
        row = connection.execute(
            "select current_setting('server_version_num')::int, current_setting('server_version'),"
            " pg_encoding_to_char(encoding), datname from pg_database where datname = current_database()"
        ).fetchone()
        print(json.dumps({"number": row[0], "version": row[1], "encoding": row[2], "dbname": row[3],
                          "host": info.host, "port": info.port, "user": info.user}))
except psycopg.Error as error:
    print(json.dumps({"error": str(error).strip()}))
`;

/**
 * Checks the server that PGHOST names, before anything is written to it.
 * @param {import('./paths.mjs').Place} place
 * @param {{env?: NodeJS.ProcessEnv, signal?: AbortSignal}} [options]
 * @returns {Promise<{host: string, port: number, user: string, dbname: string, version: string}>}
 * @throws {HumanError}
 */
export async function checkOwnServer(place, { env = process.env, signal } = {}) {
  const { output } = await run(place.python, ['-I', '-c', ASK], { cwd: place.root, env: childEnv(place, env), output: 'capture', signal });
  const line = output.trim().split('\n').at(-1) ?? '';
  const found = line.startsWith('{') ? JSON.parse(line) : { error: output.trim() };
  if (found.error) throw new HumanError(adviceFor(found.error, env));
  const where = `PostgreSQL ${found.version} on ${found.host}:${found.port}, database "${found.dbname}"`;
  if (found.number < OLDEST_SERVER * 10_000) {
    throw new HumanError(`${where}: PostgreSQL ${OLDEST_SERVER} or newer is needed. Point PGHOST to a newer server, or unset it to use the embedded one.`);
  }
  if (found.encoding !== 'UTF8') {
    throw new HumanError(`${where}: its encoding is ${found.encoding}, UTF8 is needed. Create another database (\`createdb --encoding=UTF8 --template=template0 attribution\`) and set PGDATABASE to it.`);
  }
  return found;
}

/**
 * @param {string} error libpq's words
 * @param {NodeJS.ProcessEnv} env
 * @returns {string} the words, and what to do
 */
export function adviceFor(error, env) {
  const advice = [
    [/password authentication failed|no password supplied|pg_hba/i, 'Check PGUSER and PGPASSWORD (or ~/.pgpass), and that the server lets this user in.'],
    [/database ".*" does not exist/i, 'Create the database (`createdb`), or set PGDATABASE to one that is there.'],
    [/role ".*" does not exist/i, 'Set PGUSER to a user of that server.'],
    [/could not translate host name|name or service not known/i, 'Check the spelling of PGHOST.'],
    [/refused|timeout|timed out|no such file|not known|unreachable/i, 'Start that server, or correct PGHOST and PGPORT.'],
  ].find(([pattern]) => pattern.test(error))?.[1] ?? 'Check the PG variables with `psql`.';
  return [
    `The server that PGHOST names (${env.PGHOST}:${env.PGPORT || 5432}) cannot be used:`,
    `  ${error.replaceAll('\n', '\n  ')}`,
    `${advice} Unset PGHOST to use the embedded server.`,
  ].join('\n');
}
