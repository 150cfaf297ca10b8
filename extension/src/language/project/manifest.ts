import fs from 'node:fs';
import fsPromises from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { stampOf } from './disk';

export interface ManifestColumn {
  name: string;
  type?: string;
  description?: string;
}

type Extracted = [string, ManifestColumn[]][];

/** Above this size (bytes) parsing would be felt by who waits for an answer, so a worker does it. */
const PARSED_HERE = 128 * 1024;
/** A text of JavaScript cannot be longer. */
const LARGEST = 500 * 1024 * 1024;

/**
 * The columns in the text of a manifest or catalog: by model, and by `source.table`. A catalog has types and no names of its own.
 * Stands on nothing outside itself: the worker is given its source.
 */
export function extractColumns(text: string, project: string): Extracted {
  interface Node { resource_type?: string; package_name?: string; name?: string; source_name?: string; columns?: Record<string, { name: string; data_type?: string | null; type?: string; description?: string }> }
  const file = JSON.parse(text) as { nodes?: Record<string, Node>; sources?: Record<string, Node> };
  const found: Extracted = [];
  const names = new Set<string>();
  const add = (id: string, { columns }: Node): void => {
    // `model.project.name`, `source.project.source.table`
    const [kind = '', from = '', ...parts] = id.split('.');
    const name = parts.join('.');
    if (!['model', 'seed', 'snapshot', 'source'].includes(kind) || (kind !== 'source' && from !== project && names.has(name))) return;
    const list = Object.values(columns ?? {}).map((column) => {
      const type = column.data_type ?? column.type;
      return { name: column.name, ...(type ? { type } : {}), ...(column.description ? { description: column.description } : {}) };
    });
    if (list.length === 0) return;
    names.add(name);
    found.push([name, list]);
  };
  for (const [id, node] of Object.entries(file.nodes ?? {})) add(id, node);
  for (const [id, node] of Object.entries(file.sources ?? {})) add(id, node);
  return found;
}

/** What the last good manifest and catalog tell of columns. Read when somebody first asks, never while somebody waits. */
export class ManifestColumns {
  #columns: ReadonlyMap<string, readonly ManifestColumn[]> | undefined;
  #stale = true;
  #reading = false;
  readonly #read = new Map<string, { stamp: string; extracted: Extracted }>();
  /** stamps of files that could not be read */
  readonly #broken = new Map<string, string>();

  /** @param arrived new columns are known from now on */
  constructor(private readonly arrived: () => void) {}

  /** A file changed: it is read when somebody asks again. */
  changed(): void {
    this.#stale = true;
  }

  /** @param files in the order of their weight, the heaviest last */
  columns(files: readonly string[], project: string, model: string): readonly ManifestColumn[] | undefined {
    if (this.#stale && !this.#reading) {
      this.#stale = false;
      this.#reading = true;
      void this.#load(files, project).finally(() => (this.#reading = false));
    }
    return this.#columns?.get(model);
  }

  async #load(files: readonly string[], project: string): Promise<void> {
    let news = false;
    for (const file of files) {
      const stamp = stampOf(file);
      if (stamp === undefined || this.#read.get(file)?.stamp === stamp) continue;
      const extracted = this.#broken.get(file) === stamp ? undefined : await extract(file, project).catch(() => undefined);
      // The last good one stays where this one is half-written; once it is another one, asking again reads it again
      if (!extracted) {
        this.#broken.set(file, stamp);
        this.#stale = true;
        continue;
      }
      this.#read.set(file, { stamp, extracted });
      news = true;
    }
    if (!news) return;
    const columns = new Map<string, readonly ManifestColumn[]>();
    for (const file of files) for (const [name, list] of this.#read.get(file)?.extracted ?? []) columns.set(name, merged(list, columns.get(name)));
    this.#columns = columns;
    this.arrived();
  }
}

/** The columns of the one, with what only the other tells of each. */
function merged(list: readonly ManifestColumn[], other: readonly ManifestColumn[] | undefined): readonly ManifestColumn[] {
  if (!other) return list;
  const before = new Map(other.map((column) => [column.name.toLowerCase(), column]));
  return list.map((column) => ({ ...before.get(column.name.toLowerCase()), ...column }));
}

async function extract(file: string, project: string): Promise<Extracted> {
  const { size } = await fsPromises.stat(file);
  if (size > LARGEST) throw new Error('The file is too large.');
  if (size <= PARSED_HERE) return extractColumns(fs.readFileSync(file, 'utf8'), project);
  return new Promise((resolve, reject) => {
    const source = `
      const { parentPort, workerData } = require('node:worker_threads');
      const extract = ${extractColumns.toString()};
      parentPort.postMessage(extract(require('node:fs').readFileSync(workerData.file, 'utf8'), workerData.project));`;
    const worker = new Worker(source, { eval: true, workerData: { file, project } });
    worker.once('message', (message: Extracted) => {
      resolve(message);
      void worker.terminate();
    });
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('The worker ended without an answer.')));
    // Nobody waits for it when the server ends
    worker.unref();
  });
}
