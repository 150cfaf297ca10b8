/** Where things are, and the environment every child gets. */
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { HumanError } from './errors.mjs';

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const WINDOWS = process.platform === 'win32';

/**
 * @typedef {object} Place
 * @property {string} root the checkout
 * @property {string} shared `.local` of the checkout: what belongs to the checkout itself (uv, set-up stamp)
 * @property {string} local the local folder: data, Dagster home, logs; another one by ATTRIBUTION_LOCAL_DIR
 * @property {string} venv
 * @property {string} python the environment's interpreter
 * @property {string} scripts the folder of the environment's executables
 * @property {string} dbt
 * @property {string} dagsterProject
 * @property {string} dagsterHome
 * @property {string} profilesDir where dbt finds profiles.yml
 * @property {string} logs
 */

/**
 * @param {NodeJS.ProcessEnv} [env]
 * @param {string} [root]
 * @returns {Place}
 */
export function placeOf(env = process.env, root = ROOT) {
  const shared = path.join(root, '.local');
  const chosen = env.ATTRIBUTION_LOCAL_DIR;
  if (chosen && !path.isAbsolute(chosen)) {
    throw new HumanError(`ATTRIBUTION_LOCAL_DIR is "${chosen}", which is not an absolute path. Give the whole path, or unset it.`);
  }
  const local = chosen ? path.resolve(chosen) : shared;
  const venv = path.join(root, '.venv');
  const scripts = path.join(venv, WINDOWS ? 'Scripts' : 'bin');
  return {
    root, shared, local, venv, scripts,
    python: path.join(scripts, WINDOWS ? 'python.exe' : 'python'),
    dbt: path.join(root, 'dbt'),
    dagsterProject: path.join(root, 'dagster_project'),
    dagsterHome: path.join(local, 'dagster_home'),
    // dbt/profiles.yml is the checkout's own server: another local folder keeps its own
    profilesDir: chosen ? local : path.join(root, 'dbt'),
    logs: path.join(local, 'logs'),
  };
}

/**
 * The environment of the Python side: its own executables first, history in our Dagster home, nothing reported to anybody.
 * @param {Place} place
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {NodeJS.ProcessEnv}
 */
export function childEnv(place, env = process.env) {
  const pathKey = Object.keys(env).find((key) => key.toUpperCase() === 'PATH') ?? 'PATH';
  return {
    USER: os.userInfo().username,
    ...env,
    [pathKey]: [place.scripts, env[pathKey]].filter(Boolean).join(path.delimiter),
    VIRTUAL_ENV: place.venv,
    DAGSTER_HOME: place.dagsterHome,
    DBT_PROFILES_DIR: place.profilesDir,
    DBT_SEND_ANONYMOUS_USAGE_STATS: 'false',
    DO_NOT_TRACK: '1',
    // Without its compiled modules every start of Python costs seconds more; they are kept with all else we leave behind
    PYTHONDONTWRITEBYTECODE: undefined,
    PYTHONPYCACHEPREFIX: path.join(place.shared, 'pycache'),
    // Live progress must reach a pipe line by line, and text is UTF-8 whatever the locale says
    PYTHONUNBUFFERED: '1',
    PYTHONUTF8: '1',
    // dbt colours its lines for whoever reads them, unless told not to
    ...(process.stdout.isTTY ? {} : { NO_COLOR: '1', DBT_USE_COLORS: 'false' }),
  };
}
