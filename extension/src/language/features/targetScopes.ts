/** Names inside one file's SQL: which CTE a relation reads, which relation a qualifier names. */
import { outer } from '../analysis/columnsQuery';
import type { ColumnReference, Cte, Query, Relation, Select, Span, SqlDocument } from '../analysis/types';
import { stringNames } from './targetStrings';

export const holds = (span: Span | undefined, offset: number): boolean => span !== undefined && span.start <= offset && offset <= span.end;

export const within = (inner: Span, outer: Span | undefined): boolean => outer !== undefined && outer.start <= inner.start && inner.end <= outer.end;

/** A name as PostgreSQL compares it: lower case unless it was quoted. */
export function folded(name: string, quoted = false): string {
  if (quoted) return name;
  return name.startsWith('"') ? name.slice(1, name.endsWith('"') && name.length > 1 ? -1 : undefined).replaceAll('""', '"') : name.toLowerCase();
}

/** The name at a span as PostgreSQL compares it, told by its quotes in the text. */
export function spelt(text: string, span: Span): string {
  return folded(text.slice(span.start, span.end), false);
}

/** A span without the quotes around its text. */
export function bare(text: string, span: Span): Span {
  const quoted = span.end - span.start > 1 && text[span.start] === '"' && text[span.end - 1] === '"';
  return quoted ? { start: span.start + 1, end: span.end - 1 } : span;
}

/** The CTE that a plain name in FROM means; undefined where it is a table of the database. */
export function cteOf(document: SqlDocument, query: Query | undefined, relation: Relation): Cte | undefined {
  if (relation.kind !== 'name' || relation.path.length !== 1) return undefined;
  const name = relation.pathSpan ? spelt(document.text, relation.pathSpan) : folded(relation.path[0] ?? '');
  for (let at = query; at; at = at.parent) {
    let found: Cte | undefined;
    for (const cte of ctesOf(document, at).get(name) ?? []) {
      // A CTE sees those before it; itself only where it is recursive
      if ((cte.nameSpan.start > relation.span.start || within(relation.span, cte.span)) && !at.recursive) continue;
      found = cte;
    }
    if (found) return found;
  }
  return undefined;
}

/** By name; kept as long as the text's tree is. */
const byName = new WeakMap<Query, ReadonlyMap<string, readonly Cte[]>>();

function ctesOf({ text }: SqlDocument, query: Query): ReadonlyMap<string, readonly Cte[]> {
  const known = byName.get(query);
  if (known) return known;
  const found = new Map<string, Cte[]>();
  for (const cte of query.ctes) {
    const name = spelt(text, cte.nameSpan);
    const same = found.get(name);
    if (same) same.push(cte);
    else found.set(name, [cte]);
  }
  byName.set(query, found);
  return found;
}

/** The name by which a select may qualify the columns of a relation. */
export function nameOf(document: SqlDocument, { alias, kind, path, pathSpan }: Relation): string | undefined {
  if (alias) return spelt(document.text, alias.span);
  if (kind === 'name' && pathSpan) return folded(/(?:"(?:[^"]|"")*"|[^.\s]+)$/.exec(document.text.slice(pathSpan.start, pathSpan.end).trimEnd())?.[0] ?? '');
  return kind === 'query' || kind === 'jinja' ? undefined : path.at(-1)?.toLowerCase();
}

/** A relation in the FROM of a select, with the query that the select belongs to. */
export interface Scoped {
  relation: Relation;
  select: Select;
}

/** The relation that a qualifier names: of the select itself, else of those around it. */
export function relationNamed(document: SqlDocument, select: Select | undefined, qualifier: Span): Scoped | undefined {
  const name = spelt(document.text, qualifier);
  for (let at = select; at; at = outer(at)) {
    const relation = at.from.find((one) => nameOf(document, one) === name);
    if (relation) return { relation, select: at };
  }
  return undefined;
}

