/** npm packages of a folder, installed once for each lock file, and the stamps of the set-up that remember it. */
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { HumanError } from './errors.mjs';
import { readJson, replaceFile } from './files.mjs';
import { run } from './processes.mjs';
import { step } from './terminal.mjs';

// ---- stamps

/** @param {...unknown} parts  @returns {string} the same for the same parts */
export const hashOf = (...parts) => crypto.createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 24);
const stampFile = (place) => path.join(place.shared, 'setup.json');

/** What a step of the set-up left when it was done. @param {import('./paths.mjs').Place} place  @param {string} name */
export const stampOf = (place, name) => readJson(stampFile(place))?.[name];

/** @param {import('./paths.mjs').Place} place  @param {string} name  @param {unknown} value */
export function setStamp(place, name, value) {
  replaceFile(stampFile(place), `${JSON.stringify({ ...readJson(stampFile(place)), [name]: value }, null, 2)}\n`);
}

// ---- npm

/**
 * @typedef {object} InstallOptions
 * @property {NodeJS.ProcessEnv} [env]
 * @property {AbortSignal} [signal]
 * @property {string[]} [flags] for `npm ci`
 * @property {() => unknown} [then] what else belongs to the step
 */

/** @param {import('./paths.mjs').Place} place  @param {string} folder */
const nameOf = (place, folder) => path.relative(place.root, folder).replaceAll(path.sep, '/') || 'npm';

function wantedStamp(folder, flags) {
  const lock = fs.readFileSync(path.join(folder, 'package-lock.json'), 'utf8');
  return hashOf(lock, process.platform, process.arch, folder, ...flags);
}

/**
 * `npm ci` in a folder, unless its stamp still holds.
 * @param {import('./paths.mjs').Place} place
 * @param {string} folder
 * @param {string} title
 * @param {InstallOptions} [options]
 * @throws {HumanError}
 */
export async function installPackages(place, folder, title, { env = process.env, signal, flags = [], then = () => {} } = {}) {
  const stamp = wantedStamp(folder, flags);
  const name = nameOf(place, folder);
  if (stampOf(place, name) === stamp && fs.existsSync(path.join(folder, 'node_modules', '.package-lock.json'))) return;
  await step(title, async () => {
    const [command, ...args] = npmCommand(env);
    const options = { cwd: folder, env: plainNpmEnv(env), signal };
    const { code } = await run(command, [...args, 'ci', '--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error', ...flags], options);
    if (code !== 0) {
      throw new HumanError(`npm could not install the packages in ${folder}: its words are above. Check the network (or npm's registry and proxy settings: \`npm config list\`) and run the command again.`);
    }
    await then();
  });
  setStamp(place, name, stamp);
}

/** Takes a folder's packages, which somebody put there, for installed. @param {import('./paths.mjs').Place} place  @param {string} folder */
export function markInstalled(place, folder) {
  setStamp(place, nameOf(place, folder), wantedStamp(folder, []));
}

/** The npm that runs us, else the one beside Node, else the one on the PATH. @param {NodeJS.ProcessEnv} [env]  @returns {[string, ...string[]]} */
export function npmCommand(env = process.env) {
  const cli = env.npm_execpath;
  if (cli && path.basename(cli) === 'npm-cli.js') return [process.execPath, cli];
  const folder = path.dirname(fs.realpathSync(process.execPath));
  const beside = [path.join(folder, 'node_modules'), path.join(folder, '..', 'lib', 'node_modules')]
    .map((modules) => path.join(modules, 'npm', 'bin', 'npm-cli.js')).find((file) => fs.existsSync(file));
  return beside ? [process.execPath, beside] : ['npm'];
}

/** npm_* variables of the npm that runs us would point the inner one at the wrong package. @param {NodeJS.ProcessEnv} env */
export function plainNpmEnv(env) {
  return Object.fromEntries(Object.entries(env).filter(([key]) => !/^npm_(package|lifecycle|command)/.test(key)));
}
