/** Everything of a view into a CSV file, a chunk at a time. */
import fs from 'node:fs/promises';
import { HumanError, messageOf } from '../base/errors';
import { csvLine } from './format';
import type { View } from './protocol';
import { Changed } from './scan';
import type { PreviewSource } from './source';

const FIRST_ROWS = 200;
const MOST_ROWS = 20_000;
const CHUNK_BYTES = 4 * 1024 * 1024;

export interface ExportOptions {
  file: string;
  neutralize: boolean;
  signal: AbortSignal;
  /** rows written so far */
  onProgress: (rows: number) => void;
}

/**
 * Writes beside the file and renames at the end, so that a file of that name stays whole until then, and nothing of a
 * cancelled or failed export is left.
 * @returns how many rows
 * @throws HumanError, Cancelled
 */
export async function exportCsv(source: PreviewSource, view: View, { file, neutralize, signal, onProgress }: ExportOptions): Promise<number> {
  const part = `${file}.part`;
  const { columns } = source.relation;
  let rows = 0;
  // As many rows as make a chunk, by what the last ones were like
  let size = FIRST_ROWS;
  const handle = await fs.open(part, 'w', 0o600).catch((error: unknown) => refuse(file, error));
  try {
    try {
      await handle.writeFile(`${csvLine(columns.map(({ name }) => name))}\r\n`);
      for await (const chunk of source.all(view, () => size, signal)) {
        const text = chunk.map((row) => `${csvLine(row, columns, neutralize)}\r\n`).join('');
        await handle.writeFile(text);
        rows += chunk.length;
        onProgress(rows);
        size = Math.min(MOST_ROWS, size * 4, Math.max(1, Math.floor(CHUNK_BYTES / (text.length / chunk.length))));
      }
    } finally {
      await handle.close();
    }
    signal.throwIfAborted();
    await fs.rename(part, file);
    return rows;
  } catch (error) {
    await fs.rm(part, { force: true });
    if (error instanceof Changed) throw new HumanError(`${source.name ?? 'The table'} changed while it was exported after ${rows} rows, so nothing was written. Export it again.`);
    throw error instanceof Error && 'syscall' in error ? refuse(file, error) : error;
  }
}

function refuse(file: string, error: unknown): never {
  throw new HumanError(`${file} could not be written: ${messageOf(error)}. Choose another place and export again.`, [], { cause: error });
}
