/**
 * The workbench by mouse and keyboard: `node extension/test/run-ui.mjs [parts of file names] [-g title] [more of Playwright's options]`.
 * Sets up what is missing, starts PostgreSQL and VS Code's servers once, runs Playwright, stops everything.
 * ATTRIBUTION_UI_DIR names the folder that it works in; it is kept for the next run, `--fresh` begins anew.
 */
import fs from 'node:fs';
import path from 'node:path';
import { browserFolder, browserNode, provideBrowser, startWorkbench } from '../../stack/browser.mjs';
import { describe, Interrupted } from '../../stack/errors.mjs';
import { installPackages } from '../../stack/packages.mjs';
import { placeOf } from '../../stack/paths.mjs';
import { onInterruption, run } from '../../stack/processes.mjs';
import { say, warn } from '../../stack/terminal.mjs';
import { stopLeftIn } from './leftovers.mjs';
import { cleanEnv, copyProject, startDatabase } from './workspace.mjs';

/**
 * @param {import('../../stack/paths.mjs').Place} place
 * @param {{args?: string[], signal?: AbortSignal}} options args: Playwright's
 * @returns {Promise<number>} the exit code
 */
export async function runUi(place, { args = [], signal } = {}) {
  const extension = path.join(place.root, 'extension');
  const base = process.env.ATTRIBUTION_UI_DIR ?? path.join(place.shared, 'ui');
  const fresh = args.includes('--fresh');
  if (fresh) fs.rmSync(base, { recursive: true, force: true });
  await installPackages(place, extension, 'packages of the extension', { signal });
  await provideBrowser(place, { tests: true, signal });
  const { code } = await run(process.execPath, ['esbuild.mjs'], { cwd: extension, signal });
  if (code !== 0) return code ?? 1;
  const copy = copyProject(place, path.join(base, 'workspace'));
  const started = [];
  try {
    const database = await startDatabase(copy, { signal });
    started.push(() => database.release());
    const env = { ...cleanEnv(), PYTHONPYCACHEPREFIX: path.join(place.shared, 'pycache') };
    const windows = {};
    // Two servers, since trust is a matter of the server's settings
    for (const [name, trusted] of [['trusted', true], ['restricted', false]]) {
      const dataDir = path.join(base, name);
      fs.rmSync(dataDir, { recursive: true, force: true });
      const workbench = await startWorkbench(place, {
        folder: copy.root, dataDir, trusted, env, signal, extensionDevelopmentPath: extension,
        userSettings: { 'security.workspace.trust.startupPrompt': 'never', 'workbench.colorTheme': 'Light Modern' },
      });
      started.push(() => workbench.stop());
      windows[name] = { url: workbench.url, dataDir };
    }
    const playwright = path.join(browserFolder(place), 'node_modules', '@playwright', 'test', 'cli.js');
    const result = await run(browserNode(place).program, [playwright, 'test', '--config', path.join(extension, 'test', 'ui', 'playwright.config.ts'), ...args.filter((arg) => arg !== '--fresh')], {
      cwd: extension, signal, env: { ...cleanEnv(), ATTRIBUTION_UI: JSON.stringify({ workspace: copy.root, python: copy.python, windows }) },
    });
    return result.code ?? 1;
  } finally {
    for (const stop of started.reverse()) await stop();
    await stopLeftIn(base);
  }
}

if (process.argv[1] === import.meta.filename) {
  const interruption = new AbortController();
  onInterruption((reason) => {
    warn(`\n${reason.message} Stopping …`);
    interruption.abort(reason);
  });
  try {
    process.exitCode = await runUi(placeOf(cleanEnv()), { args: process.argv.slice(2), signal: interruption.signal });
  } catch (error) {
    if (!(error instanceof Interrupted)) say(describe(error));
    process.exitCode = error instanceof Interrupted ? error.exitCode : 1;
  }
  process.exit();
}
