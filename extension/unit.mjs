/**
 * Tests in plain Node: `node unit.mjs [parts of paths]`, all of `src/` without one. Those under `test/` need servers:
 * name them (`node unit.mjs test/warehouse`).
 */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';

const wanted = process.argv.slice(2);
const files = fs.globSync ? fs.globSync('{src,test}/**/*.test.ts') : walk('src').concat(walk('test'));
const chosen = files.filter((file) => {
  const name = file.replaceAll(path.sep, '/');
  if (name.includes('node_modules') || name.startsWith('test/ui') || name.startsWith('test/host')) return false;
  return wanted.length > 0 ? wanted.some((part) => name.includes(part)) : name.startsWith('src/');
});
if (chosen.length === 0) {
  process.stderr.write(`No test file matches ${wanted.join(' ')}.\n`);
  process.exit(1);
}
const outdir = path.join('out', `unit-${process.pid}`);
await build({
  entryPoints: chosen, outdir, outbase: '.', bundle: true, platform: 'node', target: 'node20', format: 'esm', sourcemap: 'inline', logLevel: 'warning',
  outExtension: { '.js': '.mjs' }, packages: 'external', external: ['vscode'],
  // A bundled file still knows where its source stood
  plugins: [{ name: 'source-place', setup({ onLoad }) {
    onLoad({ filter: /[\\/](src|test)[\\/].*\.ts$/ }, ({ path: file }) => {
      const text = fs.readFileSync(file, 'utf8');
      return { contents: text.replaceAll('import.meta.dirname', JSON.stringify(path.dirname(file))), loader: 'ts' };
    });
  } }],
});
const tests = walk(outdir).filter((file) => file.endsWith('.test.mjs'));
const child = spawn(process.execPath, ['--enable-source-maps', '--test', '--test-reporter=spec', ...tests], { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code) => {
  fs.rmSync(outdir, { recursive: true, force: true });
  process.exit(code ?? 1);
});

function walk(folder) {
  if (!fs.existsSync(folder)) return [];
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    return entry.isDirectory() ? (entry.name === 'node_modules' ? [] : walk(file)) : /\.test\.(ts|mjs)$/.test(entry.name) ? [file] : [];
  });
}
