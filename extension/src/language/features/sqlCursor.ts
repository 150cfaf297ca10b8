/** Where a cursor stands in half-written SQL, told by the tokens before it: a tree has no place for what is not written yet. */
import type { Span, SqlDocument, Token } from '../analysis/types';
import { RESERVED } from '../analysis/sqlWords';
import { wordAt } from './jinjaCursor';

export interface SqlCursor {
  /** what a completion replaces, quotes included */
  word: Span;
  /** whether the word begins with a double quote */
  quoted: boolean;
  /** what stands before the dot that the word follows; `quoted` names keep their case */
  qualifier?: { name: string; span: Span; quoted: boolean };
  /**
   * relation: behind from or join · after: behind a relation · column: an expression, in any clause but these ·
   * using: between its parentheses · start: where a statement or subquery begins · name: where a new name is written
   */
  place: 'relation' | 'after' | 'column' | 'using' | 'start' | 'name';
  /** the clause's keyword, in lower case */
  clause?: string;
  /** the previous token, in lower case; '' at the start */
  previous: string;
}

const CLAUSES = new Set(['select', 'from', 'join', 'on', 'using', 'where', 'by', 'having', 'returning', 'window', 'limit', 'offset', 'with', 'union', 'except', 'intersect', 'values', 'set', 'qualify']);
/** Functions with FROM between their parentheses. */
const WITH_FROM = new Set(['extract', 'substring', 'trim', 'overlay', 'position']);

