/** What people see: plain lines, a little colour where there is a terminal. */

const coloured = Boolean(process.stdout.isTTY) && !process.env.NO_COLOR && process.env.TERM !== 'dumb';

/** @param {string} text */
export const bold = (text) => (coloured ? `\u001b[1m${text}\u001b[0m` : text);
/** @param {string} text */
export const dim = (text) => (coloured ? `\u001b[2m${text}\u001b[0m` : text);

/** One line on the standard output. @param {string} [line] */
export function say(line = '') {
  process.stdout.write(`${line}\n`);
}

/** One line on the standard error. @param {string} line */
export function warn(line) {
  process.stderr.write(`${line}\n`);
}

/** @param {number} bytes */
export function size(bytes) {
  if (bytes < 1e6) return `${Math.ceil(bytes / 1e3)} kB`;
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

/** @param {number} milliseconds */
export const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(1)} s`;

/**
 * Does the work and says so in one line with its duration.
 * @template T
 * @param {string} title
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function step(title, work) {
  const started = performance.now();
  // A long step must not look dead, and its own output comes below its title
  say(dim(`· ${title} …`));
  const result = await work();
  say(`✓ ${title} ${dim(`(${seconds(performance.now() - started)})`)}`);
  return result;
}
