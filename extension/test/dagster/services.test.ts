/** The services outlive a window that comes back, and end soon after the last one, however it ended (row 12). */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import { DagsterClient } from '../../src/dagster/client';
import { ROOT, testEnv } from '../servers';
import { processesNaming, servicesProgram, temporary, until } from './rig';

interface Window { child: ChildProcess; url: string; started: boolean }

test('windows killed: a second one joins what runs, and 30 s after the last one nothing is left', { skip: process.platform === 'linux' ? false : 'looks into /proc' }, async (t) => {
  const folder = temporary('services');
  const program = await servicesProgram();
  const parent = path.join(ROOT, 'extension', 'out', `window-${process.pid}.mjs`);
  await build({ entryPoints: [path.join(import.meta.dirname, 'window.ts')], outfile: parent, bundle: true, platform: 'node', target: 'node20', format: 'esm', logLevel: 'warning' });
  const env = { ...testEnv(folder), DBT_SEND_ANONYMOUS_USAGE_STATS: 'false' };
  const open = async (): Promise<Window> => {
    const child = spawn(process.execPath, [parent, program, ROOT], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => child.kill('SIGKILL'));
    for await (const line of readline.createInterface({ input: child.stdout })) {
      if (line.startsWith('{')) return { child, ...(JSON.parse(line) as { url: string; started: boolean }) };
    }
    throw new Error('The window ended before its services were up.');
  };
  t.after(() => {
    for (const file of [program, parent]) fs.rmSync(file, { force: true });
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  const first = await open();
  assert.equal(first.started, true);
  const { pid } = JSON.parse(fs.readFileSync(path.join(folder, 'dagster.json'), 'utf8')) as { pid: number };
  first.child.kill('SIGKILL');
  const second = await open();
  assert.deepEqual([second.url, second.started], [first.url, false], 'joined, not started');
  // Longer than the first window's services linger
  await sleep(13_000);
  assert.match(await new DagsterClient(second.url).verify(), /^\d/);
  assert.equal((JSON.parse(fs.readFileSync(path.join(folder, 'dagster.json'), 'utf8')) as { pid: number }).pid, pid, 'the same server');
  const before = processesNaming(folder).length;
  assert.ok(before > 5, `${before} processes`);

  const began = performance.now();
  second.child.kill('SIGKILL');
  await until('0 processes are left', () => processesNaming(folder).length === 0, 30_000);
  process.stdout.write(`# ${before} processes, 0 after ${Math.round((performance.now() - began) / 1000)} s\n`);
});
