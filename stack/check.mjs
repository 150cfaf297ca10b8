/** The static checks: all of them, in one list. */
import fs from 'node:fs';
import path from 'node:path';
import { childEnv } from './paths.mjs';
import { run } from './processes.mjs';
import { setUp } from './setup.mjs';
import { say, seconds } from './terminal.mjs';

/**
 * @param {import('./paths.mjs').Place} place
 * @returns {{name: string, command: string, args: string[], cwd: string}[]}
 */
export function gates(place) {
  const python = { command: place.python, cwd: place.dagsterProject };
  return [
    { name: 'ruff check', args: ['-m', 'ruff', 'check', '.', '../bench', '../extension/python'], ...python },
    { name: 'ruff format', args: ['-m', 'ruff', 'format', '--check', '.', '../bench', '../extension/python'], ...python },
    { name: 'pyright', args: ['-m', 'pyright'], ...python },
    { name: 'sqlfluff', command: place.python, args: ['-m', 'sqlfluff', 'lint', '--disable-progress-bar', '.'], cwd: place.dbt },
    ...modules(path.join(place.root, 'stack')).map((file) => ({
      name: `node --check ${path.relative(place.root, file)}`, command: process.execPath, args: ['--check', file], cwd: place.root,
    })),
  ];
}

function modules(folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : modules(file);
    return entry.name.endsWith('.mjs') ? [file] : [];
  });
}

/**
 * Runs every gate, also after one failed.
 * @param {import('./paths.mjs').Place} place
 * @param {{env?: NodeJS.ProcessEnv, signal?: AbortSignal}} [options]
 * @returns {Promise<{ok: boolean, report: string}>}
 */
export async function runGates(place, { env = process.env, signal } = {}) {
  const lines = [];
  let ok = true;
  for (const { name, command, args, cwd } of gates(place)) {
    const started = performance.now();
    const { code, output } = await run(command, args, { cwd, env: childEnv(place, env), output: 'capture', signal });
    ok &&= code === 0;
    lines.push(`${code === 0 ? '✓' : '✗'} ${name} (${seconds(performance.now() - started)})`);
    if (code !== 0) lines.push(output.trimEnd());
  }
  return { ok, report: lines.join('\n') };
}

/** @param {import('./main.mjs').Context} context */
export async function check({ place, signal }) {
  await setUp(place, { tests: true, signal });
  const { ok, report } = await runGates(place, { signal });
  say(report);
  return ok ? 0 : 1;
}
