/** Files that are written whole or not at all. */
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

/** Writes a private file whole or not at all. @param {string} file  @param {string} text  @param {number} [mode] */
export function replaceFile(file, text, mode = 0o600) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}.${crypto.randomBytes(4).toString('hex')}`;
  try {
    fs.writeFileSync(draft, text, { mode });
    fs.renameSync(draft, file);
  } catch (error) {
    fs.rmSync(draft, { force: true });
    throw error;
  }
}

/**
 * @param {string} file
 * @returns {any} undefined when the file is missing or is no JSON (a crash of the machine can leave that)
 */
export function readJson(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
