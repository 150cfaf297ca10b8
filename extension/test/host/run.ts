/** What VS Code calls in its extension host: mocha on the bundled tests beside this file. */
import fs from 'node:fs';
import path from 'node:path';
import { format } from 'node:util';
import Mocha from 'mocha';

/**
 * @returns when all tests passed
 * @throws when one failed; the report is printed, or written to the file that ATTRIBUTION_HOST_REPORT names
 */
export async function run(): Promise<void> {
  const lines: string[] = [];
  Mocha.reporters.Base.consoleLog = (...args: unknown[]) => lines.push(format(...args));
  const mocha = new Mocha({ ui: 'tdd', timeout: 30_000, color: false, reporter: 'spec' });
  for (const name of fs.readdirSync(__dirname)) if (name.endsWith('.test.js')) mocha.addFile(path.join(__dirname, name));
  const failures = await new Promise<number>((resolve) => mocha.run(resolve));
  const report = process.env['ATTRIBUTION_HOST_REPORT'];
  if (report) fs.writeFileSync(report, lines.join('\n'));
  else process.stdout.write(`${lines.join('\n')}\n`);
  if (failures > 0) throw new Error(`${failures} of the tests inside VS Code failed.`);
}
