/** How the project is opened in desktop VS Code, with a program in its place that writes down what it is asked. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { openDesktop } from '../editor.mjs';
import { placeOf } from '../paths.mjs';
import { hostileFolder, ROOT } from './helpers.mjs';

const LISTED = 'attribution-workbench.attribution-workbench';

/** A `code` that writes each call as a line of JSON. */
function fakeCode(t, { extensions = '', exit = 0 } = {}) {
  const folder = hostileFolder(t);
  const calls = path.join(folder, 'calls');
  fs.writeFileSync(calls, '');
  const script = `#!${process.execPath}\nconst args = process.argv.slice(2);\nrequire('fs').appendFileSync(${JSON.stringify(calls)}, JSON.stringify([process.cwd(), ...args]) + '\\n');\n`
    + `if (args[0] === '--list-extensions') process.stdout.write(${JSON.stringify(extensions)});\nprocess.exit(args[0].startsWith('--') ? 0 : ${exit});\n`;
  fs.writeFileSync(path.join(folder, 'code'), script, { mode: 0o755 });
  return { env: { ...process.env, PATH: [folder, path.dirname(process.execPath)].join(path.delimiter) }, calls: () => fs.readFileSync(calls, 'utf8').trim().split('\n').filter(Boolean).map((line) => JSON.parse(line)) };
}

/** The checkout with stamps of the test's own, and a packed extension that costs nothing. */
function ownPlace(t) {
  const shared = hostileFolder(t);
  const vsix = path.join(shared, 'attribution-workbench.vsix');
  fs.writeFileSync(vsix, 'packed');
  return { place: { ...placeOf({}, ROOT), shared }, vsix, pack: async () => vsix };
}

const WINDOWS = process.platform === 'win32';

test('without `code` on the PATH nothing is packed and nothing is opened', async (t) => {
  const pack = async () => assert.fail('packed');
  assert.equal(await openDesktop(ownPlace(t).place, { env: { PATH: hostileFolder(t) }, pack }), false);
});

test('the extension is installed where it is missing or was made anew, then the project is opened', { skip: WINDOWS }, async (t) => {
  const { place, vsix, pack } = ownPlace(t);
  const installed = [[ROOT, '--list-extensions'], [ROOT, '--install-extension', path.relative(ROOT, vsix), '--force'], [ROOT, '.']];
  const missing = fakeCode(t);
  assert.equal(await openDesktop(place, { env: missing.env, pack }), true);
  assert.deepEqual(missing.calls(), installed);
  const there = fakeCode(t, { extensions: `other.one\n${LISTED}\n` });
  assert.equal(await openDesktop(place, { env: there.env, pack }), true);
  assert.deepEqual(there.calls(), [[ROOT, '--list-extensions'], [ROOT, '.']]);
  fs.writeFileSync(vsix, 'packed anew');
  const older = fakeCode(t, { extensions: LISTED });
  assert.equal(await openDesktop(place, { env: older.env, pack }), true);
  assert.deepEqual(older.calls(), installed);
});

test('a VS Code that cannot open the project is said, with its words', { skip: WINDOWS }, async (t) => {
  const { place, pack } = ownPlace(t);
  await assert.rejects(openDesktop(place, { env: fakeCode(t, { exit: 3 }).env, pack }), /could not open/);
});
