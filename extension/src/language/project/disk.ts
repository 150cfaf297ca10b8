/** The disk, read at once: for many small files that is several times as fast as asking for each and waiting. */
import fs from 'node:fs';
import path from 'node:path';

/** Larger ones are not read (bytes): no text that a person writes is. */
const LARGEST = 8 * 1024 * 1024;

/** A file's text; undefined where it cannot be read. */
export function readText(file: string): string | undefined {
  try {
    const text = fs.readFileSync(file, 'utf8');
    return text.length > LARGEST ? undefined : withoutMark(text);
  } catch {
    return undefined;
  }
}

/** A byte order mark is not part of the text that editors count in. */
function withoutMark(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

/** The start of a file, for a header in a large one. */
export function readStart(file: string, bytes = 64 * 1024): string | undefined {
  let handle: number | undefined;
  try {
    handle = fs.openSync(file, 'r');
    const buffer = Buffer.alloc(bytes);
    return withoutMark(buffer.toString('utf8', 0, fs.readSync(handle, buffer, 0, bytes, 0)));
  } catch {
    return undefined;
  } finally {
    if (handle !== undefined) fs.closeSync(handle);
  }
}

/** When a file changed and its size, as one text to compare; undefined where there is none. */
export function stampOf(file: string): string | undefined {
  try {
    const stat = fs.statSync(file, { throwIfNoEntry: false });
    return stat?.isFile() ? `${stat.mtimeMs} ${stat.size}` : undefined;
  } catch {
    // A folder that may not be looked into
    return undefined;
  }
}

/**
 * Files below a folder (a normal path), links followed once each. Hidden folders are left out.
 * @param except folders (absolute) that are not looked into
 */
export function listBelow(folder: string, except: ReadonlySet<string>, found: string[] = [], seen = new Set<string>()): string[] {
  let entries: fs.Dirent[];
  try {
    entries = fs.readdirSync(folder, { withFileTypes: true });
  } catch {
    return found;
  }
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    // Thousands of times at the start: joining would look at every part again
    const file = `${folder}${path.sep}${entry.name}`;
    if (entry.isFile()) found.push(file);
    else if (entry.isDirectory()) {
      if (!except.has(file) && entry.name !== 'node_modules' && entry.name !== '__pycache__') listBelow(file, except, found, seen);
    } else if (entry.isSymbolicLink()) {
      const target = linkTarget(file);
      if (target === undefined) continue;
      if (!target.folder) found.push(file);
      else if (!seen.has(target.real) && !except.has(file)) {
        seen.add(target.real);
        listBelow(file, except, found, seen);
      }
    }
  }
  return found;
}

/** Folders right below one, links among them. */
export function foldersIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() || (entry.isSymbolicLink() && linkTarget(path.join(folder, entry.name))?.folder === true))
      .map(({ name }) => path.join(folder, name));
  } catch {
    return [];
  }
}

function linkTarget(file: string): { real: string; folder: boolean } | undefined {
  try {
    const real = fs.realpathSync(file);
    return { real, folder: fs.statSync(real).isDirectory() };
  } catch {
    return undefined;
  }
}
