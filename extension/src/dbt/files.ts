import fs from 'node:fs/promises';
import path from 'node:path';

/** What the finder needs of a file system; tests give it Windows paths without a Windows. */
export interface Files {
  readonly path: path.PlatformPath;
  /** Entries of a folder; none where it cannot be read. */
  list(folder: string): Promise<{ name: string; folder: boolean }[]>;
  /** A file's text, or undefined where it cannot be read. */
  read(file: string): Promise<string | undefined>;
  /** When it last changed (milliseconds since 1970) and its size in bytes; undefined where there is none. */
  stat(file: string): Promise<{ time: number; size: number } | undefined>;
}

/** A path as the file system compares it: on Windows whatever its case. */
export function pathKey(file: string, platform: path.PlatformPath = path): string {
  const normal = platform.normalize(file);
  return platform.sep === '\\' ? normal.toLowerCase() : normal;
}

/** A file that describes models is small: whatever is larger is none of ours. */
const LARGEST_SOURCE = 4 * 1024 * 1024;

/** The real disk. */
export const DISK: Files = {
  path,
  async list(folder) {
    try {
      const entries = await fs.readdir(folder, { withFileTypes: true });
      // Links are not followed: a circle of them would never end
      return entries.filter((entry) => entry.isDirectory() || entry.isFile()).map((entry) => ({ name: entry.name, folder: entry.isDirectory() }));
    } catch {
      return [];
    }
  },
  async read(file) {
    try {
      const { size } = await fs.stat(file);
      return size > LARGEST_SOURCE ? undefined : await fs.readFile(file, 'utf8');
    } catch {
      return undefined;
    }
  },
  async stat(file) {
    try {
      const { mtimeMs, size } = await fs.stat(file);
      return { time: mtimeMs, size };
    } catch {
      return undefined;
    }
  },
};
