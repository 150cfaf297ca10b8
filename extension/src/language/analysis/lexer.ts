/** Tokens of SQL with Jinja in it, as PostgreSQL's lexer makes them once dbt has rendered the tags. */
import { isDigit, isNamePart, isNameStart } from './jinjaScan';
import type { JinjaTag, Token, TokenKind } from './types';

/** By code: a character of PostgreSQL's operators. */
const OPERATOR = new Uint8Array(128);
for (const character of '+-*/<>=~!@#%^&|`?') OPERATOR[character.charCodeAt(0)] = 1;

/**
 * Never throws; tokens are in the order of the text and do not overlap. Tags inside strings, comments and quoted names belong to these.
 * A string that is not closed ends with its line, a comment with the text. Operators of several characters (`::`, `<=`, `->>`) are one symbol.
 * @param tags of the same text
 */
export function tokenize(text: string, tags: readonly JinjaTag[]): Token[] {
  return new Lexer(text, tags).run();
}

class Lexer {
  readonly #tokens: Token[] = [];
  #next = 0;
  #tagStart: number;

  constructor(private readonly text: string, private readonly tags: readonly JinjaTag[]) {
    this.#tagStart = tags[0]?.span.start ?? Infinity;
  }

  run(): Token[] {
    const { text } = this;
    const { length } = text;
    let at = 0;
    while (at < length) {
      if (at >= this.#tagStart) {
        at = this.#tag(at);
        continue;
      }
      const code = text.charCodeAt(at);
      if (code <= 32 || code === 160 || code === 65279) at++;
      else if (isNameStart(code)) at = this.#word(at, code);
      else if (isDigit(code) || (code === 46 && isDigit(text.charCodeAt(at + 1)))) at = this.#number(at);
      else if (code === 39) at = this.#push('string', at, this.#quoted(at, 39, false));
      else if (code === 34) at = this.#push('quoted', at, this.#quoted(at, 34, false));
      else if (code === 45 && text.charCodeAt(at + 1) === 45) at = this.#push('comment', at, this.#lineEnd(at));
      else if (code === 47 && text.charCodeAt(at + 1) === 42) at = this.#push('comment', at, this.#blockEnd(at));
      else if (code === 36) at = this.#dollar(at);
      else at = this.#push('symbol', at, this.#symbolEnd(at, code));
    }
    return this.#tokens;
  }

