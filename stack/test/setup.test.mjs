import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { test } from 'node:test';
import { hydrate, nativeFolder } from '../binaries.mjs';
import { describe, HumanError } from '../errors.mjs';
import { placeOf } from '../paths.mjs';
import { findPython } from '../python.mjs';
import { checkNode, checkPath, uvSteps } from '../setup.mjs';
import { lockedUv, provideUv } from '../uv.mjs';
import { hostileFolder, ROOT } from './helpers.mjs';

/** A folder with programs that answer as the named Pythons would. */
function pythons(t, versions) {
  const folder = hostileFolder(t);
  for (const [name, [major, minor, implementation = 'cpython']] of Object.entries(versions)) {
    const lines = [implementation, major, minor, 'True', path.join(folder, name)];
    fs.writeFileSync(path.join(folder, name), `#!/bin/sh\ncat <<'E'\n${lines.join('\n')}\nE\n`, { mode: 0o755 });
  }
  fs.symlinkSync('/bin/cat', path.join(folder, 'cat'));
  return folder;
}

test('the newest Python that fits is found, whatever the name', (t) => {
  const folder = pythons(t, { 'python3.12': [3, 12], 'python3.11': [3, 11], python3: [3, 14] });
  assert.deepEqual(findPython({ PATH: folder }), { path: path.join(folder, 'python3.12'), version: '3.12' });
});

test('PYTHON comes first and is not silently replaced', (t) => {
  const folder = pythons(t, { 'python3.12': [3, 12], mine: [3, 10], old: [3, 9] });
  assert.equal(findPython({ PATH: folder, PYTHON: path.join(folder, 'mine') }).version, '3.10');
  assert.throws(() => findPython({ PATH: folder, PYTHON: path.join(folder, 'old') }), /old: Python 3\.9, which is too old[^]*PYTHON=/);
});

test('without a Python that fits the error names what was looked at, what was found and what to do', (t) => {
  const folder = pythons(t, { python3: [3, 14], 'python3.10': [3, 10, 'pypy'], python: [2, 7] });
  fs.writeFileSync(path.join(folder, 'python3.11'), '#!/bin/sh\necho "pyenv: python3.11: command not found" >&2\nexit 127\n', { mode: 0o755 });
  assert.throws(() => findPython({ PATH: folder }), (error) => {
    assert.ok(error instanceof HumanError);
    for (const words of ['python3.13: not there', 'python3: Python 3.14, which is too new', 'python: Python 2.7, which is too old',
      'python3.10: is pypy', 'python3.11: does not run (pyenv: python3.11: command not found)', 'apt install python3']) {
      assert.ok(error.message.includes(words), words);
    }
    return true;
  });
});

test('an old Node is told so', () => {
  assert.throws(() => checkNode('18.19.0'), /Node 18\.19\.0 is too old: Node 20/);
  checkNode('20.0.0');
});

test('a path that Dagster cannot work in is told before anything is installed', () => {
  assert.throws(() => checkPath(placeOf({}, '/home/me/100% mine')), /has a "%" in it/);
  checkPath(placeOf({}, '/home/me/$(x) "y"'));
});

test('the lock names one uv wheel for each platform', () => {
  const lock = fs.readFileSync(path.join(ROOT, 'dagster_project', 'uv.lock'), 'utf8');
  const wheels = ['linux-x64', 'linux-arm64', 'linux-x64-musl', 'linux-arm64-musl', 'darwin-x64', 'darwin-arm64', 'win32-x64', 'win32-arm64'].map((name) => lockedUv(lock, name));
  assert.equal(new Set(wheels.map(({ version }) => version)).size, 1);
  assert.match(lockedUv(lock, 'linux-x64').file, /manylinux.*x86_64/);
  for (const { url, sha256 } of wheels) assert.ok(url.startsWith('https://') && /^[0-9a-f]{64}$/.test(sha256));
  assert.throws(() => lockedUv(lock, 'sunos-sparc'), /no build for this platform \(sunos-sparc\)/);
  assert.throws(() => lockedUv('', 'linux-x64'), /does not name uv/);
});

