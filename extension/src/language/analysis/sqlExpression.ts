/** Expressions of SQL: what columns they read, and what the column is called that they make. */
import { asTyped, elementOf, typed, withSign, type Made } from './sqlMade';
import { ARGUMENT_ENDS, RESERVED_FUNCTIONS, type Context } from './sqlReader';
import { readType } from './sqlTypes';
import { CAST_NAMES, FUNCTION_NAMES, OPERATORS, RESERVED, RESULT_TYPES, TYPE_NAMES, VALUES } from './sqlWords';
import { isTyped, typingOf, typingOfTerms, UNKNOWN } from './sqlResults';
import { WindowParser } from './sqlWindow';
import type { ColumnReference, Query, Token, Typing } from './types';

const UNNAMED = '?column?';
const DEEPEST = 150;
/** Functions with words between their arguments. */
const FROM_FUNCTIONS = new Set(['extract', 'substring', 'trim', 'overlay', 'position', 'xmltable', 'json_table']);
const BOOLEAN = new Set(['and', 'or', 'not', 'in', 'is', 'like', 'ilike', 'similar', 'between', 'isnull', 'notnull', 'overlaps', '=', '<', '>', '<=', '>=', '<>', '!=', '~', '~*', '!~', '!~*', '@>', '<@', '?', '?|', '?&', '&&']);
/** What ends `is [not] …`. */
const PREDICATES = new Set(['unknown', 'normalized', 'json', 'document', 'null', 'true', 'false']);
const NORMAL_FORMS = new Set(['nfc', 'nfd', 'nfkc', 'nfkd']);
const JSON_KINDS = new Set(['value', 'array', 'object', 'scalar']);
const TRIMMED = new Set(['both', 'leading', 'trailing']);
/** Reserved words that a new operand follows. */
const BEFORE_OPERAND = new Set(['from', 'for', 'placing', 'using', 'when', 'then', 'else']);

/** Stands for an operator where none is written, or Jinja decides. */
const BRANCH = '{}';

export abstract class ExpressionParser extends WindowParser {
  /** Reads a query from its first word; one that is correlated sees the relations of the select around it. */
  protected abstract query(correlated: boolean): Query;

  /** Expressions with commas between them. */
  protected list(context: Context): Made[] {
    const found = [this.expression(context)];
    while (this.accept(',')) found.push(this.expression(context));
    return found;
  }

