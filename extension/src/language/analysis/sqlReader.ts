/** Going through the tokens of a stream of SQL. */
import type { Stream, Streams } from './sqlStream';
import { AFTER, CLAUSES, JOINS, OPERATORS, RESERVED } from './sqlWords';
import type { Select, Token } from './types';

/** Where an expression stands, which decides where it ends. */
export type Context = 'item' | 'condition' | 'argument' | 'from-argument' | 'cast' | 'case' | 'window';

export const ARGUMENT_ENDS = new Set(['select', 'where', 'group', 'having', 'union', 'intersect', 'except']);
/** Stand behind a relation, and in no function's parentheses. */
const BEHIND_FROM = new Set(['from', 'join', 'on', 'using', 'order', 'limit', 'window']);
/** Between queries in parentheses, and behind them. */
const BEHIND_QUERY = new Set(['union', 'intersect', 'except', 'order', 'limit', 'offset', 'fetch', 'for']);
export const FRAMES = new Set(['rows', 'range', 'groups']);
/** Functions that are written with words that are reserved elsewhere. */
export const RESERVED_FUNCTIONS = new Set(['left', 'right', 'user', 'overlaps', 'binary', 'grouping', 'isnull', 'notnull']);

export abstract class TokenReader {
  protected at = 0;
  protected depth = 0;
  protected select: Select | undefined;
  protected readonly tokens: readonly Token[];
  protected readonly words: readonly string[];
  protected readonly branches: readonly number[];

  constructor(protected readonly text: string, protected readonly streams: Streams, stream: Stream) {
    this.tokens = stream.tokens;
    this.words = stream.words;
    this.branches = stream.branches;
  }

  protected word(offset = 0): string {
    return this.words[this.at + offset] ?? '';
  }

  protected token(offset = 0): Token | undefined {
    return this.tokens[this.at + offset];
  }

  protected get done(): boolean {
    return this.at >= this.tokens.length;
  }

  /** Whether a token follows the one before it without space. */
  protected glued(offset: number): boolean {
    const before = this.token(offset - 1);
    return before !== undefined && before.end === this.token(offset)?.start;
  }

  protected startOf(offset = 0): number {
    return this.token(offset)?.start ?? this.tokens.at(-1)?.end ?? 0;
  }

  /** Where the last token that was read ends. */
  protected get lastEnd(): number {
    return this.tokens[this.at - 1]?.end ?? 0;
  }

  /** Whether the next token is in another branch of Jinja than the last one, instead of which it is rendered. */
  protected besidesLast(): boolean {
    const [last, next] = [this.branches[this.at - 1] ?? 0, this.branches[this.at] ?? 0];
    return last !== next && this.streams.beside(next, last);
  }

  protected accept(word: string): boolean {
    if (this.word() !== word) return false;
    this.at++;
    return true;
  }

  protected isName(offset = 0): boolean {
    const kind = this.token(offset)?.kind;
    return kind === 'word' || kind === 'quoted';
  }

  /** Whether a name at a token is pieced together by Jinja. */
  protected isPieced(offset = 0): boolean {
    const token = this.token(offset);
    if (!token) return false;
    if (token.kind === 'quoted') return this.text.slice(token.start, token.end).includes('{{');
    const next = this.word(offset + 1) === ',' ? undefined : this.token(offset + 1);
    if (next?.start === token.end && (next.kind === 'jinja' || (token.kind === 'jinja' && (next.kind === 'word' || next.kind === 'number')))) return true;
    const before = this.token(offset - 1);
    return token.kind === 'word' && before?.kind === 'jinja' && before.end === token.start && this.word(offset - 1) !== ',';
  }

  /** Over all pieces of a name: `{{ a }}_b_{{ c }}`. */
  protected skipPieces(): void {
    this.at++;
    // A tag may stand for a comma
    while (this.glued(0) && this.word() !== ',' && ['jinja', 'word', 'number', 'quoted'].includes(this.token()?.kind ?? '')) this.at++;
  }

