import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Environment } from '../../src/environment/envFile';
import type { Ran } from '../../src/environment/processes';
import { PythonEnvironment } from '../../src/environment/python';

export const CHECKOUT = path.resolve(import.meta.dirname, '../../..');

/** A folder whose name would do harm in a shell, a URL or a pattern; removed by the caller. */
export function hostileFolder(): string {
  return fs.mkdtempSync(path.join(os.tmpdir(), "dbt 'x' \"y\" $(touch pwned); %PATH% ünï #1 "));
}

export function write(folder: string, files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), text);
  }
}

/** The checkout's Python, and the environment of a workspace without what this machine has set. */
export function surroundings(folder: string, ran?: Ran): { python: PythonEnvironment; environment: Environment } {
  const base = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(PG|DBT_|DAGSTER)/.test(name)));
  const environment = new Environment({ file: () => '.env', folder: () => folder, base });
  return { environment, python: new PythonEnvironment(() => ({ setting: '', folders: [folder, CHECKOUT], env: environment.variables }), ran) };
}

/** Every file below a folder that holds a text. */
export function filesWith(folder: string, text: string): string[] {
  return fs.readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => fs.readFileSync(file).includes(text))
    .map((file) => path.relative(folder, file));
}
