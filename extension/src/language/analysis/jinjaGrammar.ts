/** The grammar of expressions in Jinja's tags, as Jinja's own parser has it: what it would refuse, and where. */
import type { JinjaToken } from './jinjaScan';
import type { Span } from './types';

/** Expressions within expressions; what is deeper is nobody's, and not looked at. */
const DEEPEST = 100;
const COMPARISONS = new Set(['==', '!=', '<', '<=', '>', '>=']);
const SIGNS = new Set(['+', '-']);
const CALCULATIONS = new Set(['+', '-', '~', '*', '/', '//', '%', '**']);

class Refusal extends Error {
  constructor(readonly span: Span, message: string) {
    super(message);
  }
}

class TooDeep extends Error {}

/**
 * What Jinja refuses in a tag whose brackets and strings are closed; undefined where all is well, or where the statement is none of those that hold an expression.
 * @param keyword of a statement; undefined of `{{ … }}`
 */
export function grammarError(text: string, tokens: readonly JinjaToken[], keyword: string | undefined): { span: Span; message: string } | undefined {
  if (tokens.length === 0) return undefined;
  try {
    new Grammar(text, tokens).tag(keyword);
  } catch (error) {
    if (error instanceof Refusal) return { span: error.span, message: error.message };
    if (!(error instanceof TooDeep)) throw error;
  }
  return undefined;
}

class Grammar {
  #at = 0;
  #depth = 0;

  /** names, numbers and signs as they are written; of a string nothing */
  readonly #words: readonly string[];

  constructor(private readonly text: string, private readonly tokens: readonly JinjaToken[]) {
    this.#words = tokens.map(({ kind, start, end }) => (kind === 'string' ? '' : text.slice(start, end)));
  }

  tag(keyword: string | undefined): void {
    if (keyword !== undefined) this.#at = 1;
    switch (keyword) {
      case undefined: case 'do': this.#tuple(true); break;
      case 'if': case 'elif': this.#tuple(false); break;
      case 'for': this.#for(); break;
      case 'set': if (!this.#to('=')) return; this.#tuple(true); break;
      case 'macro': case 'test': case 'data_test': this.#at = 2; this.#signature(); break;
      default: return;
    }
    // As in Python; most people leave it out
    if (keyword !== undefined && keyword !== 'set' && keyword !== 'do') this.#accept(':');
    if (this.#at < this.tokens.length) throw this.#refused(`${this.#shown()} cannot stand here: the tag's expression ends before it.`);
  }

  #for(): void {
    if (!this.#to('in')) throw this.#refused('"in" is missing.');
    this.#tuple(false, 'recursive');
    if (this.#accept('if')) this.#expression();
    this.#accept('recursive');
  }

  /** Behind a word or sign of the tag itself. */
  #to(word: string): boolean {
    while (this.#at < this.tokens.length) if (this.#next(this.#spelt()) === word) return true;
    return false;
  }

  // ---- tokens

  #spelt(): string {
    return this.#words[this.#at] ?? '';
  }

  #next<Value>(value: Value): Value {
    this.#at++;
    return value;
  }

  #accept(word: string): boolean {
    return this.#spelt() === word && this.#next(true);
  }

  #shown(): string {
    const token = this.tokens[this.#at];
    return token ? `"${this.text.slice(token.start, token.end)}"` : 'the end of the tag';
  }

  #refused(message: string): Refusal {
    const token = this.tokens[this.#at] ?? this.tokens.at(-1);
    return new Refusal({ start: token?.start ?? 0, end: token?.end ?? 0 }, message);
  }

  #expect(sign: string, what = `"${sign}"`): void {
    if (!this.#accept(sign)) throw this.#refused(`${what} is missing before ${this.#shown()}.`);
  }

  #name(): void {
    if (this.tokens[this.#at]?.kind !== 'name') throw this.#refused(`A name is missing before ${this.#shown()}.`);
    this.#at++;
  }

  #deeper(): void {
    if (++this.#depth > DEEPEST) throw new TooDeep();
  }

  // ---- expressions

  /** One expression, or several with commas between them; the last comma may have nothing behind it. */
  #tuple(conditional: boolean, end?: string): void {
    for (let first = true; first || this.#accept(','); first = false) {
      const word = this.#spelt();
      const ends = this.#at >= this.tokens.length || word === ')' || (end !== undefined && word === end);
      if (ends && !first) return;
      if (conditional) this.#expression();
      else this.#either();
    }
  }

  /** `a`, `a if b`, `a if b else c` */
  #expression(): void {
    this.#deeper();
    this.#either();
    while (this.#accept('if')) {
      this.#either();
      if (this.#accept('else')) this.#expression();
    }
    this.#depth--;
  }

