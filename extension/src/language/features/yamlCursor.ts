/** Where a cursor stands in half-written YAML, told by indentation and brackets alone: a parser has nothing to say of `  - na`. */
import { lineStart } from '../analysis/positions';
import type { Span } from '../analysis/types';

/** A step from the document down to the cursor. */
export type Step = { key: string } | { item: true };

export interface YamlCursor {
  /** steps to the mapping or sequence that is written in; of a value, its key is the last */
  path: Step[];
  /** a key of a mapping · a value behind `key:` · an entry behind `- ` · a line where either may come */
  at: 'key' | 'value' | 'item' | 'line';
  /** what a completion replaces */
  word: Span;
  /** whether `word` is in quotes */
  quoted: boolean;
  /** whether a colon follows the word */
  colon: boolean;
  /** inside `{}` or `[]` */
  flow: boolean;
  /** keys that the mapping holds already, the one under the cursor left out */
  siblings: string[];
  /** plain values of the mapping that the cursor's line belongs to; empty inside brackets */
  entries(): ReadonlyMap<string, string>;
  /** plain values of the mapping that the `depth`th item of the path holds (0 the outermost item) */
  item(depth: number): ReadonlyMap<string, string>;
}

interface Line {
  start: number;
  end: number;
  text: string;
  /** columns of the dashes at its beginning */
  dashes: number[];
  /** column of what follows them */
  column: number;
  key?: string;
  /** column behind the colon */
  after: number;
  /** what follows the colon, a comment left out, and its column */
  value: string;
  valueColumn: number;
}

