/** Bundles: `node esbuild.mjs [names of entries] [--watch]`, all without names. Each entry is a process or a page of its own. */
import fs from 'node:fs';
import { build, context } from 'esbuild';

const common = { bundle: true, minify: true, sourcemap: 'linked', sourcesContent: false, logLevel: 'warning', legalComments: 'none' };
const host = { ...common, platform: 'node', target: 'node20', format: 'cjs', external: ['vscode', 'pg-native', 'bufferutil', 'utf-8-validate'] };
const page = { ...common, platform: 'browser', target: 'es2022', format: 'iife', loader: { '.ttf': 'dataurl' } };

const pages = (name) => `src/${name}/webview/page.ts`;

/** @type {import('esbuild').BuildOptions[]} */
export const BUNDLES = [
  { ...host, entryPoints: { extension: 'src/extension.ts' }, outdir: 'dist' },
  { ...host, entryPoints: { 'language-server': 'src/language/server.ts' }, outdir: 'dist' },
  { ...host, entryPoints: { services: 'src/dagster/services.ts' }, outdir: 'dist', format: 'esm', outExtension: { '.js': '.mjs' },
    banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" } },
  ...['preview', 'journey', 'lineage'].map((name) => ({ ...page, entryPoints: { [name]: pages(name) }, outdir: 'dist' })),
].filter(({ entryPoints }) => Object.values(entryPoints).every((file) => fs.existsSync(file)));

if (process.argv[1]?.endsWith('esbuild.mjs')) {
  const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
  const chosen = BUNDLES.filter(({ entryPoints }) => wanted.length === 0 || Object.keys(entryPoints).some((name) => wanted.includes(name)));
  if (process.argv.includes('--watch')) for (const bundle of chosen) await (await context(bundle)).watch();
  else await Promise.all(chosen.map((bundle) => build(bundle)));
  fs.mkdirSync('dist/python', { recursive: true });
  if (fs.existsSync('python')) fs.cpSync('python', 'dist/python', { recursive: true, filter: (file) => !file.includes('__pycache__') });
}
