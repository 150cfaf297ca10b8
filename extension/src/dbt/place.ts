import path from 'node:path';
import { pathKey } from './files';
import type { DbtProject, Projects } from './types';

/**
 * The line of an error of Jinja, from 0; undefined where dbt names none, or speaks of another file.
 * @param words as dbt says them @param text what was compiled; dbt counts lines in it without what is blank around it
 * @param file that the words must name; without it they may name none
 */
export function lineOfWords(words: string, text: string, file?: string): number | undefined {
  if (/in macro |macros[\\/]/.test(words)) return undefined;
  if (file !== undefined && path.basename(/^Error in .+ \((.+)\)$/m.exec(words)?.[1] ?? '') !== path.basename(file)) return undefined;
  const told = /\bline (\d+)\b/.exec(words)?.[1];
  if (told === undefined) return undefined;
  const blank = text.slice(0, text.length - text.trimStart().length).split('\n').length - 1;
  const lines = text.split('\n').length;
  return Math.min(Math.max(Number(told) - 1, 0) + blank, lines - 1);
}

/** The project whose folder a file is in: the innermost one. */
export function projectOfFile(projects: Pick<Projects, 'all'>, file: string): DbtProject | undefined {
  const key = pathKey(file);
  const holding = projects.all.filter(({ root }) => key.startsWith(pathKey(root + path.sep)));
  return holding.sort((one, other) => other.root.length - one.root.length)[0];
}
