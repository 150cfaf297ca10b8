/** Colours for Jinja in SQL and for the names of CTEs and relations; everything else is left to the SQL grammar. */
import { SemanticTokensBuilder, type SemanticTokens, type SemanticTokensLegend } from 'vscode-languageserver';
import type { LineIndex } from '../analysis/positions';
import { scanTag, type JinjaToken } from '../analysis/jinjaScan';
import type { JinjaTag, Span, SqlDocument } from '../analysis/types';
import { usesOf } from '../project/sqlFacts';
import type { FileRequest } from './request';
import { ctePlaces, selectsOf } from './targetScopes';

const TYPES = ['comment', 'string', 'keyword', 'number', 'function', 'variable', 'parameter', 'class', 'type', 'macro'] as const;
const MODIFIERS = ['declaration', 'defaultLibrary'] as const;

type Type = typeof TYPES[number];
type Modifier = typeof MODIFIERS[number];

/** Only ever added to at its end: clients keep the numbers. */
export const SEMANTIC_LEGEND: SemanticTokensLegend = { tokenTypes: [...TYPES], tokenModifiers: [...MODIFIERS] };

interface Coloured extends Span {
  type: Type;
  modifier?: Modifier;
}

const KEYWORDS = new Set(['and', 'or', 'not', 'in', 'is', 'if', 'elif', 'else', 'for', 'set', 'macro', 'test', 'call', 'do', 'recursive', 'import', 'as', 'with', 'without', 'context', 'true', 'false', 'none', 'True', 'False', 'None']);
const BUILT_IN = new Set(['ref', 'source', 'var', 'config', 'doc', 'env_var', 'this', 'target', 'model', 'graph', 'execute', 'flags', 'adapter', 'exceptions', 'modules', 'loop', 'return', 'log', 'run_query', 'is_incremental']);

export function semanticTokens({ sql, lines }: FileRequest): SemanticTokens {
  const builder = new SemanticTokensBuilder();
  const found = sql ? [...coloursOf(sql)].sort((one, other) => one.start - other.start) : [];
  let last = 0;
  for (const token of found) {
    // The protocol knows no overlaps: whoever comes first stays
    if (token.start < last || token.end <= token.start) continue;
    last = token.end;
    push(builder, lines, token);
  }
  return builder.build();
}

/** A token for each line of what is coloured. */
function push(builder: SemanticTokensBuilder, lines: LineIndex, { start, end, type, modifier }: Coloured): void {
  const bits = modifier === undefined ? 0 : 1 << MODIFIERS.indexOf(modifier);
  for (let at = start; at < end;) {
    const { line, character } = lines.positionAt(at);
    const lineEnd = lines.offsetAt({ line, character: Number.MAX_SAFE_INTEGER });
    const stop = Math.min(end, lineEnd);
    if (stop > at) builder.push(line, character, stop - at, TYPES.indexOf(type), bits);
    if (stop >= end || line + 1 >= lines.lineCount) return;
    at = lines.offsetAt({ line: line + 1, character: 0 });
  }
}

function* coloursOf(document: SqlDocument): Generator<Coloured> {
  const names = namesIn(document);
  for (const tag of document.jinja.tags) yield* tagColours(document.text, tag, names);
  const seen = new Set<number>();
  for (const { span, declares } of ctePlaces(document)) {
    seen.add(span.start);
    yield { ...span, type: 'type', ...(declares ? { modifier: 'declaration' as const } : {}) };
  }
  for (const { from, references } of selectsOf(document)) {
    for (const { alias } of from) if (alias) yield { ...alias.span, type: 'variable', modifier: 'declaration' };
    for (const { qualifier } of references) if (qualifier && !seen.has(qualifier.span.start)) yield { ...qualifier.span, type: 'variable' };
  }
}

/** What names in tags mean, by where they start. */
function namesIn({ jinja }: SqlDocument): Map<number, Coloured> {
  const names = new Map<number, Coloured>();
  const add = (span: Span, type: Type, modifier?: Modifier): void => void names.set(span.start, { ...span, type, ...(modifier ? { modifier } : {}) });
  for (const { span, binds } of jinja.variables) add(span, 'variable', binds ? 'declaration' : undefined);
  for (const { name, nameSpan } of jinja.calls) {
    const dot = name.lastIndexOf('.');
    // The last part is what is called; those before it are packages or objects
    add(dot < 0 ? nameSpan : { start: nameSpan.end - (name.length - dot - 1), end: nameSpan.end }, 'function', BUILT_IN.has(name) ? 'defaultLibrary' : undefined);
  }
  for (const { arguments: all } of jinja.calls) for (const { nameSpan } of all) if (nameSpan) add(nameSpan, 'parameter');
  for (const { nameSpan, parameters, kind } of jinja.definitions) {
    add(nameSpan, kind === 'snapshot' || kind === 'docs' ? 'class' : 'function', 'declaration');
    for (const { span } of parameters) add(span, 'parameter', 'declaration');
  }
  for (const { kind, span } of usesOf(jinja.calls, 0)) if (kind === 'ref' || kind === 'source') add(span, 'class');
  for (const { name, arguments: [first] } of jinja.calls) if (name === 'source' && first?.textSpan) add(first.textSpan, 'class');
  for (const { kind, span } of usesOf(jinja.calls, 0)) if (kind === 'var' || kind === 'doc') add(span, 'variable');
  return names;
}

function* tagColours(text: string, { kind, span, inner, closed, keyword }: JinjaTag, names: ReadonlyMap<number, Coloured>): Generator<Coloured> {
  if (kind === 'comment') {
    yield { ...span, type: 'comment' };
    return;
  }
  yield { start: span.start, end: inner.start, type: 'macro' };
  const { tokens } = scanTag(text, inner.start, kind === 'expression' ? '}}' : '%}');
  for (const [index, token] of tokens.entries()) {
    if (token.end > inner.end) break;
    yield* tokenColours(text, token, index === 0 && kind === 'statement' && keyword !== undefined, names);
  }
  if (closed) yield { start: inner.end, end: span.end, type: 'macro' };
}

function* tokenColours(text: string, token: JinjaToken, isKeyword: boolean, names: ReadonlyMap<number, Coloured>): Generator<Coloured> {
  const { start, end, kind } = token;
  if (isKeyword) yield { start, end, type: 'keyword' };
  else if (kind === 'number') yield { start, end, type: 'number' };
  else if (kind === 'string') {
    const named = names.get(start + 1);
    if (!named || named.end > end) yield { start, end, type: 'string' };
    else {
      yield { start, end: named.start, type: 'string' };
      yield named;
      yield { start: named.end, end, type: 'string' };
    }
  } else if (kind === 'name') {
    const word = text.slice(start, end);
    const named = names.get(start);
    if (KEYWORDS.has(word) && !named) yield { start, end, type: 'keyword' };
    else if (named) yield { ...named, end: Math.min(named.end, end) };
    else yield { start, end, type: 'variable', ...(BUILT_IN.has(word) ? { modifier: 'defaultLibrary' as const } : {}) };
  }
}
