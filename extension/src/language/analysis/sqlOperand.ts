/** Operands of SQL's expressions: names, calls, CASE, casts, arrays, and what stands in parentheses. */
import { asTyped, typed, type Made } from './sqlMade';
import { ARGUMENT_ENDS } from './sqlReader';
import { callTyping, typingOf, UNKNOWN } from './sqlResults';
import { readType } from './sqlTypes';
import { CAST_NAMES, FUNCTION_NAMES, TYPE_NAMES } from './sqlWords';
import { WindowParser } from './sqlWindow';
import type { ColumnReference, Query, Token, Typing } from './types';

export const UNNAMED = '?column?';
const DEEPEST = 150;
/** Functions with words between their arguments. */
const FROM_FUNCTIONS = new Set(['extract', 'substring', 'trim', 'overlay', 'position', 'xmltable', 'json_table']);
const TRIMMED = new Set(['both', 'leading', 'trailing']);

export abstract class OperandParser extends WindowParser {
  /** Reads a query from its first word; one that is correlated sees the relations of the select around it. */
  protected abstract query(correlated: boolean): Query;

  /** `interval '1 day'`, `date '2024-01-01'` */
  protected typedLiteral(word: string): Made {
    this.at += 2;
    while (word === 'interval' && ['year', 'month', 'day', 'hour', 'minute', 'second', 'to'].includes(this.word())) this.at++;
    return { name: CAST_NAMES[word] ?? word, strength: 1, jinja: false, type: TYPE_NAMES[word] ?? word };
  }

  protected literalType(token: Token): string {
    if (token.kind === 'string') return 'text';
    const text = this.text.slice(token.start, token.end);
    if (!/^\d+$/.test(text) || text.length > 19 || BigInt(text) > 9223372036854775807n) return 'numeric';
    return Number(text) > 2147483647 ? 'bigint' : 'integer';
  }

  /** `a`, `a.b`, `a.*`, `s.t.c`, `f(…)` with a schema, half-written `a.`, and names with Jinja in them. */
  protected reference(): Made {
    const parts: Token[] = [];
    let pieced = false;
    for (;;) {
      const token = this.token();
      if (!token) break;
      const part = this.namePart(token);
      if (part) parts.push(part);
      else pieced = true;
      if (this.word() !== '.' || !this.glued(0)) break;
      this.at++;
      if (this.word() === '*' && this.glued(0)) {
        this.at++;
        const last = parts.at(-1);
        return { name: undefined, strength: 0, jinja: pieced, star: last && !pieced ? { qualifier: { name: this.nameOf(last), span: { start: last.start, end: last.end } } } : {} };
      }
      if (!this.glued(0) || !(this.isName() || this.token()?.kind === 'jinja')) return { name: undefined, strength: 0, jinja: pieced };
    }
    if (this.word() === '(' && (pieced || parts.length > 0) && (parts.length > 1 || this.glued(0))) {
      const last = parts.at(-1);
      return this.callArguments(pieced || !last ? undefined : this.folded(last), parts.length === 1);
    }
    const [last, before] = [parts.at(-1), parts.at(-2)];
    if (pieced || !last) return { name: undefined, strength: 0, jinja: true };
    const column: ColumnReference = {
      name: this.nameOf(last), span: { start: last.start, end: last.end }, quoted: last.kind === 'quoted',
      ...(before ? { qualifier: { name: this.nameOf(before), span: { start: before.start, end: before.end } } } : {}),
    };
    this.select?.references.push(column);
    return { name: this.folded(last), nameSpan: { start: last.start, end: last.end }, strength: 2, column, jinja: false };
  }

  /** A call without schema. */
  protected call(): Made {
    const token = this.token();
    const name = token ? this.folded(token) : '';
    this.at++;
    return this.callArguments(name);
  }

  /** From the parenthesis on. @param bare without a schema, so that it is PostgreSQL's own */
  protected callArguments(name: string | undefined, bare = true): Made {
    let given: Made[] = [];
    this.enter(() => {
      if (this.holdsQuery()) this.query(true);
      else if (this.word() !== ')') {
        const fromFunction = name !== undefined && FROM_FUNCTIONS.has(name);
        // FROM right behind what is taken, or from where, is the function's
        if ((name === 'extract' && (this.isName() || this.token()?.kind === 'string')) || (name === 'trim' && TRIMMED.has(this.word()))) {
          this.at++;
          this.accept('from');
        }
        // FROM behind a comma is the clause's: the function is not closed
        given = [this.expression(fromFunction ? 'from-argument' : 'argument')];
        while (this.accept(',')) given.push(this.expression('argument'));
      }
    });
    const jinja = name === undefined || given.some((made) => made.jinja);
    return { name: name === undefined ? undefined : FUNCTION_NAMES[name] ?? name, strength: 2, jinja, ...asTyped(name === undefined ? undefined : callTyping(name, bare && !jinja ? given.map(typed) : undefined)) };
  }

