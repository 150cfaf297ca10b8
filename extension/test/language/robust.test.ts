/** Projects that are broken, files that come and go, and clients that ask for nonsense: the server goes on and what it says is current. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ROOT } from '../servers';
import { LanguageClient } from './client';
import { labelOf } from './oracle';
import { offered, openAt, problems, Rig, SMALL, write } from './rig';

const rig = new Rig();
before(() => rig.command());
after(() => rig.end());

const MODELS = ['clients', 'orders', 'totals'];

/** The models that may be named; not the file itself in which they are asked for. */
async function refs(client: LanguageClient, root: string): Promise<string[]> {
  const found = await offered(client, path.join(root, 'models', 'scratch.sql'), "select * from {{ ref('|') }}");
  return found.filter((name) => name !== 'scratch').sort();
}

test('each Node at hand runs it, that of VS Code too, and it prints nothing but answers', async () => {
  const root = rig.folder(SMALL);
  const [, ...args] = await rig.command();
  const others = ['bin/node', 'node.exe'].map((name) => path.join(ROOT, 'extension', 'test', 'node_modules', `node-${process.platform}-${process.arch}`, name)).filter((file) => fs.existsSync(file));
  for (const program of [process.execPath, ...others]) {
    const client = await LanguageClient.start([program, ...args], [root]);
    assert.deepEqual(await refs(client, root), MODELS, program);
    await client.stop();
    assert.equal(client.stderr, '', program);
  }
});

describe('a broken project', () => {
  test('without dbt_project.yml nothing is answered, and nothing fails', async () => {
    const root = rig.folder({ 'models/orders.sql': 'select 1 as one' });
    const client = await rig.start(root);
    assert.deepEqual(await refs(client, root), []);
    assert.deepEqual(client.complaints, []);
    write(path.join(root, 'dbt_project.yml'), 'name: late\n');
    client.watched({ [path.join(root, 'dbt_project.yml')]: 'created' });
    assert.deepEqual(await refs(client, root), ['orders'], 'the project that came later');
  });

  for (const [what, files] of [
    ['a YAML error in dbt_project.yml', { 'dbt_project.yml': 'name: shop\nvars: [1, {\n  - : :\n\t- x' }],
    ['an empty dbt_project.yml', { 'dbt_project.yml': '' }],
    ['a list for dbt_project.yml', { 'dbt_project.yml': '- 1\n- 2\n' }],
    ['a YAML error in properties', { 'models/schema.yml': 'version: 2\nmodels:\n  - name: orders\n   bad: [\n' }],
    ['properties of odd shapes', { 'models/schema.yml': 'version: 2\nmodels: 3\nsources:\n  - 7\n  - name: [a]\n    tables: x\nmacros: {a: b}\n' }],
    ['a Jinja error in a model', { 'models/broken.sql': "select {{ ref('orders' from {% if x %}" }],
    ['a Jinja error in a macro', { 'macros/broken.sql': '{% macro broken(a, %}{{ a }' }],
    ['a missing package', { 'packages.yml': 'packages:\n  - package: dbt-labs/dbt_utils\n    version: 1.0.0\n' }],
    ['a manifest that is no JSON', { 'target/manifest.json': '{"nodes": {"model.shop.a": ' }],
    ['a cyclic ref', { 'models/ring_one.sql': "select * from {{ ref('ring_two') }}", 'models/ring_two.sql': "select * from {{ ref('ring_one') }}" }],
    ['a model that reads itself', { 'models/own.sql': "select own.* from {{ ref('own') }} as own" }],
  ] as const) {
    test(`${what}: everything else completes`, async () => {
      const root = rig.folder({ ...SMALL, ...files });
      const client = await rig.start(root);
      const names = await refs(client, root);
      for (const model of MODELS) assert.ok(names.includes(model), `${model} among ${names.join()}`);
      assert.deepEqual(await offered(client, path.join(root, 'models', 'scratch.sql'), "select orders.| from {{ ref('orders') }} as orders"), ['order_id', 'status']);
      assert.deepEqual(await problems(client, path.join(root, 'models', 'totals.sql')), []);
      assert.deepEqual(client.complaints, []);
    });
  }

  test('a cyclic ref is told where it is written', async () => {
    const root = rig.folder({ ...SMALL, 'models/ring_one.sql': "select * from {{ ref('ring_two') }}", 'models/ring_two.sql': "select * from {{ ref('ring_one') }}" });
    const client = await rig.start(root);
    const found = await problems(client, path.join(root, 'models', 'ring_one.sql'));
    assert.match(found.join('\n'), /ring_two.*: .*(cycl|circ|itself)/i);
  });

  test('a macro of a package that is not installed is not called wrong', async () => {
    const root = rig.folder({ ...SMALL, 'packages.yml': 'packages:\n  - package: dbt-labs/dbt_utils\n    version: 1.0.0\n' });
    const client = await rig.start(root);
    const found = await problems(client, path.join(root, 'models', 'scratch.sql'), "select {{ dbt_utils.star(from=ref('orders')) }} from {{ ref('orders') }}");
    assert.ok(found.every((problem) => /package|dbt deps/i.test(problem)), found.join('\n'));
  });
});

