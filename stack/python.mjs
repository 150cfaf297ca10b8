/** Finds a Python that the project runs on. */
import { spawnSync } from 'node:child_process';
import { HumanError } from './errors.mjs';

const OLDEST = 10;
const NEWEST = 13;
const PROBE = 'import sys; print(sys.implementation.name, sys.version_info[0], sys.version_info[1], sys.maxsize > 2**32, sys.executable, sep="\\n")';

/**
 * @param {NodeJS.ProcessEnv} [env] PYTHON comes first where it is set
 * @returns {{path: string, version: string}}
 * @throws {HumanError} naming what was looked at, what was found and what to do
 */
export function findPython(env = process.env) {
  const looked = [];
  for (const [command, ...args] of candidates(env)) {
    const found = probe(command, args, env);
    looked.push(`  ${[command, ...args].join(' ')}: ${found.problem ?? 'fits'}`);
    if (!found.problem) return { path: found.path, version: found.version };
    // What somebody asked for by name is not silently replaced by another
    if (command === env.PYTHON) break;
  }
  throw new HumanError([
    `No Python 3.${OLDEST} to 3.${NEWEST} was found. Looked at:`,
    ...looked,
    'Install one (Debian, Ubuntu: `apt install python3`; macOS: `brew install python@3.13`; Windows: python.org),',
    'or say where it is: PYTHON=/path/to/python3.13 npm start',
  ].join('\n'));
}

function candidates(env) {
  if (env.PYTHON) return [[env.PYTHON]];
  const list = [];
  for (let minor = NEWEST; minor >= OLDEST; minor--) list.push([`python3.${minor}`]);
  list.push(['python3'], ['python']);
  if (process.platform === 'win32') list.unshift(['py', '-3.13'], ['py', '-3']);
  return list;
}

/** @returns {{path?: string, version?: string, problem?: string}} */
function probe(command, args, env) {
  const result = spawnSync(command, [...args, '-I', '-c', PROBE], { env, encoding: 'utf8', timeout: 20_000, windowsHide: true });
  if (result.error) return { problem: result.error.code === 'ENOENT' ? 'not there' : result.error.message };
  const [implementation, major, minor, is64, path] = result.stdout.split(/\r?\n/);
  if (result.status !== 0 || !path) return { problem: `does not run (${lastLine(result.stderr) || `exit code ${result.status}`})` };
  const version = `${major}.${minor}`;
  if (implementation !== 'cpython') return { problem: `is ${implementation}, CPython is needed` };
  if (is64 !== 'True') return { problem: `Python ${version} for 32 bits, 64 are needed` };
  if (Number(major) < 3 || Number(minor) < OLDEST) return { problem: `Python ${version}, which is too old` };
  if (Number(minor) > NEWEST) return { problem: `Python ${version}, which is too new: a package has no build for it yet` };
  return { path, version };
}

const lastLine = (text) => text.trim().split('\n').at(-1);
