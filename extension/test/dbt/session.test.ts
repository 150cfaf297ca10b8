/** The warm dbt as it is, on PostgreSQL as it is: what it compiles, and what it does when things go wrong. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { HumanError } from '../../src/base/errors';
import { COMMANDS } from '../../src/contributions';
import { DbtSession, PRIORITY, type DbtEvent, type SessionOptions } from '../../src/dbt/session';
import { run } from '../../src/environment/processes';
import { sampleDatabase, testPlace, type TestDatabase } from '../servers';
import { CHECKOUT, filesWith, hostileFolder, surroundings, write } from './environment';

const root = hostileFolder();
const shop = path.join(root, 'shop');
const model = (name: string): string => path.join(shop, 'models', `${name}.sql`);
let database: TestDatabase;
let options: SessionOptions;
let session: DbtSession;
const told: string[] = [];

before(async () => {
  database = await sampleDatabase();
  const { host, port, user, password, dbname } = database.connection;
  write(root, {
    '.env': `PGHOST=${host}\nPGPORT=${port}\nPGUSER=${user}\nPGPASSWORD=${password}\nPGDATABASE=${dbname}\nSHOP_WORD=first\n`,
    'shop/dbt_project.yml': 'name: shop\nversion: "1.0"\nprofile: shop\nvars: {days: 30}\nmodels:\n  shop: {+materialized: table}\nclean-targets: []\n',
    'shop/profiles.yml': `shop:
  target: dev
  outputs:
    dev: {type: postgres, threads: 2, host: "{{ env_var('PGHOST') }}", port: "{{ env_var('PGPORT') | as_number }}", user: "{{ env_var('PGUSER') }}", pass: "{{ env_var('PGPASSWORD') }}", dbname: "{{ env_var('PGDATABASE') }}", schema: shop}
`,
    'shop/models/base.sql': 'select 1 as one',
    'shop/models/quick.sql': "{{ config(materialized='ephemeral') }}\nselect 2 as two",
    'shop/models/top.sql': "select *, {{ var('days') }} as days\nfrom {{ ref('base') }}, {{ ref('quick') }}",
    'shop/models/word.sql': "select '{{ env_var('SHOP_WORD') }}' as word",
    'shop/models/slow.sql': '{% if execute %}{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}{% endif %}\nselect 1 as one',
    'shop/tests/passes.sql': "select * from {{ ref('base') }} where one > 1",
    'shop/tests/fails.sql': 'select 1 as wrong union all select 2',
    'shop/tests/sleeps.sql': 'select pg_sleep(60)::text as slept',
    'shop/models/base.yml': 'models:\n  - name: base\n    columns:\n      - name: one\n        data_tests: [not_null]\n',
  });
  await database.run('create schema shop');
  await database.run('create table shop.base as select 1 as one');
  options = {
    ...surroundings(root), script: path.join(CHECKOUT, 'extension/python/dbt_session.py'), folder: path.join(root, 'storage'), profilesDirectory: () => shop, target: () => '',
    log: (line) => told.push(line), limits: { cancel: 3000 },
  };
  session = new DbtSession(options);
});
after(async () => {
  const left = session.pids;
  session.dispose();
  await database.release();
  for (let tries = 0; tries < 100 && left.some(alive); tries++) await sleep(50);
  assert.deepEqual(left.filter(alive), []);
  fs.rmSync(root, { recursive: true, force: true });
});

const sqlOf = async (name: string, text = fs.readFileSync(model(name), 'utf8'), signal?: AbortSignal): Promise<string> => (await session.compile({ project: shop, file: model(name), text }, signal)).sql;
const refused = (work: Promise<unknown>, words: RegExp): Promise<void> => assert.rejects(work, (error: unknown) => {
  assert.ok(error instanceof HumanError, String(error));
  assert.match(error.message, words);
  return true;
});

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('compiling', () => {
  test('text as it is typed: its own this and config, ephemeral models, variables; new refs too', async () => {
    assert.equal(session.pids.length, 0, 'nothing runs before it is needed');
    const { dbname } = database.connection;
    const top = `with __dbt__cte__quick as (\n\nselect 2 as two\n) select *, 30 as days\nfrom "${dbname}"."shop"."base", __dbt__cte__quick`;
    assert.equal(await sqlOf('top'), top);
    assert.equal(await sqlOf('top', fs.readFileSync(model('top'), 'utf8') + '\nwhere true'), `${top}\nwhere true`);
    assert.equal(await sqlOf('base', "select 3 as three from {{ ref('word') }} -- {{ this }}"), `select 3 as three from "${dbname}"."shop"."word" -- "${dbname}"."shop"."base"`);
    assert.equal(await sqlOf('base', "{{ config(alias='other') }}select '{{ this }}'"), `select '"${dbname}"."shop"."other"'`);
    assert.equal(await sqlOf('base'), 'select 1 as one', 'what was laid over is gone');
    const { sql } = await session.compile({ project: shop, file: model('top'), text: fs.readFileSync(model('top'), 'utf8'), snippet: "select * from {{ ref('base') }} limit 1" });
    assert.equal(sql, `select * from "${dbname}"."shop"."base" limit 1`);
    assert.equal((await session.compile({ project: shop, text: "select {{ var('days') }} from {{ ref('base') }}" })).sql, `select 30 from "${dbname}"."shop"."base"`);
  });

  test('a file that is not saved yet, one that changed on disk, one that went', async () => {
    assert.equal(await sqlOf('fresh', "select * from {{ ref('base') }}"), `select * from "${database.connection.dbname}"."shop"."base"`);
    write(shop, { 'models/quick.sql': "{{ config(materialized='ephemeral') }}\nselect 22 as two" });
    assert.match(await sqlOf('top'), /select 22 as two/);
    write(shop, { 'models/gone.sql': 'select 1' });
    assert.equal(await sqlOf('gone'), 'select 1');
    fs.rmSync(model('gone'));
    assert.equal(await sqlOf('base'), 'select 1 as one');
    await refused(sqlOf('top', "select * from {{ ref('gone') }}"), /depends on a node named 'gone' which was not found/);
  });

  test('every model of the real project: exactly what dbt compile writes', async () => {
    const { python, dbt, local } = await testPlace();
    const target = path.join(root, 'target');
    const env = options.environment.variables;
    const done = await run(python, ['-m', 'dbt.cli.main', 'compile', '--project-dir', dbt, '--profiles-dir', local, '--target-path', target, '--log-path', path.join(root, 'logs')], { cwd: root, env, timeout: 60_000 });
    assert.equal(done.code, 0, done.stdout);
    const real = new DbtSession({ ...options, profilesDirectory: () => local });
    try {
      const compiled = path.join(target, 'compiled/attribution');
      const files = fs.readdirSync(path.join(dbt, 'models'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.sql'));
      assert.ok(files.length >= 15);
      for (const name of files) {
        const file = path.join(dbt, 'models', name);
        const { sql } = await real.compile({ project: dbt, file, text: fs.readFileSync(file, 'utf8') });
        assert.equal(sql, fs.readFileSync(path.join(compiled, 'models', name), 'utf8'), name);
      }
    } finally {
      real.dispose();
    }
  });

  test('what the person waits for overtakes what nobody asked for', async () => {
    const order: string[] = [];
    const ask = (name: string, priority: 0 | 1 | 2): Promise<unknown> => session.compile({ project: shop, file: model('base'), text: 'select 1', priority }).then(() => order.push(name));
    await Promise.all([ask('first', PRIORITY.idle), ask('check', PRIORITY.idle), ask('typing', PRIORITY.typing), ask('asked', PRIORITY.asked)]);
    assert.deepEqual(order, ['first', 'asked', 'typing', 'check']);
  });

  test('the project and its target folder are untouched, and the password is nowhere', () => {
    assert.deepEqual(fs.readdirSync(shop).sort(), ['dbt_project.yml', 'models', 'profiles.yml', 'tests']);
    assert.deepEqual(fs.readdirSync(path.join(root, 'storage'), { recursive: true }).filter((name) => path.basename(String(name)) === 'profiles.yml'), []);
    assert.deepEqual(filesWith(root, database.connection.password), ['.env']);
    assert.equal(told.join('\n').includes(database.connection.password), false);
  });
});

describe('commands', () => {
  test('results come one by one, failures are results, a list lists', async () => {
    const events: DbtEvent[] = [];
    const { results } = await session.invoke(shop, ['test', '--select', 'passes', 'fails'], (event) => events.push(event));
    assert.deepEqual(Object.fromEntries(results.map(({ uniqueId, status, failures }) => [uniqueId, [status, failures]])), { 'test.shop.passes': ['pass', 0], 'test.shop.fails': ['fail', 2] });
    assert.match(results.find(({ status }) => status === 'fail')?.sql ?? '', /select 1 as wrong/);
    const finished = events.filter(({ name }) => name === 'NodeFinished');
    assert.deepEqual(finished.map(({ node }) => node?.unique_id).sort(), ['test.shop.fails', 'test.shop.passes']);
    assert.deepEqual((await session.invoke(shop, ['list', '--select', 'passes'])).names, ['shop.passes']);
  });

  test('cancelled: interrupted at once, the query ends on the server, and compiling goes on meanwhile', async () => {
    const sleeping = async (): Promise<number> => (await database.run("select from pg_stat_activity where query like '%pg_sleep%' and state = 'active' and pid <> pg_backend_pid()")).rowCount ?? 0;
    const controller = new AbortController();
    const running = session.invoke(shop, ['test', '--select', 'sleeps'], undefined, controller.signal);
    running.catch(() => {});
    for (let tries = 0; tries < 400 && await sleeping() === 0; tries++) await sleep(50);
    assert.equal(await sleeping(), 1);
    assert.equal(await sqlOf('base'), 'select 1 as one');
    controller.abort();
    await assert.rejects(running, { name: 'Cancelled' });
    for (let tries = 0; tries < 200 && await sleeping() > 0; tries++) await sleep(50);
    assert.equal(await sleeping(), 0);
    assert.equal((await session.invoke(shop, ['test', '--select', 'passes'])).results[0]?.status, 'pass');
  });
});

describe('when things go wrong', () => {
  test('Jinja and refs that do not hold, in dbt\'s words; the rest of a broken project still compiles', async () => {
    await refused(sqlOf('top', "select {{ var('days' }}"), /top[^]*unexpected '}', expected '\)'/);
    await refused(sqlOf('top', 'select {{ nothing() }}'), /'nothing' is undefined/);
    write(shop, { 'models/broken.yml': 'models:\n  - name: [\n' });
    const compiled = await session.compile({ project: shop, file: model('base'), text: 'select 7 as seven' });
    assert.equal(compiled.sql, 'select 7 as seven');
    assert.match(compiled.older ?? '', /broken\.yml/);
    await refused(sqlOf('base', "select * from {{ ref('word') }}"), /broken\.yml/);
    fs.rmSync(path.join(shop, 'models/broken.yml'));
    assert.equal((await session.compile({ project: shop, file: model('base'), text: 'select 7 as seven' })).older, null);
  });

  test('packages that are missing are told and installed, and their macros compile until they are gone', async () => {
    write(root, { 'tools/dbt_project.yml': 'name: tools\nversion: "1.0"\n', 'tools/macros/three.sql': '{% macro three() %}3{% endmacro %}' });
    write(shop, { 'packages.yml': 'packages:\n  - local: ../tools\n' });
    const asked = session.compile({ project: shop, file: model('base'), text: 'select {{ tools.three() }} as three' });
    await assert.rejects(asked, (error: unknown) => error instanceof HumanError && /^Packages are missing: packages\.yml names 1, and dbt_packages has 0\./.test(error.message) && error.remedies[0]?.command === COMMANDS.installPackages);
    const said: string[] = [];
    await session.invoke(shop, ['deps'], ({ level, message }) => level === 'info' && said.push(message));
    assert.match(said.join('\n'), /Installing \.\.\/tools/);
    assert.equal(await sqlOf('base', 'select {{ tools.three() }} as three'), 'select 3 as three');
    for (const name of ['packages.yml', 'package-lock.yml', 'dbt_packages']) fs.rmSync(path.join(shop, name), { recursive: true, force: true });
    assert.equal(await sqlOf('base'), 'select 1 as one');
    await refused(sqlOf('base', 'select {{ tools.three() }} as three'), /tools/);
  });

  test('a killed process starts again by itself, a changed .env as well', async () => {
    const pid = session.pids[0] ?? 0;
    process.kill(pid, 'SIGKILL');
    assert.match(await sqlOf('word'), /'first'/);
    assert.notEqual(session.pids[0], pid);
    fs.writeFileSync(path.join(root, '.env'), fs.readFileSync(path.join(root, '.env'), 'utf8').replace('=first', '=second'));
    assert.match(await sqlOf('word'), /'second'/);
  });

  test('a model that hangs dbt: given up in time with what to do, nothing stays, and the next one compiles', async () => {
    const hanging = new DbtSession({ ...options, limits: { compile: 6000, cancel: 500 } });
    try {
      const compile = (name: string): Promise<unknown> => hanging.compile({ project: shop, file: model(name), text: fs.readFileSync(model(name), 'utf8') });
      await compile('base');
      const pids = hanging.pids;
      await refused(compile('slow'), /no answer within 6 seconds and was stopped\. Look at/);
      await compile('base');
      for (let tries = 0; tries < 100 && pids.some(alive); tries++) await sleep(50);
      assert.deepEqual(pids.filter(alive), []);
    } finally {
      hanging.dispose();
    }
  });

  test('no profile, no dbt, a dbt that does not fit, a folder that is not trusted', async () => {
    const other = (more: Partial<SessionOptions>): DbtSession => new DbtSession({ ...options, ...more });
    const compile = async (one: DbtSession, words: RegExp): Promise<void> => {
      await refused(one.compile({ project: shop, file: model('base'), text: 'select 1' }), words);
      one.dispose();
    };
    const fake = path.join(root, 'python-without-dbt');
    fs.writeFileSync(fake, '#!/bin/sh\nexec python3 -S -I "$@"\n', { mode: 0o755 });
    await compile(other({ profilesDirectory: () => path.join(root, 'nowhere') }), /nowhere/);
    await compile(other({ python: { find: () => Promise.resolve({ path: fake, version: '3', origin: '' }) } }), /dbt cannot be imported: .*Set the project up/);
    await compile(other({ allow: () => { throw new HumanError('This folder is not trusted.'); } }), /not trusted/);
    write(shop, { 'dbt_project.yml': `${fs.readFileSync(path.join(shop, 'dbt_project.yml'), 'utf8')}require-dbt-version: ">=9.0.0"\n` });
    await refused(sqlOf('base', "{{ ref('top') }}"), /version of dbt is not supported[^]*choose another interpreter/);
  });
});
