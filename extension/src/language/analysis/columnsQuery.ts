/** The columns of the queries of one file. */
import type { Column, Columns } from '../project/types';
import { columnsOfFunction } from './functionColumns';
import { namesOf } from './jinjaLoops';
import { resultOf } from './sqlResults';
import type { ColumnReference, Cte, MacroRows, Query, Relation, Select, SelectItem, Span, SqlDocument, Typing } from './types';

type MutableColumns = { columns: Column[]; certain: boolean };

const NONE: Columns = { columns: [], certain: false };

/** The columns of a model, or of one version of it. */
export type ModelColumns = (name: string, version?: string) => Columns;

/** Works out each query once. What models and sources have is asked for from outside. */
export class QueryColumns {
  readonly #queries = new Map<Query, Columns>();
  readonly #busy = new Set<Query>();
  readonly #firsts = new Set<Select>();
  readonly #branches = new Map<Select, Columns>();
  readonly #relations = new Map<Relation, Columns>();
  #selects: Map<Relation, Select> | undefined;
  readonly #ctes = new Map<Query, Map<string, Cte[]>>();
  /** how many CTEs of a query were worked out in their order */
  readonly #prepared = new Map<Query, number>();

  constructor(private readonly file: string, private readonly document: SqlDocument, private readonly models: ModelColumns, private readonly sources: (key: string) => Columns, private readonly variable: (name: string) => unknown) {}

  /** Of a union the first branch names the columns; a type holds where the branches agree. */
  ofQuery(query: Query, aliases?: Cte['columnAliases']): Columns {
    let found = this.#queries.get(query);
    // A recursive CTE reads itself: its first branch says what it has
    if (!found && this.#busy.has(query)) found = this.#first(query);
    if (!found) {
      this.#busy.add(query);
      try {
        found = this.#union(query);
      } finally {
        this.#busy.delete(query);
      }
      this.#queries.set(query, found);
    }
    return aliases ? this.#renamed(found, aliases) : found;
  }

  /** One branch of a query. */
  ofSelect(select: Select): Columns {
    const found = this.#branches.get(select) ?? this.#select(select);
    this.#branches.set(select, found);
    return found;
  }

  ofRelation(relation: Relation): Columns {
    const known = this.#relations.get(relation);
    if (known) return known;
    const found = this.#relation(relation);
    this.#relations.set(relation, found);
    return found;
  }

  #selectsOf(): Map<Relation, Select> {
    const found = new Map<Relation, Select>();
    for (const query of this.document.sql.queries) for (const select of query.selects) for (const relation of select.from) found.set(relation, select);
    return found;
  }

  #first({ selects }: Query): Columns {
    const [first] = selects;
    if (!first || this.#firsts.has(first) || first.items.some(({ star }) => star)) return NONE;
    // A lateral query that reads itself, which PostgreSQL refuses, has no first branch to begin with
    this.#firsts.add(first);
    try {
      return this.#select(first);
    } finally {
      this.#firsts.delete(first);
    }
  }

