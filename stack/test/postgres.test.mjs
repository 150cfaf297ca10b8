import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { outsideFolder } from '../binaries.mjs';
import { adviceFor, checkOwnServer, readConnection, writeProfile } from '../connection.mjs';
import { childEnv, placeOf } from '../paths.mjs';
import { checkMajor, freePort, holdPostgres, mainCluster, postgresService } from '../postgres.mjs';
import { identityOf, run, running } from '../processes.mjs';
import { leftovers, refuseWhileRunning } from '../reset.mjs';
import { eventually, hostileFolder, ROOT } from './helpers.mjs';

const { default: pg } = await import('pg');

/** A local folder of its own in a hostile path, with the checkout's programs. */
function ownPlace(t) {
  const local = path.join(hostileFolder(t), 'local');
  t.after(() => fs.rmSync(outsideFolder(local), { recursive: true, force: true }));
  return placeOf({ ATTRIBUTION_LOCAL_DIR: local }, ROOT);
}

async function query(connection, sql) {
  const client = new pg.Client({ ...connection, database: connection.dbname });
  await client.connect();
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows;
  } finally {
    await client.end();
  }
}

test('the server of a new local folder: loopback only, encrypted passwords, the settings it needs', async (t) => {
  const place = ownPlace(t);
  const { holder, connection } = await holdPostgres(place, mainCluster(place));
  t.after(() => holder.release());
  const names = ['listen_addresses', 'unix_socket_directories', 'wal_level', 'jit', 'TimeZone', 'fsync', 'server_encoding', 'max_wal_size'];
  const settings = await query(connection, `select ${names.map((name) => `current_setting('${name}')`).join(', ')}`);
  assert.deepEqual(settings[0], ['127.0.0.1', '', 'minimal', 'off', 'UTC', 'on', 'UTF8', '4GB']);
  assert.deepEqual(await query(connection, 'select datcollate from pg_database where datname = current_database()'), [['C']]);
  await assert.rejects(query({ ...connection, password: 'wrong' }, 'select 1'), { code: '28P01' });
  assert.equal(fs.statSync(mainCluster(place).connection).mode & 0o777, 0o600);
  assert.deepEqual(Object.keys(readConnection(mainCluster(place).connection)), ['host', 'port', 'user', 'password', 'dbname']);
  const files = fs.readdirSync(place.local).join(' ');
  assert.ok(!/password|\.new/.test(files), files);
  const args = fs.readFileSync(`/proc/${holder.pid}/cmdline`, 'utf8');
  assert.ok(args.includes('postgres') && !args.includes(connection.password));
  assert.ok(!fs.readFileSync(path.join(place.logs, 'postgres.log'), 'utf8').includes(connection.password));
  assert.throws(() => refuseWhileRunning(place), /PostgreSQL is running/);
});

test('data and password stay over a restart; the port moves when something else has it; a lost connection.json is made again', async (t) => {
  const place = ownPlace(t);
  const cluster = mainCluster(place);
  const first = await holdPostgres(place, cluster);
  await query(first.connection, 'create table kept (x int)');
  await first.holder.release();
  assert.equal(running(postgresService(place)), undefined);
  const squatter = net.createServer();
  await new Promise((resolve) => squatter.listen(first.connection.port, '127.0.0.1', resolve));
  t.after(() => squatter.close());
  fs.rmSync(cluster.connection);
  fs.writeFileSync(cluster.connection, JSON.stringify(first.connection));
  const second = await holdPostgres(place, cluster);
  assert.notEqual(second.connection.port, first.connection.port);
  assert.equal(second.connection.password, first.connection.password);
  assert.deepEqual(await query(second.connection, 'select * from kept'), []);
  await second.holder.release();
  fs.rmSync(cluster.connection);
  const third = await holdPostgres(place, cluster);
  assert.notEqual(third.connection.password, first.connection.password);
  assert.deepEqual(await query(third.connection, 'select * from kept'), []);
  await third.holder.release();
});

test('an orphan server without guard and state file is found by its data folder', async (t) => {
  const place = ownPlace(t);
  const first = await holdPostgres(place, mainCluster(place));
  const state = running(postgresService(place));
  // A stopped holder cannot clean up: this process is the holder, so only the guard goes, and its file
  process.kill(state.guard, 'SIGKILL');
  fs.rmSync(postgresService(place).stateFile);
  await first.holder.ended;
  assert.ok(identityOf(first.holder.pid), 'an orphan');
  const second = await holdPostgres(place, mainCluster(place));
  assert.equal(identityOf(first.holder.pid), undefined);
  await second.holder.release();
});

test('a server that is killed with SIGKILL recovers at the next start', async (t) => {
  const place = ownPlace(t);
  const first = await holdPostgres(place, mainCluster(place));
  await query(first.connection, 'create table kept as select 1 as x');
  process.kill(first.holder.pid, 'SIGKILL');
  assert.match(await first.holder.ended, /PostgreSQL ended by itself \(SIGKILL\)/);
  const second = await holdPostgres(place, mainCluster(place));
  assert.deepEqual(await query(second.connection, 'select * from kept'), [[1]]);
  await second.holder.release();
});