  /** `within group (order by …)` behind a call. */
  protected withinGroup(made: Made): Made {
    // Several fractions at once would make an array
    const one = this.words[this.at - 2] === '(' || (this.tokens[this.at - 2]?.kind === 'number' && this.words[this.at - 3] === '(');
    const name = `${made.name ?? ''} within group`;
    let sorted: Made | undefined;
    this.at += 2;
    if (this.word() === '(') this.enter(() => {
      if (this.accept('order') && this.accept('by')) [sorted] = this.list('window');
    });
    return { ...made, ...asTyped(one && sorted && !sorted.jinja ? callTyping(name, [typed(sorted)]) : undefined) };
  }

  /** `( … )`: a query, a row, or an expression. */
  protected group(): Made {
    let made: Made = { name: UNNAMED, strength: 0, jinja: false };
    this.enter(() => {
      if (this.holdsQuery()) {
        const query = this.query(true);
        const [item] = query.selects[0]?.items ?? [];
        const jinja = item?.dynamic ?? query.dynamic ?? false;
        made = { name: item?.name ?? (jinja ? undefined : UNNAMED), strength: item?.name === undefined ? 0 : 2, jinja, ...asTyped(jinja ? undefined : { query }) };
      } else if (this.word() !== ')') {
        const all = this.list('argument');
        const [first] = all;
        made = all.length === 1 && first ? first : { name: 'row', strength: 2, jinja: all.some((one) => one.jinja) };
      }
    });
    return made;
  }

  /** Reads between parentheses, the first of which is next. Too deep ones are passed over. */
  protected enter(inside: () => void): void {
    this.at++;
    if (this.depth >= DEEPEST) {
      this.skipParentheses();
      return;
    }
    this.depth++;
    inside();
    this.depth--;
    // Whatever is left there says nothing that is known
    let guard = -1;
    while (!this.done && this.word() !== ')' && guard !== this.at && !ARGUMENT_ENDS.has(this.word()) && this.word() !== 'from' && this.word() !== ';') {
      guard = this.at;
      if (this.word() === ',') this.at++;
      else if (this.word() === 'order' && this.word(1) === 'by') this.at += 2;
      this.expression('argument');
      if (guard === this.at && this.word() === ']') this.at++;
    }
    this.accept(')');
  }

  protected caseOf(): Made {
    this.at++;
    let jinja = false;
    let otherwise: Made | undefined;
    const results: (Typing | undefined)[] = [];
    if (this.depth >= DEEPEST) return { name: 'case', strength: 1, jinja };
    this.depth++;
    for (let first = true; !this.done; first = false) {
      const word = this.word();
      if (word === 'end') {
        this.at++;
        break;
      }
      const marked = word === 'when' || word === 'then' || word === 'else';
      if (marked) this.at++;
      else if (!first) break;
      const made = this.expression('case');
      jinja ||= made.jinja;
      if (word === 'else') otherwise = made;
      // PostgreSQL begins with what ELSE makes
      if (word === 'then') results.push(made.jinja ? undefined : typed(made));
      else if (word === 'else') results.unshift(made.jinja ? undefined : typed(made));
    }
    this.depth--;
    // Without ELSE it may be NULL
    if (!otherwise) results.push(UNKNOWN);
    const named = otherwise?.strength === 2 && otherwise.name !== undefined;
    return { name: named ? otherwise?.name : 'case', strength: named ? 2 : 1, jinja, ...asTyped(typingOf('case', results)) };
  }

  protected castCall(): Made {
    this.at++;
    let made: Made = { name: UNNAMED, strength: 0, jinja: false };
    this.enter(() => {
      made = this.expression('cast');
      if (this.accept('as')) made = this.cast(made);
    });
    return made;
  }

  /** The type behind `::` or AS. */
  protected cast(made: Made): Made {
    const { end, type, name } = readType(this.text, this.tokens, this.words, this.at);
    const jinja = made.jinja || (end > this.at && type === undefined);
    this.at = end;
    const named = made.strength === 2 ? { name: made.name, ...(made.nameSpan ? { nameSpan: made.nameSpan } : {}), strength: 2 as const } : { name: made.jinja && made.name === undefined ? undefined : name ?? made.name, strength: 1 as const };
    return { ...named, jinja, ...(made.column ? { column: made.column } : {}), ...(type === undefined ? {} : { type }) };
  }

  protected arrayOf(): Made {
    this.at++;
    let made: Made[] | undefined;
    if (this.word() === '(') made = [this.group()];
    else {
      this.at++;
      if (this.word() !== ']') made = this.list('argument');
      this.accept(']');
    }
    const jinja = made?.some((one) => one.jinja) ?? false;
    return { name: 'array', strength: 2, jinja: false, ...asTyped(!made || jinja ? undefined : typingOf('array', made.map(typed))) };
  }
}