  #union(query: Query): Columns {
    const [first, ...others] = query.selects;
    if (!first) return query.rows ? this.#written(query.rows, query.span) : NONE;
    const { columns, certain } = this.#select(first);
    const found: MutableColumns = { columns, certain: certain && query.dynamic !== true };
    for (const other of others) {
      const branch = this.#select(other);
      // In branches of Jinja one takes the place of the other
      const sure = branch.certain && certain;
      found.columns = found.columns.map((column, at) => withType(column, sure ? unitedType(column.type, branch.columns[at]?.type) : undefined));
      if (query.dynamic) {
        const names = new Set(found.columns.map(({ name }) => name));
        found.columns.push(...branch.columns.filter(({ name }) => !names.has(name)));
      }
    }
    return found;
  }

  #select(select: Select): MutableColumns {
    const found: MutableColumns = { columns: [], certain: true };
    for (const item of select.items) {
      const given: string[] = [];
      const names = item.pattern && namesOf(item.pattern, (name) => {
        given.push(name);
        return this.variable(name);
      });
      if (names) {
        // --vars may give the variable another value
        if (given.length > 0) found.certain = false;
        for (const name of names) found.columns.push(this.#made(select, item, name));
        continue;
      }
      if (item.rows) {
        found.columns.push(...this.#written(item.rows, item.span).columns);
        found.certain = false;
        continue;
      }
      if (item.dynamic) found.certain = false;
      if (item.star) this.#star(select, item.star, found);
      else if (item.name !== undefined) found.columns.push(this.#made(select, item, item.name));
    }
    if (select.items.length === 0) found.certain = false;
    return found;
  }

  /** What a macro writes; it asks the database, which may know more. @param span of its call */
  #written({ relations, before, except, prefix, suffix }: MacroRows, span: Span): Columns {
    const found = new Map(before.map((name): [string, Column] => [name, { name, location: { file: this.file, span }, tests: [] }]));
    for (const relation of relations) {
      for (const column of this.ofRelation(relation).columns) {
        const name = prefix + column.name + suffix;
        if (!except.includes(column.name.toLowerCase()) && !found.has(name)) found.set(name, { ...this.#passed(relation, column), name });
      }
    }
    return { columns: [...found.values()], certain: false };
  }

  #star(select: Select, { qualifier }: NonNullable<SelectItem['star']>, found: MutableColumns): void {
    const relations = qualifier ? this.#named(select.from, qualifier.name) : select.from;
    if (relations.length === 0) found.certain = false;
    let joined: Column[] = [];
    for (const relation of relations) {
      const { columns, certain } = this.ofRelation(relation);
      if (!certain || relation.dynamic) found.certain = false;
      const passed = columns.map((column) => this.#passed(relation, column));
      if (relation.join && !qualifier) joined = this.#joined(joined, passed, relation.join);
      else {
        for (const column of joined) found.columns.push(column);
        joined = passed;
      }
    }
    for (const column of joined) found.columns.push(column);
  }

  /** What a join makes: USING and NATURAL one column of two, in front of all others. */
  #joined(left: Column[], right: readonly Column[], { using, usingSpans, natural }: NonNullable<Relation['join']>): Column[] {
    const others = new Map(right.map((column) => [column.name, column]));
    const names = using ? using.map((name, at) => (this.document.text.charAt(usingSpans?.[at]?.start ?? -1) === '"' ? name : name.toLowerCase())) : natural ? left.map(({ name }) => name).filter((name) => others.has(name)) : [];
    const isMerged = new Set(names);
    // Mostly they are in front already, from the join before
    const inFront = names.every((name, at) => left[at]?.name === name);
    const found = inFront ? left : [...names.flatMap((name) => left.find((column) => column.name === name) ?? others.get(name) ?? []), ...left.filter(({ name }) => !isMerged.has(name))];
    for (const [at, column] of found.slice(0, names.length).entries()) {
      const other = isMerged.has(column.name) ? others.get(column.name) : undefined;
      if (other && other !== column) found[at] = withType(column, commonOf([column, other]));
    }
    for (const column of right) if (!isMerged.has(column.name)) found.push(column);
    return found;
  }

  /** A column that a star passes on. */
  #passed(relation: Relation, column: Column): Column {
    return { ...column, ...this.#from(relation, column) };
  }

  /** Where a column comes from: through CTEs and subqueries to the model or source, or the expression in one of them. */
  #from(relation: Relation, column: Column): Pick<Column, 'from'> {
    const inFile = relation.kind === 'name' || relation.kind === 'query' || relation.kind === 'function';
    if (inFile && column.from) return { from: column.from };
    const name = relation.kind === 'query' || relation.kind === 'function' ? relation.alias?.name : relation.path.join('.');
    return name === undefined || name === '' ? {} : { from: { relation: name, column: column.name } };
  }

  #made(select: Select, item: SelectItem, name: string): Column {
    const made: Column = { name, location: { file: this.file, span: item.nameSpan ?? item.pattern?.span ?? item.span }, tests: [] };
    const type = item.type ?? (item.typing && this.#typed(select, item.typing));
    if (type !== undefined) made.type = type;
    if (!item.column) return made;
    const source = this.#resolve(select, item.column);
    if (!source) return made;
    const { column, relation } = source;
    if (item.type === undefined && column.type !== undefined) made.type = column.type;
    if (column.description !== undefined && column.name === name) made.description = column.description;
    return { ...made, ...this.#from(relation, column) };
  }

  /** The type of something in FROM, which sees what stands before it. */
  #typedBefore(relation: Relation, typing: Typing): string | undefined {
    const select = (this.#selects ??= this.#selectsOf()).get(relation);
    return select && this.#typed(select, typing, select.from.slice(0, select.from.indexOf(relation)));
  }

  #typed(select: Select, typing: Typing, from: readonly Relation[] = select.from): string | undefined {
    if (typeof typing === 'string') return typing;
    if ('name' in typing) return this.#resolve(select, typing, from)?.column.type;
    if ('query' in typing) {
      const { columns: [column], certain } = this.ofQuery(typing.query);
      const [item] = typing.query.selects[0]?.items ?? [];
      return certain || item?.name !== undefined ? column?.type : undefined;
    }
    const types: string[] = [];
    for (const one of typing.from) {
      const type = this.#typed(select, one, from);
      if (type === undefined) return undefined;
      types.push(type);
    }
    return resultOf(typing.of, types);
  }

  /** The column that a reference reads, where one relation of the select surely has it. */
  #resolve(select: Select, reference: ColumnReference, from: readonly Relation[] = select.from): { column: Column; relation: Relation } | undefined {
    const { name, quoted, qualifier, span } = reference;
    const wanted = quoted ? name : name.toLowerCase();
    const relations = qualifier ? this.#named(from, qualifier.name) : from;
    const having = relations.flatMap((relation) => {
      const column = this.ofRelation(relation).columns.find((one) => one.name === wanted || (!quoted && one.name.toLowerCase() === wanted));
      return column ? [{ column, relation }] : [];
    });
    // Of several, without which the name would be ambiguous, USING or NATURAL make one
    const [first] = having;
    if (first) return having.length === 1 ? first : { ...first, column: withType(first.column, commonOf(having.map(({ column }) => column))) };
    // A source whose columns nobody wrote down
    const [only] = relations;
    const open = only && relations.length === 1 ? this.#open(only, 0) : undefined;
    if (open) return { column: { name: wanted, tests: [] }, relation: open };
    const around = outer(select);
    // A lateral one does not see itself
    return relations.length === 0 && around ? this.#resolve(around, reference, around.from.filter((relation) => span.end <= relation.span.start || relation.span.end <= span.start)) : undefined;
  }

  /** The one model or source whose columns a relation passes on by a star alone, where the files do not tell them. */
  #open(relation: Relation, depth: number): Relation | undefined {
    if (relation.kind === 'ref' || relation.kind === 'source') return this.ofRelation(relation).certain ? undefined : relation;
    const cte = relation.kind === 'name' ? this.#cteOf(relation) : undefined;
    const [select] = (relation.query ?? cte?.query)?.selects ?? [];
    const [item] = select?.items ?? [];
    if (!select || !item?.star || select.items.length > 1 || depth > 50) return undefined;
    const from = item.star.qualifier ? this.#named(select.from, item.star.qualifier.name) : select.from;
    return from.length === 1 && from[0] ? this.#open(from[0], depth + 1) : undefined;
  }

  #cteOf(relation: Relation): Cte | undefined {
    const select = (this.#selects ??= this.#selectsOf()).get(relation);
    return select && relation.path.length === 1 ? this.#cte(select.query, relation) : undefined;
  }

  /** Relations by the name that qualifies them. */
  #named(from: readonly Relation[], qualifier: string): Relation[] {
    const wanted = qualifier.toLowerCase();
    return from.filter(({ alias, path, kind }) => (alias ? alias.name.toLowerCase() === wanted : kind !== 'jinja' && path.at(-1)?.toLowerCase() === wanted));
  }

  #relation(relation: Relation): Columns {
    const found = this.#plain(relation);
    return relation.columnAliases ? this.#renamed(found, relation.columnAliases) : found;
  }

  #plain(relation: Relation): Columns {
    switch (relation.kind) {
      case 'ref': {
        const found = this.models(relation.path.at(-1) ?? '', relation.version);
        return relation.dynamic && found.certain ? { ...found, certain: false } : found;
      }
      case 'source': return this.sources(relation.path.join('.'));
      case 'query': return relation.query ? this.ofQuery(relation.query) : NONE;
      case 'name': {
        const cte = this.#cteOf(relation);
        return cte ? this.#added(this.ofQuery(cte.query, cte.columnAliases), cte) : NONE;
      }
      case 'function': return columnsOfFunction(this.file, relation, (typing) => this.#typedBefore(relation, typing));
      case 'jinja': return NONE;
    }
  }

  #added(found: Columns, { added }: Cte): Columns {
    if (!added) return found;
    const columns = added.map(({ name, span }): Column => ({ name: this.document.text.charAt(span.start) === '"' ? name : name.toLowerCase(), location: { file: this.file, span }, tests: [] }));
    return { ...found, columns: [...found.columns, ...columns] };
  }

  /** The CTE that a name means: those before it, of the queries around it too; itself where it is recursive. */
  #cte(query: Query, relation: Relation): Cte | undefined {
    const wanted = relation.path[0]?.toLowerCase() ?? '';
    for (let at: Query | undefined = query; at; at = at.parent) {
      const found = this.#ctesOf(at).get(wanted)?.findLast(({ nameSpan, span }) => nameSpan.start < relation.span.start && (span.end <= relation.span.start || at.recursive === true));
      if (!found) continue;
      this.#prepare(at, found);
      return found;
    }
    return undefined;
  }

  /** Works out the CTEs before one in their order: a long chain of them would be a deep recursion. */
  #prepare(query: Query, until: Cte): void {
    // These may read later ones, and themselves
    if (query.recursive) return;
    for (let at = this.#prepared.get(query) ?? 0; ; at++) {
      const cte = query.ctes[at];
      if (!cte || cte.span.start >= until.span.start) return;
      this.#prepared.set(query, at + 1);
      this.ofQuery(cte.query);
    }
  }

  #ctesOf(query: Query): Map<string, Cte[]> {
    let found = this.#ctes.get(query);
    if (!found) {
      found = new Map();
      for (const cte of query.ctes) {
        const name = cte.name.toLowerCase();
        const same = found.get(name);
        if (same) same.push(cte);
        else found.set(name, [cte]);
      }
      this.#ctes.set(query, found);
    }
    return found;
  }

  #renamed({ columns, certain }: Columns, aliases: NonNullable<Relation['columnAliases']>): Columns {
    const renamed = aliases.map(({ name, span, type }, at): Column => {
      const quoted = this.document.text.charAt(span.start) === '"';
      return { tests: [], ...columns[at], name: quoted ? name : name.toLowerCase(), location: { file: this.file, span }, ...(type === undefined ? {} : { type }) };
    });
    return { columns: [...renamed, ...columns.slice(aliases.length)], certain };
  }
}

function withType(column: Column, type: string | undefined): Column {
  const { type: before, ...rest } = column;
  return before === type ? column : type === undefined ? rest : { ...rest, type };
}

/** What UNION makes of two types, as CASE does. */
function unitedType(one: string | undefined, other: string | undefined): string | undefined {
  return one === other || one === undefined || other === undefined ? one && other : resultOf('case', [one, other]);
}

/** The type that columns have as one; undefined where that is not sure. */
function commonOf(columns: readonly Column[]): string | undefined {
  const types = columns.flatMap(({ type }) => type ?? []);
  return types.length === columns.length ? resultOf('coalesce', types) : undefined;
}

/** The select around a correlated or lateral one, whose relations it sees too: also from a branch of a union in it. */
export function outer({ query }: Select): Select | undefined {
  for (let at: Query | undefined = query; at; at = at.parent) if (at.parentSelect) return at.parentSelect;
  return undefined;
}
