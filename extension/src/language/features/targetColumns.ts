/** Where columns are made: from a reference through CTEs, stars, models and sources to the item of a select list, or the line of YAML, that makes them. */
import { columnsOfRelation, queryOfModel } from '../analysis/columns';
import { outer } from '../analysis/columnsQuery';
import { isNamedByAlias } from '../analysis/functionColumns';
import { namesOf } from '../analysis/jinjaLoops';
import type { ColumnReference, Cte, MacroRows, Query, Relation, Select, SelectItem, Span, SqlDocument } from '../analysis/types';
import type { Model, Project } from '../project/types';
import { cteOf, folded, readsOf, relationNamed, spelt, within, type Qualifier } from './targetScopes';

/** What makes a column. Two makers are the same when their keys are. */
export interface Maker {
  key: string;
  /** as PostgreSQL compares it */
  name: string;
  /** where its name is written; undefined where no file says it */
  place?: { file: string; span: Span };
  /** Jinja pieces its name together */
  pieced?: true;
  /** it is called as the alias of the function that makes it */
  alias?: true;
  /** the function that calls it so */
  by?: string;
  /** of a select list */
  item?: SelectItem;
  select?: Select;
  /** `source.table` or the model that has it, where no select list is known to make it */
  of?: string;
}

/** A file as its SQL, with its path. */
export interface Scope {
  project: Project;
  file: string;
  document: SqlDocument;
}

/** Deeper chains of models are cyclic, or nobody's. */
const DEEPEST = 60;

/** Finds makers; made anew for each request, so that nothing in it grows stale. */
export class Makers {
  readonly #known = new Map<object, Map<string, readonly Maker[]>>();
  readonly #reads = new Map<Select, Map<string, readonly Maker[]>>();
  readonly #busy = new Set<string>();

  constructor(private readonly project: Project) {}

  /** What makes the column that is read; several where branches of a union, or both sides of USING, do. The first is the one to go to. */
  ofReference(scope: Scope, select: Select, reference: ColumnReference): readonly Maker[] {
    const name = folded(reference.name, reference.quoted);
    if (reference.qualifier) {
      const found = relationNamed(scope.document, select, reference.qualifier.span);
      return found ? this.#ofRelation(scope, found.select, found.relation, name, 0, true) : [];
    }
    const ordered = within(reference.span, select.query.orderBy);
    const made = (): readonly Maker[] => this.ofQuery(scope, select.query, name);
    if (ordered) {
      const own = made();
      if (own.length > 0) return own;
    }
    for (let at: Select | undefined = select; at; at = outer(at)) {
      const found = this.#read(scope, at, name);
      if (found.length > 0) return found;
    }
    return within(reference.span, select.clauses.groupBy) || ordered ? made() : [];
  }

