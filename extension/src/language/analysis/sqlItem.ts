/** Entries of select lists: an expression, and what the column is called. */
import { FromParser } from './sqlFrom';
import type { Made } from './sqlMade';
import { RESERVED } from './sqlWords';
import type { SelectItem, Token } from './types';

export abstract class ItemParser extends FromParser {
  /** One entry of a select list; nothing is read where none begins. @param base the branch of Jinja that the select stands in */
  protected item(base: number): SelectItem {
    const first = this.at;
    const start = this.startOf();
    const made = this.expression('item');
    const item: SelectItem = { span: { start, end: start }, dynamic: false };
    const read = this.at > first;
    if (!read && this.word() !== 'as') return item;
    const before = this.at;
    const alias = this.#itemAlias();
    if (made.star) item.star = made.star;
    if (made.type !== undefined) item.type = made.type;
    else if (typeof made.typing === 'object' && !made.jinja) item.typing = made.typing;
    if (made.column) item.column = made.column;
    if (alias === 'pieced') {
      item.dynamic = true;
      this.#pattern(item, this.word(before - this.at) === 'as' ? before + 1 : before, base);
    }
    if (alias && alias !== 'pieced') {
      item.name = this.folded(alias);
      item.nameSpan = { start: alias.start, end: alias.end };
    } else if (!alias) {
      this.#ownName(item, made);
      const rows = item.dynamic && this.at === first + 1 ? this.rowsOf(this.tokens[first]) : undefined;
      if (rows) item.rows = rows;
      else if (item.dynamic && !made.star) this.#pattern(item, this.#lastPieces(first), base);
    }
    item.span.end = this.lastEnd;
    if (this.branches[first] !== base || this.branches[this.at - 1] !== base) item.dynamic = true;
    return item;
  }

  #ownName(item: SelectItem, { name, nameSpan, jinja, column, star }: Made): void {
    if (star) {
      if (jinja) item.dynamic = true;
    } else if (name === undefined) item.dynamic = true;
    else {
      item.name = name;
      const span = nameSpan ?? column?.span;
      if (span) item.nameSpan = { ...span };
    }
  }

  /** Notes how a name is pieced together, from its first token to the last that was read; without a start there is none. */
  #pattern(item: SelectItem, from: number | undefined, base: number): void {
    const loops = from === undefined ? undefined : this.streams.loopsIn(this.branches[from] ?? 0, base);
    const start = from === undefined ? undefined : this.tokens[from]?.start;
    if (!loops || start === undefined) return;
    const span = { start, end: this.lastEnd };
    const text = this.text.slice(span.start, span.end);
    const quoted = /^"[^"]*(?:\{\{[^}]*\}\}[^"]*)*"$/.test(text);
    item.pattern = { span, text: quoted ? text.slice(1, -1) : text, quoted, loops, sets: this.streams.sets };
  }

  /** Where the pieces of a name begin that an item consists of, but for a qualifier; undefined where there is more in it. */
  #lastPieces(first: number): number | undefined {
    let start = this.at - 1;
    while (start > first && this.tokens[start]?.start === this.tokens[start - 1]?.end && this.words[start - 1] !== '.') start--;
    if (start === first) return start;
    return start === first + 2 && this.words[start - 1] === '.' ? start : undefined;
  }

  /** `as name`, or a name behind the expression. */
  #itemAlias(): Token | 'pieced' | undefined {
    const explicit = this.word() === 'as';
    if (explicit) {
      this.at++;
      // Half-written: `a as from b`
      const next = this.word();
      if ((next === 'from' || next === 'select') && this.word(1) !== ',' && this.word(1) !== 'from') return undefined;
    }
    const token = this.token();
    if (!token) return undefined;
    if ((explicit && token.kind === 'jinja') || (this.isName() && this.isPieced())) {
      this.skipPieces();
      return 'pieced';
    }
    // A call behind what is half-written: `a. f(b)`
    if (!this.isName() || (!explicit && ((token.kind === 'word' && RESERVED.has(this.word())) || this.word(1) === '('))) return undefined;
    this.at++;
    return token;
  }
}
