/** Which columns of models and sources a column of one file is made of: through its CTEs, subqueries, stars and expressions. */
import { columnsOfModel, columnsOfQuery, columnsOfRelation, columnsOfSelect, columnsOfSource } from '../analysis/columns';
import { outer } from '../analysis/columnsQuery';
import { namesOf } from '../analysis/jinjaLoops';
import type { ColumnReference, Query, Relation, Select, SelectItem, Span, SqlDocument } from '../analysis/types';
import type { Column, Columns, Project } from '../project/types';
import { cteOf, folded, readsOf, relationNamed, seenFrom, spelt, within, type ColumnRead } from './targetScopes';

/** A column of a model, seed, snapshot or source (`source.table`). */
export interface Input {
  relation: string;
  column: string;
}

/** Follows columns within a file; what it comes by twice is followed once, so that no recursion and no width is endless. */
export class ColumnInputs {
  readonly #found = new Map<string, Input>();
  readonly #seen = new Map<Query, Set<string>>();
  readonly #pending: [query: Query, name: string][] = [];
  readonly #read = new Set<string>();

  /** @param carried whether only what is handed on as it is counts, not what an expression reads */
  constructor(private readonly project: Project, private readonly file: string, private readonly document: SqlDocument, private readonly carried = false) {}

  /** of a column that a query has; of a union each branch has it at its place */
  ofQuery(query: Query, name: string): Input[] {
    this.#query(query, name);
    return this.#all();
  }

  /** of everything that an item's expression reads, its subqueries and windows included */
  ofItem(select: Select, item: SelectItem): Input[] {
    this.#item(select, item);
    return this.#all();
  }

  ofReference(select: Select, reference: ColumnReference): Input[] {
    this.#reference(select, reference);
    return this.#all();
  }

  #all(): Input[] {
    for (let next = this.#pending.pop(); next; next = this.#pending.pop()) this.#branches(...next);
    return [...this.#found.values()];
  }

  #query(query: Query, name: string): void {
    const seen = this.#seen.get(query) ?? new Set();
    this.#seen.set(query, seen);
    if (seen.has(name)) return;
    seen.add(name);
    this.#pending.push([query, name]);
  }

