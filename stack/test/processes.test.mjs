import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { hold, identityOf, run, running, stopGroup } from '../processes.mjs';
import { eventually, firstJson, fixture, hostileFolder, startNode } from './helpers.mjs';

const QUICK = [['SIGINT', 500], ['SIGKILL', 3000]];

function serviceIn(folder) {
  return { name: 'Test service', stateFile: path.join(folder, 'service.json'), logFile: path.join(folder, 'logs', 'service.log'), stop: QUICK };
}

/** The service marks its processes with the folder, so that a test sees its child too. */
function programIn(folder, how = 'polite') {
  return { command: process.execPath, args: [fixture('service.mjs'), how], cwd: folder, env: { ...process.env, MARK: folder }, details: { mark: 1 } };
}

const alive = (pid) => identityOf(pid) !== undefined;
const groupGone = (pid) => eventually(() => {
  try {
    process.kill(-pid, 0);
    return false;
  } catch {
    return true;
  }
});

function startHolder(t, folder, how) {
  return startNode(t, [fixture('holder.mjs'), JSON.stringify([serviceIn(folder), programIn(folder, how)])]);
}

test('a child gets its arguments as they are, never through a shell', async (t) => {
  const folder = hostileFolder(t);
  const nasty = ['$(touch ran)', '; touch ran', '`touch ran`', '%PATH%', "it's", '"x"', 'ünï cödé', ''];
  const script = 'process.stdout.write(JSON.stringify(process.argv.slice(1)))';
  const { code, output } = await run(process.execPath, ['-e', script, ...nasty], { cwd: folder, output: 'capture' });
  assert.equal(code, 0);
  assert.deepEqual(JSON.parse(output), nasty);
  assert.deepEqual(fs.readdirSync(folder), []);
});

test('the exit code of a child is passed on, and a program that is not there is an error', async () => {
  assert.equal((await run(process.execPath, ['-e', 'process.exit(7)'])).code, 7);
  await assert.rejects(run('/nowhere/program', []), { code: 'ENOENT' });
});

test('aborting stops a child that ignores polite signals, and what it started', async (t) => {
  const folder = hostileFolder(t);
  const controller = new AbortController();
  const ended = run(process.execPath, [fixture('service.mjs'), 'stubborn'], { cwd: folder, signal: controller.signal, stop: QUICK });
  setTimeout(() => controller.abort(new Error('enough')), 300);
  await assert.rejects(ended, /enough/);
});

test('aborting before the child has even started stops it all the same', async (t) => {
  const controller = new AbortController();
  const ended = run(process.execPath, [fixture('service.mjs')], { cwd: hostileFolder(t), signal: controller.signal, stop: QUICK });
  controller.abort(new Error('at once'));
  await assert.rejects(ended, /at once/);
});

test('a child dies when the command that runs it is killed with SIGKILL', async (t) => {
  const folder = hostileFolder(t);
  const file = path.join(folder, 'pid');
  const script = `require('fs').writeFileSync(${JSON.stringify(file)}, String(process.pid)); setInterval(() => {}, 1000)`;
  const runner = startNode(t, [fixture('runner.mjs'), JSON.stringify([process.execPath, ['-e', script]])]);
  assert.ok(await eventually(() => fs.existsSync(file) && fs.readFileSync(file, 'utf8')));
  const pid = Number(fs.readFileSync(file, 'utf8'));
  runner.kill('SIGKILL');
  assert.ok(await eventually(() => !alive(pid), 5000));
});

test('a command stops when the process that started it is killed with SIGKILL', async (t) => {
  const parent = startNode(t, [fixture('parent.mjs'), fixture('runner.mjs'), JSON.stringify([process.execPath, ['-e', 'setInterval(() => {}, 1000)']])]);
  const { child } = await firstJson(parent);
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.ok(alive(child));
  parent.kill('SIGKILL');
  assert.ok(await eventually(() => !alive(child), 6000));
});

