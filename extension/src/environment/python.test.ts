import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { COMMANDS } from '../contributions';
import type { HumanError } from '../base/errors';
import { candidates, PythonEnvironment } from './python';

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "python '$(touch pwned)' ü "));
after(() => fs.rmSync(scratch, { recursive: true, force: true }));

test('places in their order: folders, variables, PATH; a setting is the only place', () => {
  const env = { VIRTUAL_ENV: '/v', CONDA_PREFIX: '/c', UV_PROJECT_ENVIRONMENT: 'env', HOME: '/home/x' };
  const paths = (setting: string, folders = ['/w', '/w/dbt']): string[] => candidates({ setting, folders, env, platform: 'linux' }).map(({ path: found }) => found);
  assert.deepEqual(paths(''), ['/w/.venv/bin/python', '/w/venv/bin/python', '/w/dbt/.venv/bin/python', '/w/dbt/venv/bin/python', '/w/env/bin/python', '/v/bin/python', '/c/bin/python', 'python3', 'python']);
  assert.deepEqual(paths('env/bin/python'), ['/w/env/bin/python']);
  assert.deepEqual(paths('~/env/bin/python'), ['/home/x/env/bin/python']);
  assert.deepEqual(paths('${workspaceFolder}/p'), ['/w/p']);
  assert.deepEqual(paths('python3.12'), ['python3.12']);
});

test('Windows layouts', () => {
  const found = candidates({ setting: '', folders: ['c:\\w x'], env: { CONDA_PREFIX: 'd:\\conda' }, platform: 'win32' }).map(({ path: one }) => one);
  assert.deepEqual(found, ['c:\\w x\\.venv\\Scripts\\python.exe', 'c:\\w x\\venv\\Scripts\\python.exe', 'd:\\conda\\python.exe', 'python.exe', 'py.exe']);
});

/** A program that answers like a Python with these packages. */
function fake(file: string, packages: Record<string, string | null>): string {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, `#!/bin/sh\ncat <<'END'\n${JSON.stringify({ executable: file, version: '3.12.1', dbt: null, postgres: null, dagster: null, ...packages })}\nEND\n`, { mode: 0o755 });
  return file;
}

test('the first that has what is needed; otherwise every place is named, with buttons', { skip: process.platform === 'win32' }, async () => {
  const one = fake(path.join(scratch, 'one/.venv/bin/python'), { dbt: '1.11.0' });
  const two = fake(path.join(scratch, 'two/.venv/bin/python'), { dbt: '1.11.1', dagster: '1.13.27' });
  const broken = path.join(scratch, 'broken/.venv/bin/python');
  fs.mkdirSync(path.dirname(broken), { recursive: true });
  fs.writeFileSync(broken, '#!/bin/sh\necho "no such library" >&2\nexit 1\n', { mode: 0o755 });
  let folders = ['broken', 'one', 'two'].map((name) => path.join(scratch, name));
  let runs = 0;
  const python = new PythonEnvironment(() => ({ setting: '', folders, env: { PATH: '/usr/bin:/bin' } }), () => runs++);
  assert.deepEqual(await python.find('dbt'), { path: one, version: '3.12.1', dbt: '1.11.0', origin: path.join(scratch, 'one/.venv') });
  assert.equal((await python.find('dbt', 'dagster')).path, two);
  const before = runs;
  await python.find('dagster');
  // The broken one is looked at again, for it may have been mended
  assert.equal(runs, before + 1);
  folders = folders.slice(0, 2);
  await assert.rejects(python.find('dagster'), (error: HumanError) => {
    assert.match(error.message, /No Python with Dagster was found\. Looked at/);
    assert.ok(error.message.includes(`${broken}: does not run (no such library)`), error.message);
    assert.ok(error.message.includes(`${one}: Python 3.12.1 without Dagster`), error.message);
    assert.match(error.message, /one.venv.bin.python: not there/);
    assert.match(error.message, /python3 \(PATH\): /);
    assert.deepEqual(error.remedies.map(({ command }) => command), [COMMANDS.setUp, COMMANDS.selectInterpreter]);
    return true;
  });
});

test('Poetry is asked for its environment where a project has its lock file', { skip: process.platform === 'win32' }, async () => {
  const folder = path.join(scratch, 'poetic');
  const inside = fake(path.join(scratch, 'cache/virtualenvs/x/bin/python'), { dbt: '1.11.2' });
  const bin = path.join(scratch, 'bin');
  fs.mkdirSync(folder, { recursive: true });
  fs.mkdirSync(bin);
  fs.writeFileSync(path.join(folder, 'poetry.lock'), '');
  fs.writeFileSync(path.join(bin, 'poetry'), `#!/bin/sh\n[ "$*" = "env info --path" ] && echo "${path.dirname(path.dirname(inside)).replaceAll('$', '\\$')}"\n`, { mode: 0o755 });
  const python = new PythonEnvironment(() => ({ setting: '', folders: [folder], env: { PATH: `${bin}:/usr/bin:/bin` } }));
  assert.deepEqual(await python.find('dbt'), { path: inside, version: '3.12.1', dbt: '1.11.2', origin: `Poetry, for ${folder}` });
});

test('a folder called dbt is no dbt', { skip: process.platform === 'win32' }, async () => {
  const folder = path.join(scratch, 'project');
  fs.mkdirSync(path.join(folder, 'dbt'), { recursive: true });
  const python = new PythonEnvironment(() => ({ setting: 'python3', folders: [folder], env: { ...process.env, PYTHONNOUSERSITE: '1' } }));
  const found = await python.find();
  assert.match(found.version, /^3\.\d+\.\d+$/);
});