  #branches(query: Query, name: string): void {
    const { selects: [first, ...others], rows } = query;
    if (rows) for (const relation of rows.relations) this.#written(first, rows, relation, name);
    if (!first) return;
    this.#select(first, name);
    const at = others.length > 0 && !query.dynamic ? this.#made(first).findIndex((one) => one.name === name) : -1;
    for (const other of others) {
      // By its place, as several may have one name, or none
      const made = this.#made(other)[at];
      if (made?.item) this.#item(other, made.item);
      else this.#select(other, made?.name ?? name, made !== undefined);
    }
  }

  /** What a select makes, by place; nothing where that is not certain. */
  #made(select: Select): readonly { name: string | undefined; item: SelectItem | undefined }[] {
    const { columns, certain } = columnsOfSelect(this.project, this.file, this.document, select);
    if (certain) {
      const items = new Map(select.items.map((item) => [item.nameSpan ?? item.pattern?.span ?? item.span, item]));
      return columns.map(({ name, location }) => ({ name, item: location && items.get(location.span) }));
    }
    return select.items.some(({ star, rows, pattern }) => star ?? rows ?? pattern) ? [] : select.items.map((item) => ({ name: item.name, item }));
  }

  /** @param passed whether a star is known to make it */
  #select(select: Select, name: string, passed = false): void {
    const own = passed ? [] : select.items.filter((item) => item.name === name || (item.pattern && namesOf(item.pattern, (variable) => this.project.variables.get(variable)?.value)?.includes(name)));
    for (const item of own) this.#item(select, item);
    if (own.length > 0) return;
    for (const { star, rows } of select.items) {
      if (rows) for (const relation of rows.relations) this.#written(select, rows, relation, name);
      else if (star?.qualifier) this.#qualified(select, star.qualifier.span, name, select.items.length === 1);
      else if (star) this.#named(select, name);
    }
  }

  /** A column that a macro writes. */
  #written(select: Select | undefined, { prefix, suffix, before, except }: NonNullable<Query['rows']>, relation: Relation, name: string): void {
    if (before.includes(name) || !name.startsWith(prefix) || !name.endsWith(suffix)) return;
    const bare = name.slice(prefix.length, name.length - suffix.length);
    if (!except.includes(bare.toLowerCase()) && this.#has(relation, bare)) this.#relation(select, relation, bare);
  }

  #item(select: Select, { span, later, column }: SelectItem): void {
    if (this.carried && !column) return;
    this.#span(select, span);
    for (const one of later ?? []) this.#span(select, one);
  }

  /** Everything that is read in a stretch of text. */
  #span(select: Select, span: Span): void {
    const key = `${span.start} ${span.end}`;
    if (this.#read.has(key)) return;
    this.#read.add(key);
    for (const read of readsIn(this.document, span)) this.#reference(read.select, read.reference);
    for (const { name, span: used, definition } of select.windows ?? []) {
      if (definition || !within(used, span)) continue;
      const meant = select.windows?.find((one) => one.definition && one.name === name);
      if (meant?.definition) this.#span(select, meant.definition);
    }
    for (const { name, span: called } of this.document.jinja.calls) if (within(called, span)) this.#macro(select, name);
  }

  /** What a macro of the project reads where its expression is written: columns by their bare names. */
  #macro(select: Select, name: string): void {
    const macro = this.project.macros.get(name);
    const document = macro && this.project.sql(macro.file);
    if (!document || this.#read.has(`${macro.file} ${name}`)) return;
    this.#read.add(`${macro.file} ${name}`);
    const { text, jinja, sql: { tokens } } = document;
    const body = tokens.filter((token) => within(token, macro.definition.body));
    const words = body.map(({ start, end }) => text.slice(start, end).toLowerCase());
    // A query reads rows of its own
    if (words.includes('select')) return;
    for (const [at, { kind }] of body.entries()) {
      if ((kind === 'word' || kind === 'quoted') && words[at + 1] !== '(' && words[at - 1] !== '.') this.#named(select, kind === 'word' ? words[at] ?? '' : folded(text.slice(body[at]?.start, body[at]?.end)));
    }
    for (const call of jinja.calls) if (within(call.span, macro.definition.body)) this.#macro(select, call.name);
  }

  #reference(select: Select, reference: ColumnReference): void {
    const { query } = select;
    const name = folded(reference.name, reference.quoted);
    // ORDER BY means what the query makes first, GROUP BY last
    if (reference.qualifier) this.#qualified(select, reference.qualifier.span, name, true);
    else if (within(reference.span, query.orderBy) && query.selects[0]?.items.some((item) => item.name === name)) this.#query(query, name);
    else if (!this.#named(select, name, reference.span)) this.#unknown(select, reference, name);
  }

  /** A bare name that no relation is known to have: a whole row, what GROUP BY means of the items, or a column that no file tells. */
  #unknown(select: Select, reference: ColumnReference, name: string): void {
    const { query } = select;
    const row = relationNamed(this.document, select, reference.span);
    const columns = row ? this.#columns(row.relation).columns : [];
    if (row && columns.length > 0) for (const column of columns) this.#relation(row.select, row.relation, column.name);
    else if (within(reference.span, select.clauses.groupBy) && select.items.some((item) => item.name === name)) this.#query(query, name);
    else this.#open(select, name);
  }

  /** @param open whether a column is followed that the relation is not known to have */
  #qualified(select: Select, qualifier: Span, name: string, open: boolean): void {
    const found = relationNamed(this.document, select, qualifier);
    if (found && (this.#has(found.relation, name) || (open && !this.#columns(found.relation).certain))) this.#relation(found.select, found.relation, name);
  }

  /** A bare name in the nearest select whose relations have it: in all of them that the place sees, as USING means both. */
  #named(select: Select, name: string, place?: Span): boolean {
    for (let at: Select | undefined = select; at; at = outer(at)) {
      const having = (place ? seenFrom(at, place) : at.from).filter((relation) => this.#has(relation, name));
      for (const relation of having) this.#relation(at, relation, name);
      if (having.length > 0) return true;
    }
    return false;
  }

  /** A name that no relation is known to have, where only one may have columns that no file tells. */
  #open(select: Select, name: string): void {
    for (let at: Select | undefined = select; at; at = outer(at)) {
      const open = at.from.filter((relation) => !this.#columns(relation).certain);
      if (open.length === 1 && open[0]) this.#relation(at, open[0], name);
      if (open.length > 0) return;
    }
  }

  #columns(relation: Relation): Columns {
    return columnsOfRelation(this.project, this.file, this.document, relation);
  }

  #has(relation: Relation, name: string): boolean {
    return this.#columns(relation).columns.some((column) => column.name === name || folded(column.name) === name);
  }

  #relation(select: Select | undefined, relation: Relation, name: string): void {
    const { project, document, file } = this;
    const { kind, path, version, columnAliases, query } = relation;
    const own = (columns: () => Columns): string => this.#renamed(columnAliases, columns, name);
    if (kind === 'query' && query) this.#query(query, own(() => columnsOfQuery(project, file, document, query)));
    else if (kind === 'function' && select && !this.carried) this.#span(select, relation.span);
    else if (kind === 'source') this.#keep(path.join('.'), own(() => columnsOfSource(project, path.join('.'))));
    else if (kind === 'ref') {
      const wanted = path.at(-1) ?? '';
      const model = (version === undefined ? undefined : project.modelVersion(wanted, version)) ?? project.models.get(wanted);
      if (model) this.#keep(model.name, own(() => columnsOfModel(project, model.name)));
    } else if (kind === 'name' && select) {
      const cte = cteOf(document, select.query, relation);
      if (!cte) return;
      const made = own(() => columnsOfQuery(project, file, document, cte.query, cte.columnAliases));
      this.#query(cte.query, this.#renamed(cte.columnAliases, () => columnsOfQuery(project, file, document, cte.query), made));
    }
  }

  /** What is called `name` by `as alias (a, b)` under its own name. */
  #renamed(aliases: Relation['columnAliases'], columns: () => Columns, name: string): string {
    const at = aliases?.findIndex(({ span }) => spelt(this.document.text, span) === name) ?? -1;
    const column: Column | undefined = at < 0 ? undefined : columns().columns[at];
    return column?.name ?? name;
  }

  #keep(relation: string, column: string): void {
    this.#found.set(`${relation}\n${column}`, { relation, column });
  }
}

/** By where they stand; kept as long as the text's tree is. */
const sorted = new WeakMap<SqlDocument, readonly ColumnRead[]>();

/** What is read in a stretch of text. */
function* readsIn(document: SqlDocument, span: Span): Generator<ColumnRead> {
  let reads = sorted.get(document);
  if (!reads) {
    reads = [...readsOf(document)].sort((one, other) => one.reference.span.start - other.reference.span.start);
    sorted.set(document, reads);
  }
  let low = 0;
  for (let high = reads.length; low < high;) {
    const middle = (low + high) >> 1;
    if ((reads[middle]?.reference.span.start ?? Infinity) < span.start) low = middle + 1;
    else high = middle;
  }
  for (let read = reads[low]; read && read.reference.span.start < span.end; read = reads[++low]) if (within(read.reference.span, span)) yield read;
}
