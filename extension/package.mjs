/** Makes the VSIX: `node package.mjs` → dist/attribution-workbench.vsix. Everything is bundled, so no node_modules go in. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';

const run = (command, args) => {
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
};

fs.rmSync('dist', { recursive: true, force: true });
run(process.execPath, ['esbuild.mjs']);
run(process.execPath, ['node_modules/@vscode/vsce/vsce', 'package', '--no-dependencies', '--skip-license', '--allow-missing-repository', '--out', 'dist/attribution-workbench.vsix']);