  #push(kind: TokenKind, start: number, end: number): number {
    this.#tokens.push({ kind, start, end });
    return end;
  }

  #tag(at: number): number {
    const tag = this.tags[this.#next];
    this.#advance();
    if (!tag || tag.span.end <= at) return at;
    this.#tokens.push({ kind: 'jinja', start: tag.span.start, end: tag.span.end, tag: this.#next - 1 });
    return Math.max(at, tag.span.end);
  }

  #advance(): void {
    this.#tagStart = this.tags[++this.#next]?.span.start ?? Infinity;
  }

  /** Over the tag that begins here, inside of a string or comment; `at` where none does. */
  #over(at: number): number {
    let end = at;
    while (end >= this.#tagStart) {
      end = Math.max(end, this.tags[this.#next]?.span.end ?? end);
      this.#advance();
    }
    return end;
  }

  /** Before this offset a word or symbol ends. */
  #limit(): number {
    return Math.min(this.#tagStart, this.text.length);
  }

  #word(start: number, code: number): number {
    const limit = this.#limit();
    let at = start + 1;
    while (at < limit) {
      const next = this.text.charCodeAt(at);
      if (!isNamePart(next) && next !== 36) break;
      at++;
    }
    // E'', B'', X'', N'' and U&''
    if (at === start + 1 && at < limit && this.text.charCodeAt(at) === 39 && 'eEbBxXnN'.includes(this.text.charAt(start))) {
      return this.#push('string', start, this.#quoted(at, 39, code === 69 || code === 101));
    }
    if (at === start + 1 && (code === 85 || code === 117) && this.text.charCodeAt(at) === 38 && at + 1 < limit) {
      const quote = this.text.charCodeAt(at + 1);
      if (quote === 39 || quote === 34) return this.#push(quote === 39 ? 'string' : 'quoted', start, this.#quoted(at + 1, quote, false));
    }
    return this.#push('word', start, at);
  }

  #number(start: number): number {
    const { text } = this;
    const limit = this.#limit();
    let at = start;
    while (at < limit && (isNamePart(text.charCodeAt(at)) || (text.charCodeAt(at) === 46 && text.charCodeAt(at + 1) !== 46))) at++;
    const last = text.charCodeAt(at - 1);
    if ((last === 101 || last === 69) && at < limit && (text.charCodeAt(at) === 45 || text.charCodeAt(at) === 43) && isDigit(text.charCodeAt(at + 1))) {
      at++;
      while (at < limit && isDigit(text.charCodeAt(at))) at++;
    }
    return this.#push('number', start, at);
  }

  /** Behind the closing quote. */
  #quoted(open: number, quote: number, escapes: boolean): number {
    const { text } = this;
    const { length } = text;
    const next = this.#next;
    let line = -1;
    let at = open + 1;
    while (at < length) {
      if (at >= this.#tagStart) {
        const end = this.#over(at);
        if (end > at) {
          at = end;
          continue;
        }
      }
      const code = text.charCodeAt(at);
      if (code === quote) {
        if (text.charCodeAt(at + 1) !== quote) return at + 1;
        at += 2;
      } else if (code === 92 && escapes) at += 2;
      else {
        if (code === 10 && line < 0) {
          line = at;
          // No name goes over a line
          if (quote === 34) break;
        }
        at++;
      }
    }
    if (line < 0) return length;
    // Not closed: what follows its line is read as if the quote were not there
    this.#next = next;
    this.#tagStart = this.tags[next]?.span.start ?? Infinity;
    return this.#trimmed(open, this.#pass(line));
  }

  /** Passes the tags that begin before an offset. */
  #pass(offset: number): number {
    let end = offset;
    while (this.#tagStart < end) {
      end = Math.max(end, this.tags[this.#next]?.span.end ?? end);
      this.#advance();
    }
    return end;
  }

  #trimmed(start: number, end: number): number {
    return end > start + 1 && this.text.charCodeAt(end - 1) === 13 ? end - 1 : end;
  }

  #lineEnd(start: number): number {
    let at = start;
    for (;;) {
      let line = this.text.indexOf('\n', at);
      if (line < 0) line = this.text.length;
      if (this.#tagStart >= line) return this.#trimmed(start, line);
      at = this.#over(this.#tagStart);
    }
  }

  /** Comments in comments count. */
  #blockEnd(start: number): number {
    const { text } = this;
    let depth = 1;
    let at = start + 2;
    while (at < text.length) {
      if (at >= this.#tagStart) {
        const end = this.#over(at);
        if (end > at) {
          at = end;
          continue;
        }
      }
      const code = text.charCodeAt(at);
      if (code === 42 && text.charCodeAt(at + 1) === 47) {
        at += 2;
        if (--depth === 0) return at;
      } else if (code === 47 && text.charCodeAt(at + 1) === 42) {
        depth++;
        at += 2;
      } else at++;
    }
    return text.length;
  }

  /** `$$…$$`, `$tag$…$tag$`, `$1` */
  #dollar(start: number): number {
    const { text } = this;
    let at = start + 1;
    if (isDigit(text.charCodeAt(at))) {
      while (isDigit(text.charCodeAt(at))) at++;
      return this.#push('symbol', start, at);
    }
    while (at < text.length && isNamePart(text.charCodeAt(at))) at++;
    if (text.charCodeAt(at) !== 36) return this.#push('symbol', start, start + 1);
    const mark = text.slice(start, at + 1);
    const close = text.indexOf(mark, at + 1);
    if (close < 0) return this.#push('symbol', start, start + 1);
    const end = close + mark.length;
    this.#pass(end);
    return this.#push('string', start, end);
  }

  #symbolEnd(start: number, code: number): number {
    const { text } = this;
    const next = text.charCodeAt(start + 1);
    const limit = this.#limit();
    if (code === 58) return start + 1 < limit && (next === 58 || next === 61) ? start + 2 : start + 1;
    if (code >= 128 || OPERATOR[code] !== 1) return start + 1;
    let at = start + 1;
    let special = '~!@#%^&|`?'.includes(text.charAt(start));
    while (at < limit) {
      const here = text.charCodeAt(at);
      if (here >= 128 || OPERATOR[here] !== 1) break;
      const after = text.charCodeAt(at + 1);
      if ((here === 45 && after === 45) || (here === 47 && after === 42)) break;
      if ('~!@#%^&|`?'.includes(text.charAt(at))) special = true;
      at++;
    }
    // An operator ends in + or - only with one of the special characters in it
    while (!special && at > start + 1 && (text.charCodeAt(at - 1) === 43 || text.charCodeAt(at - 1) === 45)) at--;
    return at;
  }
}
