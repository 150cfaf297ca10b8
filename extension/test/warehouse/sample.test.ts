import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sampleDatabase, type TestDatabase } from '../servers';

let database: TestDatabase;
before(async () => (database = await sampleDatabase()));
after(() => database.release());

test('the sample is there, every mart built', async () => {
  const { rows } = await database.run('select count(*) as n from marts.first_touch_attribution');
  assert.ok(Number(rows[0]?.n) > 0);
});
