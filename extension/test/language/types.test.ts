/** The types of everyday expressions, against PostgreSQL. None is left unsaid. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { columnsOfModel } from '../../src/language/analysis/columns';
import { projectOf } from '../../src/language/features/fixture';
import { sampleDatabase, type TestDatabase } from '../servers';
import { COLUMNS, EXPRESSIONS, QUERIES } from './expressions';

let database: TestDatabase;
before(async () => {
  database = await sampleDatabase();
});
after(() => database.release());

test('types of everyday expressions', async () => {
  const shop = projectOf({ 'models/sources.yml': `sources:\n  - name: raw\n    tables:\n      - name: zz\n        columns:\n${Object.entries(COLUMNS).map(([name, type]) => `          - {name: ${name}, data_type: "${type}"}\n`).join('')}` });
  await database.run(`create table zz (${Object.entries(COLUMNS).map((column) => column.join(' ')).join(', ')})`);
  const wrong: string[] = [];
  for (const query of [...EXPRESSIONS.map((one) => `select ${one} as c from zz as x`), ...QUERIES]) {
    await database.run(`create view typed as ${query}`).catch((error: unknown) => assert.fail(`${query}: ${String(error)}`));
    const { rows } = await database.run("select format_type(atttypid, atttypmod) as type from pg_attribute where attrelid = 'typed'::regclass and attnum > 0 order by attnum");
    await database.run('drop view typed');
    shop.edit('models/a.sql', query.replace(/\bzz\b/g, "{{ source('raw', 'zz') }}"));
    const told = columnsOfModel(shop.project, 'a').columns.map(({ type = 'unsaid' }) => type).join(' | ');
    const theirs = rows.map(({ type }) => String(type).replace(/ without time zone/g, '')).join(' | ');
    if (told.replace(/, /g, ',') !== theirs) wrong.push(`${query}: ${theirs}, not ${told}`);
  }
  assert.deepEqual(wrong, []);
});