  /** A bare name in a select: many places may read one column, as USING does. */
  #read(scope: Scope, select: Select, name: string): readonly Maker[] {
    const known = this.#reads.get(select) ?? new Map<string, readonly Maker[]>();
    this.#reads.set(select, known);
    const found = known.get(name) ?? this.#ofSelect(scope, select, name, true);
    known.set(name, found);
    return found;
  }

  /** What makes a column of a model, seed or snapshot. */
  ofModel(name: string, column: string): readonly Maker[] {
    const model = this.project.models.get(name);
    return model ? this.#ofModel(model, column, 0, true) : [];
  }

  /** What makes a column of a source's table. */
  ofSource(source: string, column: string): readonly Maker[] {
    const properties = this.project.sources.get(source)?.properties;
    const found = properties?.columns.find((one) => folded(one.name) === column || one.name === column);
    return [{ key: `source ${source} ${column}`, name: column, of: source, ...(properties && found ? { place: { file: properties.file, span: found.nameSpan } } : {}) }];
  }

  /** What makes a column that a query has; of a union, in each of its branches. */
  ofQuery(scope: Scope, query: Query, name: string, depth = 0): readonly Maker[] {
    const known = this.#known.get(query) ?? new Map<string, readonly Maker[]>();
    this.#known.set(query, known);
    const before = known.get(name);
    if (before) return before;
    if (depth > DEEPEST) return [];
    // A recursive CTE reads itself: what it is made of is its other branch
    known.set(name, []);
    const found = unique(query.rows ? this.#ofRows(query.rows, name, depth) : query.selects.flatMap((select) => this.#made(scope, select, name, depth)));
    known.set(name, found);
    return found;
  }

  /** The maker that an item of a select list is. */
  item(scope: Scope, select: Select, item: SelectItem): Maker | undefined {
    const { name, nameSpan } = item;
    if (name === undefined) return undefined;
    const span = nameSpan ?? item.span;
    return { key: `${scope.file} ${span.start}`, name, place: { file: scope.file, span }, item, select };
  }

  /** The names that `as alias (a, b)` gives. */
  alias({ file, document }: Scope, span: Span): Maker {
    return { key: `${file} ${span.start}`, name: spelt(document.text, span), place: { file, span } };
  }

  #named(scope: Scope, select: Select, name: string): readonly Maker[] {
    return select.items.flatMap((item): Maker | readonly Maker[] => {
      if (item.name === name && !item.star) return this.item(scope, select, item) ?? [];
      const { file } = scope;
      const { pattern } = item;
      if (!pattern || !namesOf(pattern, (variable) => this.project.variables.get(variable)?.value)?.includes(name)) return [];
      return { key: `${file} ${pattern.span.start} ${name}`, name, place: { file, span: pattern.span }, pieced: true };
    });
  }

  #made(scope: Scope, select: Select, name: string, depth: number): readonly Maker[] {
    const named = this.#named(scope, select, name);
    if (named.length > 0) return named;
    return select.items.flatMap(({ star, rows }): readonly Maker[] => {
      if (rows) return this.#ofRows(rows, name, depth);
      if (!star) return [];
      if (!star.qualifier) return this.#ofSelect(scope, select, name, false, depth);
      const found = relationNamed(scope.document, select, star.qualifier.span);
      return found ? this.#ofRelation(scope, found.select, found.relation, name, depth, select.items.length === 1) : [];
    });
  }

  /** A column by its bare name among the relations of a select. */
  #ofSelect(scope: Scope, select: Select, name: string, read: boolean, depth = 0): readonly Maker[] {
    const lone = select.from.length === 1;
    const found: Maker[] = [];
    for (const relation of select.from) {
      if (found.length > 0 && !relation.join?.using?.some((column) => folded(column) === name)) continue;
      found.push(...this.#ofRelation(scope, select, relation, name, depth, lone));
    }
    if (found.length > 0 || lone || !read) return found;
    // Only one relation may have columns that no file tells: it is that one's
    const open = select.from.filter((relation) => this.#isOpen(scope, select, relation));
    return open.length === 1 && open[0] ? this.#ofRelation(scope, select, open[0], name, depth, true) : [];
  }

  /** Whether a relation may have columns that no file names. */
  #isOpen({ project, document }: Scope, select: Select, relation: Relation): boolean {
    if (relation.kind === 'source') return (project.sources.get(relation.path.join('.'))?.properties.columns.length ?? 0) === 0;
    if (relation.kind === 'name') return cteOf(document, select.query, relation) === undefined;
    return false;
  }

  /** @param sure whether the column can be of no other relation */
  #ofRelation(scope: Scope, select: Select, relation: Relation, name: string, depth: number, sure: boolean): readonly Maker[] {
    if (depth > DEEPEST) return [];
    const { document } = scope;
    const named = relation.columnAliases?.find(({ span }) => spelt(document.text, span) === name);
    if (named) return [this.alias(scope, named.span)];
    switch (relation.kind) {
      case 'query': return relation.query ? this.ofQuery(scope, relation.query, name, depth + 1) : [];
      case 'name': {
        const cte = cteOf(document, select.query, relation);
        return cte ? this.ofCte(scope, cte, name, depth + 1) : [];
      }
      case 'ref': case 'source': return this.#ofPath(relation, name, depth, sure);
      case 'function': return this.#ofFunction(scope, relation, name);
      default: return [];
    }
  }

  /** A column that is called as a function's alias, or as the function calls it. */
  #ofFunction({ project, file, document }: Scope, relation: Relation, name: string): readonly Maker[] {
    const place = columnsOfRelation(project, file, document, relation).columns.find((column) => column.name === name)?.location;
    if (!place) return [];
    const alias = isNamedByAlias(relation) && relation.alias?.span.start === place.span.start;
    return [{ key: `${file} ${place.span.start}${alias ? '' : ` ${name}`}`, name, place, ...(alias ? { alias } : { by: relation.path.at(-1) ?? '' }) }];
  }

  /** What makes a column of a source's table, where YAML names it or tells nothing of the table. */
  #ofTable(source: string, name: string, sure: boolean): readonly Maker[] {
    const properties = this.project.sources.get(source)?.properties;
    if (!properties) return [];
    const documented = properties.columns.some((one) => folded(one.name) === name || one.name === name);
    return documented || (sure && properties.columns.length === 0) ? this.ofSource(source, name) : [];
  }

  /** What makes a column of a model or source. */
  #ofPath({ kind, path, version }: Relation, name: string, depth: number, sure: boolean): readonly Maker[] {
    if (kind === 'source') return this.#ofTable(path.join('.'), name, sure);
    const wanted = path.at(-1) ?? '';
    const model = (version === undefined ? undefined : this.project.modelVersion(wanted, version)) ?? this.project.models.get(wanted);
    return model ? this.#ofModel(model, name, depth + 1, sure) : [];
  }

  /** What makes a column that a macro writes. */
  #ofRows({ relations, except, prefix, suffix }: MacroRows, name: string, depth: number): readonly Maker[] {
    if (!name.startsWith(prefix) || !name.endsWith(suffix)) return [];
    const bare = name.slice(prefix.length, name.length - suffix.length);
    return except.includes(bare.toLowerCase()) ? [] : relations.flatMap((relation) => this.#ofPath(relation, bare, depth + 1, false));
  }

  /** What makes a column of a CTE. */
  ofCte(scope: Scope, cte: Cte, name: string, depth = 0): readonly Maker[] {
    const named = [...cte.columnAliases ?? [], ...cte.added ?? []].find(({ span }) => spelt(scope.document.text, span) === name);
    return named ? [this.alias(scope, named.span)] : this.ofQuery(scope, cte.query, name, depth);
  }

  #ofModel(model: Model, name: string, depth: number, sure: boolean): readonly Maker[] {
    const key = `${model.file} ${name}`;
    if (depth > DEEPEST || this.#busy.has(key)) return [];
    this.#busy.add(key);
    try {
      if (model.kind === 'seed') {
        const header = this.project.seedColumns(model.file).find((one) => folded(one.name) === name || one.name === name);
        return header ? [{ key, name, of: model.name, place: { file: model.file, span: header.span } }] : [];
      }
      const { relation } = model;
      if (relation) {
        const parent = relation.kind === 'ref' ? this.project.models.get(relation.name) : undefined;
        return parent ? this.#ofModel(parent, name, depth + 1, sure) : relation.kind === 'source' ? this.#ofTable(relation.name, name, sure) : [];
      }
      const document = model.file.endsWith('.sql') ? this.project.sql(model.file) : undefined;
      const query = document && queryOfModel(document, model.name);
      if (document && query) {
        const found = this.ofQuery({ project: this.project, file: model.file, document }, query, name, depth + 1);
        if (found.length > 0) return found;
      }
      // Made by Python, or by Jinja that only dbt can render
      const { properties } = model;
      const documented = properties?.columns.find((one) => folded(one.name) === name || one.name === name);
      if (properties && documented) return [{ key, name, of: model.name, place: { file: properties.file, span: documented.nameSpan } }];
      return sure && !(document && query) && (properties?.columns.length ?? 0) === 0 ? [{ key, name, of: model.name }] : [];
    } finally {
      this.#busy.delete(key);
    }
  }
}

