import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { FileProject } from './fileProject';

const folders: string[] = [];
after(() => {
  for (const folder of folders) fs.rmSync(folder, { recursive: true, force: true });
});

const FILES: Record<string, string> = {
  'dbt_project.yml': `name: shop
vars:
  # Days that count.
  window: 30
  shop:
    prefix: "dev" # goes in front
on-run-start: "{{ check_all() }}"
models:
  shop:
    +materialized: view
    marts:
      +materialized: table
      +meta: {owner: us}
`,
  'models/staging/stg_orders.sql': `{{ config(alias='orders', tags=['a', 'b']) }}\nselect * from {{ source('raw', 'orders') }} where day > {{ var('window') }}`,
  'models/marts/orders.sql': `select {{ cents('amount') }}, {{ shop.cents('tax') }}, {{ helpers.star('x') }} from {{ ref('stg_orders') }} join {{ ref('countries') }} using (country)`,
  'models/marts/report_v1.sql': 'select 1 as one',
  'models/marts/report_v2.sql': `select 1 as one from {{ ref("orders") }}`,
  'models/marts/python_model.py': 'def model(dbt, session):\n    return dbt.ref("orders")\n',
  'models/marts/marts.yml': `models:
  - name: orders
    description: "{{ doc('grain') }} Billed."
    data_tests:
      - unique_combination:
          arguments: {columns: [a]}
    columns:
      - name: amount
        data_type: numeric
        description: Euro
        data_tests:
          - not_null
          - relationships:
              arguments:
                to: ref('stg_orders')
                field: id
  - name: report
    latest_version: 1
    versions:
      - v: 1
      - v: 2
exposures:
  - name: board
    depends_on:
      - ref('report')
      - source('raw', 'orders')
`,
  'models/_sources.yml': `sources:
  - name: raw
    description: As it comes.
    tables:
      - name: orders
        description: One row for each order.
        columns:
          - name: id
`,
  'models/docs.md': `{% docs grain %}\nOne row for each order.\n{% enddocs %}\n`,
  'macros/cents.sql': `{% macro cents(column) %}\n  {{ column }} * 100\n{% endmacro %}\n`,
  'macros/macros.yml': `macros:\n  - name: cents\n    description: Hundredths.\n    arguments:\n      - name: column\n        type: string\n        description: What is multiplied.\n`,
  'tests/generic/unique_combination.sql': `{% test unique_combination(model, columns) %}\nselect 1\n{% endtest %}\n`,
  'tests/one.sql': `select * from {{ ref('orders') }}`,
  'seeds/countries.csv': 'country,"full name", size\nde,Germany,1\n',
  'snapshots/old.sql': `{% snapshot orders_snapshot %}\nselect * from {{ ref('orders') }}\n{% endsnapshot %}\n`,
  'dbt_packages/helpers/dbt_project.yml': 'name: helpers\n',
  'dbt_packages/helpers/macros/star.sql': `{% macro star(from) %}\n*\n{% endmacro %}\n`,
  'dbt_packages/helpers/models/calendar.sql': `select * from {{ ref('stg_orders') }}`,
  'packages.yml': 'packages:\n  - package: dbt-labs/helpers\n    version: 1.0.0\n  - git: "https://example.com/more.git"\n',
  'target/compiled/orders.sql': 'select 1',
};

function made(changes: Record<string, string> = {}): { project: FileProject; root: string; unsaved: Map<string, string>; write: (name: string, text: string | undefined) => void } {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'language-'));
  folders.push(root);
  const place = (name: string): string => path.join(root, ...name.split('/'));
  const put = (name: string, text: string): void => {
    fs.mkdirSync(path.dirname(place(name)), { recursive: true });
    fs.writeFileSync(place(name), text);
  };
  for (const [name, text] of Object.entries({ ...FILES, ...changes })) put(name, text);
  const unsaved = new Map<string, string>();
  const project = new FileProject(root, (file) => unsaved.get(path.relative(root, file)));
  return { project, root, unsaved, write: (name, text) => {
    if (text === undefined) fs.rmSync(place(name), { recursive: true });
    else put(name, text);
    project.changed(place(name));
  } };
}

