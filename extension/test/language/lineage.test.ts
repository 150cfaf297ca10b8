/** Column lineage against sqlglot, types and problems against PostgreSQL: of every model of this repository, and of random queries. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { COLUMN_LINEAGE, type ColumnLineage } from '../../src/language/protocol';
import { run } from '../../src/environment/processes';
import { sampleDatabase, testEnv, testPlace, type TestDatabase } from '../servers';
import type { LanguageClient } from './client';
import { queries, SOURCE, TABLES, type Generated } from './queries';
import { problems, Rig } from './rig';

const SEED = Number(process.env.LANGUAGE_SEED ?? 7);
const COUNT = 320;

const rig = new Rig();
const place = await testPlace();
let database: TestDatabase;

before(async () => {
  database = await sampleDatabase();
});
after(async () => {
  await rig.end();
  await database.release();
});

/** Columns and their types by `schema.relation`, as PostgreSQL has them. */
type Schema = Record<string, Record<string, string>>;

async function schemaOf(schemas: readonly string[]): Promise<Schema> {
  const { rows } = await database.run(
    `select n.nspname || '.' || c.relname as relation, a.attname as name, format_type(a.atttypid, a.atttypmod) as type
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = any ($1) and c.relkind in ('r', 'v') and a.attnum > 0 and not a.attisdropped order by c.oid, a.attnum`, [schemas]);
  const found: Schema = {};
  for (const { relation, name, type } of rows) (found[String(relation)] ??= {})[String(name)] = String(type);
  return found;
}

/** What is compared of a column: what it is made of, and its type. */
interface Told { inputs: string; type: string | undefined }

/** What sqlglot says of compiled queries: of each column, by its place, those of relations that it reads; or what it does not understand. */
async function sqlglot(schema: Schema, compiled: Record<string, string>): Promise<Record<string, readonly string[][] | string>> {
  const child = spawn(place.python, ['-B', path.join(import.meta.dirname, 'lineage.py')], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify({ schema, queries: compiled }));
  return JSON.parse(await text(child.stdout)) as Record<string, readonly string[][]>;
}