/** What makes a column as YAML names it: as it is, or in any case. */
export function makersNamed(find: (name: string) => readonly Maker[], written: string): readonly Maker[] {
  const exact = find(written);
  return exact.some(({ of }) => of === undefined) ? exact : find(written.toLowerCase());
}

/** Whether YAML means a column by a name. */
export function isNamed(written: string | undefined, column: string): boolean {
  return written === column || written?.toLowerCase() === column;
}

/** Whether an item hands on one column under its own name: it makes a column, and reads one, by the same word. */
export function carried(item: SelectItem, select: Select): ColumnReference | undefined {
  const { nameSpan } = item;
  return nameSpan && select.references.find(({ span }) => span.start === nameSpan.start && span.end === nameSpan.end);
}

/** Relations that are read as whole rows: `to_jsonb(orders)`, where no column has that name. */
export function* wholeRows(scope: Scope): Generator<Qualifier> {
  const makers = new Makers(scope.project);
  for (const { select, reference } of readsOf(scope.document)) {
    if (reference.qualifier || !relationNamed(scope.document, select, reference.span)) continue;
    if (makers.ofReference(scope, select, reference).length === 0) yield { select, span: reference.span };
  }
}

function unique(makers: readonly Maker[]): readonly Maker[] {
  return makers.length < 2 ? makers : [...new Map(makers.map((maker) => [maker.key, maker])).values()];
}