describe('files that come and go', () => {
  for (const watches of [true, false]) {
    const how = watches ? 'told by a watcher' : 'found without a watcher, after a save';
    test(`a model that is created, renamed and deleted: ${how}`, async () => {
      const root = rig.folder(SMALL);
      const client = await rig.start(root, { watches });
      const file = (name: string): string => path.join(root, 'models', `${name}.sql`);
      // Whoever does not watch still says what its editor saved
      const tell = (changes: Record<string, 'created' | 'changed' | 'deleted'>): void => {
        if (watches) client.watched(changes);
      };
      assert.deepEqual(await refs(client, root), MODELS);
      write(file('fresh'), 'select 1 as fresh_one');
      tell({ [file('fresh')]: 'created' });
      await eventually(async () => assert.deepEqual(await refs(client, root), ['clients', 'fresh', 'orders', 'totals']));
      fs.renameSync(file('fresh'), file('older'));
      tell({ [file('fresh')]: 'deleted', [file('older')]: 'created' });
      await eventually(async () => assert.deepEqual(await refs(client, root), ['clients', 'older', 'orders', 'totals']));
      write(file('older'), 'select 2 as other_one, 3 as third_one');
      tell({ [file('older')]: 'changed' });
      await eventually(async () => assert.deepEqual(await offered(client, file('scratch'), "select o.| from {{ ref('older') }} as o"), ['other_one', 'third_one']));
      fs.rmSync(file('older'));
      tell({ [file('older')]: 'deleted' });
      await eventually(async () => assert.deepEqual(await refs(client, root), MODELS));
      assert.match((await problems(client, file('scratch'), "select * from {{ ref('older') }}")).join(), /^older: /);
      assert.deepEqual(client.complaints, []);
    });
  }

  test('a folder deleted under it, and laid again', async () => {
    const root = rig.folder({ ...SMALL, 'models/deep/down/inner.sql': 'select 1 as one', 'models/deep/inner_too.sql': 'select 1 as one' });
    const client = await rig.start(root);
    assert.deepEqual(await refs(client, root), ['clients', 'inner', 'inner_too', 'orders', 'totals']);
    fs.rmSync(path.join(root, 'models', 'deep'), { recursive: true });
    client.watched({ [path.join(root, 'models', 'deep')]: 'deleted' });
    assert.deepEqual(await refs(client, root), MODELS);
    write(path.join(root, 'models', 'deep', 'again.sql'), 'select 1 as one');
    client.watched({ [path.join(root, 'models', 'deep')]: 'created' });
    assert.deepEqual(await refs(client, root), ['again', ...MODELS]);
    fs.rmSync(root, { recursive: true });
    client.watched({ [root]: 'deleted' });
    assert.deepEqual(await refs(client, root), []);
    assert.deepEqual(client.complaints, []);
  });

  test('what another open file says counts before it is saved, and no longer when it is closed unsaved', async () => {
    const root = rig.folder(SMALL);
    const client = await rig.start(root);
    const [orders, totals] = ['orders', 'totals'].map((name) => path.join(root, 'models', `${name}.sql`)) as [string, string];
    client.open(totals);
    assert.deepEqual(await client.diagnostics(totals), (await client.diagnostics(totals)).filter(({ severity }) => severity !== 1));
    client.open(orders);
    client.replace(orders, 'select 1 as renamed_id');
    await client.toldUntil(totals, (found) => found.some(({ severity }) => (severity ?? 1) <= 2));
    assert.deepEqual(await offered(client, path.join(root, 'models', 'scratch.sql'), "select o.| from {{ ref('orders') }} as o"), ['renamed_id']);
    client.close(orders);
    await client.toldUntil(totals, (found) => found.every(({ severity }) => (severity ?? 1) > 2));
    assert.deepEqual(await offered(client, path.join(root, 'models', 'scratch.sql'), "select o.| from {{ ref('orders') }} as o"), ['order_id', 'status']);
  });

  test('a variable that is added to dbt_project.yml is known at once', async () => {
    const root = rig.folder(SMALL);
    const client = await rig.start(root);
    const settings = path.join(root, 'dbt_project.yml');
    client.open(settings);
    client.edit(settings, client.text(settings).length, client.text(settings).length, '  added_one: 1\n');
    assert.deepEqual((await offered(client, path.join(root, 'models', 'scratch.sql'), "select {{ var('|') }}")).sort(), ['added_one', 'window_days']);
  });
});

