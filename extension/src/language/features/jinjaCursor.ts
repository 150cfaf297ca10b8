import type { Span } from '../analysis/types';

/** A call whose parenthesis is open at the cursor. */
export interface OpenCall {
  /** as written, with its package or object: `ref`, `dbt_utils.star` */
  name: string;
  nameSpan: Span;
  /** offset behind its parenthesis */
  open: number;
  /** which argument the cursor is in, from 0 */
  argument: number;
  /** the name of a named argument the cursor is in */
  keyword?: string;
  /** names of the named arguments up to the cursor */
  keywords: string[];
  /** what its arguments before the cursor say, where they are literal strings */
  texts: (string | undefined)[];
  /** brackets opened inside it: `[`, `{`, `(` outermost first */
  brackets: string;
  /** the key of the innermost dictionary that the cursor is in the value of */
  key?: string;
}

/** What a half-written Jinja tag says up to the cursor. */
export interface JinjaCursor {
  kind: 'expression' | 'statement';
  /** behind the tag's opening braces */
  start: number;
  /** open calls, outermost first */
  calls: OpenCall[];
  /** the literal string the cursor is in: between its quotes */
  string?: Span & { quote: string; closed: boolean };
  /** the identifier around the cursor; empty where there is none */
  word: Span;
  /** what stands before the dot that the word follows */
  path?: string;
  /** the last character before word and path that is no space; '' at the tag's start */
  previous: string;
  /** the word before that, where it directly precedes (`if`, `in`, `is`, …) */
  previousWord: string;
  /** brackets opened outside any call */
  brackets: string;
}

/** Calls whose strings are names: a line end inside such a string means that it was never closed. */
const NAMING = new Set(['ref', 'source', 'var', 'doc', 'config', 'env_var']);
const CLOSERS: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };
const identifier = /[\p{L}\p{N}_$]/u;

/** The identifier around an offset; empty where there is none. */
export function wordAt(text: string, offset: number): Span {
  let start = offset;
  let end = offset;
  while (start > 0 && identifier.test(text.charAt(start - 1))) start--;
  while (end < text.length && identifier.test(text.charAt(end))) end++;
  return { start, end };
}

/**
 * Reads the Jinja tag around the cursor from its text alone, so that it works while quotes, parentheses and the tag itself are
 * still open, and in YAML and Markdown too. Undefined outside a tag; a comment is not one.
 */
export function jinjaCursor(text: string, offset: number): JinjaCursor | undefined {
  const expression = offset < 2 ? -1 : text.lastIndexOf('{{', offset - 2);
  const statement = offset < 2 ? -1 : text.lastIndexOf('{%', offset - 2);
  const opener = Math.max(expression, statement);
  if (opener < 0 || offset - opener > 65_536) return undefined;
  const kind = opener === expression ? 'expression' : 'statement';
  let start = opener + 2;
  if ((text[start] === '-' || text[start] === '+') && start < offset) start++;
  return new Reader(text, kind, start, offset).read();
}

/** The same for code that stands in no tag: `ref('…')` as a value of YAML. `start` is where the code begins. */
export function codeCursor(text: string, start: number, offset: number): JinjaCursor | undefined {
  return new Reader(text, 'expression', start, offset).read();
}

class Reader {
  readonly #calls: OpenCall[] = [];
  #brackets = '';
  #chain = '';
  #chainStart = 0;
  #previous = '';
  #previousWord = '';
  #string: string | undefined;

  constructor(private readonly text: string, private readonly kind: JinjaCursor['kind'], private readonly start: number, private readonly offset: number) {}

