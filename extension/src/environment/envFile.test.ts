import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { Environment } from './envFile';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'env '));
after(() => fs.rmSync(folder, { recursive: true, force: true }));

test('.env wins over the editor\'s own variables, is read again when it changed, and may be missing', () => {
  let file = '.env';
  const environment = new Environment({ file: () => file, folder: () => folder, base: { A: '1', B: '2' } });
  assert.deepEqual(environment.variables, { A: '1', B: '2' });
  fs.writeFileSync(path.join(folder, '.env'), '# note\nexport B="two words"\nC=\'$(x)\'\nD="a\\nb"\n');
  assert.deepEqual(environment.variables, { A: '1', B: 'two words', C: '$(x)', D: 'a\nb' });
  fs.writeFileSync(path.join(folder, 'other.env'), 'B=9');
  file = '${workspaceFolder}/other.env';
  assert.equal(environment.variables.B, '9');
  file = '';
  assert.equal(environment.variables.B, '2');
  assert.equal(environment.file, undefined);
});
