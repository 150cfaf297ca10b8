/** What of a model can be run by itself, and the SQL that does it. */
import { parseSql } from '../language/analysis/document';
import type { SqlDocument, Token } from '../language/analysis/types';

/** A part of a file that gives rows: a CTE by its name, or the whole. */
export interface Target {
  /** undefined: the final select */
  cte?: string;
  /** where it begins, as an offset of the text */
  at: number;
  /** where the cursor means it */
  end: number;
}

/** The CTEs of a file's own query and its final select, in their order; none in files of macros. */
export function targetsOf({ sql: { query }, jinja }: SqlDocument): Target[] {
  if (!query || jinja.definitions.some(({ kind }) => kind !== 'snapshot')) return [];
  const ctes = query.ctes.map(({ name, nameSpan, span }): Target => ({ cte: name, at: nameSpan.start, end: span.end }));
  const last = query.selects.find(({ span }) => span.start >= (ctes.at(-1)?.end ?? 0));
  return last ? [...ctes, { at: last.span.start, end: query.span.end }] : ctes;
}

/** What the cursor stands in; the final select where it stands in no CTE. */
export function targetAt(targets: readonly Target[], offset: number): Target | undefined {
  return targets.find(({ cte, at, end }) => cte !== undefined && offset >= at && offset <= end) ?? targets.find(({ cte }) => cte === undefined) ?? targets.at(-1);
}

/**
 * A CTE's rows, out of the compiled SQL of its file: all up to its end stays as and where it is, so places keep their offsets.
 * @returns undefined where the compiled SQL has no such CTE
 */
export function sqlOfCte(compiled: string, name: string): string | undefined {
  const found = parseSql(compiled).sql.query?.ctes.find((cte) => cte.name === name);
  return found && `${compiled.slice(0, found.span.end)}\nselect * from ${compiled.slice(found.nameSpan.start, found.nameSpan.end)}`;
}

/** What stands before a selection and gives its Jinja a meaning: variables that the file sets. */
export function setsBefore(text: string, start: number): string {
  return [...text.slice(0, start).matchAll(/\{%-?\s*set\s+[\w,\s]+=[\s\S]*?%\}/g)].map(([tag]) => tag).join('');
}

/** What may stand first in a query. */
const FIRST = new Set(['select', 'with', 'values', 'table']);
/** A title stays short enough for a tab. */
const TITLE = 32;

/** Whether a file has a text that is meant as SQL, however wrong it is: not where it defines macros or tests, or only sets its configuration. */
export function hasSql({ sql: { tokens }, jinja }: SqlDocument): boolean {
  return jinja.definitions.every(({ kind }) => kind === 'snapshot') && tokens.some(isSql);
}

/** The word that a selection begins with, where no query begins so; undefined where it is a query, or Jinja decides. */
export function fragmentWord({ text, sql: { tokens }, jinja }: SqlDocument): string | undefined {
  const first = tokens.find(({ kind, tag, start }) => kind === 'jinja' ? jinja.tags[tag ?? -1]?.kind === 'expression' && !isConfig(text.slice(start)) : kind !== 'comment' && text.charAt(start) !== '(');
  if (first?.kind === 'jinja') return undefined;
  const word = first ? text.slice(first.start, first.end) : text.trim();
  return FIRST.has(word.toLowerCase()) ? undefined : word;
}

/** The first words of a text, in one line. */
export function firstWords(text: string): string {
  const line = text.trim().replace(/\s+/g, ' ');
  if (line.length <= TITLE) return line;
  const cut = line.lastIndexOf(' ', TITLE);
  return `${line.slice(0, cut > TITLE / 2 ? cut : TITLE)}…`;
}

const isSql = ({ kind }: Token): boolean => kind !== 'comment' && kind !== 'jinja';
const isConfig = (tag: string): boolean => /^\{\{-?\s*config\s*\(/.test(tag);
