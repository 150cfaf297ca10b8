/** What is wrong with Jinja's tags, against the parser that dbt uses: it says so where that one refuses, and nowhere else. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parseJinja } from '../../src/language/analysis/jinja';
import { run } from '../../src/environment/processes';
import { testEnv, testPlace } from '../servers';

const SEED = Number(process.env.LANGUAGE_SEED ?? 7);
const COUNT = 10_000;

test(`${COUNT} tags that may be broken (seed ${SEED})`, async () => {
  const { python } = await testPlace();
  const { code, stdout } = await run(python, ['-B', path.join(import.meta.dirname, 'jinja.py'), String(SEED), String(COUNT)], { cwd: import.meta.dirname, env: testEnv(), timeout: 120_000 });
  assert.equal(code, 0, stdout);
  const tags = JSON.parse(stdout) as [text: string, refused: string | null][];
  const wrong = tags.flatMap(([text, refused]) => {
    const own = parseJinja(text).errors.map(({ message }) => message).join(' ');
    return (own === '') === (refused === null) ? [] : [`${text}: ${refused ?? 'nothing is wrong'}, not: ${own === '' ? 'nothing is wrong' : own}`];
  });
  assert.deepEqual(wrong.sort((one, other) => one.length - other.length).slice(0, 10), []);
  assert.ok(tags.filter(([, refused]) => refused === null).length > COUNT / 10);
});

test('the macros that dbt brings have nothing wrong', async () => {
  const { python } = await testPlace();
  const { stdout } = await run(python, ['-c', 'import dbt.include.global_project as one, dbt.include.postgres as other; print(*one.__path__, *other.__path__, sep="\\n")'], { cwd: import.meta.dirname, env: testEnv(), timeout: 60_000 });
  const files = stdout.trim().split('\n').flatMap((folder) => fs.readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.sql')).map((file) => path.join(folder, file)));
  assert.ok(files.length > 50);
  for (const file of files) assert.deepEqual(parseJinja(fs.readFileSync(file, 'utf8')).errors, [], file);
});
