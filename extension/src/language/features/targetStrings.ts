/** SQL in the strings that Jinja calls are given: `{{ only_affected('touches', 'purchase_time') }}`, `{{ cents('orders.amount') }}`. */
import { scanTag } from '../analysis/jinjaScan';
import type { ColumnReference, Select, Span, SqlDocument } from '../analysis/types';

/** A word that may name a relation (`span`), or a column (`reference`, with its qualifier where one is written: then `span` is that). */
export interface StringName {
  select: Select;
  span: Span;
  reference?: ColumnReference;
}

/** Calls whose strings mean something else. */
const OTHERS = new Set(['ref', 'source', 'var', 'doc', 'config', 'env_var', 'log', 'return', 'load_result', 'statement']);

const known = new WeakMap<SqlDocument, readonly StringName[]>();

/** Words of strings that are handed to macros within a select. Whether they name anything, the select's relations say. */
export function stringNames(document: SqlDocument): readonly StringName[] {
  let found = known.get(document);
  if (!found) {
    found = [...namesIn(document)];
    known.set(document, found);
  }
  return found;
}

function* namesIn({ text, jinja, sql }: SqlDocument): Generator<StringName> {
  const calls = jinja.calls.filter(({ name, inner }) => !OTHERS.has(name) && /["']/.test(text.slice(inner.start, inner.end)));
  if (calls.length === 0) return;
  const selects = sql.queries.flatMap((query) => query.selects).sort((one, other) => one.span.start - other.span.start);
  const others = jinja.calls.filter(({ name }) => OTHERS.has(name));
  const seen = new Set<number>();
  for (const { inner, tag } of calls) {
    const own = jinja.tags[tag];
    const select = own?.kind === 'expression' ? around(selects, inner) : undefined;
    if (!own || !select) continue;
    for (const token of scanTag(text, own.inner.start, '}}').tokens) {
      if (token.end > inner.end) break;
      if (token.start < inner.start) continue;
      if (token.kind !== 'string' || !token.closed || seen.has(token.start)) continue;
      if (others.some(({ inner: within }) => within.start <= token.start && token.end <= within.end)) continue;
      seen.add(token.start);
      yield* words(text, { start: token.start + 1, end: token.end - 1 }, select);
    }
  }
}

/** The innermost select that holds a span. */
function around(selects: readonly Select[], span: Span): Select | undefined {
  let low = 0;
  let high = selects.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((selects[middle]?.span.start ?? Infinity) <= span.start) low = middle + 1;
    else high = middle;
  }
  for (let at = low - 1; at >= 0; at--) {
    const select = selects[at];
    if (select && span.end <= select.span.end) return select;
  }
  return undefined;
}

function* words(text: string, { start, end }: Span, select: Select): Generator<StringName> {
  const content = text.slice(start, end);
  if (/^[a-z_]\w*$/i.test(content)) yield { select, span: { start, end }, reference: { name: content, span: { start, end }, quoted: false } };
  // An expression: its bare words may be columns
  else if (/[()+*/<>=|]|::| - /.test(content)) {
    for (const match of content.matchAll(/(?<![\w.'"$:])[a-z_]\w*(?![\w.'"]|\s*\()/gi)) {
      const span = { start: start + match.index, end: start + match.index + match[0].length };
      yield { select, span, reference: { name: match[0], span, quoted: false } };
    }
  }
  for (const match of content.matchAll(/(?<![\w."'])([a-z_]\w*)\.([a-z_]\w*)(?![\w(.])/gi)) {
    const [, qualifier = '', name = ''] = match;
    const from = start + match.index;
    const span = { start: from, end: from + qualifier.length };
    const own = { start: span.end + 1, end: span.end + 1 + name.length };
    yield { select, span, reference: { name, span: own, quoted: false, qualifier: { name: qualifier, span } } };
  }
}