/** What a span says, in the file of the fixture. */
const said = (root: string, { file, span }: { file: string; span: { start: number; end: number } }): string =>
  `${path.relative(root, file)}: ${fs.readFileSync(file, 'utf8').slice(span.start, span.end)}`;

test('names are there before anything was read', () => {
  const { project } = made();
  assert.equal(project.complete, false);
  assert.deepEqual([...project.models.keys()].sort(), ['calendar', 'countries', 'orders', 'orders_snapshot', 'python_model', 'report', 'report_v1', 'report_v2', 'stg_orders']);
  assert.equal(project.complete, false);
  while (project.step());
  assert.equal(project.complete, true);
});

test('a model tells what its SQL, its YAML and dbt_project.yml say, without waiting for the rest', () => {
  const { project, root } = made();
  const orders = project.models.get('orders');
  assert.equal(orders?.properties?.description, 'One row for each order. Billed.');
  assert.deepEqual(orders.properties.columns.map(({ name, type, description, tests }) => ({ name, type, description, tests })), [{ name: 'amount', type: 'numeric', description: 'Euro', tests: ['not_null', 'relationships'] }]);
  assert.deepEqual(orders.properties.tests, ['unique_combination']);
  assert.deepEqual(orders.config, { materialized: 'table', meta: { owner: 'us' } });
  assert.deepEqual(project.models.get('stg_orders')?.config, { materialized: 'view', alias: 'orders', tags: ['a', 'b'] });
  assert.equal(project.models.get('stg_orders')?.properties, undefined);
  assert.equal(project.modelOfFile(path.join(root, 'models', 'marts', 'orders.sql')), orders);
  assert.equal(project.complete, false);
});

test('sources, macros, variables and docs', () => {
  const { project, root } = made();
  const orders = project.sources.get('raw.orders');
  assert.equal(orders?.properties.description, 'One row for each order.');
  assert.equal(orders.sourceDescription, 'As it comes.');
  assert.equal(said(root, { file: orders.properties.file, span: orders.properties.nameSpan }), 'models/_sources.yml: orders');
  assert.deepEqual([...project.macros.keys()].sort(), ['cents', 'helpers.star', 'test_unique_combination']);
  assert.equal(project.macros.get('cents')?.description, 'Hundredths.');
  assert.deepEqual(project.macros.get('cents')?.argumentDocs, [{ name: 'column', type: 'string', description: 'What is multiplied.' }]);
  assert.deepEqual([...project.variables.values()].map(({ name, value, comment }) => ({ name, value, comment })), [
    { name: 'window', value: 30, comment: 'Days that count.' }, { name: 'prefix', value: 'dev', comment: 'goes in front' },
  ]);
  assert.equal(project.docs.get('grain')?.text, 'One row for each order.');
  assert.deepEqual([...project.packages], ['helpers']);
  assert.equal(project.packagesMissing, true);
});

