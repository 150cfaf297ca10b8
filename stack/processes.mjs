/**
 * All process control: foreground children, guarded services, what was left behind, and who started us.
 *
 * Each child runs in a process group of its own under a guard (this file, run by Node). A guard ends its child when whoever asked for it
 * is gone, however it went: the guard of a foreground child watches its IPC channel; the guard of a service counts the connections of its
 * holders, so several commands share one server and the last one stops it.
 */
import { execFileSync, spawn } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Interrupted } from './errors.mjs';
import { readJson, replaceFile } from './files.mjs';

const SELF = fileURLToPath(import.meta.url);
const WINDOWS = process.platform === 'win32';
const GRACE_MS = 2000;
const FIRST_HOLDER_MS = 10_000;
const JOIN_MS = 40_000;

/** @typedef {[signal: NodeJS.Signals, milliseconds: number][]} StopSteps each signal goes to the group, then that long is waited */

/** @type {StopSteps} As Ctrl-C would, then harder. */
export const INTERRUPT = [['SIGINT', 10_000], ['SIGTERM', 5000], ['SIGKILL', 5000]];
/** @type {StopSteps} */
export const TERMINATE = [['SIGTERM', 10_000], ['SIGKILL', 5000]];

// ---- facts about processes

/** @returns {{state: string, ppid: number, started: string} | undefined} undefined when there is no such process */
function inspect(pid) {
  if (process.platform === 'linux') {
    try {
      const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return { state: fields[0], ppid: Number(fields[1]), started: fields[19] };
    } catch {
      return undefined;
    }
  }
  if (WINDOWS) return signalPid(pid, 0) ? { state: 'R', ppid: 0, started: '' } : undefined;
  try {
    const line = execFileSync('ps', ['-o', 'stat=,ppid=,lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    const [state, ppid, ...started] = line.trim().split(/\s+/);
    return state ? { state, ppid: Number(ppid), started: started.join(' ') } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * @param {number} pid
 * @returns {string | undefined} tells a process from a later one of the same number; undefined when it is not running
 */
export function identityOf(pid) {
  const found = inspect(pid);
  return found && !/^[ZX]/.test(found.state) ? `${pid}/${found.started}` : undefined;
}

function signalPid(pid, signal) {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function signalGroup(pid, signal) {
  if (!WINDOWS) return signalPid(-pid, signal);
  if (signal === 0) return signalPid(pid, 0);
  try {
    execFileSync('taskkill', ['/pid', String(pid), '/T', '/F'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function until(condition, milliseconds) {
  const end = Date.now() + milliseconds;
  while (!condition()) {
    if (Date.now() > end) return false;
    await sleep(25);
  }
  return true;
}

/**
 * Stops a whole process group, harder with each step.
 * @param {number} pid the group's leader
 * @param {StopSteps} [steps]
 * @returns {Promise<boolean>} whether all of it is gone
 */
export async function stopGroup(pid, steps = INTERRUPT) {
  for (const [signal, milliseconds] of steps) {
    if (!signalGroup(pid, signal) || (await until(() => !signalGroup(pid, 0), milliseconds))) return true;
  }
  return !signalGroup(pid, 0);
}

// ---- who started us

/**
 * Calls back once when a signal asks us to stop, or when the process that started us is gone.
 * @param {(reason: Interrupted) => void} onInterrupted
 */
export function onInterruption(onInterrupted) {
  let told = false;
  const tell = (reason, exitCode) => {
    // npm passes on the signal that the terminal sent us already
    if (told) return;
    told = true;
    onInterrupted(new Interrupted(reason, exitCode));
  };
  for (const [signal, number] of [['SIGINT', 2], ['SIGTERM', 15], ['SIGHUP', 1]]) {
    process.on(signal, () => tell(`Stopped by ${signal}.`, 128 + number));
  }
  const gone = parentWatch();
  setInterval(() => gone() && tell('The process that started this one is gone.', 1), 1000).unref();
}

function parentWatch() {
  const parent = process.ppid;
  if (WINDOWS) return () => !signalPid(parent, 0);
  // npm starts a shell that starts us: the shell outlives an npm that was killed
  const under = process.env.npm_lifecycle_event === undefined || isNpm(parent) ? undefined : inspect(parent)?.ppid;
  return () => process.ppid !== parent || (under !== undefined && inspect(parent)?.ppid !== under);
}

function isNpm(pid) {
  try {
    return execFileSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }).startsWith('npm');
  } catch {
    // Slim containers have no `ps`
    return process.platform === 'linux' && fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('npm');
  }
}

// ---- foreground children

/**
 * @typedef {object} RunOptions
 * @property {string} [cwd]
 * @property {NodeJS.ProcessEnv} [env]
 * @property {'inherit' | 'capture'} [output]
 * @property {(text: string) => void} [onOutput] hears what is captured as it comes, also when the child is stopped
 * @property {string} [input] for the child's standard input, which is empty otherwise
 * @property {AbortSignal} [signal] stops the child and all it started; `run` then rejects with the signal's reason
 * @property {{uid: number, gid: number}} [account]
 * @property {StopSteps} [stop]
 */

/**
 * Runs a program to its end. It dies with us, also when we are killed.
 * @param {string} command
 * @param {string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<{code: number | null, signal: string | null, output: string}>} output: both streams, when captured
 * @throws the error of the system when the program cannot be started
 */
export async function run(command, args, options = {}) {
  const { cwd, env = process.env, output = 'inherit', onOutput = () => {}, input, signal, account, stop = INTERRUPT } = options;
  signal?.throwIfAborted();
  const out = output === 'inherit' ? 'inherit' : 'pipe';
  const guard = startGuard([input === undefined ? 'ignore' : 'pipe', out, out, 'ipc'], { mode: 'child', command, args, cwd, env, account, stop });
  guard.stdin?.end(input);
  let captured = '';
  for (const stream of [guard.stdout, guard.stderr]) {
    stream?.setEncoding('utf8').on('data', (text) => {
      captured += text;
      onOutput(text);
    });
  }
  const seen = {};
  guard.on('message', (message) => Object.assign(seen, message));
  const abort = () => guard.connected && guard.send('stop');
  signal?.addEventListener('abort', abort);
  const closed = new Promise((resolve) => guard.once('close', resolve));
  await new Promise((resolve) => guard.once('exit', resolve));
  // A guard that was killed itself leaves the child to us
  if (seen.exit === undefined && seen.pid !== undefined) await stopGroup(seen.pid, stop);
  await closed;
  signal?.removeEventListener('abort', abort);
  if (signal?.aborted) throw signal.reason;
  if (seen.error) throw Object.assign(new Error(seen.error.message), seen.error);
  return { code: null, signal: 'SIGKILL', ...seen.exit, output: captured };
}

function startGuard(stdio, spec) {
  const guard = spawn(process.execPath, [SELF, 'guard'], { stdio, detached: !WINDOWS, windowsHide: true });
  guard.on('error', () => {});
  guard.send(spec, () => {});
  return guard;
}

// ---- services

/**
 * @typedef {object} Service
 * @property {string} name
 * @property {string} stateFile where the guard says how to reach it
 * @property {string} logFile
 * @property {StopSteps} stop
 */
/** @typedef {{command: string, args: string[], cwd?: string, env?: NodeJS.ProcessEnv, account?: {uid: number, gid: number}, details?: object}} Program */
/**
 * @typedef {object} Holder
 * @property {number} pid of the service
 * @property {any} details as the program that started it gave them
 * @property {boolean} started whether this call started it
 * @property {Promise<string>} ended resolves, in words, when the service is gone without being released
 * @property {() => Promise<void>} release returns when the service is stopped, or at once where others hold it too
 */

/**
 * Joins the running service, or starts it. Callers keep others out meanwhile (a lock).
 * @param {Service} service
 * @param {() => Promise<Program>} program asked only when the service must be started
 * @returns {Promise<Holder>}
 */
export async function hold(service, program) {
  const joined = await join(service);
  if (joined) return joined;
  await stopLeftover(service);
  const spec = { mode: 'service', ...(await program()), service };
  fs.mkdirSync(path.dirname(service.logFile), { recursive: true });
  const log = fs.openSync(service.logFile, 'a', 0o600);
  const guard = startGuard(['ignore', log, log, 'ipc'], spec);
  fs.closeSync(log);
  const ready = await new Promise((resolve) => {
    guard.once('message', resolve);
    guard.once('exit', () => resolve({ error: { message: `the guard of ${service.name} ended at once; see ${service.logFile}` } }));
  });
  if (ready.error) throw Object.assign(new Error(ready.error.message), ready.error);
  const holder = await join(service);
  if (guard.connected) guard.disconnect();
  guard.unref();
  if (!holder) throw new Error(`the guard of ${service.name} does not answer; see ${service.logFile}`);
  return { ...holder, started: true };
}

/**
 * @param {Service} service
 * @returns {{pid: number, guard: number, details: any} | undefined} what is running, by its state file
 */
export function running(service) {
  const state = readJson(service.stateFile);
  if (!state) return undefined;
  const alive = identityOf(state.guard) === state.guardIdentity || identityOf(state.pid) === state.identity;
  return alive ? state : undefined;
}

async function join(service) {
  const end = Date.now() + JOIN_MS;
  for (let state; (state = readJson(service.stateFile)); await sleep(100)) {
    if (identityOf(state.guard) !== state.guardIdentity) return undefined;
    const socket = await greet(state);
    if (socket) return holderOf(service, state, socket);
    // A guard that is stopping its service no longer answers: wait for its end, but not for one that hangs
    if (Date.now() > end) signalPid(state.guard, 'SIGKILL');
  }
  return undefined;
}

/** What a killed guard left behind is stopped: only when it is really that process, not a later one of the same number. */
async function stopLeftover(service) {
  const state = readJson(service.stateFile);
  if (state && identityOf(state.pid) === state.identity) await stopGroup(state.pid, service.stop);
  fs.rmSync(service.stateFile, { force: true });
}

function greet(state) {
  return new Promise((resolve) => {
    const socket = net.connect(state.port, '127.0.0.1');
    socket.setTimeout(5000, () => socket.destroy());
    socket.once('error', () => {});
    socket.once('close', () => resolve(undefined));
    socket.once('data', (data) => {
      socket.setTimeout(0);
      resolve(data.toString() === 'held\n' ? socket : undefined);
    });
    socket.write(`${state.token}\n`);
  });
}

function holderOf(service, state, socket) {
  let word = '';
  let released = false;
  socket.on('data', (data) => (word += data));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  const ended = closed.then(async () => {
    if (released) return new Promise(() => {});
    if (word) return `${service.name} ended by itself (${word.trim()}); see ${service.logFile}`;
    // The guard was killed: its holders stop what it guarded
    await stopLeftover(service);
    return `the guard of ${service.name} was killed, so ${service.name} was stopped`;
  });
  return {
    pid: state.pid,
    details: state.details,
    started: false,
    ended,
    async release() {
      released = true;
      if (!socket.destroyed) socket.end('release\n');
      await closed;
      // Where the guard ended too, nothing at all is left when we return
      await until(() => fs.existsSync(service.stateFile) || identityOf(state.guard) !== state.guardIdentity, 1000);
    },
  };
}

// ---- the guard's own process

async function guardMain() {
  for (const signal of ['SIGINT', 'SIGHUP']) process.on(signal, () => {});
  const orphaned = () => process.exit(0);
  process.once('disconnect', orphaned);
  // On a busy machine the word to stop may come together with what to start
  const told = new Promise((resolve) => process.on('message', (message) => message === 'stop' && resolve(undefined)));
  const spec = await new Promise((resolve) => process.once('message', resolve));
  const { command, args, cwd, env, account } = spec;
  const child = spawn(command, args, { cwd, env, ...account, stdio: 'inherit', detached: !WINDOWS, windowsHide: true });
  const exit = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  child.once('error', (error) => tellParent({ error: { message: error.message, code: error.code, path: error.path } }, () => process.exit(1)));
  await new Promise((resolve) => child.once('spawn', resolve));
  process.off('disconnect', orphaned);
  if (spec.mode === 'child') guardChild(child.pid, exit, spec.stop, told);
  else guardService(child.pid, exit, spec);
}

function tellParent(message, done = () => {}) {
  if (process.connected) process.send(message, done);
  else done();
}

function guardChild(pid, exit, steps, told) {
  tellParent({ pid });
  const stop = () => stopGroup(pid, steps);
  told.then(stop);
  for (const event of ['disconnect', 'SIGTERM']) process.once(event, stop);
  exit.then(async (result) => {
    // What the child started and left running ends with it
    await stopGroup(pid, TERMINATE);
    tellParent({ exit: result }, () => process.exit(0));
  });
}

function guardService(pid, exit, { service, details }) {
  const token = crypto.randomBytes(24).toString('hex');
  const holders = new Set();
  let alone;
  let stopping = false;
  const finish = (word) => {
    for (const holder of holders) holder.end(word);
    fs.rmSync(service.stateFile, { force: true });
    setTimeout(() => process.exit(0), 50);
  };
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    await stopGroup(pid, service.stop);
    finish('stopped\n');
  };
  const stopWhenAlone = (milliseconds) => {
    clearTimeout(alone);
    if (holders.size === 0) alone = setTimeout(stop, milliseconds);
  };
  const leave = (socket, explicitly) => {
    if (!holders.has(socket)) return;
    // The last one that lets go waits until the service is stopped; for one that vanished another may be on its way
    if (explicitly && holders.size === 1) return void stop();
    holders.delete(socket);
    socket.end();
    stopWhenAlone(GRACE_MS);
  };
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    let text = '';
    socket.setTimeout(5000, () => holders.has(socket) || socket.destroy());
    socket.on('error', () => {});
    socket.on('close', () => leave(socket, false));
    socket.on('end', () => (holders.has(socket) ? leave(socket, text.endsWith('release\n')) : socket.destroy()));
    socket.on('data', (data) => {
      text = (text + data).slice(0, 200);
      if (holders.has(socket) || !text.includes('\n')) return;
      if (stopping || !sameSecret(text.slice(0, text.indexOf('\n')), token)) return void socket.destroy();
      holders.add(socket);
      clearTimeout(alone);
      socket.write('held\n');
    });
  });
  process.on('SIGTERM', stop);
  exit.then(({ code, signal }) => {
    if (stopping) return;
    stopping = true;
    stopGroup(pid, service.stop).then(() => finish(`${signal ?? `exit code ${code}`}\n`));
  });
  server.listen(0, '127.0.0.1', () => {
    const state = {
      pid, identity: identityOf(pid), guard: process.pid, guardIdentity: identityOf(process.pid),
      port: server.address().port, token, since: new Date().toISOString(), details,
    };
    replaceFile(service.stateFile, JSON.stringify(state));
    tellParent({ ready: true });
    stopWhenAlone(FIRST_HOLDER_MS);
  });
}

function sameSecret(given, secret) {
  return given.length === secret.length && crypto.timingSafeEqual(Buffer.from(given), Buffer.from(secret));
}

if (process.argv[2] === 'guard' && process.argv[1] === SELF) guardMain();
