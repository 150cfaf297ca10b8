import assert from 'node:assert/strict';
import fs from 'node:fs';
import promises from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cancelled } from '../base/errors';
import { DbtSession } from './session';

test('a session that is disposed of while its dbt is about to start starts none', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'attribution-session-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const [script, mark] = [path.join(folder, 'dbt.mjs'), path.join(folder, 'started')];
  fs.writeFileSync(script, `import fs from 'node:fs';\nfs.writeFileSync(${JSON.stringify(mark)}, '');\nsetTimeout(() => undefined, 2000);\n`);
  const session: DbtSession = new DbtSession({
    python: { find: () => Promise.resolve({ path: process.execPath } as never) }, environment: { variables: {}, file: undefined }, script, folder: path.join(folder, 'storage'),
    profilesDirectory: () => '', target: () => '',
  });
  const { mkdir } = promises;
  // The last thing that is waited for before the process is there
  t.mock.method(promises, 'mkdir', async (...given: Parameters<typeof mkdir>) => {
    await mkdir(...given);
    session.dispose();
  });
  await assert.rejects(session.compile({ project: folder, text: 'select 1' }), Cancelled);
  await sleep(300);
  assert.deepEqual(session.pids, []);
  assert.ok(!fs.existsSync(mark));
});
