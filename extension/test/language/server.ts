/** The language server as it is packed, built for these tests into a folder of their own. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type BuildOptions } from 'esbuild';
import { ROOT } from '../servers';

/** @returns the command that runs it, and the folder it is in, to be removed in the end */
export async function buildServer(): Promise<{ command: string[]; folder: string }> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'language-server-'));
  const { BUNDLES } = (await import(pathToFileURL(path.join(ROOT, 'extension', 'esbuild.mjs')).href)) as { BUNDLES: BuildOptions[] };
  const bundle = BUNDLES.find(({ entryPoints }) => entryPoints && 'language-server' in entryPoints);
  if (!bundle) throw new Error('No bundle is called language-server.');
  await build({ ...bundle, absWorkingDir: path.join(ROOT, 'extension'), outdir: folder });
  return { command: [process.execPath, path.join(folder, 'language-server.js'), '--stdio'], folder };
}
