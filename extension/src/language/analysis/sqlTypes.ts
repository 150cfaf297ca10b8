import { byWord, CAST_NAMES, TYPE_NAMES } from './sqlWords';
import type { Token } from './types';

/** Words that follow the first one of a type of several words. */
const MORE = byWord<readonly string[]>({
  double: ['precision'], character: ['varying'], char: ['varying'], bit: ['varying'], national: ['character', 'char', 'varying'],
  interval: ['year', 'month', 'day', 'hour', 'minute', 'second', 'to'],
});

/**
 * Reads the name of a type.
 * @returns the token behind it; the type in its common spelling (`numeric(18,4)`, `timestamp with time zone`), undefined where Jinja decides; and
 * what PostgreSQL calls a column that only a cast to it names
 */
export function readType(text: string, tokens: readonly Token[], words: readonly string[], from: number): { end: number; type?: string; name?: string } {
  let at = from;
  const first = tokens[at];
  if (first?.kind !== 'word' && first?.kind !== 'quoted' && first?.kind !== 'jinja') return { end: at };
  let dynamic = first.kind === 'jinja';
  const parts = [first.kind === 'word' ? words[at] ?? '' : text.slice(first.start, first.end)];
  at++;
  const glued = (): boolean => tokens[at]?.start === tokens[at - 1]?.end;
  while (glued() && (words[at] === '.' || tokens[at]?.kind === 'jinja' || tokens[at]?.kind === 'word' || tokens[at]?.kind === 'quoted')) {
    if (words[at] !== '.') {
      if (tokens[at]?.kind === 'jinja') dynamic = true;
      parts[0] = text.slice(tokens[at]?.start, tokens[at]?.end);
    }
    at++;
  }
  const more = MORE[parts[0] ?? ''];
  while (more?.includes(words[at] ?? '')) parts.push(words[at++] ?? '');
  let size = '';
  if (words[at] === '(') {
    const open = at;
    let depth = 0;
    do {
      if (words[at] === '(') depth++;
      else if (words[at] === ')') depth--;
      else if (tokens[at]?.kind === 'jinja') dynamic = true;
      at++;
    } while (at < tokens.length && depth > 0);
    size = text.slice(tokens[open]?.start, tokens[at - 1]?.end).replace(/\s+/g, '');
  }
  if (parts[0] === 'timestamp' || parts[0] === 'time') {
    const zone = words[at];
    if ((zone === 'with' || zone === 'without') && words[at + 1] === 'time' && words[at + 2] === 'zone') {
      parts.push(`${zone} time zone`);
      at += 3;
    }
  }
  let array = '';
  while (words[at] === '[') {
    at++;
    if (tokens[at]?.kind === 'number') at++;
    if (words[at] === ']') at++;
    array += '[]';
  }
  if (dynamic) return { end: at };
  const spelled = parts.join(' ');
  const common = TYPE_NAMES[spelled] ?? spelled;
  const [head = '', ...rest] = common.split(' ');
  const type = `${size !== '' && rest.length > 0 && (head === 'timestamp' || head === 'time') ? `${head}${size} ${rest.join(' ')}` : `${common}${size}`}${array}`;
  return { end: at, type, name: CAST_NAMES[common] ?? CAST_NAMES[spelled] ?? common };
}
