/** Where in a file a failure belongs: pure. */
import { lineOfTest } from '../dbt/testPlaces';
import type { Failure } from '../dagster/types';

/**
 * The line, counted from 0, that a failure is about. Of a check the one that defines it, where the file does so. dbt says the line of the compiled SQL, which is another one than the
 * model's: where PostgreSQL quotes that line (`LINE 12: select missing_column`) its text is looked for in the model.
 * Otherwise the line that names what the message names in quotes; the first line where nothing fits.
 */
export function lineOf(text: string, { message, line, check, model }: Failure): number {
  const defined = check === undefined ? undefined : lineOfTest(text, check, model) ?? lineOfTest(text, check);
  if (defined !== undefined) return defined;
  const lines = text.split(/\r?\n/);
  const quoted = /LINE \d+: (.+?)(?:\s+\^|\s+compiled code at|\n|$)/.exec(message)?.[1]?.replace(/^\.\.\.|\.\.\.$/g, '').trim();
  if (quoted !== undefined && quoted !== '') {
    const exact = lines.findIndex((candidate) => candidate.trim() === quoted);
    if (exact >= 0) return exact;
    // A flattened message has what follows on the same line
    const within = lines.findIndex((candidate) => candidate.trim().length > 8 && quoted.startsWith(candidate.trim()));
    if (within >= 0) return within;
  }
  for (const [, name] of message.matchAll(/"([^"\s]{2,})"/g)) {
    const found = lines.findIndex((candidate) => name !== undefined && new RegExp(`(^|\\W)${escape(name.split('.').at(-1) ?? name)}(\\W|$)`).test(candidate));
    if (found >= 0) return found;
  }
  return line !== undefined && line < lines.length ? line : 0;
}

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