/** An index with a user name and a password; its wheel is whatever the test says. */
async function index(t, file, wheel) {
  const server = http.createServer((request, response) => {
    if (request.headers.authorization !== `Basic ${Buffer.from('me:p@ss').toString('base64')}`) return response.writeHead(401).end();
    if (request.url === '/simple/uv/') return response.setHeader('content-type', 'text/html').end(`<a href="../../files/${encodeURIComponent(file)}#sha256=x">x</a>`);
    return response.end(wheel);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return `http://me:p%40ss@127.0.0.1:${server.address().port}/simple`;
}

function uvPlace(t, file, sha256) {
  const place = placeOf({}, hostileFolder(t));
  fs.mkdirSync(place.dagsterProject);
  const url = `http://127.0.0.1:9/${file}`;
  fs.writeFileSync(path.join(place.dagsterProject, 'uv.lock'), `[[package]]\nname = "uv"\nversion = "1.2.3"\nwheels = [\n  { url = "${url}", hash = "sha256:${sha256}", size = 1 },\n]\n`);
  return place;
}

const WHEEL = { 'linux-x64': 'uv-1.2.3-py3-none-manylinux_2_17_x86_64.musllinux_1_1_x86_64.whl', 'linux-arm64': 'uv-1.2.3-py3-none-manylinux_2_17_aarch64.musllinux_1_1_aarch64.whl' }[`linux-${process.arch}`];

test('uv comes from the index in use, with its hash checked, and is unpacked once', async (t) => {
  const { path: python } = findPython();
  const folder = hostileFolder(t);
  const { run } = await import('../processes.mjs');
  const make = 'import sys, zipfile\nwith zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED) as z: z.writestr("uv-1.2.3.data/scripts/uv", "#!/bin/sh\\necho uv 1.2.3\\n")';
  await run(python, ['-c', make, path.join(folder, 'x.whl')]);
  const wheel = fs.readFileSync(path.join(folder, 'x.whl'));
  const place = uvPlace(t, WHEEL, crypto.createHash('sha256').update(wheel).digest('hex'));
  const UV_DEFAULT_INDEX = await index(t, WHEEL, wheel);
  const program = await provideUv(place, { python, env: { UV_DEFAULT_INDEX } });
  assert.equal((await run(program, [], { output: 'capture' })).output, 'uv 1.2.3\n');
  assert.deepEqual(fs.readdirSync(path.join(place.shared, 'uv')), ['1.2.3']);
  assert.equal(await provideUv(place, { python: '/nowhere', env: {} }), program);
  const other = uvPlace(t, WHEEL, '0'.repeat(64));
  await assert.rejects(provideUv(other, { python, env: { UV_DEFAULT_INDEX } }), /not the one that uv\.lock names/);
});

test('under another index the locked versions are installed by their hashes', () => {
  const place = placeOf({}, '/checkout');
  assert.deepEqual(uvSteps(place, {}, false).map(([what, lock]) => [what, lock]), [['sync', '--locked']]);
  const [list, environment, install] = uvSteps(place, { PIP_INDEX_URL: 'https://index.example/simple' }, true);
  assert.ok(list.includes('--frozen') && list.includes('dev') && environment.includes(place.venv));
  assert.ok(install.includes('--require-hashes') && install.includes('--no-deps'));
});

test('where uv cannot be fetched one on the PATH is used; else the error says what to do, without the password', async (t) => {
  const place = uvPlace(t, WHEEL, '0'.repeat(64));
  const folder = hostileFolder(t);
  const env = { PATH: folder, UV_DEFAULT_INDEX: 'http://me:p%40ss@127.0.0.1:9/simple' };
  await assert.rejects(provideUv(place, { python: 'python3', env }), (error) => {
    assert.match(error.message, /uv 1\.2\.3 could not be fetched: 127\.0\.0\.1:9 cannot be reached[^]*UV_DEFAULT_INDEX/);
    assert.ok(!error.message.includes('p%40ss') && !error.message.includes('p@ss'));
    return error instanceof HumanError;
  });
  fs.writeFileSync(path.join(folder, 'uv'), '#!/bin/sh\necho uv 9.9.9\n', { mode: 0o755 });
  assert.equal(await provideUv(place, { python: 'python3', env }), 'uv');
});

test('links that npm packages cannot hold are made where install scripts were off', (t) => {
  const root = hostileFolder(t);
  const native = path.join(root, 'native');
  fs.mkdirSync(path.join(native, 'lib'), { recursive: true });
  fs.writeFileSync(path.join(native, 'lib', 'libx.so.5.1'), 'x');
  fs.writeFileSync(path.join(native, 'pg-symlinks.json'), JSON.stringify([{ source: 'native/lib/libx.so.5.1', target: 'native/lib/libx.so.5' }]));
  fs.symlinkSync('gone', path.join(native, 'lib', 'libx.so.5'));
  hydrate(native);
  hydrate(native);
  assert.equal(fs.readlinkSync(path.join(native, 'lib', 'libx.so.5')), 'libx.so.5.1');
});

test('missing PostgreSQL programs, a full disk and a read-only checkout are told in words', (t) => {
  assert.throws(() => nativeFolder(hostileFolder(t)), /are not in[^]*optional packages[^]*PGHOST/);
  assert.match(describe(Object.assign(new Error('x'), { code: 'ENOSPC', path: '/a/b' })), /^\/a\/b: the disk is full\. Make room/);
  assert.match(describe(Object.assign(new Error('x'), { code: 'EROFS', path: '/a/b' })), /read-only/);
  assert.match(describe(new TypeError('oops')), /bug[^]*oops[^]*at /);
  assert.throws(() => placeOf({ ATTRIBUTION_LOCAL_DIR: 'relative' }), /not an absolute path/);
});
