/** What is wrong at a place, with the ways out of it: diagnostics show the one, code actions offer the other. */
import { DiagnosticSeverity } from 'vscode-languageserver-types';
import type { Span } from '../analysis/types';
import type { Location } from '../project/types';

/** A replacement in a file; an empty span inserts. */
export interface TextChange {
  file: string;
  span: Span;
  text: string;
  /** what a person writes next: the part of the text that is selected where the file is shown */
  select?: Span;
}

export interface Fix {
  title: string;
  changes: readonly TextChange[];
  /** a file that the fix makes first, with this text */
  create?: { file: string; text: string };
  /** whether it is the one obvious way */
  preferred?: boolean;
}

export interface Problem {
  span: Span;
  /** `unknown-ref`, `attribution/window-edge`, … */
  code: string;
  severity: DiagnosticSeverity;
  message: string;
  related?: readonly { location: Location; message: string }[];
  /** asked for where somebody wants to repair it, never while typing */
  fixes?: () => readonly Fix[];
}

export const ERROR = DiagnosticSeverity.Error;
export const WARNING = DiagnosticSeverity.Warning;
export const HINT = DiagnosticSeverity.Hint;

/** Names that somebody may have meant, the likeliest first, at most three. */
export function similar(name: string, candidates: Iterable<string>): string[] {
  const wanted = name.toLowerCase();
  const most = Math.max(1, Math.min(4, Math.floor(wanted.length / 3)));
  const found: { candidate: string; distance: number }[] = [];
  for (const candidate of candidates) {
    if (candidate === '' || candidate === name) continue;
    const other = candidate.toLowerCase();
    const distance = Math.abs(other.length - wanted.length) <= most ? distanceOf(wanted, other, most) : Infinity;
    if (distance <= most) found.push({ candidate, distance });
    // `events` for `stg_events`: a part that stands on its own
    else if (wanted.length >= 4 && (other.endsWith(`_${wanted}`) || other.startsWith(`${wanted}_`) || wanted.endsWith(`_${other}`))) found.push({ candidate, distance: most + 1 });
  }
  found.sort((one, other) => one.distance - other.distance || (one.candidate < other.candidate ? -1 : 1));
  // One letter off is what was meant: anything further away is noise
  const best = found[0]?.distance ?? 0;
  return [...new Set(found.filter(({ distance }) => distance <= (best <= 1 ? best : best + 1)).map(({ candidate }) => candidate))].slice(0, 3);
}

/** `Did you mean "a" or "b"?` with a space before it; '' where there is no guess. */
export function didYouMean(guesses: readonly string[]): string {
  if (guesses.length === 0) return '';
  const quoted = guesses.map((guess) => `"${guess}"`);
  return ` Did you mean ${quoted.length === 1 ? quoted.join('') : `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1) ?? ''}`}?`;
}

/** A fix for each guess; the only one is preferred. */
export function replacements(file: string, span: Span, guesses: readonly string[]): Fix[] {
  return guesses.map((guess) => ({ title: `Change to "${guess}"`, changes: [{ file, span, text: guess }], preferred: guesses.length === 1 }));
}

/** Rows of the distances, kept: there may be thousands of candidates. */
const ROWS = [new Uint16Array(256), new Uint16Array(256), new Uint16Array(256)] as const;

/** Number of letters changed, added, dropped or swapped with their neighbour; Infinity where it is more than `most`. Names over 255 letters are like none. */
function distanceOf(one: string, other: string, most: number): number {
  if (other.length > 255) return Infinity;
  let [beforeLast, last, current] = ROWS;
  for (let column = 0; column <= other.length; column++) last[column] = column;
  for (let row = 1; row <= one.length; row++) {
    // What is further from the diagonal is too far anyway
    const from = Math.max(1, row - most);
    const to = Math.min(other.length, row + most);
    current[from - 1] = from === 1 ? row : most + 1;
    let least = most + 1;
    for (let column = from; column <= to; column++) {
      const same = one.charCodeAt(row - 1) === other.charCodeAt(column - 1);
      const above = column === row + most ? most + 1 : (last[column] ?? 0) + 1;
      let cost = Math.min(above, (current[column - 1] ?? 0) + 1, (last[column - 1] ?? 0) + (same ? 0 : 1));
      if (row > 1 && column > 1 && one.charCodeAt(row - 1) === other.charCodeAt(column - 2) && one.charCodeAt(row - 2) === other.charCodeAt(column - 1)) cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1);
      current[column] = cost;
      if (cost < least) least = cost;
    }
    if (least > most) return Infinity;
    [beforeLast, last, current] = [last, current, beforeLast];
  }
  return last[other.length] ?? Infinity;
}