describe('the manifest', () => {
  const manifest = (column: string): string => JSON.stringify({
    metadata: { dbt_schema_version: 'https://schemas.getdbt.com/dbt/manifest/v12.json', project_name: 'shop' }, macros: {}, sources: {}, exposures: {}, parent_map: {}, child_map: {},
    nodes: { 'model.shop.looped': {
      unique_id: 'model.shop.looped', resource_type: 'model', name: 'looped', package_name: 'shop', original_file_path: 'models/looped.sql', path: 'looped.sql', config: { materialized: 'table' }, depends_on: { nodes: [] },
      columns: { [column]: { name: column, data_type: 'integer', description: 'From the manifest.' } },
    } },
  });
  const looped = { 'models/looped.sql': "select {% for n in [1, 2] %} {{ n }} as number_{{ n }}{{ ',' if not loop.last }}{% endfor %}" };

  test('says what files do not; half written, the last good one stays; a newer one takes its place', async () => {
    const root = rig.folder({ ...SMALL, ...looped, 'target/manifest.json': manifest('number_1') });
    const client = await rig.start(root);
    const file = path.join(root, 'target', 'manifest.json');
    const columns = (): Promise<string[]> => offered(client, path.join(root, 'models', 'scratch.sql'), "select l.| from {{ ref('looped') }} as l");
    await eventually(async () => assert.ok((await columns()).includes('number_1')));
    write(file, manifest('number_2').slice(0, 300));
    client.watched({ [file]: 'changed' });
    assert.ok((await columns()).includes('number_1'), 'the last good one');
    write(file, manifest('number_2'));
    client.watched({ [file]: 'changed' });
    await eventually(async () => assert.ok((await columns()).includes('number_2')));
    fs.rmSync(path.join(root, 'target'), { recursive: true });
    client.watched({ [file]: 'deleted' });
    assert.deepEqual(await refs(client, root), ['clients', 'looped', 'orders', 'totals']);
    assert.deepEqual(client.complaints, []);
  });
});

describe('unusual places and texts', () => {
  for (const name of ['with space', 'percent%20sign', 'ünïcode ☃', "quote'", 'a#b', '(x64) [1] {2}']) {
    test(`a folder called ${name}`, async () => {
      const root = rig.folder(SMALL, name);
      const client = await rig.start(root);
      const file = path.join(root, 'models', 'scratch.sql');
      const [found, ...others] = await client.definition(file, openAt(client, file, "select * from {{ ref('or|ders') }}"));
      assert.equal(found?.file, path.join(root, 'models', 'orders.sql'));
      assert.deepEqual(others, []);
      assert.deepEqual(await refs(client, root), MODELS);
    });
  }

  test('lines that end in CRLF, and characters of two units', async () => {
    const root = rig.folder({ ...SMALL, 'models/crlf.sql': "-- 😀\r\nselect\r\n    orders.order_id,\r\n    '😀' as face\r\nfrom {{ ref('orders') }} as orders\r\n" });
    const client = await rig.start(root);
    assert.deepEqual(await problems(client, path.join(root, 'models', 'crlf.sql')), []);
    const file = path.join(root, 'models', 'scratch.sql');
    const text = "-- 😀\r\nselect\r\n    '😀', c.|\r\nfrom {{ ref('crlf') }} as c\r\n";
    assert.deepEqual(await offered(client, file, text), ['order_id', 'face']);
    const wrong = "select '😀😀', 1 from {{ ref('missing_one') }}\r\n";
    assert.match((await problems(client, file, wrong)).join(), /^missing_one: /);
  });

  test('two projects in one workspace know nothing of one another', async () => {
    const one = rig.folder(SMALL);
    const two = rig.folder({ 'dbt_project.yml': 'name: other\n', 'models/other_one.sql': 'select 1 as one', 'models/orders.sql': 'select 5 as five' });
    const client = await rig.start([one, two]);
    assert.deepEqual(await refs(client, one), MODELS);
    assert.deepEqual(await refs(client, two), ['orders', 'other_one']);
    assert.deepEqual(await offered(client, path.join(two, 'models', 's.sql'), "select o.| from {{ ref('orders') }} as o"), ['five']);
    assert.match((await problems(client, path.join(two, 'models', 's.sql'), "select * from {{ ref('clients') }}")).join(), /^clients: /);
  });

  test('a project in a subfolder, and a root without workspace folders', async () => {
    const parent = rig.folder(Object.fromEntries(Object.entries(SMALL).map(([file, text]) => [`analytics/warehouse/${file}`, text])));
    const client = await rig.start(parent, { rootOnly: true });
    assert.deepEqual(await refs(client, path.join(parent, 'analytics', 'warehouse')), MODELS);
  });
});

