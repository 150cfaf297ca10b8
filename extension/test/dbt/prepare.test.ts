import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { DbtParseError } from '../../src/environment/parseError';
import { DbtPreparer, preparerOf } from '../../src/environment/prepare';
import { CHECKOUT, hostileFolder, surroundings, write } from './environment';

const root = hostileFolder();
after(() => fs.rmSync(root, { recursive: true, force: true }));
const dbt = path.join(root, 'dbt');
const dagster = path.join(root, 'dagster_project');
const ran: string[][] = [];
write(root, {
  'dbt/dbt_project.yml': 'name: shop\nprofile: shop\n',
  'dbt/profiles.yml': 'shop: {target: dev, outputs: {dev: {type: postgres, host: h, port: 1, user: u, password: p, dbname: d, schema: s}}}\n',
  'dbt/models/a.sql': 'select 1 as one',
});
for (const name of ['__init__.py', 'manifest.py', 'errors.py', 'paths.py']) {
  fs.mkdirSync(path.join(dagster, 'attribution_pipeline'), { recursive: true });
  fs.copyFileSync(path.join(CHECKOUT, 'dagster_project/attribution_pipeline', name), path.join(dagster, 'attribution_pipeline', name));
}
const remembered = new Map<string, unknown>();
const preparer = (dagsterProject: string | undefined = dagster): DbtPreparer => new DbtPreparer({
  ...surroundings(root), dagsterProject: () => dagsterProject, dbtProject: () => dbt, profilesDirectory: () => '',
  memory: { get: (key) => remembered.get(key), update: (key, value) => remembered.set(key, value) }, ran: (_, args) => ran.push([...args]),
});

test('a new project is parsed once, two that ask at once included; unchanged, no process is started, after a reload neither', async () => {
  const one = preparer();
  assert.deepEqual(await Promise.all([one.prepare(), one.prepare()]), [{ changed: true }, { changed: false }]);
  assert.deepEqual(ran, [['-m', 'attribution_pipeline.manifest']]);
  assert.ok(fs.existsSync(path.join(dbt, 'target/dagster/manifest.json')));
  const started = performance.now();
  assert.deepEqual(await preparer().prepare(), { changed: false });
  assert.ok(performance.now() - started < 1000);
  assert.equal(ran.length, 1);
});

test('a changed model is parsed; a touched one is looked at, and found the same', async () => {
  const manifest = fs.statSync(path.join(dbt, 'target/dagster/manifest.json'));
  fs.utimesSync(path.join(dbt, 'models/a.sql'), 1, 1);
  assert.deepEqual(await preparer().prepare(), { changed: false });
  assert.equal(fs.statSync(path.join(dbt, 'target/dagster/manifest.json')).mtimeMs, manifest.mtimeMs);
  write(dbt, { 'models/b.sql': "select * from {{ ref('a') }}" });
  assert.deepEqual(await preparer().prepare(), { changed: true });
  assert.equal(ran.length, 3);
});

test('what does not parse is refused in dbt\'s words with its place, and parses when mended', async () => {
  write(dbt, { 'models/b.sql': "select *\n-- ünï\nfrom {{ ref('nothing') }}" });
  const one = preparer();
  const heard: (DbtParseError | undefined)[] = [];
  one.onDidPrepare((error) => heard.push(error));
  await assert.rejects(one.prepare(), (error: unknown) => {
    assert.ok(error instanceof DbtParseError);
    assert.match(error.message, /does not parse.*depends on a node named 'nothing' which was not found/);
    assert.deepEqual(error.place, { file: path.join(dbt, 'models/b.sql'), line: 2 });
    return true;
  });
  write(dbt, { 'models/b.sql': "select *\nfrom {{ ref('a') }}" });
  assert.deepEqual(await one.prepare(), { changed: true });
  assert.deepEqual(heard.map((error) => error?.place?.line), [2, undefined]);
});

test('cancelled: rejected at once, and nothing of it stands in the way of the next', async () => {
  write(dbt, { 'models/c.sql': 'select 3 as three' });
  const controller = new AbortController();
  const started = performance.now();
  setTimeout(() => controller.abort(), 300);
  await assert.rejects(preparer().prepare(controller.signal), { name: 'Cancelled' });
  assert.ok(performance.now() - started < 3000);
});

test('without a Dagster project dbt itself parses', async () => {
  assert.deepEqual(await preparer(path.join(root, 'none')).prepare(), { changed: true });
  assert.equal(ran.at(-1)?.[1], 'dbt.cli.main');
  assert.ok(fs.existsSync(path.join(dbt, 'target/manifest.json')));
});

test('how other Dagster projects prepare', async () => {
  write(root, { 'other/shop/definitions.py': 'project = DbtProject(project_dir="x")\n', 'other/.venv/a.py': 'DbtProject(', 'plain/a.py': 'import dagster\n' });
  assert.deepEqual(await preparerOf(path.join(root, 'other')), { file: path.join(root, 'other/shop/definitions.py') });
  assert.equal(await preparerOf(path.join(root, 'plain')), undefined);
  assert.deepEqual(await preparerOf(path.join(CHECKOUT, 'dagster_project')), { module: 'attribution_pipeline.manifest' });
  assert.equal(fs.existsSync('pwned'), false);
});
