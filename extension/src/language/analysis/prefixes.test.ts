import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parseSql } from './document';
import { readYaml } from './yaml';

const SAMPLE = path.join(import.meta.dirname, '../../../../dbt');
const files = ['models', 'macros', 'tests'].flatMap((folder) => fs.readdirSync(path.join(SAMPLE, folder), { recursive: true, encoding: 'utf8' }).map((file) => path.join(SAMPLE, folder, file)));
/** Every text is cut at so many places, other ones in each file: all places of all files take minutes. */
const CUTS = 15;

function checkSpans(tree: unknown, length: number, where: string): void {
  const seen = new Set<object>();
  const stack: unknown[] = [tree];
  while (stack.length > 0) {
    const node = stack.pop();
    if (typeof node !== 'object' || node === null || seen.has(node)) continue;
    seen.add(node);
    const { start, end } = node as { start?: unknown; end?: unknown };
    if (typeof start === 'number' && typeof end === 'number') assert.ok(start >= 0 && start <= end && end <= length, `${where}: ${start}–${end} of ${length}`);
    stack.push(...Object.values(node) as unknown[]);
  }
}

function* cuts(text: string, seed: number): Generator<string> {
  const step = Math.max(1, Math.floor(text.length / CUTS));
  for (let at = seed % step; at <= text.length; at += step) {
    yield text.slice(0, at);
    yield text.slice(at);
    yield text.slice(0, at) + text.slice(at + 3);
  }
}

test('text that is cut anywhere is read, and every span is inside of it', () => {
  let count = 0;
  for (const [index, file] of files.entries()) {
    const read = file.endsWith('.sql') ? parseSql : /\.ya?ml$/.test(file) ? readYaml : undefined;
    if (!read) continue;
    for (const text of cuts(fs.readFileSync(file, 'utf8'), index * 7)) {
      checkSpans(read(text), text.length, `${file} as ${JSON.stringify(text.slice(-40))}`);
      count++;
    }
  }
  assert.ok(count > 1000);
});

test('the whole sample has no errors', () => {
  for (const file of files) {
    const text = fs.statSync(file).isFile() ? fs.readFileSync(file, 'utf8') : '';
    if (file.endsWith('.sql')) assert.deepEqual(parseSql(text).jinja.errors, [], file);
    if (/\.ya?ml$/.test(file)) assert.deepEqual(readYaml(text).errors, [], file);
  }
});
