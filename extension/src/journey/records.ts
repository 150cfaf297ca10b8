/** From a record of the warehouse to its place in the raw file. */
import fs from 'node:fs';
import path from 'node:path';
import { HumanError } from '../base/errors';
import { qualifiedName } from '../warehouse/identifiers';
import type { Warehouse } from '../warehouse/types';
import { RecordLines, type Lines } from './recordLines';

const CHUNK = 1024 * 1024;

export interface RecordPlace extends Lines {
  file: string;
}

/**
 * Finds the record in the first folder that holds its file: the one that was loaded, then the given ones.
 * @param sourceFile a file's bare name
 * @param folders further raw data folders, the likeliest first
 * @throws HumanError where no folder has the file or the file has no such record
 */
export async function findRecord(warehouse: Warehouse, sourceFile: string, recordNumber: number, folders: readonly string[], signal?: AbortSignal): Promise<RecordPlace> {
  if (sourceFile !== path.basename(sourceFile) || !/^(?:events|clients).*\.csv$/.test(sourceFile)) throw new HumanError(`"${sourceFile}" is no name of a raw file.`);
  const loaded = await loadedFolder(warehouse, sourceFile, signal);
  const candidates = [...new Set([...(loaded === undefined ? [] : [loaded]), ...folders])];
  const file = candidates.map((folder) => path.join(folder, sourceFile)).find((name) => fs.existsSync(name));
  if (file === undefined) throw new HumanError(`${sourceFile} was not found in ${candidates.join(', ')}. Set RAW_DATA_DIR to the folder of the raw files.`);
  const lines = await linesOf(file, recordNumber, signal);
  if (!lines) throw new HumanError(`${file} has no record ${recordNumber}: it changed since it was loaded. Materialize the raw files again.`);
  return { file, ...lines };
}

/** The folder that the file was last loaded from; undefined where the load does not tell. */
async function loadedFolder(warehouse: Warehouse, sourceFile: string, signal?: AbortSignal): Promise<string | undefined> {
  const table = (name: string): string => qualifiedName({ schema: warehouse.schema('raw'), name });
  try {
    const { rows } = await warehouse.query(
      `select loads.raw_data_dir from ${table('source_files')} as files join ${table('loads')} as loads on loads.load_id = files.load_id where files.source_file = $1`, [sourceFile], signal ? { signal } : {});
    return rows[0]?.[0] ?? undefined;
  } catch (error) {
    signal?.throwIfAborted();
    // Not readable, or another load than ours: the other folders are left
    if (error instanceof HumanError) return undefined;
    throw error;
  }
}

async function linesOf(file: string, recordNumber: number, signal?: AbortSignal): Promise<Lines | undefined> {
  const finder = new RecordLines(recordNumber);
  for await (const chunk of fs.createReadStream(file, { highWaterMark: CHUNK, ...(signal ? { signal } : {}) })) {
    const found = finder.add(chunk as Buffer);
    if (found) return found;
  }
  return finder.end();
}
