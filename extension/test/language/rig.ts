/** A project in a folder of its own, with the language server on it. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Diagnostic, Position } from 'vscode-languageserver/node';
import { ROOT } from '../servers';
import { LanguageClient, type StartOptions } from './client';
import { labelOf, serious, textOf } from './oracle';
import { buildServer } from './server';

export type Files = Readonly<Record<string, string>>;

/** The smallest project that says something. */
export const SMALL: Files = {
  'dbt_project.yml': 'name: shop\nversion: "1.0"\nprofile: shop\nvars:\n  window_days: 30\n',
  'models/orders.sql': "select 1 as order_id, 'a' as status\n",
  'models/clients.sql': 'select 2 as client_id\n',
  'models/totals.sql': "select orders.order_id from {{ ref('orders') }} as orders\n",
  'models/schema.yml': 'version: 2\nmodels:\n  - name: orders\n    description: One row per order.\n    columns:\n      - name: order_id\n        description: Names it.\n',
  'macros/cents.sql': '{% macro cents(column, digits=2) %}({{ column }} * 100){% endmacro %}\n',
};

const LEFT_OUT = new Set(['target', 'logs', 'profiles.yml', 'dbt_packages']);

export class Rig {
  private readonly clients: LanguageClient[] = [];
  private readonly folders: string[] = [];
  private built: Promise<{ command: string[]; folder: string }> | undefined;

  /** A folder of these files. @param name its own name, which may be unusual */
  folder(files: Files, name = 'project'): string {
    const parent = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'language-')));
    this.folders.push(parent);
    const folder = path.join(parent, name);
    for (const [file, text] of Object.entries(files)) write(path.join(folder, file), text);
    return folder;
  }

  /** A copy of this repository's own project. */
  dbtProject(): string {
    const folder = this.folder({});
    fs.cpSync(path.join(ROOT, 'dbt'), folder, { recursive: true, filter: (file) => !LEFT_OUT.has(path.basename(file)) });
    return folder;
  }

  async command(): Promise<string[]> {
    return (await (this.built ??= buildServer())).command;
  }

  async start(folders: string | readonly string[], options: StartOptions = {}): Promise<LanguageClient> {
    const client = await LanguageClient.start(await this.command(), [folders].flat(), options);
    this.clients.push(client);
    return client;
  }

  /** Stops what still runs, and removes everything. */
  async end(): Promise<void> {
    await Promise.all(this.clients.filter(({ process: { exitCode, signalCode } }) => exitCode === null && signalCode === null).map((client) => client.stop()));
    const built = await this.built;
    for (const folder of [...this.folders, ...(built ? [built.folder] : [])]) fs.rmSync(folder, { recursive: true, force: true });
  }
}

export function write(file: string, text: string): void {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
}

/** Opens a text in which `|` is the cursor; @returns where that is */
export function openAt(client: LanguageClient, file: string, text: string): number {
  const offset = text.indexOf('|');
  client.open(file, text.replace('|', ''));
  return offset;
}

/** What is offered at the cursor. */
export async function offered(client: LanguageClient, file: string, text: string): Promise<string[]> {
  const { items } = await client.completion(file, openAt(client, file, text));
  client.close(file);
  return items.map(labelOf);
}

/** Errors and warnings of a text, each as `severity place: message`; the place as what stands there. */
export async function problems(client: LanguageClient, file: string, text?: string): Promise<string[]> {
  client.open(file, text);
  const found = await client.diagnostics(file);
  const whole = client.text(file);
  client.close(file);
  return found.filter(serious).map((diagnostic) => told(whole, diagnostic));
}

export const told = (text: string, { range, message }: Diagnostic): string => `${text.slice(offsetAt(text, range.start), offsetAt(text, range.end))}: ${textOf(message)}`;

export const offsetAt = (text: string, { line, character }: Position): number => text.split('\n').slice(0, line).reduce((sum, { length }) => sum + length + 1, character);
