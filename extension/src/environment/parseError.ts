import { HumanError } from '../base/errors';
import type { Place } from '../dbt/types';

/** The dbt project does not parse: dbt's words, and the place that they speak of, where they speak of one. */
export class DbtParseError extends HumanError {
  constructor(message: string, readonly details: string, readonly place: Place | undefined) {
    super(message, place ? [{ title: 'Go to Error', command: 'vscode.open', args: [`${fileUrl(place.file)}#L${place.line + 1}`] }] : []);
  }
}

/** What dbt's message says of a place. `file` is as dbt writes it; `line` from 0. */
export interface Hint {
  file: string;
  line?: number;
  /** a name to look for in the file, where dbt tells no line */
  mention?: string;
}

/** dbt's own words out of what a failed parse printed: without times, warnings of Python, and the wrappers of ours. */
export function wordsOfParse(output: string): string {
  return output
    .replace(/\u001b\[[0-9;]*m/g, '')
    .split(/\r?\n/)
    .filter((line) => !/^<frozen runpy>|RuntimeWarning:|^\s*Encountered an error:|^The dbt project in .* does not parse:$/.test(line.replace(/^\d\d:\d\d:\d\d\s+/, '')))
    .map((line) => line.replace(/^\d\d:\d\d:\d\d\s+/, ''))
    .join('\n')
    .trim();
}

/** The same on one line, without the lines of the file that dbt quotes. */
export function summaryOf(words: string): string {
  return words.replace(/-{10,}[\s\S]*?Raw Error:\s*-{10,}/, ':').replace(/\s+:/, ':').replace(/\s+/g, ' ').slice(0, 500);
}

/** The place that dbt's words speak of. */
export function hintOf(words: string): Hint | undefined {
  const file = /\(([^()\n]+\.(?:sql|ya?ml|py|md|csv))\)/.exec(words)?.[1]
    ?? /Error reading [^:\n]+: (.+?\.ya?ml) - /.exec(words)?.[1]
    ?? /\b(?:in|from|at path|file) '?([^\s'"()]+\.(?:sql|ya?ml|md))/.exec(words)?.[1];
  if (file === undefined) return undefined;
  const line = /\bline (\d+)\b/.exec(words)?.[1];
  const mention = /depends on a (?:node|source|macro) named '([^']+)'/.exec(words)?.[1];
  return { file, ...(line === undefined ? {} : { line: Math.max(0, Number(line) - 1) }), ...(mention === undefined ? {} : { mention }) };
}

/** The line of a text that a hint means, from 0. */
export function lineOf({ line, mention }: Hint, text: string): number {
  const lines = text.split('\n');
  if (line !== undefined) return Math.min(line, lines.length - 1);
  const last = mention?.split('.').at(-1);
  const named = last === undefined ? -1 : lines.findIndex((content) => new RegExp(`['"]${last.replace(/[^\w]/g, '.')}['"]`).test(content));
  return Math.max(named, 0);
}

function fileUrl(file: string): string {
  return `file://${encodeURI(file.replaceAll('\\', '/').replace(/^(?!\/)/, '/')).replaceAll('#', '%23').replaceAll('?', '%3F')}`;
}