const ENTRY = /^("(?:[^"\\]|\\.)*"|'[^']*'|[^\s#'"[\]{},&*!|>%@`-][^#]*?|[-?:][^\s#][^#]*?)\s*:(?=\s|$)/;

/** Reads one line; undefined where it holds nothing but space or a comment. */
function readLine(text: string, at: number): Line {
  const start = lineStart(text, at);
  let end = text.indexOf('\n', at);
  if (end < 0) end = text.length;
  if (end > start && text[end - 1] === '\r') end--;
  const line = text.slice(start, end);
  const dashes: number[] = [];
  let column = /^ */.exec(line)?.[0].length ?? 0;
  for (let dash = /^-( +|$)/.exec(line.slice(column)); dash; dash = /^-( +|$)/.exec(line.slice(column))) {
    dashes.push(column);
    column += dash[0].length;
  }
  const entry = ENTRY.exec(line.slice(column));
  const after = entry ? column + entry[0].length : column;
  const valueColumn = after + (/^\s*/.exec(line.slice(after))?.[0].length ?? 0);
  return { start, end, text: line, dashes, column, ...(entry?.[1] === undefined ? {} : { key: unquoted(entry[1]) }), after, value: withoutComment(line.slice(valueColumn)), valueColumn };
}

function withoutComment(value: string): string {
  let quote = '';
  for (let at = 0; at < value.length; at++) {
    const character = value.charAt(at);
    if (quote !== '') {
      if (character === quote) quote = '';
    } else if ((character === '"' || character === "'") && (at === 0 || /[\s[{,:(]/.test(value.charAt(at - 1)))) quote = character;
    else if (character === '#' && (at === 0 || /\s/.test(value.charAt(at - 1)))) return value.slice(0, at).trimEnd();
  }
  return value.trimEnd();
}

function unquoted(text: string): string {
  const match = /^(["'])(.*)\1$/.exec(text);
  return match?.[2] ?? text;
}

/** The nearest line above that says something and is indented no more than `most`: what is deeper belongs to others, and a file may be long. */
function lineAbove(text: string, { start }: Line, most: number): Line | undefined {
  for (let end = start - 1; end >= 0;) {
    const begin = lineStart(text, end);
    if (says(text, begin, most)) return readLine(text, begin);
    end = begin - 1;
  }
  return undefined;
}

function lineBelow(text: string, { end }: Line, most: number): Line | undefined {
  for (let next = text.indexOf('\n', end); next >= 0; next = text.indexOf('\n', next + 1)) {
    if (says(text, next + 1, most)) return readLine(text, next + 1);
  }
  return undefined;
}

function says(text: string, begin: number, most: number): boolean {
  let at = begin;
  while (text.charCodeAt(at) === 32) at++;
  const character = text[at];
  return at - begin <= most && character !== undefined && !'\r\n#'.includes(character) && !text.startsWith('---', begin);
}

/** Undefined in comments, in running text, and where the path cannot be told. */
export function yamlCursor(text: string, offset: number): YamlCursor | undefined {
  const line = readLine(text, offset);
  const cursorColumn = offset - line.start;
  const left = line.text.slice(0, cursorColumn);
  if (withoutComment(left).length < left.trimEnd().length) return undefined;
  if (line.text.slice(0, cursorColumn).includes('\t')) return undefined;
  const blank = line.text.trim() === '';
  const column = blank ? cursorColumn : line.column;
  if (!blank && cursorColumn < line.column) return undefined;
  const parents = parentsOf(text, line, column);
  if (parents === undefined) return undefined;
  const { steps, items, flowStart } = parents;
  const item = (depth: number): ReadonlyMap<string, string> => {
    const place = items[depth];
    return place ? entriesAround(text, place.line, place.column) : new Map<string, string>();
  };
  const entries = (): ReadonlyMap<string, string> => entriesAround(text, line, column);
  const base = { item, entries, flow: false, quoted: false, colon: false };
  if (flowStart !== undefined) return flowCursor(text, flowStart, offset, steps, base);
  if (line.key !== undefined && cursorColumn >= line.after) {
    const path = [...steps, { key: line.key }];
    if (/^[[{]/.test(line.value)) return flowCursor(text, line.start + line.valueColumn, offset, path, base);
    if (/^[|>]/.test(line.value) || /^[&*!]/.test(line.value)) return undefined;
    return { ...base, path, at: 'value', siblings: [], ...valueWord(line, Math.min(line.valueColumn, cursorColumn), cursorColumn) };
  }
  if (line.dashes.length > 0 && /^[[{]/.test(line.text.slice(line.column))) return flowCursor(text, line.start + line.column, offset, steps, base);
  const siblings = [...entriesAround(text, line, column).keys()].filter((key) => key !== line.key || blank);
  const word = blank ? { word: { start: offset, end: offset }, quoted: false } : line.key === undefined ? valueWord(line, line.column, cursorColumn) : { word: { start: line.start + line.column, end: line.start + line.column + line.key.length }, quoted: false };
  return { ...base, path: steps, at: line.dashes.length > 0 ? 'item' : blank || line.key === undefined ? 'line' : 'key', siblings, colon: line.key !== undefined, ...word };
}

/**
 * Where a line stands under the dash of an item, as Enter behind `- name: a` leaves it: the cursor as it would be in that item's mapping,
 * the space that is missing in front, and the text with it. Undefined where no item with keys is right above.
 */
export function continuedItem(text: string, offset: number): { cursor: YamlCursor; space: string; text: string } | undefined {
  const line = readLine(text, offset);
  const column = line.text.trim() === '' ? offset - line.start : line.column;
  if (line.dashes.length > 0) return undefined;
  const above = lineAbove(text, line, column);
  if (above?.key === undefined || !above.dashes.includes(column)) return undefined;
  const content = above.dashes.find((dash) => dash > column) ?? above.column;
  const space = ' '.repeat(content - column);
  const spaced = text.slice(0, line.start) + space + text.slice(line.start);
  const cursor = yamlCursor(spaced, offset + space.length);
  return cursor && { cursor, space, text: spaced };
}

function valueWord(line: Line, column: number, cursorColumn: number): { word: Span; quoted: boolean } {
  const value = withoutComment(line.text.slice(column));
  const quote = value.charAt(0);
  if (quote === '"' || quote === "'") {
    const end = value.indexOf(quote, 1);
    return { word: { start: line.start + column + 1, end: line.start + column + (end < 0 ? value.length : end) }, quoted: true };
  }
  return { word: { start: line.start + column, end: Math.max(line.start + column + value.length, line.start + cursorColumn) }, quoted: false };
}

interface Parents {
  steps: Step[];
  /** the mappings of the items on the way, outermost first */
  items: { line: Line; column: number }[];
  /** where brackets were opened on a line above that hold the cursor */
  flowStart?: number;
}

/** The keys and dashes that the content at a column belongs to; undefined inside running text. */
function parentsOf(text: string, line: Line, column: number): Parents | undefined {
  const steps: Step[] = [];
  const items: Parents['items'] = [];
  let current = column;
  const enter = (from: Line, limit: number): void => {
    for (const dash of [...from.dashes].reverse()) {
      if (dash >= limit) continue;
      steps.unshift({ item: true });
      items.unshift({ line: from, column: from.dashes.find((other) => other > dash) ?? from.column });
      current = dash;
    }
  };
  enter(line, column);
  let dashed = line.dashes.length > 0;
  for (let above = lineAbove(text, line, current); above && (current > 0 || dashed); above = lineAbove(text, above, current)) {
    const first = above.dashes[0] ?? above.column;
    const owns = above.key !== undefined && (dashed ? above.column <= current : above.column < current);
    if (owns) {
      if (above.value !== '' && !/^[&!]\S*$/.test(above.value)) {
        if (steps.length === 0 && /^[[{]/.test(above.value)) return { ...finish(text, above, steps, items), flowStart: above.start + above.valueColumn };
        return undefined;
      }
      steps.unshift({ key: above.key ?? '' });
      current = above.column;
      dashed = false;
      enter(above, current);
      dashed = above.dashes.length > 0;
    } else if (first < current) {
      if (above.dashes.length === 0) return undefined;
      // The content of a dash at this very column: an entry of the same mapping, further up
      if (above.column > current || (above.key === undefined && above.value !== '' && above.column < current)) return undefined;
      enter(above, current);
      dashed = true;
    }
  }
  return { steps, items };
}

function finish(text: string, above: Line, steps: Step[], items: Parents['items']): Parents {
  const outer = parentsOf(text, above, above.column);
  return { steps: [...(outer?.steps ?? []), { key: above.key ?? '' }, ...steps], items: [...(outer?.items ?? []), ...items] };
}

/** The plain values of the mapping that has keys at a column, around a line of it. */
function entriesAround(text: string, line: Line, column: number): Map<string, string> {
  const found = new Map<string, string>();
  const add = (one: Line): void => {
    if (one.key !== undefined && one.column === column) found.set(one.key, unquoted(one.value));
  };
  add(line);
  for (let at = line; !at.dashes.some((dash) => dash < column);) {
    const above = lineAbove(text, at, column);
    if (!above || ((above.dashes[0] ?? above.column) < column && above.column !== column)) break;
    add(above);
    at = above;
  }
  for (let below = lineBelow(text, line, column); below; below = lineBelow(text, below, column)) {
    if ((below.dashes[0] ?? below.column) < column) break;
    add(below);
  }
  return found;
}

function flowCursor(text: string, start: number, offset: number, path: Step[], base: Pick<YamlCursor, 'item' | 'entries' | 'flow' | 'quoted' | 'colon'>): YamlCursor | undefined {
  const open: { bracket: string; key?: string; keys: string[] }[] = [];
  let token = start;
  let quote = '';
  for (let at = start; at < offset; at++) {
    const character = text.charAt(at);
    const top = open.at(-1);
    if (quote !== '') {
      if (character === quote) quote = '';
    } else if ((character === '"' || character === "'") && text.slice(token, at).trim() === '') quote = character;
    else if (character === '[' || character === '{') {
      open.push({ bracket: character, keys: [] });
      token = at + 1;
    } else if (character === ']' || character === '}') {
      open.pop();
      token = at + 1;
    } else if (character === ',' && top) {
      delete top.key;
      token = at + 1;
    } else if (character === ':' && top && /[\s"']/.test(text.charAt(at + 1)) && top.key === undefined) {
      top.key = unquoted(text.slice(token, at).trim());
      top.keys.push(top.key);
      token = at + 1;
    }
  }
  const top = open.at(-1);
  if (!top) return undefined;
  while (token < offset && /\s/.test(text.charAt(token))) token++;
  const quoted = quote !== '' && /["']/.test(text.charAt(token));
  if (quoted) token++;
  let end = offset;
  while (end < text.length && (quoted ? text[end] !== quote && text[end] !== '\n' : !/[\s,:\]}]/.test(text.charAt(end)))) end++;
  const steps = [...path, ...open.flatMap((one): Step[] => (one.bracket === '[' ? [{ item: true }] : one.key === undefined ? [] : [{ key: one.key }]))];
  return {
    ...base, path: steps, at: top.bracket === '[' ? 'item' : top.key === undefined ? 'key' : 'value', word: { start: token, end }, quoted, flow: true,
    colon: /^["']?\s*:/.test(text.slice(end, end + 8)), siblings: top.keys,
  };
}