  #either(): void {
    do {
      while (this.#accept('not')) { /* as often as one likes */ }
      this.#comparison();
    } while (this.#accept('and') || this.#accept('or'));
  }

  #comparison(): void {
    this.#calculation();
    for (;;) {
      const word = this.#spelt();
      if (COMPARISONS.has(word) || word === 'in') this.#at++;
      else if (word === 'not' && this.#isAfter('in')) this.#at += 2;
      else return;
      this.#calculation();
    }
  }

  #isAfter(word: string): boolean {
    return this.#words[this.#at + 1] === word;
  }

  #calculation(): void {
    this.#operand();
    while (CALCULATIONS.has(this.#spelt())) {
      this.#at++;
      this.#operand();
    }
  }

  #operand(): void {
    while (SIGNS.has(this.#spelt())) this.#at++;
    this.#primary();
    this.#behind();
    for (;;) {
      if (this.#accept('|')) {
        this.#path();
        if (this.#spelt() === '(') this.#call();
      } else if (this.#accept('is')) this.#test();
      else if (this.#spelt() === '(') this.#call();
      else return;
    }
  }

  #path(): void {
    do this.#name();
    while (this.#accept('.'));
  }

  /** `is [not] defined`, `is divisibleby 3`, `is divisibleby(3)` */
  #test(): void {
    this.#accept('not');
    this.#path();
    const word = this.#spelt();
    if (word === '(') this.#call();
    else if (word === 'is') throw this.#refused('Another "is" cannot follow a test.');
    else if (this.#begins() && word !== 'else' && word !== 'or' && word !== 'and') {
      this.#primary();
      this.#behind();
    }
  }

  #begins(): boolean {
    const token = this.tokens[this.#at];
    return token !== undefined && (token.kind !== 'symbol' || ['(', '[', '{'].includes(this.#spelt()));
  }

  #primary(): void {
    if (!this.#begins()) throw this.#refused(`An expression is missing before ${this.#shown()}.`);
    const string = this.tokens[this.#at]?.kind === 'string';
    const word = this.#next(this.#spelt());
    if (string) while (this.tokens[this.#at]?.kind === 'string') this.#at++;
    else if (word === '(') {
      if (this.#accept(')')) return;
      this.#deeper();
      this.#tuple(true);
      this.#depth--;
      this.#expect(')', 'A comma or ")"');
    } else if (word === '[') this.#items(']', () => {
      this.#expression();
    });
    else if (word === '{') this.#items('}', () => {
      this.#expression();
      this.#expect(':');
      this.#expression();
    });
  }

  /** `.name`, `.0`, `[…]` and `(…)` */
  #behind(): void {
    for (;;) {
      const word = this.#spelt();
      if (word === '(') this.#call();
      else if (word === '[') {
        this.#at++;
        for (let first = true; !this.#accept(']'); first = false) {
          if (!first) this.#expect(',', 'A comma or "]"');
          this.#slice();
        }
      } else if (word === '.') {
        this.#at++;
        if (this.tokens[this.#at]?.kind === 'number') this.#at++;
        else this.#name();
      } else return;
    }
  }

  /** `a`, `a:b`, `:`, `::c` */
  #slice(): void {
    if (this.#spelt() !== ':') this.#expression();
    for (let parts = 0; parts < 2 && this.#accept(':'); parts++) if (![':', ']', ','].includes(this.#spelt())) this.#expression();
  }

  #items(end: string, item: () => void): void {
    for (let first = true; !this.#accept(end); first = false) {
      if (!first) this.#expect(',', `A comma or "${end}"`);
      if (this.#accept(end)) return;
      item();
    }
  }

  #call(): void {
    this.#at++;
    // What came last in the order that Jinja asks for: bare ones, named ones, `*a`, `**b`
    let last = 0;
    this.#items(')', () => {
      const named = this.tokens[this.#at]?.kind === 'name' && this.#isAfter('=');
      const kind = this.#spelt() === '*' ? 2 : this.#spelt() === '**' ? 3 : named ? 1 : 0;
      const missing = kind === 0 && !this.#begins() && !SIGNS.has(this.#spelt());
      if (!missing && (last === 3 || (last === 2 && kind !== 1 && kind !== 3) || (last === 1 && kind === 0))) throw this.#refused('This argument cannot stand behind the one before it: first come those without a name, then "name=value", "*list" and "**dict".');
      last = Math.max(last, kind);
      this.#at += named ? 2 : kind > 0 ? 1 : 0;
      this.#expression();
    });
  }

  /** `(a, b=1)` of a macro; no comma may end it. */
  #signature(): void {
    this.#expect('(');
    for (let first = true, defaults = false; !this.#accept(')'); first = false) {
      if (!first) this.#expect(',', 'A comma or ")"');
      const name = this.#at;
      this.#name();
      if (this.#accept('=')) {
        defaults = true;
        this.#expression();
      } else if (defaults) {
        this.#at = name;
        throw this.#refused(`${this.#shown()} needs a default: one before it has one.`);
      }
    }
  }
}
