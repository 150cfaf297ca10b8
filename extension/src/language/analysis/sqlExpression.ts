/** Expressions of SQL: what columns they read, and what the column is called that they make. */
import { asTyped, elementOf, typed, withSign, type Made } from './sqlMade';
import { OperandParser, UNNAMED } from './sqlOperand';
import { RESERVED_FUNCTIONS, type Context } from './sqlReader';
import { typingOf, typingOfTerms, UNKNOWN } from './sqlResults';
import { OPERATORS, RESERVED, RESULT_TYPES, VALUES } from './sqlWords';
import type { Typing } from './types';

const BOOLEAN = new Set(['and', 'or', 'not', 'in', 'is', 'like', 'ilike', 'similar', 'between', 'isnull', 'notnull', 'overlaps', '=', '<', '>', '<=', '>=', '<>', '!=', '~', '~*', '!~', '!~*', '@>', '<@', '?', '?|', '?&', '&&']);
/** What ends `is [not] …`. */
const PREDICATES = new Set(['unknown', 'normalized', 'json', 'document', 'null', 'true', 'false']);
const NORMAL_FORMS = new Set(['nfc', 'nfd', 'nfkc', 'nfkd']);
const JSON_KINDS = new Set(['value', 'array', 'object', 'scalar']);
/** Reserved words that a new operand follows. */
const BEFORE_OPERAND = new Set(['from', 'for', 'placing', 'using', 'when', 'then', 'else']);

/** Stands for an operator where none is written, or Jinja decides. */
const BRANCH = '{}';

export abstract class ExpressionParser extends OperandParser {
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
        case 'string': case 'number': take({ name: UNNAMED, strength: 0, jinja: false, type: this.literalType(token), ...(token.kind === 'string' ? { typing: UNKNOWN } : {}) }); this.at++; break;
        case 'quoted': take(this.reference()); break;
        case 'jinja':
          if (operand) {
            jinja = true;
            operators.push(BRANCH);
            this.at++;
          } else take(this.reference());
          break;
        case 'symbol':
          if (word === '(') take(this.group());
          else if (word === '[') {
            const from = ++this.at;
            this.list('argument');
            if (made) made = elementOf(made, this.words.slice(from, this.at).includes(':'));
            this.accept(']');
          } else if (word === '::') {
            this.at++;
            const made_ = made ?? { name: UNNAMED, strength: 0 as const, jinja: false };
            // It is of the last operand alone
            made = this.cast(made_);
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
          if (word === 'within' && made && operand && this.word(1) === 'group') {
            made = this.withinGroup(made);
            break;
          }
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
    if (this.glued(1) && (this.word(1) === '.' || this.token(1)?.kind === 'jinja')) return this.reference();
    const next = this.word(1);
    if (next === '=>' || next === ':=') {
      this.at += 2;
      return 'nothing';
    }
    switch (word) {
      case 'case': return this.caseOf();
      case 'null': case 'default': this.at++; return { name: UNNAMED, strength: 0, jinja: false, typing: UNKNOWN };
      case 'true': case 'false': this.at++; return { name: UNNAMED, strength: 0, jinja: false, type: 'boolean' };
      case 'cast': if (next === '(') return this.castCall(); break;
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
      case 'over': case 'filter': if (operand && this.overClause(word)) return 'nothing'; break;
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
      case 'array': if (next === '[' || next === '(') return this.arrayOf(); break;
      case 'asc': case 'desc': this.at++; return 'nothing';
      case 'order': case 'partition': if (next === 'by') {
        this.at += 2;
        return 'operator';
      } break;
      default:
    }
    if (next === '(' && (!RESERVED.has(word) || RESERVED_FUNCTIONS.has(word) || word === 'exists') && !(OPERATORS.has(word) && !RESERVED_FUNCTIONS.has(word))) return this.call();
    if (VALUES.has(word)) {
      this.at++;
      let type = RESULT_TYPES[word];
      if (this.word() === '(' && this.token(1)?.kind === 'number') {
        type = type?.replace(/^time(?:stamp)?/, `$&(${this.text.slice(this.startOf(1), this.token(1)?.end)})`);
        this.at += 3;
      }
      return { name: word, strength: 2, jinja: false, ...(type === undefined ? {} : { type }) };
    }
    if (RESERVED.has(word) || (operand && OPERATORS.has(word))) {
      this.at++;
      return OPERATORS.has(word) || BEFORE_OPERAND.has(word) ? 'operator' : 'nothing';
    }
    if (this.token(1)?.kind === 'string' && !this.text.startsWith('$', this.startOf(1))) return this.typedLiteral(word);
    // Two names side by side: nothing that is known
    if (operand) {
      this.at++;
      return 'nothing';
    }
    return this.reference();
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
    else if (token?.kind === 'word' || token?.kind === 'quoted' || token?.kind === 'jinja') this.reference();
    else if (this.word() === '(') this.group();
  }
}