test('uses in SQL, YAML and Python, with the place of the bare name', () => {
  const { project, root } = made();
  const uses = (kind: 'ref' | 'source' | 'macro' | 'var' | 'doc', name: string): string[] => project.uses(kind, name).map((use) => `${use.role} ${said(root, use)}`).sort();
  assert.deepEqual(uses('ref', 'orders'), [
    'calls models/marts/python_model.py: orders', 'calls models/marts/report_v2.sql: orders', 'calls snapshots/old.sql: orders', 'calls tests/one.sql: orders', 'declares models/marts/marts.yml: orders',
  ]);
  assert.deepEqual(uses('ref', 'stg_orders'), ['calls models/marts/marts.yml: stg_orders', 'calls models/marts/orders.sql: stg_orders']);
  assert.deepEqual(uses('ref', 'report'), ['calls models/marts/marts.yml: report', 'declares models/marts/marts.yml: report']);
  assert.deepEqual(uses('source', 'raw.orders'), ['calls models/marts/marts.yml: orders', 'calls models/staging/stg_orders.sql: orders', 'declares models/_sources.yml: orders']);
  assert.deepEqual(uses('macro', 'cents'), ['calls models/marts/orders.sql: cents', 'calls models/marts/orders.sql: cents', 'declares macros/macros.yml: cents']);
  assert.deepEqual(uses('macro', 'helpers.star'), ['calls models/marts/orders.sql: star']);
  assert.deepEqual(uses('macro', 'test_unique_combination'), ['calls models/marts/marts.yml: unique_combination']);
  assert.deepEqual(uses('macro', 'check_all'), ['calls dbt_project.yml: check_all']);
  assert.deepEqual(uses('var', 'window'), ['calls models/staging/stg_orders.sql: window', 'declares dbt_project.yml: window']);
  assert.deepEqual(uses('doc', 'grain'), ['calls models/marts/marts.yml: grain']);
});

test('parents and children; packages are not looked into', () => {
  const { project } = made();
  assert.deepEqual(project.parents('orders'), ['stg_orders', 'countries']);
  assert.deepEqual([...project.children('orders')].sort(), ['orders_snapshot', 'python_model', 'report_v2']);
  assert.deepEqual(project.children('stg_orders'), ['orders']);
});

test('a model with versions is its latest one', () => {
  const { project } = made();
  while (project.step());
  assert.equal(path.basename(project.models.get('report')?.file ?? ''), 'report_v1.sql');
  assert.notEqual(project.models.get('report_v2')?.properties, undefined);
});

test('a snapshot in YAML has what it keeps as its parent', () => {
  const { project, write } = made();
  write('snapshots/kept.yml', "snapshots:\n  - name: kept\n    relation: ref('orders')\n  - name: kept_too\n    relation: \"source('raw', 'orders')\"\n    columns:\n      - name: id\n        data_tests:\n          - relationships: {to: ref('report'), field: id}\n");
  assert.deepEqual(project.models.get('kept')?.relation, { kind: 'ref', name: 'orders' });
  assert.deepEqual(project.models.get('kept_too')?.relation, { kind: 'source', name: 'raw.orders' });
  assert.deepEqual([project.parents('kept'), project.parents('kept_too')], [['orders'], []]);
});

test('the header of a seed has places', () => {
  const { project, root } = made();
  const file = path.join(root, 'seeds', 'countries.csv');
  assert.deepEqual(project.seedColumns(file).map(({ name, span }) => [name, said(root, { file, span })]), [
    ['country', 'seeds/countries.csv: country'], ['full name', 'seeds/countries.csv: full name'], ['size', 'seeds/countries.csv: size'],
  ]);
});

test('a large seed that changes stays one, and goes when its file does', () => {
  const { project, root } = made();
  const file = path.join(root, 'seeds', 'large.csv');
  fs.writeFileSync(file, `id,name\n${'1,x\n'.repeat(2_200_000)}`);
  project.changed(file);
  assert.ok(project.models.has('large'));
  project.changed(file);
  assert.deepEqual(project.seedColumns(project.models.get('large')?.file ?? '').map(({ name }) => name), ['id', 'name']);
  fs.rmSync(file);
  project.changed(file);
  assert.ok(!project.models.has('large'));
});