test('a root whose checkout the server cannot reach gets a folder outside, and reset covers it', { skip: process.getuid() !== 0 && 'only for root' }, async (t) => {
  const place = ownPlace(t);
  fs.chmodSync(path.dirname(place.local), 0o700);
  const { holder, connection, installation } = await holdPostgres(place, mainCluster(place));
  const outside = outsideFolder(place.local);
  assert.equal(installation.data, path.join(outside, 'postgres'));
  assert.equal(fs.statSync(outside).mode & 0o777, 0o711);
  assert.equal(fs.statSync(installation.data).mode & 0o777, 0o700);
  assert.notEqual(fs.statSync(installation.data).uid, 0);
  assert.deepEqual(await query(connection, 'select 1'), [[1]]);
  await holder.release();
  assert.ok(leftovers(place).some((item) => item.path === outside && item.bytes > 1e7));
  // Once there it stays there: its data must not vanish from sight
  fs.chmodSync(path.dirname(place.local), 0o755);
  const again = await holdPostgres(place, mainCluster(place));
  assert.equal(again.installation.data, installation.data);
  await again.holder.release();
});

test('a data folder of another major version is refused and left alone', (t) => {
  const data = hostileFolder(t);
  fs.writeFileSync(path.join(data, 'PG_VERSION'), '15\n');
  assert.throws(() => checkMajor({ data, version: '18.4' }), /belongs to PostgreSQL 15, this is PostgreSQL 18\.4\. Nothing was touched[^]*npm run reset/);
  checkMajor({ data, version: '15.18' });
  assert.deepEqual(fs.readdirSync(data), ['PG_VERSION']);
});

test('two who look for a port get the next free one', async (t) => {
  const server = net.createServer();
  const port = await freePort(54_700);
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  t.after(() => server.close());
  assert.ok((await freePort(port)) > port);
});

test('PGHOST: a dead port, a wrong password and a missing database each say what to do; a server that fits is used', async (t) => {
  const place = ownPlace(t);
  const { holder, connection } = await holdPostgres(place, mainCluster(place));
  t.after(() => holder.release());
  const env = { PATH: process.env.PATH, PGHOST: connection.host, PGPORT: String(connection.port), PGUSER: connection.user, PGPASSWORD: connection.password, PGDATABASE: connection.dbname };
  assert.match((await checkOwnServer(place, { env })).version, /^18\./);
  await assert.rejects(checkOwnServer(place, { env: { ...env, PGPORT: String(await freePort(54_800)) } }), /refused[^]*Start that server, or correct PGHOST and PGPORT/);
  await assert.rejects(checkOwnServer(place, { env: { ...env, PGPASSWORD: 'canary-wrong' } }), (error) => /Check PGUSER and PGPASSWORD/.test(error.message) && !error.message.includes('canary-wrong'));
  await assert.rejects(checkOwnServer(place, { env: { ...env, PGDATABASE: 'nowhere' } }), /"nowhere" does not exist[^]*createdb/);
  await query(connection, "create database latin encoding 'LATIN1' template template0");
  await assert.rejects(checkOwnServer(place, { env: { ...env, PGDATABASE: 'latin' } }), /encoding is LATIN1, UTF8 is needed/);
  assert.match(adviceFor('no password supplied', env), /PGPASSWORD/);
});

/** dbt's own rendering of the profile, with its own Jinja. */
const RENDER = `
import json, sys
from dbt.config.renderer import ProfileRenderer
from dbt_common.context import set_invocation_context
import os, yaml
set_invocation_context(dict(os.environ))
profile = yaml.safe_load(open(sys.argv[1]))["attribution"]["outputs"]["dev"]
print(json.dumps(ProfileRenderer({}).render_data(profile)))
`;

test('the profile: our server without PGHOST, libpq\'s meaning with it; the bare template serves where all is set', async (t) => {
  const place = ownPlace(t);
  const ours = { host: '127.0.0.1', port: 54321, user: 'attribution', password: 'a-b_c$&', dbname: 'attribution' };
  writeProfile(place, ours);
  const file = path.join(place.profilesDir, 'profiles.yml');
  assert.equal(fs.statSync(file).mode & 0o777, 0o600);
  assert.equal(childEnv(place).DBT_PROFILES_DIR, place.profilesDir);
  const render = async (profile, env) => {
    const { output, code } = await run(place.python, ['-c', RENDER, profile], { env: { PATH: process.env.PATH, USER: 'me', ...env }, output: 'capture' });
    assert.equal(code, 0, output);
    const { host, port, user, password, dbname } = JSON.parse(output.trim().split('\n').at(-1));
    return { host, port: Number(port), user, password, dbname };
  };
  assert.deepEqual(await render(file, { PGPORT: '1', PGUSER: 'other' }), ours);
  assert.deepEqual(await render(file, { PGHOST: 'there' }), { host: 'there', port: 5432, user: 'me', password: '', dbname: 'me' });
  const all = { PGHOST: 'there', PGPORT: '7', PGUSER: 'u', PGPASSWORD: 'p', PGDATABASE: 'd' };
  const template = path.join(ROOT, 'stack', 'profiles.template.yml');
  assert.deepEqual(await render(template, all), { host: 'there', port: 7, user: 'u', password: 'p', dbname: 'd' });
  const before = fs.statSync(file).mtimeMs;
  writeProfile(place, ours);
  assert.ok(await eventually(() => fs.statSync(file).mtimeMs === before, 100), 'an unchanged profile is not written again');
});
