import { Cancelled, HumanError, messageOf, type Remedy } from '../base/errors';
import { COMMANDS } from '../contributions';
import { DbtFailure, ProcessDied } from './sessionProcess';

const setUp: Remedy = { title: 'Set Up', command: COMMANDS.setUp };
const install: Remedy = { title: 'Install Packages', command: COMMANDS.installPackages };
const choose: Remedy = { title: 'Select Interpreter', command: COMMANDS.selectInterpreter };

/** What went wrong in the warm dbt, for people: dbt's words, and what to do next. */
export function inWords(error: unknown, project: string): Error {
  if (error instanceof Cancelled || error instanceof HumanError) return error;
  if (error instanceof ProcessDied) return new HumanError(`${error.message} Try again: it starts anew.`, [], { cause: error });
  if (!(error instanceof DbtFailure)) return error instanceof Error ? error : new Error(messageOf(error));
  const words = wordsOf(error.message);
  const make = (text: string, remedies: Remedy[] = []): HumanError => new HumanError(text, remedies, { cause: error });
  const missing = /(\d+) package\(s\) specified in (\S+), but only (\d+) package\(s\) installed in (\S+)\. Run "dbt deps"/.exec(words);
  if (missing) return make(`Packages are missing: ${missing[2] ?? ''} names ${missing[1] ?? ''}, and ${missing[4] ?? ''} has ${missing[3] ?? ''}. Install them, and go on.`, [install]);
  switch (error.kind) {
    case 'ConnectionError':
      return make(`dbt cannot reach ${/host='([^']+)'/.exec(words)?.[1] ?? 'the place of its packages'}: ${/Failed to resolve/.test(words) ? 'this machine seems to be offline' : words}. Once it can (HTTPS_PROXY in .env names a proxy), install again; a package in a folder of your own (\`local:\` in packages.yml) needs no connection.`, [install]);
    case 'no_dbt': return make(`${words} Set the project up, or choose an interpreter that has dbt.`, [setUp, choose]);
    case 'DbtProfileError': return make(`dbt cannot resolve the profile of ${project}: ${words} Correct profiles.yml, or name its folder in the setting attribution.dbt.profilesDirectory.`, [
      { title: 'Open Setting', command: 'workbench.action.openSettings', args: ['attribution.dbt'] },
    ]);
    case 'DbtProjectError':
      if (/version of dbt is not supported/.test(words)) return make(`${words} Install a dbt that fits, or choose another interpreter.`, [choose, setUp]);
      return make(words);
    default: return make(words);
  }
}

/** dbt's message on few lines, without the headings that say nothing. */
export function wordsOf(message: string): string {
  const lines = message.split('\n').map((line) => line.trimEnd()).filter((line) => line.trim() !== '' && !/^\s*(?:Runtime|Compilation|Parsing|Database) Error$/.test(line));
  return lines.map((line) => line.trim()).join('\n').replace(/^(?:Compilation|Database|Runtime|Parsing) Error in /, 'Error in ');
}