/** The relations of a select that a place in it sees: a condition of a join what is joined so far, a function what stands before it, everything else all. */
export function seenFrom({ from, clauses }: Select, place: Span): readonly Relation[] {
  if (!within(place, clauses.from)) return from;
  const at = from.findIndex(({ span, join }) => within(place, span) || within(place, join?.on));
  if (at < 0) return from;
  if (within(place, from[at]?.span)) return from.slice(0, at);
  let first = at;
  while (from[first]?.join) first--;
  return from.slice(Math.max(0, first), at + 1);
}

/** Every select of a file. */
export function selectsOf({ sql }: SqlDocument): readonly Select[] {
  return sql.queries.flatMap(({ selects }) => selects);
}

/** The names that `as alias (a, b)` and `with name (a, b)` give. */
export function columnAliases(document: SqlDocument): readonly Span[] {
  return [...document.sql.queries.flatMap(({ ctes }) => ctes), ...selectsOf(document).flatMap(({ from }) => from)].flatMap((one) => one.columnAliases?.map(({ span }) => span) ?? []);
}

/** A column that is read; `string`: within a string that a macro is given, where a word need not be a column. */
export interface ColumnRead {
  select: Select;
  reference: ColumnReference;
  string?: true;
}

/** Every column that a file reads, with the select that reads it. */
export function* readsOf(document: SqlDocument): Generator<ColumnRead> {
  for (const select of selectsOf(document)) {
    for (const reference of select.references) yield { select, reference };
    for (const { join } of select.from) {
      for (const span of join?.usingSpans ?? []) yield { select, reference: { name: spelt(document.text, span), span, quoted: true } };
    }
  }
  for (const { ordered, selects: [select] } of document.sql.queries) if (select) for (const reference of ordered ?? []) yield { select, reference };
  for (const { select, reference } of stringNames(document)) if (reference) yield { select, reference, string: true };
}

/** A word that names a relation. */
export interface Qualifier {
  select: Select;
  span: Span;
}

/**
 * Where a CTE is named: its declaration, the relations that read it, and the qualifiers that mean one of these by its own name.
 * @param rows names of relations that stand for a whole row
 */
export function* ctePlaces(document: SqlDocument, rows: Iterable<Qualifier> = []): Generator<{ cte: Cte; span: Span; declares: boolean }> {
  for (const query of document.sql.queries) {
    for (const cte of query.ctes) yield { cte, span: cte.nameSpan, declares: true };
    for (const { from } of query.selects) {
      for (const relation of from) {
        const cte = cteOf(document, query, relation);
        if (cte) yield { cte, span: relation.pathSpan ?? relation.span, declares: false };
      }
    }
  }
  for (const { select, span } of [...qualifiersOf(document), ...rows]) {
    const cte = cteQualified(document, relationNamed(document, select, span));
    if (cte) yield { cte, span, declares: false };
  }
}

/** The CTE that a relation without an alias is named after. */
export function cteQualified(document: SqlDocument, found: Scoped | undefined): Cte | undefined {
  return found && !found.relation.alias ? cteOf(document, found.select.query, found.relation) : undefined;
}

/** Where a qualifier of a column or a star stands. */
export function* qualifiersOf(document: SqlDocument): Generator<Qualifier> {
  for (const select of selectsOf(document)) {
    for (const { qualifier } of select.references) if (qualifier) yield { select, span: qualifier.span };
    for (const { star } of select.items) if (star?.qualifier) yield { select, span: star.qualifier.span };
  }
  for (const { select, span } of stringNames(document)) yield { select, span };
}

/** Where a relation is named: its alias, and the qualifiers that mean it. Without an alias, its path stands for that. */
export function* relationPlaces(document: SqlDocument, relation: Relation, rows: Iterable<Qualifier>): Generator<{ span: Span; declares: boolean }> {
  yield { span: relation.alias?.span ?? relation.pathSpan ?? relation.span, declares: true };
  for (const { select, span } of [...qualifiersOf(document), ...rows]) if (relationNamed(document, select, span)?.relation === relation) yield { span, declares: false };
}