test('what changes is read again, what goes is forgotten, what comes is there', () => {
  const { project, write } = made();
  while (project.step());
  const before = project.version;
  write('models/staging/stg_orders.sql', `select 1 from {{ source('raw', 'others') }}`);
  assert.ok(project.version > before);
  assert.equal(project.uses('source', 'raw.others').length, 1);
  assert.deepEqual(project.uses('var', 'window').map(({ role }) => role), ['declares']);
  write('models/new_one.sql', `select 1 from {{ ref('orders') }}`);
  assert.ok(project.models.has('new_one'));
  assert.ok(project.children('orders').includes('new_one'));
  write('models/new_one.sql', undefined);
  assert.ok(!project.models.has('new_one'));
  assert.ok(!project.children('orders').includes('new_one'));
  write('models/marts', undefined);
  assert.deepEqual([...project.models.keys()].sort(), ['calendar', 'countries', 'orders_snapshot', 'stg_orders']);
  assert.deepEqual(project.parents('orders_snapshot'), []);
});

test('unsaved texts count, also of files that the disk does not have', () => {
  const { project, root, unsaved } = made();
  while (project.step());
  const name = 'models/draft.sql';
  unsaved.set(name, `select * from {{ ref('orders') }}`);
  project.changed(path.join(root, name));
  assert.ok(project.children('orders').includes('draft'));
  project.list();
  assert.ok(project.children('orders').includes('draft'), 'though somebody looked at the folders');
  assert.equal([...project.compare()].length > 0 && project.modelOfFile(path.join(root, name))?.name, 'draft');
  unsaved.delete(name);
  project.changed(path.join(root, name));
  assert.ok(!project.models.has('draft'));
});

test('an editor that opens a file gets its own text, though the disk had another when somebody looked', () => {
  const { project, root, unsaved } = made();
  const name = 'models/looked_at.sql';
  const file = path.join(root, name);
  fs.writeFileSync(file, 'select 1 as former');
  project.list();
  assert.equal(project.sql(file)?.text, 'select 1 as former');
  const text = 'select 2 as current';
  fs.writeFileSync(file, text);
  unsaved.set(name, text);
  project.opened(file, text);
  assert.equal(project.sql(file)?.text, text);
});

test('a half-written YAML file loses nothing that it described', () => {
  const { project, root, unsaved } = made();
  const name = 'models/_sources.yml';
  unsaved.set(name, FILES[name] ?? '');
  project.changed(path.join(root, name));
  while (project.step());
  assert.ok(project.sources.has('raw.orders'));
  unsaved.set(name, 'sources:\n  - name: "raw\n    tables: [\n');
  project.changed(path.join(root, name));
  assert.ok(project.sources.has('raw.orders'));
});

test('the last good dbt_project.yml stays; a broken one at the start leaves the usual folders', () => {
  const { project, write } = made();
  write('dbt_project.yml', 'name: [shop\nvars: }');
  assert.equal(project.name, 'shop');
  assert.ok(project.variables.has('window'));
  const broken = made({ 'dbt_project.yml': 'name: [shop\nvars: }' }).project;
  assert.ok(broken.models.has('orders'));
  assert.ok(broken.sources.has('raw.orders'));
});

test('columns come from the manifest and the catalog; a half-written one keeps the last good one', async () => {
  const { project, write, root } = made();
  const node = (columns: object): string => JSON.stringify({ nodes: { 'model.shop.orders': { columns } }, sources: {} });
  write('target/manifest.json', node({ amount: { name: 'amount', description: 'Euro' } }));
  write('target/catalog.json', node({ amount: { name: 'amount', type: 'numeric' }, day: { name: 'day', type: 'date' } }));
  const ask = async (): Promise<readonly unknown[] | undefined> => {
    const version = project.version;
    project.manifestColumns('orders');
    for (let at = 0; at < 200 && project.version === version; at++) await new Promise((resolve) => setTimeout(resolve, 5));
    return project.manifestColumns('orders');
  };
  assert.deepEqual(await ask(), [{ name: 'amount', description: 'Euro', type: 'numeric' }, { name: 'day', type: 'date' }]);
  fs.writeFileSync(path.join(root, 'target', 'catalog.json'), '{"nodes": {');
  project.changed(path.join(root, 'target', 'catalog.json'));
  assert.equal(project.manifestColumns('orders')?.length, 2);
});
