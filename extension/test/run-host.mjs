/** The mocha suite inside the real VS Code server: `node extension/test/run-host.mjs`, on a tiny workspace that needs no database. */
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { browserFolder, browserNode, startWorkbench } from '../../stack/browser.mjs';
import { HumanError } from '../../stack/errors.mjs';
import { run } from '../../stack/processes.mjs';
import { layHostWorkspace } from './host-workspace.mjs';
import { MARK, stopMarked } from './leftovers.mjs';
import { cleanEnv, main, provideExtension, testFolder } from './workspace.mjs';

await main(async (place, { signal }) => {
  await provideExtension(place, { browser: true, signal });
  const extension = path.join(place.root, 'extension');
  const { buildHost } = await import('./build-host.mjs');
  const base = path.join(testFolder(place), 'host');
  const folder = path.join(base, 'workspace');
  fs.rmSync(base, { recursive: true, force: true });
  layHostWorkspace(folder);
  const report = path.join(base, 'report.txt');
  const { url, logFile, stop } = await startWorkbench(place, {
    folder, dataDir: path.join(base, 'server'), signal, extensionDevelopmentPath: extension, extensionTestsPath: await buildHost(),
    env: { ...cleanEnv(), [MARK]: base, ATTRIBUTION_HOST_REPORT: report },
  });
  try {
    const { code } = await run(browserNode(place).program, [path.join(browserFolder(place), 'open-host.mjs'), url], { cwd: extension, signal });
    if (!fs.existsSync(report)) throw new HumanError(`The tests inside VS Code did not come to their end. The server's log: ${pathToFileURL(logFile)}`);
    process.stdout.write(`${fs.readFileSync(report, 'utf8')}\n`);
    return code ?? 1;
  } finally {
    await stop();
    await stopMarked(base);
  }
});
