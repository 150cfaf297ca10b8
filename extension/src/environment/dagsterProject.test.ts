import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { findDagsterProject } from './dagsterProject';

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'dagster project '));
after(() => fs.rmSync(root, { recursive: true, force: true }));

function write(file: string, text: string): void {
  const target = path.join(root, file);
  fs.mkdirSync(path.dirname(target), { recursive: true });
  fs.writeFileSync(target, text);
}

test('a pyproject.toml with a Dagster table, shallow folders first, packages never', async () => {
  write('a/node_modules/x/pyproject.toml', '[tool.dagster]\n');
  write('a/pyproject.toml', '[project]\nname = "dagster-not"\n');
  write('a/deep/orchestration/pyproject.toml', '[tool.dagster]\nmodule_name = "x"\n');
  assert.equal(await findDagsterProject([path.join(root, 'a')], ''), path.join(root, 'a', 'deep', 'orchestration'));
  write('a/flow/pyproject.toml', '[tool.dg.project]\n');
  assert.equal(await findDagsterProject([path.join(root, 'a')], ''), path.join(root, 'a', 'flow'));
});

test('the setting wins, relative to the first folder; none is none', async () => {
  assert.equal(await findDagsterProject([path.join(root, 'a')], 'other'), path.join(root, 'a', 'other'));
  write('b/readme.md', '');
  assert.equal(await findDagsterProject([path.join(root, 'b')], ''), undefined);
});
