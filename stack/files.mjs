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

/**
 * Changes with the name or the content of any file.
 * @param {string[]} paths files and folders
 * @param {(name: string) => boolean} [wanted] by the name of a file or folder, which is left out otherwise
 * @returns {string}
 */
export function contentHash(paths, wanted = () => true) {
  const hash = crypto.createHash('sha256');
  const add = (file, name) => {
    if (fs.statSync(file).isDirectory()) {
      for (const entry of fs.readdirSync(file).filter(wanted).sort()) add(path.join(file, entry), `${name}/${entry}`);
    } else hash.update(name).update('\0').update(fs.readFileSync(file)).update('\0');
  };
  for (const each of paths.filter((file) => fs.existsSync(file))) add(each, path.basename(each));
  return hash.digest('hex');
}
