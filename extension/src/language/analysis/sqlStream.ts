/** The tokens of a file as its SQL is read: parted where Jinja captures text, with the branch of Jinja that each stands in. */
import { Loops, type Loop } from './jinjaLoops';
import { namedRelations, type NamedRelation } from './macroRows';
import type { JinjaCall, JinjaFile, JinjaTag, Token } from './types';

/** One way through an `if` or `for`. */
interface Branch {
  parent: number;
  block: number;
  /** of a `for` */
  loop?: Loop;
}

/** SQL that belongs together: the file's own, or what a macro, `call` or `set` block holds. */
export interface Stream {
  /** whether it is what the file itself says, not what a block captures */
  own: boolean;
  /** without comments and statements of Jinja */
  tokens: Token[];
  /** by token: a word in lower case, a symbol as it is, '' for the rest */
  words: string[];
  /** by token: its branch, 0 outside of all */
  branches: number[];
}

export interface Streams {
  streams: Stream[];
  /** whether a branch lies beside another one: they are never both rendered at once */
  beside(branch: number, other: number): boolean;
  /** the loops between a branch and one around it, outermost first; undefined where another block is between them */
  loopsIn(branch: number, around: number): readonly Loop[] | undefined;
  /** what `set` gives names to, as it is written; undefined where it does so twice */
  sets: ReadonlyMap<string, string | undefined>;
  /** relations by the tag that says the name which Jinja gives them */
  named: ReadonlyMap<number, NamedRelation>;
  /** every call of the file */
  all: readonly JinjaCall[];
  /** calls that are all their tag says, by tag: `{{ ref('a') }}` */
  calls: ReadonlyMap<number, JinjaCall>;
}

/** Statements whose text goes elsewhere. */
const CAPTURES = new Set(['macro', 'test', 'data_test', 'materialization', 'snapshot', 'docs', 'call', 'set']);
/** `{{ ',' if not loop.last }}` */
const COMMA = /^\s*(["'])\s*,\s*\1\s+if\b/;

export function streamsOf(text: string, jinja: JinjaFile, tokens: readonly Token[]): Streams {
  const file: Stream = { own: true, tokens: [], words: [], branches: [] };
  const streams = [file];
  const branches: Branch[] = [{ parent: -1, block: -1 }];
  const captures: { keyword: string; stream: Stream; branch: number; depth: number }[] = [];
  const open: { keyword: string; before: number }[] = [];
  const setBlocks = new Set(jinja.blocks.filter(({ keyword }) => keyword === 'set').map(({ span }) => span.start));
  let stream = file;
  let branch = 0;
  let blocks = 0;
  const loops = new Loops(text, jinja);
  const statement = (keyword: string, tag: JinjaTag): void => {
    if (keyword === 'if' || keyword === 'for') {
      open.push({ keyword, before: branch });
      const loop = keyword === 'for' ? loops.of(tag) : undefined;
      branch = branches.push({ parent: branch, block: blocks++, ...(loop ? { loop } : {}) }) - 1;
    } else if (keyword === 'elif' || keyword === 'else') {
      const here = branches[branch];
      if (here && here.block >= 0) branch = branches.push({ parent: here.parent, block: here.block }) - 1;
    } else if (keyword === 'endif' || keyword === 'endfor') {
      if (open.at(-1)?.keyword === keyword.slice(3)) branch = open.pop()?.before ?? 0;
    } else if (CAPTURES.has(keyword) && (keyword !== 'set' || setBlocks.has(tag.span.start))) {
      captures.push({ keyword, stream, branch, depth: open.length });
      stream = { own: keyword === 'snapshot' && stream.own, tokens: [], words: [], branches: [] };
      streams.push(stream);
      branch = 0;
    } else if (keyword.startsWith('end')) {
      const ended = keyword.slice(3);
      let at = captures.length - 1;
      while (at >= 0 && captures[at]?.keyword !== ended && !(ended === 'test' && captures[at]?.keyword === 'data_test')) at--;
      const capture = captures[at];
      if (!capture) return;
      captures.length = at;
      open.length = capture.depth;
      ({ stream, branch } = capture);
    }
  };
  for (const token of tokens) {
    if (token.kind === 'comment') continue;
    let word = '';
    if (token.kind === 'word') word = text.slice(token.start, token.end).toLowerCase();
    else if (token.kind === 'symbol') word = text.slice(token.start, token.end);
    else if (token.kind === 'jinja') {
      const tag = jinja.tags[token.tag ?? -1];
      if (!tag || tag.kind === 'comment') continue;
      if (tag.kind === 'statement') {
        if (tag.keyword !== undefined) statement(tag.keyword, tag);
        continue;
      }
      const inner = text.slice(tag.inner.start, Math.min(tag.inner.end, tag.inner.start + 20));
      if (COMMA.test(inner)) word = ',';
      // It sets something and renders to nothing
      else if (/^\s*config\s*\(/.test(inner)) continue;
    }
    stream.tokens.push(token);
    stream.words.push(word);
    stream.branches.push(branch);
  }
  const beside = (one: number, other: number): boolean => {
    for (let at = one; at > 0; at = branches[at]?.parent ?? 0) {
      const block = branches[at]?.block;
      for (let to = other; to > 0; to = branches[to]?.parent ?? 0) if (to !== at && branches[to]?.block === block) return true;
    }
    return false;
  };
  const loopsIn = (inner: number, around: number): Loop[] | undefined => {
    const found: Loop[] = [];
    for (let at = inner; at !== around; at = branches[at]?.parent ?? around) {
      const loop = branches[at]?.loop;
      if (!loop) return undefined;
      found.unshift(loop);
    }
    return found;
  };
  return { streams, beside, loopsIn, sets: loops.sets, named: namedRelations(text, jinja), all: jinja.calls, calls: soleCalls(text, jinja) };
}

function soleCalls(text: string, jinja: JinjaFile): Map<number, JinjaCall> {
  const found = new Map<number, JinjaCall>();
  for (const call of jinja.calls) {
    const tag = jinja.tags[call.tag];
    if (tag?.kind !== 'expression' || found.has(call.tag)) continue;
    if (text.slice(tag.inner.start, call.span.start).trim() !== '') continue;
    // `.include(…)` and `.render()` of a relation leave it what it is
    if (!/^\s*(?:$|\.)/.test(text.slice(call.span.end, tag.inner.end))) continue;
    found.set(call.tag, call);
  }
  return found;
}
