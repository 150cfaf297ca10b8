/**
 * The mocha suite inside desktop VS Code: `npm run test:desktop`. Downloads VS Code, or takes the one that VSCODE_EXECUTABLE names.
 * Needs Node 22 or newer, and a display (Linux without one: `xvfb-run -a npm run test:desktop`).
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { runTests } from '@vscode/test-electron';
import { buildHost } from './build-host.mjs';
import { layHostWorkspace } from './host-workspace.mjs';

const extension = path.join(import.meta.dirname, '..');
const base = fs.mkdtempSync(path.join(os.tmpdir(), 'attribution-host-'));
const folder = path.join(base, 'workspace');
const report = path.join(base, 'report.txt');
try {
  execFileSync(process.execPath, ['esbuild.mjs'], { cwd: extension, stdio: 'inherit' });
  layHostWorkspace(folder);
  process.exitCode = await runTests({
    ...(process.env.VSCODE_EXECUTABLE ? { vscodeExecutablePath: process.env.VSCODE_EXECUTABLE } : {}),
    extensionDevelopmentPath: extension,
    extensionTestsPath: await buildHost(),
    extensionTestsEnv: { ATTRIBUTION_HOST_REPORT: report },
    launchArgs: [
      folder, '--disable-extensions', '--disable-workspace-trust', '--skip-welcome', '--skip-release-notes', '--disable-telemetry', '--disable-updates',
      `--user-data-dir=${path.join(base, 'user')}`,
    ],
  });
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
} finally {
  if (fs.existsSync(report)) process.stdout.write(`${fs.readFileSync(report, 'utf8')}\n`);
  fs.rmSync(base, { recursive: true, force: true, maxRetries: 5, retryDelay: 500 });
}
