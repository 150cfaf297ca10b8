/** A lock file: taken atomically, and taken over safely when its holder is gone. */
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { replaceFile } from './files.mjs';
import { identityOf } from './processes.mjs';

const TAKEOVER_MS = 10_000;

/**
 * @typedef {object} Lock
 * @property {(more: object) => void} note adds facts for whoever finds the lock taken
 * @property {() => void} release
 */

/**
 * @param {string} file
 * @returns {{pid: number, identity: string, since: string, nonce: string} | undefined} the living holder
 */
export function lockHolder(file) {
  const text = read(file);
  return text === undefined ? undefined : living(text);
}

/**
 * @param {string} file
 * @param {object} [facts] for whoever finds the lock taken
 * @returns {Lock | undefined} undefined when a living process holds it
 */
export function tryLock(file, facts = {}) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const nonce = crypto.randomUUID();
  const mine = { pid: process.pid, identity: identityOf(process.pid), since: new Date().toISOString(), nonce, ...facts };
  for (;;) {
    if (createWhole(file, JSON.stringify(mine))) return heldLock(file, mine);
    const found = read(file);
    if (found === undefined) continue;
    if (living(found)) return undefined;
    removeStale(file, found);
  }
}

/**
 * Waits until the lock is free.
 * @param {string} file
 * @param {{signal?: AbortSignal, onWait?: (holder: object) => void}} [options] onWait is called once
 * @returns {Promise<Lock>}
 */
export async function waitForLock(file, { signal, onWait } = {}) {
  let told = false;
  for (;;) {
    signal?.throwIfAborted();
    const lock = tryLock(file);
    if (lock) return lock;
    const holder = lockHolder(file);
    if (holder && !told) {
      told = true;
      onWait?.(holder);
    }
    await sleep(100);
  }
}

function heldLock(file, mine) {
  const isMine = () => read(file)?.includes(mine.nonce) ?? false;
  return {
    note(more) {
      Object.assign(mine, more);
      if (isMine()) replaceFile(file, JSON.stringify(mine));
    },
    release() {
      if (isMine()) fs.rmSync(file, { force: true });
    },
  };
}

/** A link appears with its content or not at all: nobody can read a half-written lock. */
function createWhole(file, text) {
  const draft = `${file}.${crypto.randomUUID()}`;
  fs.writeFileSync(draft, text, { mode: 0o600, flag: 'wx' });
  try {
    fs.linkSync(draft, file);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    // Some network and FAT file systems have no hard links
    if (['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(error.code)) return createPlain(file, text);
    throw error;
  } finally {
    fs.rmSync(draft, { force: true });
  }
}

function createPlain(file, text) {
  try {
    fs.writeFileSync(file, text, { mode: 0o600, flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

/** The right to remove one stale lock is itself exclusive, so that a fresh lock is never removed in its place. */
function removeStale(file, text) {
  const right = `${file}.stale-${crypto.createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
  if (!createPlain(right, String(process.pid))) {
    const age = Date.now() - (fs.statSync(right, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > TAKEOVER_MS) fs.rmSync(right, { force: true });
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    return;
  }
  try {
    if (read(file) === text) fs.rmSync(file, { force: true });
  } finally {
    fs.rmSync(right, { force: true });
  }
}

function living(text) {
  try {
    const holder = JSON.parse(text);
    return holder.identity !== undefined && identityOf(holder.pid) === holder.identity ? holder : undefined;
  } catch {
    return undefined;
  }
}

function read(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}
