import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { outsideFolder } from '../binaries.mjs';
import { placeOf } from '../paths.mjs';
import { holdPostgres, mainCluster } from '../postgres.mjs';
import { PREVIEW_ROLE, previewFile } from '../previewRole.mjs';
import { hostileFolder, ROOT } from './helpers.mjs';

const { default: pg } = await import('pg');

test('the preview role logs in and reads every table, later ones too, and can do nothing else; a lost file gives it a new password', async (t) => {
  const local = path.join(hostileFolder(t), 'local');
  t.after(() => fs.rmSync(outsideFolder(local), { recursive: true, force: true }));
  const place = placeOf({ ATTRIBUTION_LOCAL_DIR: local }, ROOT);
  const first = await holdPostgres(place, mainCluster(place));
  t.after(() => first.holder.release());
  const session = async (login, work) => {
    const client = new pg.Client({ ...first.connection, database: first.connection.dbname, ...login });
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  };
  const role = () => JSON.parse(fs.readFileSync(previewFile(place), 'utf8'));
  assert.equal(fs.statSync(previewFile(place)).mode & 0o777, 0o600);
  await session({}, (owner) => owner.query('create schema late; create table late.rows as select 1 as x; create table public.mine (x int)'));
  await session(role(), async (client) => {
    assert.deepEqual((await client.query('select x, current_user from late.rows')).rows, [{ x: 1, current_user: PREVIEW_ROLE }]);
    const { rows } = await client.query('select rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls from pg_roles where rolname = current_user');
    assert.deepEqual(new Set(Object.values(rows[0])), new Set([false]));
    // Its default can be undone by whoever sends SQL: what it may not do must hold without it
    await client.query('set default_transaction_read_only = off');
    for (const sql of ['insert into late.rows values (2)', 'drop table late.rows', 'create table public.other (x int)', 'create schema other', 'truncate public.mine', "copy late.rows to program 'touch ran'", 'set role attribution', 'create database other']) {
      await assert.rejects(client.query(sql), { code: /42501|42602/ }, sql);
    }
  });
  const before = role().password;
  const log = fs.readFileSync(path.join(place.logs, 'postgres.log'), 'utf8');
  assert.ok(!log.includes(before));
  const second = await holdPostgres(place, mainCluster(place));
  assert.equal(role().password, before);
  await second.holder.release();
  fs.rmSync(previewFile(place));
  const third = await holdPostgres(place, mainCluster(place));
  assert.notEqual(role().password, before);
  await session(role(), (client) => client.query('select 1'));
  await assert.rejects(session({ ...role(), password: before }, () => {}), { code: '28P01' });
  await third.holder.release();
});