  /** A name without its quotes, as it is written. */
  protected nameOf(token: Token): string {
    const text = this.text.slice(token.start, token.end);
    if (token.kind !== 'quoted') return text;
    const bare = text.startsWith('"') ? text.slice(1) : text.slice(3).replace(/\\(?:\+([\da-f]{6})|([\da-f]{4}))/gi, (_, long?: string, short?: string) => String.fromCodePoint(Math.min(parseInt(long ?? short ?? '', 16), 0x10ffff)));
    return (bare.endsWith('"') ? bare.slice(0, -1) : bare).replaceAll('""', '"');
  }

  /** A name as PostgreSQL keeps it. */
  protected folded(token: Token): string {
    return token.kind === 'quoted' ? this.nameOf(token) : this.text.slice(token.start, token.end).toLowerCase();
  }

  protected startsQuery(offset = 0): boolean {
    const word = this.word(offset);
    if (word === 'select' || (word === 'with' && this.token(offset)?.kind === 'word')) return true;
    if (word === 'values') return this.word(offset + 1) === '(';
    if (word !== '(') return false;
    let inner = offset;
    while (this.word(inner) === '(') inner++;
    return this.word(inner) === 'select' || this.word(inner) === 'with';
  }

  /** The part of a name that is next, which is then behind; undefined where Jinja pieces it together. */
  protected namePart(token: Token): Token | undefined {
    if (this.isPieced() || token.kind === 'jinja') {
      this.skipPieces();
      return undefined;
    }
    this.at++;
    return token;
  }

  /** Whether all between the parentheses that were opened is a query, not an expression that begins with one: `((select 1) + 1)`. */
  protected holdsQuery(): boolean {
    if (!this.startsQuery() || this.word() !== '(') return this.startsQuery();
    const start = this.at++;
    this.skipParentheses();
    const next = this.word();
    this.at = start;
    return next === '' || next === ')' || BEHIND_QUERY.has(next);
  }

  /** To behind the parenthesis that closes the one that was read; stays where it is missing. */
  protected skipParentheses(): void {
    for (let depth = 1; !this.done && depth > 0; this.at++) {
      if (this.word() === '(') depth++;
      else if (this.word() === ')') depth--;
    }
  }

  /** Whether an expression ends before the next word. @param operand whether it could: what was read so far is whole */
  protected ends(context: Context, operand: boolean): boolean {
    const word = this.word();
    const token = this.token();
    if (word === ',' || word === ')' || word === ';') return true;
    if (word === ']') return context === 'argument' || context === 'case';
    if (token?.kind !== 'word' && token?.kind !== 'quoted') return false;
    if (token.kind === 'word' && this.word(1) !== '.') {
      switch (context) {
        case 'item': case 'condition':
          if (CLAUSES.has(word) || (word === 'with' && this.word(1) !== 'ordinality')) return true;
          if (context === 'condition' && JOINS.has(word) && !(this.word(1) === '(' && RESERVED_FUNCTIONS.has(word))) return true;
          if (word === 'as') return true;
          break;
        case 'window':
          if (operand && (word === 'order' || word === 'partition') && this.word(1) === 'by') return true;
          if (operand && FRAMES.has(word)) return true;
          if (word === 'from' || ARGUMENT_ENDS.has(word)) return true;
          break;
        case 'argument': if (word === 'from' || ARGUMENT_ENDS.has(word) || (operand && word === 'order' && this.word(1) === 'by')) return true; break;
        case 'from-argument': if (ARGUMENT_ENDS.has(word) || (word === 'from' && !this.#closes())) return true; break;
        case 'cast': if (word === 'as' || word === 'from' || ARGUMENT_ENDS.has(word)) return true; break;
        case 'case': if (['when', 'then', 'else', 'end', 'from'].includes(word) || ARGUMENT_ENDS.has(word)) return true;
      }
      if (context !== 'item' || !operand || RESERVED.has(word) || OPERATORS.has(word) || AFTER.has(word)) return false;
    }
    // A name behind an operand is its alias
    return context === 'item' && operand;
  }

  /** Whether the parentheses around the next word are closed before another clause begins. */
  #closes(): boolean {
    let depth = 0;
    for (let offset = 1; this.at + offset < this.tokens.length; offset++) {
      const word = this.word(offset);
      if (word === '(') depth++;
      else if (word === ')') depth--;
      if (depth < 0) return true;
      if (depth === 0 && (BEHIND_FROM.has(word) || ARGUMENT_ENDS.has(word))) return false;
    }
    return false;
  }
}