test('a service is stopped, with its children, when its holder is killed with SIGKILL', async (t) => {
  const folder = hostileFolder(t);
  const holder = startHolder(t, folder, 'stubborn');
  const { pid, started } = await firstJson(holder);
  assert.ok(started && alive(pid));
  holder.kill('SIGKILL');
  assert.ok(await groupGone(pid));
  assert.ok(await eventually(() => !fs.existsSync(serviceIn(folder).stateFile)));
});

test('two holders share a service: the first to let go does not stop it, the last one does', async (t) => {
  const folder = hostileFolder(t);
  const first = startHolder(t, folder);
  const { pid } = await firstJson(first);
  const second = await hold(serviceIn(folder), async () => assert.fail('started twice'));
  assert.equal(second.pid, pid);
  assert.equal(second.started, false);
  assert.deepEqual(second.details, { mark: 1 });
  first.kill('SIGTERM');
  assert.deepEqual(await first.ended, { code: 0, signal: null });
  await new Promise((resolve) => setTimeout(resolve, 2500));
  assert.ok(alive(pid), 'the second still holds it');
  await second.release();
  assert.ok(!alive(pid), 'release returns when it is stopped');
});

test('when the guard itself is killed, the holder stops the service and says so', async (t) => {
  const folder = hostileFolder(t);
  const holder = startHolder(t, folder);
  const { pid } = await firstJson(holder);
  process.kill(running(serviceIn(folder)).guard, 'SIGKILL');
  assert.ok(await groupGone(pid));
  assert.match((await holder.ended, holder.text), /guard of Test service was killed/);
});

test('a service that ends by itself is reported', async (t) => {
  const folder = hostileFolder(t);
  const holder = startHolder(t, folder);
  const { pid } = await firstJson(holder);
  process.kill(pid, 'SIGKILL');
  await holder.ended;
  assert.match(holder.text, /Test service ended by itself \(SIGKILL\)/);
});

test('what a killed stack left behind is stopped at the next start, and only that', async (t) => {
  const folder = hostileFolder(t);
  const service = serviceIn(folder);
  const holder = startHolder(t, folder);
  const { pid } = await firstJson(holder);
  holder.kill('SIGSTOP');
  process.kill(running(service).guard, 'SIGKILL');
  await eventually(() => !alive(running(service)?.guard ?? 0));
  holder.kill('SIGKILL');
  await holder.ended;
  assert.ok(alive(pid), 'an orphan');
  const next = await hold(service, async () => programIn(folder));
  assert.ok(!alive(pid));
  assert.notEqual(next.pid, pid);
  await next.release();
});

test('a stale state file whose process number belongs to somebody else harms nobody', async (t) => {
  const folder = hostileFolder(t);
  const service = serviceIn(folder);
  const bystander = startNode(t, ['-e', 'setInterval(() => {}, 1000)'], { detached: true });
  const stale = { pid: bystander.pid, identity: `${bystander.pid}/1`, guard: bystander.pid, guardIdentity: `${bystander.pid}/1`, port: 1, token: 'x' };
  fs.writeFileSync(service.stateFile, JSON.stringify(stale));
  assert.equal(running(service), undefined);
  const holder = await hold(service, async () => programIn(folder));
  assert.ok(alive(bystander.pid));
  await holder.release();
});

test('nobody gets in without the token', async (t) => {
  const folder = hostileFolder(t);
  const service = serviceIn(folder);
  const holder = await hold(service, async () => programIn(folder));
  assert.equal(fs.statSync(service.stateFile).mode & 0o777, 0o600);
  const net = await import('node:net');
  const socket = net.connect(running(service).port, '127.0.0.1');
  socket.write(`${'0'.repeat(48)}\nrelease\n`);
  const answer = await new Promise((resolve) => {
    let text = '';
    socket.on('data', (data) => (text += data)).on('close', () => resolve(text)).on('error', () => {});
  });
  assert.equal(answer, '');
  assert.ok(alive(holder.pid));
  await holder.release();
});

test('stopGroup says whether all of it is gone', async (t) => {
  const child = startNode(t, ['-e', 'setInterval(() => {}, 1000)'], { detached: true });
  assert.equal(await stopGroup(child.pid, [['SIGTERM', 3000]]), true);
  assert.equal((await child.ended).signal, 'SIGTERM');
});
