#!/usr/bin/env node
/** The command line: `node stack/main.mjs <command>`, or `npm start` and `npm run <command>`. */
import { check } from './check.mjs';
import { bench, database, pack, pipeline, setup, start } from './commands.mjs';
import { describe, Interrupted } from './errors.mjs';
import { placeOf } from './paths.mjs';
import { onInterruption } from './processes.mjs';
import { reset } from './reset.mjs';
import { test } from './suites.mjs';
import { checkNode } from './setup.mjs';
import { warn } from './terminal.mjs';

/** @typedef {{place: import('./paths.mjs').Place, args: string[], signal: AbortSignal}} Context */
/** @type {Record<string, {what: string, run: (context: Context) => Promise<number>}>} each returns the exit code */
const COMMANDS = {
  start: { what: 'set up, load, materialize, show the result, then keep the database and Dagster running; opens VS Code, with --browser in a browser', run: start },
  pipeline: { what: 'set up what is missing, load, materialize, show the result, end', run: pipeline },
  db: { what: 'the database alone, until Ctrl-C', run: database },
  setup: { what: 'set up what is missing, nothing else', run: setup },
  package: { what: 'the extension as a VSIX', run: pack },
  test: { what: 'all tests, or the suites whose names hold a word', run: test },
  check: { what: 'the static checks: formatting, types, SQL', run: check },
  reset: { what: 'say what a fresh start would delete; with --yes delete it', run: reset },
  bench: { what: 'a benchmark by its name, the load without one', run: bench },
};

async function main([name = '', ...args]) {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) {
    const lines = Object.entries(COMMANDS).map(([key, { what }]) => `  ${key.padEnd(9)} ${what}`);
    warn([name ? `There is no command "${name}".` : 'Which command?', 'npm start, npm test, or npm run <command>:', ...lines].join('\n'));
    return 2;
  }
  const interruption = new AbortController();
  onInterruption((reason) => {
    warn(`\n${reason.message} Stopping …`);
    interruption.abort(reason);
  });
  try {
    checkNode();
    return await command.run({ place: placeOf(), args, signal: interruption.signal });
  } catch (error) {
    if (!(error instanceof Interrupted)) warn(`\n${describe(error)}`);
    return error instanceof Interrupted ? error.exitCode : 1;
  }
}

// The terminal may be closed while we still have to stop what we started
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
const code = await main(process.argv.slice(2));
process.exit(code);
