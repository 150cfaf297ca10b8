import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { lockHolder, tryLock, waitForLock } from '../lock.mjs';
import { hostileFolder, ROOT, startNode } from './helpers.mjs';

const STALE = JSON.stringify({ pid: process.pid, identity: `${process.pid}/of an earlier process`, nonce: 'old' });

test('a lock is exclusive until it is released, and shows its holder', (t) => {
  const file = path.join(hostileFolder(t), 'a.lock');
  const lock = tryLock(file);
  lock.note({ url: 'http://127.0.0.1:3000' });
  assert.equal(tryLock(file), undefined);
  assert.equal(lockHolder(file).pid, process.pid);
  assert.equal(lockHolder(file).url, 'http://127.0.0.1:3000');
  lock.release();
  assert.ok(tryLock(file));
});

test('a lock of a process that is gone, or half-written by a crash, is taken over', (t) => {
  const file = path.join(hostileFolder(t), 'a.lock');
  for (const text of [STALE, '', '{"pid":']) {
    fs.writeFileSync(file, text);
    assert.equal(lockHolder(file), undefined);
    tryLock(file).release();
  }
});

test('releasing never removes the lock of another', (t) => {
  const file = path.join(hostileFolder(t), 'a.lock');
  const lock = tryLock(file);
  fs.writeFileSync(file, 'of another');
  lock.release();
  assert.ok(fs.existsSync(file));
});

test('of many who find a stale lock at once, exactly one takes it over', async (t) => {
  const folder = hostileFolder(t);
  const file = path.join(folder, 'a.lock');
  const script = `
    import { tryLock } from ${JSON.stringify(pathToFileURL(path.join(ROOT, 'stack', 'lock.mjs')).href)};
    while (Date.now() < Number(process.argv[2])) {}
    console.log(tryLock(process.argv[1]) ? 'mine' : 'taken');
    setTimeout(() => {}, 1500);`;
  for (let round = 0; round < 2; round++) {
    fs.writeFileSync(file, STALE);
    const at = String(Date.now() + 800);
    const all = Array.from({ length: 8 }, () => startNode(t, ['--input-type=module', '-e', script, file, at]));
    await Promise.all(all.map((child) => child.ended));
    assert.deepEqual(all.map((child) => child.text.trim()).sort(), ['mine', ...Array(7).fill('taken')]);
  }
});

test('waiting says once for whom, and ends with the lock or the interruption', async (t) => {
  const file = path.join(hostileFolder(t), 'a.lock');
  const lock = tryLock(file);
  const told = [];
  setTimeout(() => lock.release(), 300);
  const mine = await waitForLock(file, { onWait: (holder) => told.push(holder.pid) });
  assert.deepEqual(told, [process.pid]);
  await assert.rejects(waitForLock(file, { signal: AbortSignal.timeout(200) }), { name: 'TimeoutError' });
  mine.release();
});