/** The index of the last token that starts before an offset; -1 where there is none. */
function tokenBefore(tokens: readonly Token[], offset: number): number {
  let low = 0;
  let high = tokens.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((tokens[middle]?.start ?? Infinity) < offset) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Undefined in comments, strings and numbers. */
export function sqlCursor({ text, jinja, sql }: SqlDocument, offset: number): SqlCursor | undefined {
  // A comment of Jinja is as little as one of SQL
  const commented = jinja.tags.some(({ kind }) => kind === 'comment');
  const tokens = commented ? sql.tokens.filter(({ tag, end }) => tag === undefined || end > offset || jinja.tags[tag]?.kind !== 'comment') : sql.tokens;
  let index = tokenBefore(tokens, offset);
  const touching = tokens[index];
  let word = wordAt(text, offset);
  let quoted = false;
  if (touching && touching.end >= offset) {
    const inside = touching.end > offset || !closes(text, touching);
    if ((touching.kind === 'comment' || touching.kind === 'string') && inside) return undefined;
    if (touching.kind === 'number') return undefined;
    if (touching.kind === 'jinja' && touching.end > offset) return undefined;
    if (touching.kind === 'quoted' && inside) {
      quoted = true;
      const closed = text[touching.end - 1] === '"' && touching.end > touching.start + 1;
      word = { start: touching.start, end: closed ? touching.end : offset };
      index--;
    } else if (touching.kind === 'word') index--;
  }
  let at = skipComments(tokens, index);
  const spell = (position: number): string => {
    const token = tokens[position];
    return token ? text.slice(token.start, token.end) : '';
  };
  let qualifier: SqlCursor['qualifier'];
  if (spell(at) === '.') {
    const name = tokens[at - 1];
    if (name === undefined || !['word', 'quoted'].includes(name.kind)) return undefined;
    const raw = text.slice(name.start, name.end);
    qualifier = { name: name.kind === 'quoted' ? raw.replace(/^"|"$/g, '').replaceAll('""', '"') : raw, span: { start: name.start, end: name.end }, quoted: name.kind === 'quoted' };
    at = skipComments(tokens, at - 2);
  }
  const previous = spell(at).toLowerCase();
  return { word, quoted, ...(qualifier ? { qualifier } : {}), previous, ...placeAt(tokens, spell, at) };
}

function closes(text: string, token: Token): boolean {
  if (token.kind === 'comment') return text.startsWith('/*', token.start) ? text.endsWith('*/', token.end) && text.slice(token.end - 2, token.end) === '*/' : false;
  const quote = token.kind === 'quoted' ? '"' : text.slice(token.start, token.end).includes("'") ? "'" : '$';
  return token.end - token.start > 1 && text[token.end - 1] === quote;
}

function skipComments(tokens: readonly Token[], index: number): number {
  while (tokens[index]?.kind === 'comment') index--;
  return index;
}

function placeAt(tokens: readonly Token[], spell: (index: number) => string, at: number): Pick<SqlCursor, 'place' | 'clause'> {
  const last = tokens[at];
  if (last === undefined || spell(at) === ';') return { place: 'start' };
  const previous = spell(at).toLowerCase();
  if (previous === 'as' && asNames(tokens, spell, at)) return { place: 'name' };
  let called = false;
  for (let index = at, depth = 0; index >= 0; index--) {
    const token = tokens[index];
    if (token === undefined || token.kind === 'comment' || token.kind === 'jinja' || token.kind === 'string') continue;
    const word = token.kind === 'word' ? spell(index).toLowerCase() : '';
    const symbol = token.kind === 'symbol' ? spell(index) : '';
    if (symbol === ')') depth++;
    else if (symbol === '(') {
      if (depth > 0) depth--;
      else {
        const before = skipComments(tokens, index - 1);
        const opener = tokens[before]?.kind === 'word' ? spell(before).toLowerCase() : '';
        if (opener === 'using') return { place: 'using', clause: 'using' };
        if (index === at && (opener === 'as' || opener === 'materialized' || opener === 'lateral' || opener === 'exists' || before < 0)) return { place: 'start' };
        if (index === at && (opener === 'from' || opener === 'join')) return { place: 'start' };
        if (isFunction(tokens, spell, before)) called = true;
      }
    } else if (symbol === ';') return { place: 'start' };
    else if (depth === 0 && CLAUSES.has(word)) {
      if (word === 'from' && (isExpressionFrom(tokens, spell, index))) continue;
      // What a function in FROM is given are columns of the relations before it
      return called && (word === 'from' || word === 'join') ? { place: 'column', clause: word } : clausePlace(spell, index, at, word);
    }
  }
  return tokens.slice(0, at + 1).every((token) => token.kind === 'jinja' || token.kind === 'comment') ? { place: 'start' } : { place: 'column' };
}

/** Whether a token before a parenthesis names a function, not an alias with its columns or a keyword. */
function isFunction(tokens: readonly Token[], spell: (index: number) => string, index: number): boolean {
  const token = tokens[index];
  if (token?.kind !== 'word' || RESERVED.has(spell(index).toLowerCase())) return false;
  const before = spell(skipComments(tokens, index - 1)).toLowerCase();
  return before === ',' || before === '(' || before === '.' || before === 'from' || before === 'join' || before === 'lateral';
}

function clausePlace(spell: (index: number) => string, index: number, at: number, word: string): Pick<SqlCursor, 'place' | 'clause'> {
  switch (word) {
    case 'from':
    case 'join': {
      const previous = spell(at).toLowerCase();
      const fresh = index === at || previous === 'lateral' || previous === 'only' || (word === 'from' && previous === ',');
      return { place: fresh ? 'relation' : 'after', clause: word };
    }
    case 'using': return { place: 'after', clause: word };
    case 'with': return { place: index === at || spell(at) === ',' || spell(at).toLowerCase() === 'recursive' ? 'name' : 'start', clause: word };
    case 'union':
    case 'except':
    case 'intersect': return { place: 'start', clause: word };
    default: return { place: 'column', clause: word };
  }
}

/** `is distinct from` and `extract(day from …)`. */
function isExpressionFrom(tokens: readonly Token[], spell: (index: number) => string, from: number): boolean {
  const before = skipComments(tokens, from - 1);
  if (spell(before).toLowerCase() === 'distinct' && ['is', 'not'].includes(spell(skipComments(tokens, before - 1)).toLowerCase())) return true;
  for (let index = before, depth = 0; index >= 0; index--) {
    const symbol = tokens[index]?.kind === 'symbol' ? spell(index) : '';
    if (symbol === ')') depth++;
    else if (symbol === '(' && depth-- === 0) return WITH_FROM.has(spell(skipComments(tokens, index - 1)).toLowerCase());
    else if (depth === 0 && tokens[index]?.kind === 'word' && spell(index).toLowerCase() === 'select') return false;
  }
  return false;
}

/** Whether `as` is followed by a new name, not by a type or a query. */
function asNames(tokens: readonly Token[], spell: (index: number) => string, at: number): boolean {
  for (let index = at - 1, depth = 0; index >= 0; index--) {
    const symbol = tokens[index]?.kind === 'symbol' ? spell(index) : '';
    if (symbol === ')') depth++;
    else if (symbol === '(' && depth-- === 0) return !['cast', 'try_cast'].includes(spell(skipComments(tokens, index - 1)).toLowerCase());
  }
  return true;
}
