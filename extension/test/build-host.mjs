/** Bundles the tests that run inside VS Code, each into a file of its own. */
import fs from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';

const EXTENSION = path.join(import.meta.dirname, '..');
const SOURCES = path.join(import.meta.dirname, 'host');

/** @returns {Promise<string>} the file whose `run` VS Code calls */
export async function buildHost() {
  const outdir = path.join(EXTENSION, 'out', 'host');
  fs.rmSync(outdir, { recursive: true, force: true });
  await build({
    entryPoints: fs.readdirSync(SOURCES).filter((name) => name.endsWith('.ts')).map((name) => path.join(SOURCES, name)),
    outdir, bundle: true, platform: 'node', target: 'node20', format: 'cjs', sourcemap: 'inline', external: ['vscode', 'mocha'], logLevel: 'warning',
  });
  // The package of the tests is one of modules, this file is none
  return path.join(outdir, 'run.js');
}
