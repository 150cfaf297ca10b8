/** The extension in an editor: built and packed where its sources changed, then opened on the project in desktop VS Code or in a browser. */
import fs from 'node:fs';
import path from 'node:path';
import { provideBrowser, startWorkbench } from './browser.mjs';
import { HumanError } from './errors.mjs';
import { contentHash } from './files.mjs';
import { installPackages, setStamp, stampOf } from './packages.mjs';
import { run } from './processes.mjs';
import { step } from './terminal.mjs';

const WINDOWS = process.platform === 'win32';
const ID = 'attribution-workbench.attribution-workbench';
const SOURCES = ['src', 'media', 'python', 'syntaxes', 'package.json', 'package.nls.json', 'package-lock.json', 'README.md', 'LICENSE', '.vscodeignore', 'esbuild.mjs', 'package.mjs'];

/** @typedef {{env?: NodeJS.ProcessEnv, signal?: AbortSignal}} Options */

/**
 * The packed extension, made anew where something of it changed.
 * @param {import('./paths.mjs').Place} place
 * @param {Options} [options]
 * @returns {Promise<string>} the VSIX
 * @throws {HumanError}
 */
export async function packExtension(place, { env = process.env, signal } = {}) {
  const folder = path.join(place.root, 'extension');
  const vsix = path.join(folder, 'dist', 'attribution-workbench.vsix');
  await installPackages(place, folder, 'packages of the extension', { env, signal });
  // Its bundles take the stack along
  const sources = [...SOURCES.map((name) => path.join(folder, name)), path.join(place.root, 'stack')];
  const wanted = contentHash(sources, (name) => name !== 'test' && name !== 'node_modules');
  if (stampOf(place, 'vsix') === wanted && fs.existsSync(vsix)) return vsix;
  await step('the extension', async () => {
    const { code, output } = await run(process.execPath, ['package.mjs'], { cwd: folder, env, signal, output: 'capture' });
    if (code !== 0) throw new HumanError(`The extension could not be built in ${folder}:\n${output.trim()}`);
  });
  setStamp(place, 'vsix', wanted);
  return vsix;
}

/**
 * Opens desktop VS Code on the project, with the extension.
 * @param {import('./paths.mjs').Place} place
 * @param {Options & {pack?: typeof packExtension}} [options]
 * @returns {Promise<boolean>} false where no `code` is on the PATH
 * @throws {HumanError} when the extension cannot be built or installed
 */
export async function openDesktop(place, { env = process.env, signal, pack = packExtension } = {}) {
  // Paths are given as seen from the project, so that what its folder is called never reaches the shell that Windows needs for `code.cmd`
  const code = (...args) => {
    const [command, ...first] = WINDOWS ? [env.ComSpec ?? 'cmd.exe', '/d', '/s', '/c', 'code'] : ['code'];
    return run(command, [...first, ...args], { cwd: place.root, env, signal, output: 'capture' });
  };
  const found = await code('--list-extensions').catch((error) => {
    signal?.throwIfAborted();
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (found?.code !== 0) return false;
  const vsix = await pack(place, { env, signal });
  const content = contentHash([vsix]);
  if (!found.output.split(/\r?\n/).includes(ID) || stampOf(place, 'installed') !== content) {
    const { code: failed, output } = await code('--install-extension', path.relative(place.root, vsix), '--force');
    if (failed !== 0) throw new HumanError(`VS Code could not install ${vsix}:\n${output.trim()}`);
    setStamp(place, 'installed', content);
  }
  const opened = await code('.');
  if (opened.code !== 0) throw new HumanError(`VS Code could not open ${place.root}:\n${opened.output.trim()}`);
  return true;
}

/**
 * The same in a browser: VS Code's server, with the extension installed.
 * @param {import('./paths.mjs').Place} place
 * @param {Options} [options]
 * @returns {ReturnType<typeof startWorkbench>} until it is stopped
 * @throws {HumanError}
 */
export async function openBrowser(place, { env = process.env, signal } = {}) {
  await provideBrowser(place, { env, signal });
  const vsix = await packExtension(place, { env, signal });
  return startWorkbench(place, { folder: place.root, dataDir: path.join(place.local, 'browser'), extensions: [vsix], env, signal });
}