/** What the server says of every column of a model, asked where another one reads it. */
async function answers(client: LanguageClient, root: string, model: string, columns: readonly string[]): Promise<Told[]> {
  const probe = path.join(root, 'models', 'probe.sql');
  const reads = columns.map((name) => (/^[a-z_0-9]+$/.test(name) ? name : `"${name}"`));
  client.open(probe, `select ${reads.map((name) => `one.${name}`).join(', ')} from {{ ref('${model}') }} as one\n`);
  const found: Told[] = [];
  let offset = 'select one.'.length;
  for (const read of reads) {
    const lineage = await client.at<ColumnLineage | null>(COLUMN_LINEAGE, probe, offset);
    const inputs = Object.entries(lineage?.columns ?? {}).flatMap(([relation, names]) => (relation === 'probe' ? [] : names.map((name) => `${relation}.${name}`)));
    const type = /^\*\*`[^`]+`\*\* `([^`]+)` — column/.exec(await client.hover(probe, offset))?.[1];
    found.push({ inputs: inputs.sort().join(' '), type });
    offset += `${read}, one.`.length;
  }
  client.close(probe);
  return found;
}

/** A column with all that it is made of, through the models: of each of these sqlglot says what it reads. */
function upstream(column: string, direct: ReadonlyMap<string, readonly string[]>): string[] {
  const found = new Set([column]);
  for (const one of found) for (const input of direct.get(one) ?? []) found.add(input);
  return [...found].sort();
}

/**
 * What the server says otherwise than sqlglot and PostgreSQL, the shortest first. A type may be left unsaid, and PostgreSQL takes all.
 * @param relations of the models and sources, as `schema.relation`
 */
async function differences(client: LanguageClient, root: string, models: readonly Generated[], relations: Readonly<Record<string, string>>, compiled: Record<string, string>): Promise<string[]> {
  const schema = await schemaOf([...new Set(Object.values(relations).map((relation) => relation.replace(/\..*/, '')))]);
  const columnsOf = (model: string): [column: string, type: string][] => Object.entries(schema[relations[model] ?? ''] ?? {});
  const ours = async (): Promise<Map<string, { columns: Told[]; problems: string[] }>> => {
    const found = new Map<string, { columns: Told[]; problems: string[] }>();
    for (const { name, file } of models) {
      found.set(name, { columns: await answers(client, root, name, columnsOf(name).map(([column]) => column)), problems: await problems(client, path.join(root, file)) });
    }
    return found;
  };
  const [theirs, told] = await Promise.all([sqlglot(schema, compiled), ours()]);
  const names = new Map(Object.entries(relations).map(([model, relation]) => [relation, model]));
  const direct = new Map(models.flatMap(({ name, text: sql }) => {
    const made = theirs[name];
    if (typeof made !== 'object') assert.fail(`sqlglot of ${name}: ${String(made)}\n${sql}`);
    return columnsOf(name).map(([column], at) => [`${name}.${column}`, (made[at] ?? []).map((input) => input.replace(/^\w+\.\w+/, (relation) => names.get(relation) ?? relation))]);
  }));
  const found: string[] = [];
  for (const { name, text: sql } of models) {
    for (const problem of told.get(name)?.problems ?? []) found.push(`PostgreSQL finds nothing wrong with ${name}, but ${problem}\n${sql}`);
    for (const [at, [column, type]] of columnsOf(name).entries()) {
      const inputs = upstream(`${name}.${column}`, direct).join(' ');
      const own = told.get(name)?.columns[at];
      if (own?.inputs !== inputs) found.push(`${name}.${column} is made of "${inputs}", not of "${own?.inputs ?? ''}"\n${sql}`);
      if (own?.type !== undefined && spelled(own.type) !== spelled(type)) found.push(`${name}.${column} is of ${type}, not of ${own.type}\n${sql}`);
    }
  }
  const typed = [...told.values()].flatMap(({ columns }) => columns).filter(({ type }) => type !== undefined).length;
  assert.ok(typed > models.length);
  return found.sort((one, other) => one.length - other.length);
}

async function agrees(root: string, models: readonly Generated[], relations: Readonly<Record<string, string>>, compiled: Record<string, string>): Promise<void> {
  const wrong = await differences(await rig.start(root), root, models, relations, compiled);
  if (wrong.length > 0) assert.fail(`${wrong.length} are wrong, seed ${SEED}:\n${wrong.slice(0, 10).join('\n')}`);
}

/** A type as PostgreSQL spells it. */
const spelled = (type: string): string => type.replace(/^(timestamp|time)(\(\d\))?$/, '$1$2 without time zone').replace(/, /g, ',');

test(`${COUNT} random queries (seed ${SEED})`, async () => {
  const generated = queries(COUNT, SEED);
  const tables = Object.entries(TABLES).map(([name, columns]) => [name, Object.entries(columns)] as const);
  const root = rig.folder({
    'dbt_project.yml': 'name: gen\nprofile: gen\n',
    'models/sources.yml': `sources:\n  - name: gen\n    tables:\n      - name: ${SOURCE}\n        columns:\n${Object.entries(TABLES[SOURCE] ?? {}).map(([name, type]) => `          - {name: ${name}, data_type: "${type}"}\n`).join('')}`,
    ...Object.fromEntries(tables.filter(([name]) => name !== SOURCE).map(([name, columns]) => [`models/${name}.sql`, `select ${columns.map(([column, type]) => `cast(null as ${type}) as ${column}`).join(', ')}\n`])),
    ...Object.fromEntries(generated.map(({ file, text: sql }) => [file, sql])),
  });
  const compiled = Object.fromEntries(generated.map(({ name, text: sql }) => [name, sql.replace(/\{\{ (?:ref\(|source\('gen', )'(\w+)'\) \}\}/g, 'gen.$1')]));
  await database.run('create schema gen');
  for (const [name, columns] of tables) await database.run(`create table gen.${name} (${columns.map((column) => column.join(' ')).join(', ')})`);
  for (const [name, sql] of Object.entries(compiled)) await database.run(`create view gen.${name} as ${sql}`).catch((error: unknown) => assert.fail(`Seed ${SEED}, ${name}: ${String(error)}\n${sql}`));
  const relations = Object.fromEntries([...generated.map(({ name }) => name), ...Object.keys(TABLES)].map((name) => [name === SOURCE ? `gen.${name}` : name, `gen.${name}`]));
  await agrees(root, generated, relations, compiled);
});

test('every model of this repository', async () => {
  const root = rig.dbtProject();
  const target = path.join(root, 'target');
  const { host, port, user, password, dbname } = database.connection;
  const env = { ...testEnv(), PGHOST: host, PGPORT: String(port), PGUSER: user, PGPASSWORD: password, PGDATABASE: dbname };
  const done = await run(place.python, ['-m', 'dbt.cli.main', 'compile', '--project-dir', root, '--profiles-dir', place.local, '--target-path', target, '--log-path', path.join(root, 'logs')], { cwd: root, env, timeout: 120_000 });
  assert.equal(done.code, 0, done.stdout);
  interface Node { resource_type: string; schema: string; name: string; alias?: string; identifier?: string; source_name?: string; original_file_path: string }
  const manifest = JSON.parse(fs.readFileSync(path.join(target, 'manifest.json'), 'utf8')) as Record<'nodes' | 'sources', Record<string, Node>>;
  const models = Object.values(manifest.nodes).filter((node) => node.resource_type === 'model');
  const relations = [...models.map(({ schema, name, alias = name }) => [name, `${schema}.${alias}`]), ...Object.values(manifest.sources).map(({ schema, name, source_name: source = '', identifier = name }) => [`${source}.${name}`, `${schema}.${identifier}`])];
  const compiled = models.map(({ name, original_file_path: file }) => [name, fs.readFileSync(path.join(target, 'compiled', 'attribution', file), 'utf8')] as const);
  assert.ok(models.length >= 15);
  await agrees(root, compiled.map(([name, sql]) => ({ name, file: models.find((model) => model.name === name)?.original_file_path ?? '', text: sql })), Object.fromEntries(relations) as Record<string, string>, Object.fromEntries(compiled));
});
