/** One tag of Jinja: its calls with their arguments, the names it binds and uses, and what is wrong with it. */
import { grammarError } from './jinjaGrammar';
import type { JinjaToken } from './jinjaScan';
import type { JinjaArgument, JinjaCall, JinjaFile } from './types';

/** Words that are neither names nor callable. */
const WORDS = new Set(['and', 'or', 'not', 'in', 'is', 'if', 'elif', 'else', 'for', 'true', 'false', 'none', 'True', 'False', 'None', 'recursive', 'import', 'as', 'with', 'without', 'context', 'ignore', 'missing']);
const LITERALS = new Set(['true', 'false', 'none', 'True', 'False', 'None']);
/** Statements whose first word is followed by a name of their own. */
const NAMED = new Set(['macro', 'test', 'data_test', 'materialization', 'snapshot', 'docs', 'filter', 'block']);

/** Reads the tokens of the tag `file.tags[index]`: adds calls, variables and errors, and sets the statement's keyword. */
export function readTag(text: string, tokens: readonly JinjaToken[], index: number, file: JinjaFile): void {
  new TagReader(text, tokens, index, file).read();
}

class TagReader {
  /** by token: the index of the bracket that belongs to it; -1 where it is missing or the token is none */
  readonly #partner: Int32Array;
  readonly #bound = new Set<number>();

  constructor(private readonly text: string, private readonly tokens: readonly JinjaToken[], private readonly index: number, private readonly file: JinjaFile) {
    this.#partner = new Int32Array(tokens.length).fill(-1);
  }

  read(): void {
    const tag = this.file.tags[this.index];
    if (!tag) return;
    const errors = this.file.errors.length;
    this.#brackets();
    let first = 0;
    if (tag.kind === 'statement') {
      const keyword = this.#word(0);
      if (keyword !== '') tag.keyword = keyword;
      first = 1;
      if (NAMED.has(keyword)) first = 2;
      this.#bind(keyword);
      if (this.tokens.length === 0 && tag.closed) this.#error(tag.span.start, tag.span.end, 'This tag is empty: a statement is missing.');
    } else if (this.tokens.length === 0 && tag.closed) this.#error(tag.span.start, tag.span.end, 'This tag is empty: an expression is missing.');
    this.#names(first, tag.keyword ?? '');
    if (!tag.closed || this.file.errors.length > errors) return;
    const refused = grammarError(this.text, this.tokens, tag.kind === 'statement' ? tag.keyword ?? '' : undefined);
    if (refused) this.file.errors.push(refused);
  }