  /** Reads one expression. Always ends before the first word that cannot belong to it. */
  protected expression(context: Context): Made {
    let made: Made | undefined;
    let composite = false;
    let boolean = false;
    let jinja = false;
    let operand = false;
    const operands: (Typing | undefined)[] = [];
    const operators: string[] = [];
    let signed = false;
    const take = (next: Made): void => {
      if (made) composite = true;
      if (made && operand) operators.push(BRANCH);
      made = next;
      jinja ||= next.jinja;
      operand = true;
    };
    while (!this.done && !this.ends(context, operand && !this.besidesLast())) {
      const token = this.token();
      if (!token) break;
      if (operand && this.besidesLast()) {
        // The other branch of Jinja says it anew
        made = undefined;
        operand = false;
        operators.push(BRANCH);
        continue;
      }
      const word = this.word();
      switch (token.kind) {
        case 'string': case 'number': take({ name: UNNAMED, strength: 0, jinja: false, type: this.#literalType(token), ...(token.kind === 'string' ? { typing: UNKNOWN } : {}) }); this.at++; break;
        case 'quoted': take(this.#name()); break;
        case 'jinja':
          if (operand) {
            jinja = true;
            operators.push(BRANCH);
            this.at++;
          } else take(this.#name());
          break;
        case 'symbol':
          if (word === '(') take(this.#group());
          else if (word === '[') {
            const from = ++this.at;
            this.list('argument');
            if (made) made = elementOf(made, this.words.slice(from, this.at).includes(':'));
            this.accept(']');
          } else if (word === '::') {
            this.at++;
            const made_ = made ?? { name: UNNAMED, strength: 0 as const, jinja: false };
            // It is of the last operand alone
            made = this.#cast(made_);
            jinja ||= made.jinja;
            operand = true;
          } else if (word === '*' && !operand) {
            this.at++;
            take({ name: undefined, strength: 0, jinja: false, star: {} });
          } else if (word === '.' && operand) {
            this.at++;
            const field = this.token();
            if (field && this.isName() && this.glued(0)) {
              this.at++;
              made = { name: this.folded(field), nameSpan: { start: field.start, end: field.end }, strength: 2, jinja };
            } else if (this.word() === '*') this.at++;
          } else {
            this.at++;
            // `~ a` inverts bits
            boolean ||= BOOLEAN.has(word) && (operand || word !== '~');
            if (word !== ':' && word !== ']') composite = true;
            if (operand) operands.push(withSign(signed, made));
            signed = !operand && (word === '-' || word === '+');
            if (!signed) operators.push(word);
            operand = false;
          }
          break;
        case 'word': {
          const next = this.#wordOperand(word, operand);
          if (next === 'operator') {
            composite = true;
            boolean ||= BOOLEAN.has(word);
            operators.push(word);
            signed = operand = false;
          } else if (next === 'predicate') {
            composite = boolean = operand = true;
          } else if (next !== 'nothing') {
            const before = next.name === 'timezone' && operand ? made : undefined;
            if (before) made = undefined;
            take(before ? { ...next, ...asTyped(typingOf('timezone', [typed(before)])) } : next);
          }
          break;
        }
        default: this.at++;
      }
    }
    if (!made) return { name: undefined, strength: 0, jinja };
    if (!composite) return jinja ? { ...made, jinja } : made;
    if (boolean) return { name: UNNAMED, strength: 0, jinja, type: 'boolean' };
    return { name: UNNAMED, strength: 0, jinja, ...asTyped(jinja ? undefined : typingOfTerms([...operands, withSign(signed, made)], operators)) };
  }

  /** A word that is no clause's: an operand, an operator, the end of a predicate, or nothing that counts. */
  #wordOperand(word: string, operand: boolean): Made | 'operator' | 'predicate' | 'nothing' {
    if (this.glued(1) && (this.word(1) === '.' || this.token(1)?.kind === 'jinja')) return this.#name();
    const next = this.word(1);
    if (next === '=>' || next === ':=') {
      this.at += 2;
      return 'nothing';
    }
    switch (word) {
      case 'case': return this.#case();
      case 'null': case 'default': this.at++; return { name: UNNAMED, strength: 0, jinja: false, typing: UNKNOWN };
      case 'true': case 'false': this.at++; return { name: UNNAMED, strength: 0, jinja: false, type: 'boolean' };
      case 'cast': if (next === '(') return this.#castCall(); break;
      case 'at':
        if (operand && (next === 'time' || next === 'local')) {
          this.at += next === 'time' ? 3 : 2;
          if (next === 'time' && !this.done) this.#zone();
          return { name: 'timezone', strength: 2, jinja: false };
        }
        break;
      case 'is': return this.#is();
      case 'isnull': case 'notnull': if (operand) {
        this.at++;
        return 'predicate';
      } break;
      case 'grouping': if (next === 'sets') {
        this.at += 2;
        return 'operator';
      } break;
      case 'over': case 'filter': case 'within': if (operand && this.overClause(word)) return 'nothing'; break;
      case 'collate': this.at += 2; return 'nothing';
      case 'operator': if (next === '(') {
        this.at += 2;
        this.skipParentheses();
        return 'operator';
      } break;
      case 'nulls': if (next === 'first' || next === 'last') {
        this.at += 2;
        return 'nothing';
      } break;
      case 'array': if (next === '[' || next === '(') return this.#array(); break;
      case 'asc': case 'desc': this.at++; return 'nothing';
      case 'order': case 'partition': if (next === 'by') {
        this.at += 2;
        return 'operator';
      } break;
      default:
    }
    if (next === '(' && (!RESERVED.has(word) || RESERVED_FUNCTIONS.has(word) || word === 'exists') && !(OPERATORS.has(word) && !RESERVED_FUNCTIONS.has(word))) return this.#call();
    if (VALUES.has(word)) {
      this.at++;
      const type = RESULT_TYPES[word];
      if (this.word() === '(' && this.token(1)?.kind === 'number') this.at += 3;
      return { name: word, strength: 2, jinja: false, ...(type === undefined ? {} : { type }) };
    }
    if (RESERVED.has(word) || (operand && OPERATORS.has(word))) {
      this.at++;
      return OPERATORS.has(word) || BEFORE_OPERAND.has(word) ? 'operator' : 'nothing';
    }
    if (this.token(1)?.kind === 'string' && !this.text.startsWith('$', this.startOf(1))) return this.#typed(word);
    // Two names side by side: nothing that is known
    if (operand) {
      this.at++;
      return 'nothing';
    }
    return this.#name();
  }

  /** `is [not] null`, `is not true`, `is json object`, behind which nothing is missing, and `is [not] distinct from` */
  #is(): 'operator' | 'predicate' {
    this.at++;
    this.accept('not');
    if (this.accept('distinct')) {
      this.accept('from');
      return 'operator';
    }
    if (NORMAL_FORMS.has(this.word()) && this.word(1) === 'normalized') this.at++;
    const json = this.word() === 'json';
    if (!PREDICATES.has(this.word())) return 'operator';
    this.at++;
    if (json && JSON_KINDS.has(this.word())) this.at++;
    if (json && (this.word() === 'with' || this.word() === 'without') && this.word(1) === 'unique') this.at += this.word(2) === 'keys' ? 3 : 2;
    return 'predicate';
  }

  #zone(): void {
    const token = this.token();
    if (token?.kind === 'string') this.at++;
    else if (token?.kind === 'word' || token?.kind === 'quoted' || token?.kind === 'jinja') this.#name();
    else if (this.word() === '(') this.#group();
  }

  /** `interval '1 day'`, `date '2024-01-01'` */
  #typed(word: string): Made {
    this.at += 2;
    while (word === 'interval' && ['year', 'month', 'day', 'hour', 'minute', 'second', 'to'].includes(this.word())) this.at++;
    return { name: CAST_NAMES[word] ?? word, strength: 1, jinja: false, type: TYPE_NAMES[word] ?? word };
  }

  #literalType(token: Token): string {
    if (token.kind === 'string') return 'text';
    const text = this.text.slice(token.start, token.end);
    return /^\d+$/.test(text) ? (Number(text) > 2147483647 ? 'bigint' : 'integer') : 'numeric';
  }

