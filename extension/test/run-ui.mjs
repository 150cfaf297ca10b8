/**
 * The workbench by mouse and keyboard: `node extension/test/run-ui.mjs [parts of file names] [-g title] [more of Playwright's options]`.
 * Sets up what is missing, starts PostgreSQL and VS Code's servers once, runs Playwright, stops everything.
 * ATTRIBUTION_TEST_DIR names the folder that it works in; it is kept for the next run, `--fresh` begins anew.
 */
import fs from 'node:fs';
import path from 'node:path';
import { browserFolder, browserNode, startWorkbench } from '../../stack/browser.mjs';
import { packExtension } from '../../stack/editor.mjs';
import { run } from '../../stack/processes.mjs';
import { MARK, stopMarked } from './leftovers.mjs';
import { cleanEnv, main, provideExtension, testFolder, withWorkspace } from './workspace.mjs';

/** Two servers, since trust is a matter of a server's settings. */
const SERVERS = { trusted: true, restricted: false };

async function runUi(place, { args, signal }) {
  await provideExtension(place, { browser: true, signal });
  const options = args.filter((arg) => arg !== '--fresh');
  return withWorkspace(place, { fresh: args.includes('--fresh'), signal }, (copy) => withServers(place, copy, signal, (windows) => playwright(place, copy, windows, options, signal)));
}

async function withServers(place, copy, signal, work) {
  const base = testFolder(place);
  const env = { ...cleanEnv(), PYTHONPYCACHEPREFIX: path.join(place.shared, 'pycache'), [MARK]: base };
  // As a person gets it: packed, then installed into a VS Code that knows nothing
  const vsix = await packExtension(place, { signal });
  const started = {};
  try {
    for (const [name, trusted] of Object.entries(SERVERS)) {
      const dataDir = path.join(base, name);
      fs.rmSync(dataDir, { recursive: true, force: true });
      const { url, stop } = await startWorkbench(place, {
        folder: copy.root, dataDir, trusted, env, signal, extensions: [vsix],
        userSettings: { 'security.workspace.trust.startupPrompt': 'never', 'workbench.colorTheme': 'Light Modern' },
      });
      started[name] = { url, dataDir, stop };
    }
    return await work(started);
  } finally {
    await Promise.all(Object.values(started).map(({ stop }) => stop()));
    await stopMarked(base);
  }
}

async function playwright(place, copy, windows, options, signal) {
  const cli = path.join(browserFolder(place), 'node_modules', '@playwright', 'test', 'cli.js');
  const config = path.join(place.root, 'extension', 'test', 'ui', 'playwright.config.ts');
  const { code } = await run(browserNode(place).program, [cli, 'test', '--config', config, ...options], {
    cwd: path.join(place.root, 'extension'), signal, env: {
      ...cleanEnv(),
      ATTRIBUTION_UI: JSON.stringify({ workspace: copy.root, python: copy.python, windows }),
      // Runs at the same time must not clear one another's
      ATTRIBUTION_UI_RESULTS: path.join(testFolder(place), 'results'),
    },
  });
  return code ?? 1;
}

await main(runUi);