  #brackets(): void {
    const open: number[] = [];
    for (const [at, token] of this.tokens.entries()) {
      if (token.kind === 'string' && !token.closed) this.#error(token.start, token.end, 'This string is not closed: its second quote is missing.');
      if (token.kind !== 'symbol' || token.end - token.start !== 1) continue;
      const code = this.text.charCodeAt(token.start);
      if (code === 40 || code === 91 || code === 123) open.push(at);
      else if (code === 41 || code === 93 || code === 125) {
        const opener = open.at(-1);
        const wanted = code === 41 ? 40 : code - 2;
        if (opener !== undefined && this.#code(opener) === wanted) {
          open.pop();
          this.#partner[opener] = at;
          this.#partner[at] = opener;
        } else this.#error(token.start, token.end, `Nothing opens this "${this.text.charAt(token.start)}".`);
      }
    }
    // A string that is not closed swallowed what closes them
    if (this.tokens.some(({ closed }) => !closed)) return;
    for (const at of open) {
      const token = this.tokens[at];
      if (token) this.#error(token.start, token.end, `"${this.text.charAt(token.start)}" is not closed.`);
    }
  }

  #error(start: number, end: number, message: string): void {
    this.file.errors.push({ span: { start, end }, message });
  }

  #code(at: number): number {
    const token = this.tokens[at];
    return token?.kind === 'symbol' && token.end - token.start === 1 ? this.text.charCodeAt(token.start) : 0;
  }

  /** The name at a token; '' where there is none. */
  #word(at: number): string {
    const token = this.tokens[at];
    return token?.kind === 'name' ? this.text.slice(token.start, token.end) : '';
  }

  #bindName(at: number): void {
    const token = this.tokens[at];
    const name = this.#word(at);
    if (!token || name === '' || WORDS.has(name)) return;
    this.#bound.add(at);
    this.file.variables.push({ name, span: { start: token.start, end: token.end }, binds: true });
  }

  /** Names that a statement binds. */
  #bind(keyword: string): void {
    switch (keyword) {
      case 'set':
        for (let at = 1; at < this.tokens.length && this.#code(at) !== 61 && this.#code(at) !== 124; at++) if (this.#code(at + 1) !== 46 && this.#code(at - 1) !== 46) this.#bindName(at);
        break;
      case 'for':
        for (let at = 1; at < this.tokens.length && this.#word(at) !== 'in'; at++) this.#bindName(at);
        break;
      case 'with':
        for (let at = 1; at < this.tokens.length; at++) if (this.#code(at + 1) === 61 && this.#depth(at) === 0) this.#bindName(at);
        break;
      case 'macro': case 'test': case 'data_test': this.#parameters(2); break;
      case 'call': if (this.#code(1) === 40) this.#parameters(1); break;
      case 'import': case 'from':
        for (let at = 1; at < this.tokens.length; at++) if (this.#word(at - 1) === 'as') this.#bindName(at);
        break;
      default:
    }
  }

  #depth(at: number): number {
    let depth = 0;
    for (let index = 0; index < at; index++) {
      const code = this.#code(index);
      if (code === 40 || code === 91 || code === 123) depth++;
      else if (code === 41 || code === 93 || code === 125) depth--;
    }
    return depth;
  }

  #parameters(open: number): void {
    if (this.#code(open) !== 40) return;
    const end = this.#partner[open] ?? -1;
    const last = end < 0 ? this.tokens.length : end;
    for (let at = open + 1; at < last; at = this.#skip(at)) {
      const before = this.#code(at - 1);
      if (at === open + 1 || before === 44) this.#bindName(at);
    }
  }

  /** The token behind this one, over what its bracket holds. */
  #skip(at: number): number {
    const partner = this.#partner[at] ?? -1;
    return partner > at ? partner + 1 : at + 1;
  }

  /** Uses of names, and calls. */
  #names(first: number, keyword: string): void {
    for (let at = first; at < this.tokens.length; at++) {
      const token = this.tokens[at];
      if (token?.kind !== 'name' || this.#bound.has(at)) continue;
      const name = this.#word(at);
      const afterDot = this.#code(at - 1) === 46;
      const called = this.#code(at + 1) === 40;
      const literal = LITERALS.has(name);
      if (!afterDot && WORDS.has(name)) continue;
      const isFilter = this.#code(at - 1) === 124;
      const isTest = this.#word(at - 1) === 'is' || (this.#word(at - 1) === 'not' && this.#word(at - 2) === 'is');
      const isKeyword = this.#code(at + 1) === 61 && this.#inCall(at);
      if (!afterDot && !isFilter && !isTest && !isKeyword && !literal && at >= first && !(keyword === 'call' && at === 0)) {
        this.file.variables.push({ name, span: { start: token.start, end: token.end }, binds: false });
      }
      if (called) this.#call(at);
    }
  }

  /** Whether `name =` here names an argument: at the tag's own level it is what `set` gives a value. */
  #inCall(at: number): boolean {
    const before = this.#code(at - 1);
    return before === 40 || before === 44;
  }

  #call(at: number): void {
    const open = this.tokens[at + 1];
    const own = this.tokens[at];
    if (!open || !own) return;
    let head = at;
    // `a.b.c(`: the whole path, unless it hangs on something that is no plain name
    while (this.#code(head - 1) === 46 && this.tokens[head - 2]?.kind === 'name' && this.tokens[head - 2]?.end === this.tokens[head - 1]?.start) head -= 2;
    if (this.#code(head - 1) === 46) head = at;
    const start = this.tokens[head]?.start ?? own.start;
    const partner = this.#partner[at + 1] ?? -1;
    const close = this.tokens[partner];
    const tagEnd = this.file.tags[this.index]?.inner.end ?? open.end;
    const innerEnd = close ? close.start : Math.max(open.end, tagEnd);
    const call: JinjaCall = {
      name: head === at ? this.#word(at) : this.text.slice(start, own.end).replace(/\s+/g, ''), nameSpan: { start, end: own.end },
      span: { start, end: close ? close.end : innerEnd }, inner: { start: open.end, end: innerEnd }, closed: close !== undefined,
      arguments: [], tag: this.index,
    };
    this.file.calls.push(call);
    this.#arguments(call, at + 2, close ? partner : this.tokens.length);
  }

  #arguments(call: JinjaCall, first: number, last: number): void {
    let from = first;
    for (let at = first; at <= last; at = at < last ? this.#skip(at) : at + 1) {
      if (at < last && this.#code(at) !== 44) continue;
      const argument = this.#argument(from, Math.min(at, last));
      if (argument) call.arguments.push(argument);
      from = at + 1;
    }
  }

  #argument(from: number, to: number): JinjaArgument | undefined {
    const first = this.tokens[from];
    const last = this.tokens[to - 1];
    if (!first || !last || to <= from) return undefined;
    const argument: JinjaArgument = { span: { start: first.start, end: last.end } };
    let value = from;
    if (first.kind === 'name' && this.#code(from + 1) === 61 && to > from + 1) {
      argument.name = this.#word(from);
      argument.nameSpan = { start: first.start, end: first.end };
      value = from + 2;
    }
    const only = this.tokens[value];
    if (only?.kind === 'string' && value === to - 1) {
      argument.textSpan = { start: only.start + 1, end: Math.max(only.start + 1, only.closed ? only.end - 1 : only.end) };
      argument.text = unescape(this.text.slice(argument.textSpan.start, argument.textSpan.end));
    }
    return argument;
  }
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

function unescape(text: string): string {
  return text.includes('\\') ? text.replace(/\\(.)/gs, (_whole, character: string) => ESCAPES[character] ?? character) : text;
}
