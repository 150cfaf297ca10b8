/** Every operation, held to the schema of the installed Dagster. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { buildSchema, parse, validate } from 'graphql';
import { ALL_OPERATIONS } from '../../src/dagster/operations';
import { ROOT } from '../servers';

test('every operation is valid in the schema of the installed Dagster', () => {
  const python = path.join(ROOT, '.venv', process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  const text = execFileSync(python, ['-W', 'ignore', '-c', 'from dagster_graphql.schema import create_schema; print(create_schema())'], { encoding: 'utf8', maxBuffer: 1e8, stdio: ['ignore', 'pipe', 'ignore'] });
  const schema = buildSchema(text);
  assert.ok(ALL_OPERATIONS.length >= 14);
  for (const { name, text: document } of ALL_OPERATIONS) assert.deepEqual(validate(schema, parse(document)).map(({ message }) => message), [], name);
});