  read(): JinjaCursor | undefined {
    const { text, offset } = this;
    const word = wordAt(text, offset);
    word.start = Math.max(word.start, this.start);
    const last = word.start;
    for (let at = this.start; at < last;) {
      const character = text.charAt(at);
      if (character === "'" || character === '"') {
        const end = closing(text, at, offset);
        if (end < 0) return this.#inString(at);
        this.#previous = character;
        this.#string = text.slice(at + 1, end);
        const call = this.#calls.at(-1);
        if (call && call.brackets === '' && call.keyword === undefined) call.texts[call.argument] = this.#string;
        at = end + 1;
      } else if (identifier.test(character)) {
        const end = wordAt(text, at).end;
        this.#name(at, Math.min(end, last));
        at = Math.min(end, last);
      } else {
        if (this.#closes(at)) return undefined;
        this.#symbol(character, at);
        at++;
      }
    }
    const dotted = this.#previous === '.' && text[word.start - 1] === '.';
    return {
      ...this.#result(word),
      ...(dotted ? { path: this.#chain.replace(/\.$/, '') } : {}),
    };
  }

  #result(word: Span): JinjaCursor {
    return { kind: this.kind, start: this.start, calls: this.#calls, word, previous: this.#previous, previousWord: this.#previousWord, brackets: this.#brackets };
  }

  #inString(at: number): JinjaCursor | undefined {
    const { text, offset } = this;
    const quote = text.charAt(at);
    if (text.slice(at, offset).includes('\n') && NAMING.has(this.#calls.at(-1)?.name ?? '')) return undefined;
    let end = offset;
    while (end < text.length && !`${quote}\r\n(){},`.includes(text.charAt(end))) end++;
    const closed = text[end] === quote;
    if (!closed) for (end = offset; /[\w.-]/.test(text.charAt(end)); end++);
    return { ...this.#result({ start: at + 1, end }), string: { start: at + 1, end, quote, closed } };
  }

  #name(at: number, end: number): void {
    const name = this.text.slice(at, end);
    if (this.#previous === '.' && this.#chain.endsWith('.')) this.#chain += name;
    else {
      this.#chain = name;
      this.#chainStart = at;
    }
    this.#previous = name.slice(-1);
    this.#previousWord = name;
    this.#string = undefined;
  }

  /** Whether the tag ends here: a brace that closes a dictionary does not. */
  #closes(at: number): boolean {
    const braces = (this.#calls.map((call) => call.brackets).join('') + this.#brackets).includes('{');
    return this.kind === 'expression' ? this.text.startsWith('}}', at) && !braces : this.text.startsWith('%}', at);
  }

  #symbol(character: string, at: number): void {
    if (/\s/.test(character)) return;
    const call = this.#calls.at(-1);
    const called = /[\p{L}\p{N}_$]/u.test(this.#previous) && this.#chain !== '' && !KEYWORDS.has(this.#chain);
    if (character === '(' && called) {
      this.#calls.push({
        name: this.#chain, nameSpan: { start: this.#chainStart, end: this.#chainStart + this.#chain.length }, open: at + 1, argument: 0, keywords: [], texts: [], brackets: '',
      });
    } else if (character === '(' || character === '[' || character === '{') this.#open(character);
    else if (CLOSERS[character] !== undefined) this.#close(CLOSERS[character]);
    else if (character === ',' && call) {
      if (call.brackets === '') {
        call.argument++;
        delete call.keyword;
      }
      delete call.key;
    } else if (character === ':' && call && this.#string !== undefined) call.key = this.#string;
    else if (character === '=' && call?.brackets === '' && this.text[at + 1] !== '=' && !'=!<>'.includes(this.text.charAt(at - 1)) && /[\w]/.test(this.#previous)) {
      call.keyword = this.#chain;
      call.keywords.push(this.#chain);
    }
    this.#chain = character === '.' && this.#chain !== '' && this.text[at - 1] !== ' ' ? `${this.#chain}.` : '';
    this.#previous = character;
    this.#previousWord = '';
    this.#string = undefined;
  }

  #open(bracket: string): void {
    const call = this.#calls.at(-1);
    if (call) call.brackets += bracket;
    else this.#brackets += bracket;
  }

  #close(bracket: string): void {
    const call = this.#calls.at(-1);
    if (!call) {
      if (this.#brackets.endsWith(bracket)) this.#brackets = this.#brackets.slice(0, -1);
    } else if (call.brackets.endsWith(bracket)) call.brackets = call.brackets.slice(0, -1);
    else if (bracket === '(') this.#calls.pop();
  }
}

/** Words that a parenthesis may follow without being called. */
const KEYWORDS = new Set(['if', 'elif', 'in', 'and', 'or', 'not', 'is', 'else', 'call', 'set', 'for']);

/** The quote that closes the one at `at`, before `limit`; -1 where there is none. */
function closing(text: string, at: number, limit: number): number {
  const quote = text[at];
  for (let index = at + 1; index < limit; index++) {
    if (text[index] === '\\') index++;
    else if (text[index] === quote) return index;
  }
  return -1;
}