describe('a client that misbehaves', () => {
  test('nonsense is answered or refused, and the next request is answered', async () => {
    const root = rig.folder(SMALL);
    const client = await rig.start(root);
    const file = path.join(root, 'models', 'totals.sql');
    const document = client.open(file);
    await assert.rejects(client.ask('textDocument/nothingLikeThis', {}));
    for (const position of [{ line: 999, character: 3 }, { line: 0, character: 99_999 }, { line: -1, character: -1 }]) {
      for (const method of ['completion', 'hover', 'definition', 'signatureHelp', 'documentHighlight']) await client.ask(`textDocument/${method}`, { textDocument: { uri: document.uri }, position }).catch(() => undefined);
    }
    for (const uri of ['file:///nowhere/at/all.sql', 'untitled:Untitled-1', 'not a uri', 'git:/a/b.sql?x']) {
      for (const method of ['completion', 'hover', 'definition']) assert.deepEqual(await client.ask(`textDocument/${method}`, { textDocument: { uri }, position: { line: 0, character: 0 } }).then((answer) => answer ?? null, () => null), null);
    }
    await client.ask('textDocument/completion', {}).catch(() => undefined);
    await client.connection.sendNotification('textDocument/didChange', { textDocument: { uri: 'file:///never/opened.sql', version: 3 }, contentChanges: [{ text: 'x' }] });
    await client.connection.sendNotification('textDocument/didClose', { textDocument: { uri: 'file:///never/opened.sql' } });
    await client.connection.sendNotification('$/somethingElse', {});
    client.close(file);
    await client.ask('textDocument/hover', { textDocument: { uri: document.uri }, position: { line: 0, character: 10 } }).catch(() => undefined);
    assert.deepEqual(await refs(client, root), MODELS);
  });

  test('a request that is cancelled does not hold up the next', async () => {
    const root = rig.folder(SMALL);
    const client = await rig.start(root);
    const file = path.join(root, 'models', 'totals.sql');
    client.open(file);
    const { CancellationTokenSource } = await import('vscode-languageserver/node');
    const asked = Array.from({ length: 50 }, () => {
      const source = new CancellationTokenSource();
      const answer = client.connection.sendRequest('textDocument/completion', { textDocument: { uri: `file://${file}` }, position: { line: 0, character: 8 } }, source.token).catch(() => undefined);
      source.cancel();
      return answer;
    });
    await Promise.all(asked);
    assert.deepEqual(await refs(client, root), MODELS);
  });

  test('it ends when it is asked to, with 0', async () => {
    const client = await rig.start(rig.folder(SMALL));
    assert.equal(await client.stop(), 0);
  });

  test('it ends when its client is gone', async () => {
    const client = await rig.start(rig.folder(SMALL));
    client.process.stdin?.end();
    client.process.stdout?.destroy();
    assert.notEqual(await client.exited, undefined);
  });

  test('many at once, in any order, are all answered', async () => {
    const root = rig.folder(SMALL);
    const client = await rig.start(root);
    const file = path.join(root, 'models', 'totals.sql');
    client.open(file);
    const answers = await Promise.all(Array.from({ length: 300 }, (_, index) => index % 2 === 0 ? client.completion(file, 7) : client.definition(file, 45)));
    assert.equal(answers.length, 300);
    const { items } = await client.completion(file, client.text(file).indexOf('orders.order_id') + 'orders.'.length);
    assert.deepEqual(items.map(labelOf), ['order_id', 'status']);
  });
});

/** Tries again until it holds: for what no message announces. */
async function eventually(check: () => Promise<void>): Promise<void> {
  const end = performance.now() + 30_000;
  for (;;) {
    try {
      await check();
      return;
    } catch (error) {
      if (performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
