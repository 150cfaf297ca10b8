/** Which tags of Jinja belong together, the macros and other definitions they make, and ends that fit nothing. */
import type { JinjaToken } from './jinjaScan';
import type { JinjaDefinition, JinjaFile } from './types';

const DEFINITIONS: Readonly<Record<string, JinjaDefinition['kind']>> = { macro: 'macro', test: 'test', data_test: 'test', materialization: 'materialization', snapshot: 'snapshot', docs: 'docs' };
/** Statements with an end, besides `set` without a value. */
const OPENERS = new Set(['if', 'for', 'call', 'filter', 'block', 'with', 'autoescape', 'trans', ...Object.keys(DEFINITIONS)]);
const PLAIN = new Set(['do', 'include', 'import', 'from', 'extends', 'break', 'continue', 'debug']);

interface Open {
  keyword: string;
  /** index of its tag */
  tag: number;
  definition?: JinjaDefinition;
}

export class JinjaBlocks {
  readonly #open: Open[] = [];

  constructor(private readonly text: string, private readonly file: JinjaFile) {}

  /** Takes the next statement of the file. */
  statement(tokens: readonly JinjaToken[], index: number): void {
    const keyword = this.file.tags[index]?.keyword;
    const first = tokens[0];
    if (keyword === undefined || !first) return;
    if (keyword === 'elif' || keyword === 'else') {
      const top = this.#open.at(-1)?.keyword;
      if (top !== 'if' && !(top === 'for' && keyword === 'else')) this.#error(first, `"${keyword}" is outside of an "if"${keyword === 'else' ? ' or "for"' : ''}.`);
    } else if (keyword.startsWith('end') && keyword.length > 3) this.#end(keyword.slice(3), first, index);
    else if (OPENERS.has(keyword) || (keyword === 'set' && isBlockSet(this.text, tokens))) {
      const definition = this.#definition(keyword, tokens, index);
      this.#open.push({ keyword, tag: index, ...(definition ? { definition } : {}) });
      if (definition) this.file.definitions.push(definition);
    } else if (keyword !== 'set' && !PLAIN.has(keyword)) this.#error(first, `Jinja knows no tag "${keyword}".`);
  }

  /** Everything was read: what is open is not closed. */
  finish(): void {
    for (const { keyword, tag, definition } of this.#open) {
      const start = this.file.tags[tag]?.span.start ?? 0;
      this.file.blocks.push({ keyword, span: { start, end: this.text.length } });
      if (definition) definition.span.end = definition.body.end = this.text.length;
      this.#unclosed(tag, keyword);
    }
    this.file.blocks.sort((one, other) => one.span.start - other.span.start);
  }

  #end(keyword: string, at: JinjaToken, index: number): void {
    let depth = this.#open.length - 1;
    while (depth >= 0 && !matches(this.#open[depth]?.keyword, keyword)) depth--;
    if (depth < 0) {
      this.#error(at, `"end${keyword}" closes nothing: no "${keyword}" is open here.`);
      return;
    }
    const span = this.file.tags[index]?.span ?? { start: at.start, end: at.end };
    for (const [above, block] of this.#open.splice(depth).entries()) {
      const start = this.file.tags[block.tag]?.span.start ?? 0;
      // Those above the one that is closed lack their own end
      if (above > 0) this.#unclosed(block.tag, block.keyword);
      const end = above > 0 ? span.start : span.end;
      this.file.blocks.push({ keyword: block.keyword, span: { start, end } });
      if (!block.definition) continue;
      block.definition.body.end = Math.max(block.definition.body.start, span.start);
      block.definition.span.end = end;
    }
  }

  #unclosed(tag: number, keyword: string): void {
    const span = this.file.tags[tag]?.span;
    if (span) this.file.errors.push({ span: { ...span }, message: `"${keyword}" is not closed: "end${keyword}" is missing.` });
  }

  #error({ start, end }: JinjaToken, message: string): void {
    this.file.errors.push({ span: { start, end }, message });
  }

  #definition(keyword: string, tokens: readonly JinjaToken[], index: number): JinjaDefinition | undefined {
    const kind = DEFINITIONS[keyword];
    const tag = this.file.tags[index];
    const name = tokens[1];
    if (!kind || !tag || name?.kind !== 'name') return undefined;
    const comment = this.#commentBefore(index);
    return {
      kind, name: this.text.slice(name.start, name.end), nameSpan: { start: name.start, end: name.end }, parameters: kind === 'macro' || kind === 'test' ? this.#parameters(tokens) : [],
      span: { start: tag.span.start, end: tag.span.end }, body: { start: tag.span.end, end: tag.span.end }, ...(comment ? { comment } : {}),
    };
  }

  #parameters(tokens: readonly JinjaToken[]): JinjaDefinition['parameters'] {
    const found: JinjaDefinition['parameters'] = [];
    let depth = 0;
    let current: { name: JinjaToken; from: number; to: number } | undefined;
    const push = (): void => {
      if (!current) return;
      const { name, from, to } = current;
      found.push({ name: this.text.slice(name.start, name.end), span: { start: name.start, end: name.end }, ...(from < to ? { default: this.text.slice(from, to) } : {}) });
      current = undefined;
    };
    for (const token of tokens.slice(2)) {
      const symbol = token.kind === 'symbol' ? this.text.slice(token.start, token.end) : '';
      if ('([{'.includes(symbol) && symbol !== '' && depth++ === 0) continue;
      if (')]}'.includes(symbol) && symbol !== '' && --depth === 0) break;
      if (depth === 1 && symbol === ',') push();
      else if (!current) {
        if (token.kind === 'name') current = { name: token, from: 0, to: 0 };
      } else if (symbol !== '=' || depth > 1 || current.from > 0) {
        if (current.from === 0) current.from = token.start;
        current.to = token.end;
      }
    }
    push();
    return found;
  }

  /** The comment that ends right before a tag. */
  #commentBefore(index: number): string | undefined {
    const before = this.file.tags[index - 1];
    const start = this.file.tags[index]?.span.start ?? 0;
    if (before?.kind !== 'comment' || !before.closed || this.text.slice(before.span.end, start).trim() !== '') return undefined;
    return dedent(this.text.slice(before.inner.start, before.inner.end));
  }
}

function matches(open: string | undefined, end: string): boolean {
  return open === end || (open === 'data_test' && end === 'test') || (open === 'test' && end === 'data_test');
}

/** `{% set name %}` and `{% set name | filter %}` reach to `endset`. */
function isBlockSet(text: string, tokens: readonly JinjaToken[]): boolean {
  return tokens.length > 1 && !tokens.some((token, at) => at > 0 && token.kind === 'symbol' && text.charCodeAt(token.start) === 61 && token.end - token.start === 1 && !inBrackets(text, tokens, at));
}

function inBrackets(text: string, tokens: readonly JinjaToken[], at: number): boolean {
  let depth = 0;
  for (const token of tokens.slice(0, at)) {
    if (token.kind !== 'symbol') continue;
    const symbol = text.charAt(token.start);
    if ('([{'.includes(symbol)) depth++;
    else if (')]}'.includes(symbol)) depth--;
  }
  return depth > 0;
}

function dedent(text: string): string {
  const lines = text.trim().split(/\r?\n/);
  return lines.map((line) => line.trim()).join('\n');
}
