/** uv, the installer of the Python environment: fetched as its own wheel, at the version and with the hash that uv.lock names. */
import { spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { HumanError } from './errors.mjs';
import { within } from './limits.mjs';
import { run } from './processes.mjs';
import { say, size } from './terminal.mjs';

const DOWNLOAD_MS = 300_000;

/**
 * @param {string} lock text of uv.lock
 * @param {string} [platform] as wheels name it; ours by default
 * @returns {{version: string, file: string, url: string, sha256: string}}
 * @throws {HumanError} when uv has no wheel for this platform
 */
export function lockedUv(lock, platform = wheelPlatform()) {
  const section = lock.split('[[package]]').find((text) => /^\s*name = "uv"$/m.test(text));
  const version = section?.match(/^version = "([^"]+)"/m)?.[1];
  if (!version) throw new HumanError('dagster_project/uv.lock does not name uv: restore the file (`git checkout dagster_project/uv.lock`).');
  for (const [, url, sha256] of section.matchAll(/url = "([^"]+\.whl)", hash = "sha256:([0-9a-f]{64})"/g)) {
    const file = decodeURIComponent(url.split('/').at(-1));
    if (WHEELS[platform]?.test(file)) return { version, file, url, sha256 };
  }
  throw new HumanError(`uv ${version} has no build for this platform (${platform}). Install uv yourself and put it on the PATH: https://docs.astral.sh/uv/`);
}

const WHEELS = {
  'linux-x64': /manylinux_[\d_]+_x86_64/,
  'linux-arm64': /manylinux_[\d_]+_aarch64/,
  'linux-x64-musl': /musllinux_[\d_]+_x86_64/,
  'linux-arm64-musl': /musllinux_[\d_]+_aarch64/,
  'darwin-x64': /macosx_[\d_]+_x86_64/,
  'darwin-arm64': /macosx_[\d_]+_arm64/,
  'win32-x64': /win_amd64/,
  'win32-arm64': /win_arm64/,
};

/** @returns {string} e.g. linux-x64, linux-arm64-musl */
export function wheelPlatform() {
  const name = `${process.platform}-${process.arch}`;
  if (process.platform !== 'linux') return name;
  return process.report.getReport().header.glibcVersionRuntime ? name : `${name}-musl`;
}

/**
 * The uv to use: fetched once for each version; one on the PATH where it cannot be fetched.
 * @param {import('./paths.mjs').Place} place
 * @param {{python: string, env?: NodeJS.ProcessEnv, signal?: AbortSignal}} options
 * @returns {Promise<string>} path of the program
 * @throws {HumanError} when there is neither
 */
export async function provideUv(place, { python, env = process.env, signal }) {
  const wheel = lockedUv(fs.readFileSync(path.join(place.dagsterProject, 'uv.lock'), 'utf8'));
  const name = process.platform === 'win32' ? 'uv.exe' : 'uv';
  const program = path.join(place.shared, 'uv', wheel.version, name);
  if (fs.existsSync(program)) return program;
  let data;
  try {
    const url = await wheelUrl(wheel, env, signal);
    data = await download(url, signal);
  } catch (error) {
    signal?.throwIfAborted();
    return uvOnPath(wheel.version, error, env);
  }
  const sha256 = crypto.createHash('sha256').update(data).digest('hex');
  if (sha256 !== wheel.sha256) {
    throw new HumanError(`The downloaded ${wheel.file} is not the one that uv.lock names (sha256 ${sha256}). A proxy or a mirror changed it: try another network or index.`);
  }
  say(`  ${wheel.file}: ${size(data.length)}, sha256 as locked`);
  await unpack(data, program, { python, name, signal });
  return program;
}

async function unpack(data, program, { python, name, signal }) {
  const folder = path.dirname(program);
  const draft = `${folder}.${process.pid}`;
  try {
    fs.mkdirSync(draft, { recursive: true });
    const wheel = path.join(draft, 'uv.whl');
    fs.writeFileSync(wheel, data);
    const { code, output } = await run(python, ['-I', '-m', 'zipfile', '-e', wheel, path.join(draft, 'wheel')], { output: 'capture', signal });
    if (code !== 0) throw new HumanError(`Unpacking uv failed in ${draft}: ${output.trim()}`);
    const scripts = fs.readdirSync(path.join(draft, 'wheel')).find((entry) => entry.endsWith('.data'));
    fs.mkdirSync(folder, { recursive: true });
    const unpacked = path.join(draft, 'wheel', scripts, 'scripts', name);
    fs.chmodSync(unpacked, 0o755);
    fs.renameSync(unpacked, program);
  } finally {
    fs.rmSync(draft, { recursive: true, force: true });
  }
}

/** The index in use, as pip and uv name it: a company's mirror often is the only way out. Empty for PyPI itself. @param {NodeJS.ProcessEnv} env */
export function indexOf(env) {
  return (env.UV_DEFAULT_INDEX || env.UV_INDEX_URL || env.PIP_INDEX_URL || '').replace(/^[\w-]+=(?=https?:)/, '');
}

async function wheelUrl(wheel, env, signal) {
  const index = indexOf(env);
  if (!index) return wheel.url;
  const page = `${index.replace(/\/$/, '')}/uv/`;
  const html = (await download(page, signal, 'text/html')).toString();
  for (const [, href] of html.matchAll(/<a\s[^>]*?href=["']([^"']+)["']/gi)) {
    const url = new URL(href.replaceAll('&amp;', '&'), page);
    if (decodeURIComponent(url.pathname.split('/').at(-1)) === wheel.file) {
      const { username, password, origin } = new URL(index);
      if (username && url.origin === origin) Object.assign(url, { username, password });
      return url.href;
    }
  }
  throw new HumanError(`the package index has no ${wheel.file}`);
}

async function download(address, signal, accept = '*/*') {
  const url = new URL(address);
  const headers = { accept };
  if (url.username) {
    const account = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    headers.authorization = `Basic ${Buffer.from(account).toString('base64')}`;
    url.username = url.password = '';
  }
  const response = await fetch(url, { headers, signal: within(DOWNLOAD_MS, signal) }).catch((error) => {
    throw new HumanError(`${url.host} cannot be reached (${error.cause?.code ?? error.message})`);
  });
  if (!response.ok) throw new HumanError(`${url.host} answered ${response.status} ${response.statusText}`);
  return Buffer.from(await response.arrayBuffer());
}

function uvOnPath(version, error, env) {
  const found = spawnSync('uv', ['--version'], { env, encoding: 'utf8', windowsHide: true });
  if (found.status !== 0) {
    throw new HumanError([
      `uv ${version} could not be fetched: ${error.message}.`,
      'Check the network. Behind a company index set UV_DEFAULT_INDEX to it; or install uv yourself, put it on the PATH and run the command again.',
    ].join('\n'));
  }
  say(`  uv ${version} could not be fetched (${error.message}): using ${found.stdout.trim()} from the PATH`);
  return 'uv';
}
