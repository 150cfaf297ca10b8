import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from './processes';

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'run '));
after(() => fs.rmSync(scratch, { recursive: true, force: true }));
const node = process.execPath;

test('arguments arrive as they are, whatever they hold, and no shell sees them', async () => {
  const args = ['a b', "'", '"', '$(touch pwned)', '; touch pwned', '%PATH%', 'ünï', '`touch pwned`', '\\'];
  const { stdout, code } = await run(node, ['-e', 'console.log(JSON.stringify(process.argv.slice(1)))', '--', ...args], { cwd: scratch, timeout: 10_000 });
  assert.deepEqual([code, JSON.parse(stdout)], [0, args]);
  assert.deepEqual(fs.readdirSync(scratch), []);
});

test('input is written, output of both streams and the code come back', async () => {
  const done = await run(node, ['-e', 'process.stdin.on("data", (d) => { process.stdout.write(d); process.stderr.write("bad"); process.exitCode = 3; })'], { input: 'hello', timeout: 10_000 });
  assert.deepEqual(done, { code: 3, stdout: 'hello', stderr: 'bad' });
});

/** Whether it runs; where nobody reaps orphans, a dead one still has an entry. */
function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

test('an end that is asked for takes the whole group, those who ignore it too', { skip: process.platform === 'win32' }, async () => {
  const file = path.join(scratch, 'pid');
  const grandchild = `process.on('SIGTERM', () => {}); require('fs').writeFileSync(${JSON.stringify(file)}, String(process.pid)); setInterval(() => {}, 1000)`;
  const controller = new AbortController();
  const running = run(node, ['-e', `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(grandchild)}], {stdio: 'inherit'}); setInterval(() => {}, 1000)`], { signal: controller.signal, timeout: 60_000 });
  while (!fs.existsSync(file) || fs.readFileSync(file, 'utf8') === '') await sleep(20);
  const pid = Number(fs.readFileSync(file, 'utf8'));
  controller.abort();
  await assert.rejects(running, { name: 'Cancelled' });
  // Its streams close when it dies; its number is free once somebody has taken note
  for (const end = Date.now() + 5000; alive(pid) && Date.now() < end;) await sleep(20);
  assert.equal(alive(pid), false);
});

test('too long, not there, already cancelled: each in words', async () => {
  await assert.rejects(run(node, ['-e', 'setInterval(() => {}, 1000)'], { timeout: 200 }), /did not end within 0 seconds/);
  await assert.rejects(run(path.join(scratch, 'nothing'), [], { timeout: 1000 }), { name: 'HumanError', message: /it is not there/ });
  await assert.rejects(run(node, [], { timeout: 1000, signal: AbortSignal.abort() }), { name: 'Cancelled' });
});

test('output is capped, its end kept', async () => {
  const { stdout } = await run(node, ['-e', 'process.stdout.write("a".repeat(9e6)); process.stdout.write("end")'], { timeout: 20_000 });
  assert.ok(stdout.length <= 4 * 1024 * 1024 && stdout.endsWith('end'));
});
