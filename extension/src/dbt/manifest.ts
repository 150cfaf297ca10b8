import fs from 'node:fs/promises';
import { Worker } from 'node:worker_threads';

/** Where the database has the models of a project: model's name → schema and name of its table. */
export type Relations = ReadonlyMap<string, { schema: string; name: string }>;

/** Above this size (bytes) parsing would be felt in the window, so a worker does it; measured at some 100 MB a second. */
const PARSED_HERE = 2 * 1024 * 1024;
/** A text of JavaScript cannot be longer. */
const LARGEST = 500 * 1024 * 1024;

/** Reads what is needed out of a manifest's text. Stands on nothing outside itself: the worker is given its source. */
function extract(text: string, project: string): [string, { schema: string; name: string }][] {
  const manifest = JSON.parse(text) as { nodes: Record<string, { resource_type: string; package_name: string; name: string; schema: string; alias?: string }> };
  return Object.values(manifest.nodes)
    .filter((node) => node.resource_type === 'model' && node.package_name === project)
    .map((node) => [node.name, { schema: node.schema, name: node.alias ?? node.name }]);
}

/**
 * The relations that a manifest tells of. Never blocks: a large manifest is read and parsed in a worker.
 * @returns undefined where the file is missing, half-written or too large: keep what was read before
 */
export async function readManifest(file: string, project: string): Promise<Relations | undefined> {
  try {
    const { size } = await fs.stat(file);
    if (size > LARGEST) return undefined;
    return new Map(size <= PARSED_HERE ? extract(await fs.readFile(file, 'utf8'), project) : await extractInWorker(file, project));
  } catch {
    return undefined;
  }
}

function extractInWorker(file: string, project: string): Promise<[string, { schema: string; name: string }][]> {
  return new Promise((resolve, reject) => {
    const source = `
      const { parentPort, workerData } = require('node:worker_threads');
      const extract = ${extract.toString()};
      parentPort.postMessage(extract(require('node:fs').readFileSync(workerData.file, 'utf8'), workerData.project));`;
    const worker = new Worker(source, { eval: true, workerData: { file, project } });
    worker.once('message', (message: [string, { schema: string; name: string }][]) => {
      resolve(message);
      void worker.terminate();
    });
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('The worker ended without an answer.')));
  });
}