  /** `a`, `a.b`, `a.*`, `s.t.c`, `f(…)` with a schema, half-written `a.`, and names with Jinja in them. */
  #name(): Made {
    const parts: Token[] = [];
    let pieced = false;
    for (;;) {
      const token = this.token();
      if (!token) break;
      if (this.isPieced() || token.kind === 'jinja') {
        pieced = true;
        this.skipPieces();
      } else {
        parts.push(token);
        this.at++;
      }
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
      return this.#arguments(pieced || !last ? undefined : this.folded(last), parts.length === 1);
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
  #call(): Made {
    const token = this.token();
    const name = token ? this.folded(token) : '';
    this.at++;
    return this.#arguments(name);
  }

  /** From the parenthesis on. @param bare without a schema, so that it is PostgreSQL's own */
  #arguments(name: string | undefined, bare = true): Made {
    let jinja = name === undefined;
    let typing: Typing | undefined;
    this.enter(() => {
      if (this.startsQuery()) this.query(true);
      else if (this.word() !== ')') {
        const fromFunction = name !== undefined && FROM_FUNCTIONS.has(name);
        // FROM right behind what is taken, or from where, is the function's
        if ((name === 'extract' && (this.isName() || this.token()?.kind === 'string')) || (name === 'trim' && TRIMMED.has(this.word()))) {
          this.at++;
          this.accept('from');
        }
        // FROM behind a comma is the clause's: the function is not closed
        const given = [this.expression(fromFunction ? 'from-argument' : 'argument')];
        while (this.accept(',')) given.push(this.expression('argument'));
        jinja ||= given.some((made) => made.jinja);
        if (name !== undefined && bare && !jinja && isTyped(name)) typing = typingOf(name, given.map(typed));
      }
    });
    const type = name === undefined ? undefined : RESULT_TYPES[name];
    return { name: name === undefined ? undefined : FUNCTION_NAMES[name] ?? name, strength: 2, jinja, ...asTyped(type ?? typing) };
  }

  /** `( … )`: a query, a row, or an expression. */
  #group(): Made {
    let made: Made = { name: UNNAMED, strength: 0, jinja: false };
    this.enter(() => {
      if (this.startsQuery()) {
        const query = this.query(true);
        const [item] = query.selects[0]?.items ?? [];
        made = { name: item?.name ?? UNNAMED, strength: item?.name === undefined ? 0 : 2, jinja: item?.dynamic ?? query.dynamic ?? false, ...(item?.type === undefined ? {} : { type: item.type }) };
        if (item?.name === undefined && made.jinja) made.name = undefined;
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
      this.expression('argument');
      if (guard === this.at && this.word() === ']') this.at++;
    }
    this.accept(')');
  }

  #case(): Made {
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
      if (word === 'then' || word === 'else') results.push(made.jinja ? undefined : typed(made));
    }
    this.depth--;
    // Without ELSE it may be NULL
    if (!otherwise) results.push(UNKNOWN);
    const named = otherwise?.strength === 2 && otherwise.name !== undefined;
    return { name: named ? otherwise?.name : 'case', strength: named ? 2 : 1, jinja, ...asTyped(typingOf('case', results)) };
  }

  #castCall(): Made {
    this.at++;
    let made: Made = { name: UNNAMED, strength: 0, jinja: false };
    this.enter(() => {
      made = this.expression('cast');
      if (this.accept('as')) made = this.#cast(made);
    });
    return made;
  }

  /** The type behind `::` or AS. */
  #cast(made: Made): Made {
    const { end, type, name } = readType(this.text, this.tokens, this.words, this.at);
    const jinja = made.jinja || (end > this.at && type === undefined);
    this.at = end;
    const named = made.strength === 2 ? { name: made.name, ...(made.nameSpan ? { nameSpan: made.nameSpan } : {}), strength: 2 as const } : { name: made.jinja && made.name === undefined ? undefined : name ?? made.name, strength: 1 as const };
    return { ...named, jinja, ...(made.column ? { column: made.column } : {}), ...(type === undefined ? {} : { type }) };
  }

  #array(): Made {
    this.at++;
    let made: Made[] | undefined;
    if (this.word() === '(') this.#group();
    else {
      this.at++;
      if (this.word() !== ']') made = this.list('argument');
      this.accept(']');
    }
    const jinja = made?.some((one) => one.jinja) ?? false;
    return { name: 'array', strength: 2, jinja: false, ...asTyped(!made || jinja ? undefined : typingOf('array', made.map(typed))) };
  }
}
