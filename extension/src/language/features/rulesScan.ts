/** A file's SQL as the rules read it: tokens without comments, their parentheses, and where one condition or expression ends. */
import type { Span, SqlDocument, TokenKind } from '../analysis/types';

export interface Word extends Span {
  kind: TokenKind;
  /** in lower case; an identifier without its quotes, a string without its own */
  text: string;
}

export interface Scan {
  text: string;
  words: readonly Word[];
  /** the parenthesis that belongs to the one at this index; -1 for any other word, and where it is missing */
  partner: Int32Array;
  /** whether an expression ends at this word: a clause's keyword, a comma, `and`, `or` */
  boundary: Uint8Array;
}

const BOUNDARIES = new Set([
  ',', ';', 'select', 'distinct', 'from', 'where', 'and', 'or', 'on', 'having', 'when', 'then', 'else', 'end', 'case', 'group', 'order', 'by', 'limit', 'offset', 'union', 'intersect', 'except',
  'with', 'as', 'join', 'inner', 'left', 'right', 'full', 'outer', 'cross', 'lateral', 'using', 'window', 'over', 'partition', 'filter', 'asc', 'desc', 'returning', 'values', 'set',
]);
/** Words of an expression that a person still reads; a longer one is generated. */
const LONGEST = 300;
/** Functions whose arguments are parted by words. */
const WORDY = new Set(['extract', 'substring', 'trim', 'overlay', 'position', 'cast', 'try_cast', 'safe_cast']);

/** Reads a document's tokens once for all rules. */
export function scan(document: SqlDocument): Scan {
  const { text } = document;
  const words: Word[] = [];
  for (const { kind, start, end } of document.sql.tokens) {
    if (kind === 'comment' || (kind === 'jinja' && text.startsWith('{#', start))) continue;
    words.push({ kind, start, end, text: plain(text.slice(start, end), kind) });
  }
  const partner = new Int32Array(words.length).fill(-1);
  const boundary = new Uint8Array(words.length);
  const open: number[] = [];
  // By depth: whether a BETWEEN still waits for its AND
  const between: boolean[] = [false];
  for (const [index, word] of words.entries()) {
    const depth = open.length;
    if (word.kind === 'symbol' && word.text === '(') {
      open.push(index);
      between[depth + 1] = false;
    } else if (word.kind === 'symbol' && word.text === ')') {
      const opener = open.pop();
      if (opener === undefined) continue;
      partner[opener] = index;
      partner[index] = opener;
    } else if (word.kind === 'jinja') {
      if (text.startsWith('{%', word.start)) boundary[index] = 1;
    } else if (word.kind === 'word' || word.kind === 'symbol') {
      if (word.text === 'between') between[depth] = true;
      if (!BOUNDARIES.has(word.text)) continue;
      if (word.text === 'and' && between[depth]) {
        between[depth] = false;
        continue;
      }
      const opener = open.at(-1);
      if ((word.text === 'from' || word.text === 'as') && opener !== undefined && WORDY.has(words[opener - 1]?.text ?? '')) continue;
      if (word.text === 'from' && words[index - 1]?.text === 'distinct') continue;
      if ((word.text === 'left' || word.text === 'right') && words[index + 1]?.text === '(') continue;
      between[depth] = false;
      boundary[index] = 1;
    }
  }
  return { text, words, partner, boundary };
}

function plain(text: string, kind: TokenKind): string {
  if (kind === 'quoted') return text.replace(/^"|"$/g, '').toLowerCase();
  if (kind === 'string') return text.replace(/^(?:[a-z]+&?)?'|'$/gi, '');
  return kind === 'word' || kind === 'number' ? text.toLowerCase() : text;
}

/** Indexes of the words of the condition or expression around a word: [first, last]. */
export function around({ words, partner, boundary }: Scan, index: number): [number, number] {
  let first = index;
  let last = index;
  const isSelect = (opener: number): boolean => words[opener + 1]?.text === 'select' || words[opener + 1]?.text === 'with';
  for (let at = index - 1; at >= 0 && at >= index - LONGEST; at--) {
    const word = words[at];
    if (!word || boundary[at] === 1) break;
    if (word.kind === 'symbol' && word.text === ')') {
      const opener = partner[at] ?? -1;
      if (opener < 0 || isSelect(opener)) break;
      at = opener;
    }
    first = at;
  }
  for (let at = last; at < words.length && at <= index + LONGEST; at++) {
    const word = words[at];
    if (!word || (at > index && boundary[at] === 1)) break;
    if (word.kind === 'symbol' && word.text === '(') {
      const closer = partner[at] ?? -1;
      if (closer < 0 || isSelect(at)) break;
      at = closer;
    }
    last = at;
  }
  return last - first > LONGEST ? [index, index] : [first, last];
}

/** The opening parenthesis around a word; -1 where there is none. */
export function openerOf({ words, partner }: Scan, index: number): number {
  for (let at = index - 1, steps = 0; at >= 0 && steps < 10 * LONGEST; at--, steps++) {
    const word = words[at];
    if (word?.kind !== 'symbol') continue;
    if (word.text === ')') {
      const opener = partner[at] ?? -1;
      if (opener < 0) return -1;
      at = opener;
    } else if (word.text === '(') return at;
  }
  return -1;
}

/** Text of words as it is written. */
export function written({ text, words }: Scan, first: number, last: number): string {
  return text.slice(words[first]?.start ?? 0, words[last]?.end ?? 0);
}

/** The stretch of words. */
export function spanOf({ words }: Scan, first: number, last: number): Span {
  return { start: words[first]?.start ?? 0, end: words[last]?.end ?? 0 };
}

/** The word that names the column which a literal is compared with: `channel = 'x'`, `'x' != channel`, `channel is distinct from 'x'`, `channel in ('x', …)`, `case channel when 'x'`; -1 where none does. */
export function comparedWith(scan: Scan, at: number): number {
  const { words } = scan;
  const text = (index: number): string => words[index]?.text ?? '';
  const compares = (index: number): boolean => words[index]?.kind === 'symbol' && /^(?:=|<>|!=)$/.test(text(index));
  if (compares(at - 1)) return at - 2;
  if (text(at - 1) === 'from' && text(at - 2) === 'distinct') return at - (text(at - 3) === 'not' ? 5 : 4);
  if (compares(at + 1)) return text(at + 3) === '.' ? at + 4 : at + 2;
  if (text(at - 1) === 'when') {
    const start = startOfCase(scan, at - 1);
    return start < 0 ? -1 : text(start + 2) === '.' ? start + 3 : start + 1;
  }
  if (text(at - 1) !== '(' && text(at - 1) !== ',') return -1;
  const opener = openerOf(scan, at);
  if (text(opener - 1) !== 'in') return -1;
  return text(opener - 2) === 'not' ? opener - 3 : opener - 2;
}

/** The CASE that a WHEN belongs to. */
function startOfCase({ words, partner }: Scan, from: number): number {
  let depth = 0;
  for (let at = from - 1; at >= 0; at--) {
    const { text = '', kind } = words[at] ?? {};
    if (text === ')' && kind === 'symbol') at = partner[at] ?? at;
    else if (text === '(' && kind === 'symbol') return -1;
    else if (text === 'end' && kind === 'word') depth++;
    else if (text === 'case' && kind === 'word' && depth-- === 0) return at;
  }
  return -1;
}
