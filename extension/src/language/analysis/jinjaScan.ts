/** Finds the tags of Jinja in a text, and the tokens of one tag, as Jinja's own lexer does while the text is right, and forgiving where it is not. */
import type { Span } from './types';

export type JinjaTokenKind = 'name' | 'string' | 'number' | 'symbol';

/** A token within a tag. A string's span holds its quotes; `closed` is false where the ending one is missing. */
export interface JinjaToken extends Span {
  kind: JinjaTokenKind;
  closed: boolean;
}

export interface TagScan {
  tokens: JinjaToken[];
  /** where the inner text ends */
  innerEnd: number;
  /** behind the closing braces; where these are missing, where the tag is taken to end */
  end: number;
  closed: boolean;
}

const NEWLINE = 10;
const QUOTE = 39;
const DOUBLE = 34;

export function isNameStart(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95 || code >= 128;
}

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

export function isNamePart(code: number): boolean {
  return isNameStart(code) || isDigit(code);
}

/**
 * Reads a tag from behind its opening braces.
 * @param close `}}` or `%}`
 */
export function scanTag(text: string, start: number, close: '}}' | '%}'): TagScan {
  return scanStrict(text, start, close) ?? scanForgiving(text, start, close);
}

/** As Jinja reads it; undefined where Jinja would stop with an error, or where strings over several lines look swallowed. */
function scanStrict(text: string, start: number, close: string): TagScan | undefined {
  const tokens: JinjaToken[] = [];
  const open: number[] = [];
  let at = start;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code <= 32 || code === 160) {
      at++;
      continue;
    }
    if (open.length === 0) {
      const dash = code === 45 || code === 43 ? 1 : 0;
      if (text.startsWith(close, at + dash)) return { tokens, innerEnd: at, end: at + dash + 2, closed: true };
    }
    if (code === QUOTE || code === DOUBLE) {
      const end = stringEnd(text, at, text.length);
      if (end < 0) return undefined;
      tokens.push({ kind: 'string', start: at, end, closed: true });
      // What follows a string that swallowed the rest of a tag reads like a word of that rest
      if (isNamePart(text.charCodeAt(end)) && /\n|[}%]\}/.test(text.slice(at, end))) return undefined;
      at = end;
      continue;
    }
    const end = plainEnd(text, at, code);
    if (end > at) {
      tokens.push({ kind: isDigit(code) ? 'number' : 'name', start: at, end, closed: true });
      at = end;
      continue;
    }
    if (code === 40 || code === 91 || code === 123) open.push(code);
    else if (code === 41 || code === 93 || code === 125) {
      const opener = open.pop();
      if (opener === undefined || opener !== (code === 41 ? 40 : code - 2)) return undefined;
    }
    tokens.push({ kind: 'symbol', start: at, end: at + symbolLength(text, at, code), closed: true });
    at += symbolLength(text, at, code);
  }
  return undefined;
}

/** Ends strings with their line, and an unclosed tag with its line or before the next tag. */
function scanForgiving(text: string, start: number, close: string): TagScan {
  const tokens: JinjaToken[] = [];
  const open: number[] = [];
  let at = start;
  let broken = false;
  const unclosed = (): TagScan => {
    const end = tokens.at(-1)?.end ?? start;
    return { tokens, innerEnd: end, end, closed: false };
  };
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === NEWLINE && tokens.length > 0 && (open.length === 0 || broken)) return unclosed();
    if (code <= 32 || code === 160) {
      at++;
      continue;
    }
    const dash = code === 45 || code === 43 ? 1 : 0;
    // A dictionary's braces may end in two
    if (text.startsWith(close, at + dash) && (broken || !(close === '}}' && open.includes(123)))) return { tokens, innerEnd: at, end: at + dash + 2, closed: true };
    if (code === 123 && isOpener(text.charCodeAt(at + 1))) return unclosed();
    if (code === QUOTE || code === DOUBLE) {
      let line = text.indexOf('\n', at);
      if (line < 0) line = text.length;
      let end = stringEnd(text, at, line);
      const closed = end >= 0 && !(isNamePart(text.charCodeAt(end)) && text.slice(at, end).includes(close));
      if (!closed) {
        const tagEnd = text.slice(at, line).indexOf(close);
        end = at + text.slice(at, tagEnd < 0 ? line : at + tagEnd).replace(/[\s-]+$/, '').length;
        broken = true;
      }
      tokens.push({ kind: 'string', start: at, end, closed });
      at = end;
      continue;
    }
    const end = plainEnd(text, at, code);
    if (end > at) {
      tokens.push({ kind: isDigit(code) ? 'number' : 'name', start: at, end, closed: true });
      at = end;
      continue;
    }
    if (code === 40 || code === 91 || code === 123) open.push(code);
    else if (code === 41 || code === 93 || code === 125) open.pop();
    const length = symbolLength(text, at, code);
    tokens.push({ kind: 'symbol', start: at, end: at + length, closed: true });
    at += length;
  }
  return unclosed();
}

function isOpener(code: number): boolean {
  return code === 123 || code === 37 || code === 35;
}

/** Behind the quote that closes the string at `at`; -1 where there is none before the limit. */
function stringEnd(text: string, at: number, limit: number): number {
  const quote = text.charCodeAt(at);
  for (let index = at + 1; index < limit; index++) {
    const code = text.charCodeAt(index);
    if (code === 92) index++;
    else if (code === quote) return index + 1;
  }
  return -1;
}

/** The end of a name or number; `at` where neither begins. */
function plainEnd(text: string, at: number, code: number): number {
  let end = at;
  if (isNameStart(code)) while (end < text.length && isNamePart(text.charCodeAt(end))) end++;
  else if (isDigit(code)) {
    while (end < text.length && (isNamePart(text.charCodeAt(end)) || (text.charCodeAt(end) === 46 && isDigit(text.charCodeAt(end + 1))))) end++;
  }
  return end;
}

function symbolLength(text: string, at: number, code: number): number {
  const next = text.charCodeAt(at + 1);
  if (next === 61 && (code === 61 || code === 33 || code === 60 || code === 62)) return 2;
  return (code === 42 && next === 42) || (code === 47 && next === 47) ? 2 : 1;
}
