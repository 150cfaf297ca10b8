/** Records of the golden cases are found at the lines where the independent reader of the rules sees them begin and end. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { RecordLines } from '../../src/journey/recordLines';
import { findRecord } from '../../src/journey/records';
import { ROOT, sampleDatabase, testPlace } from '../servers';
import { warehouseOf } from './warehouse';

const database = await sampleDatabase();
const warehouse = warehouseOf(database.connection);
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'records-'));
after(async () => {
  fs.rmSync(scratch, { recursive: true });
  await warehouse.reset();
  await database.release();
});

const SPLIT = `
import json, sys
sys.path.insert(0, sys.argv[1])
from tests.reference.dialect import split_records
places = {}
for name in sys.argv[2:]:
    content, found = open(name, 'rb').read(), []
    at = 3 if content.startswith(b'\\xef\\xbb\\xbf') else 0
    for raw, _ in split_records(name, content[at:], 1 << 26):
        at = content.index(raw, at)
        found.append([at, at + len(raw)])
        at += len(raw)
    places[name] = found
json.dump(places, sys.stdout)`;

test('every record of the golden cases', async () => {
  const cases = path.join(ROOT, 'dagster_project', 'tests', 'cases');
  const files = fs.readdirSync(cases, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('raw') && name.endsWith('.csv')).map((name) => path.join(cases, name));
  const { python } = await testPlace();
  const places = JSON.parse(execFileSync(python, ['-B', '-c', SPLIT, path.join(ROOT, 'dagster_project'), ...files], { encoding: 'utf8', maxBuffer: 1 << 26 })) as Record<string, [number, number][]>;
  for (const file of files) {
    const content = fs.readFileSync(file);
    const lineAt = (offset: number): number => content.subarray(0, offset).toString('latin1').split(/\r\n|\r|\n/).length - 1;
    const [, ...records] = places[file] ?? assert.fail();
    assert.ok(records.length > 0);
    for (const [index, [start, stop]] of records.entries()) {
      const finder = new RecordLines(index + 1);
      assert.deepEqual(finder.add(content) ?? finder.end(), { first: lineAt(start), last: lineAt(stop) }, `${path.relative(cases, file)} record ${index + 1}`);
    }
    assert.equal(new RecordLines(records.length + 1).add(content), undefined);
  }
});

test('the sample: the folder that was loaded comes first, and a rejected record is where its file has it', async () => {
  assert.deepEqual(await findRecord(warehouse, 'events.csv', 53, [scratch]), { file: path.join(ROOT, 'data', 'raw', 'events.csv'), first: 53, last: 53 });
});

test('a folder that is gone, a record that is gone, and names that are no raw files', async () => {
  await database.run("update raw.loads set raw_data_dir = '/nowhere'");
  await assert.rejects(findRecord(warehouse, 'events.csv', 1, [scratch]), /was not found in \/nowhere/);
  fs.writeFileSync(path.join(scratch, 'events.csv'), 'client_id\none\n');
  assert.equal((await findRecord(warehouse, 'events.csv', 1, [scratch])).file, path.join(scratch, 'events.csv'));
  await assert.rejects(findRecord(warehouse, 'events.csv', 2, [scratch]), /has no record 2/);
  for (const name of ['../events.csv', '/etc/passwd', 'passwd', 'events.csv/../../x']) await assert.rejects(findRecord(warehouse, name, 1, [scratch]), /no name of a raw file/);
});
