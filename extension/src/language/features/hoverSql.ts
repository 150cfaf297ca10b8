/** Hover in SQL outside of Jinja: relations, CTEs, columns. */
import type { Relation, SelectItem, Span } from '../analysis/types';
import type { Column } from '../project/types';
import { code, columnTable, describeColumn, joined } from './describe';
import { sourceAt, type Told } from './hoverParts';
import type { PlaceRequest } from './request';
import { columnNamed, columnsOfCte, columnsOfModel, cteNamed, named, scopeAt, type Scope, type Scoped } from './scope';

/** Longer expressions are not shown (UTF-16 units). */
const LONGEST = 300;

const holds = (span: Span | undefined, offset: number): span is Span => span !== undefined && span.start <= offset && offset <= span.end;

/** @param modelAt tells of a model */
export function hoverSql(request: PlaceRequest, modelAt: (name: string, span: Span) => Told | undefined): Told | undefined {
  const { sql, offset } = request;
  if (!sql) return undefined;
  for (const query of sql.sql.queries) {
    for (const cte of query.ctes) if (holds(cte.nameSpan, offset)) return cteAt(request, cte.name, cte.nameSpan, cte.nameSpan.end);
  }
  const scope = scopeAt(request, offset);
  const { select } = scope;
  if (!select) return undefined;
  for (const relation of select.from) {
    if (holds(relation.alias?.span, offset)) return relationAt(request, scope, relation.alias.span, relation, modelAt);
    if (relation.kind === 'name' && holds(relation.pathSpan, offset)) return cteAt(request, relation.path.at(-1) ?? '', relation.pathSpan, relation.span.start) ?? relationAt(request, scope, relation.pathSpan, relation, modelAt);
  }
  const reference = select.references.find((one) => holds(one.span, offset) || holds(one.qualifier?.span, offset));
  if (reference) {
    if (reference.qualifier && holds(reference.qualifier.span, offset) && !holds(reference.span, offset - 1)) {
      const found = named(scope, { name: reference.qualifier.name, quoted: false });
      return found?.relation && relationAt(request, scope, reference.qualifier.span, found.relation, modelAt);
    }
    return columnAt(request, scope, reference.name, reference.quoted, reference.qualifier?.name, reference.span);
  }
  for (const item of select.items) {
    if (item.star?.qualifier && holds(item.star.qualifier.span, offset)) {
      const found = named(scope, { name: item.star.qualifier.name, quoted: false });
      return found?.relation && relationAt(request, scope, item.star.qualifier.span, found.relation, modelAt);
    }
    if (item.star && holds(item.span, offset)) return starAt(scope, item);
    if (holds(item.nameSpan, offset)) return itemAt(request, item, item.nameSpan);
  }
  return undefined;
}

function cteAt(request: PlaceRequest, name: string, span: Span, offset: number): Told | undefined {
  const cte = cteNamed(request, name, offset);
  return cte && { text: joined([`**${code(cte.name)}** — CTE`, columnTable(columnsOfCte(request, cte).columns)]), span };
}

/** What an alias, or a bare name, stands for. */
function relationAt(request: PlaceRequest, scope: Scope, span: Span, relation: Relation, modelAt: (name: string, span: Span) => Told | undefined): Told | undefined {
  const told = relation.kind === 'ref' ? modelAt(relation.path.at(-1) ?? '', span) : relation.kind === 'source' ? sourceAt(request, relation.path.join('.'), span) : undefined;
  if (told) return told;
  const scoped = scope.relations.concat(scope.outer).find((one) => one.relation === relation);
  if (!scoped) return undefined;
  const what = relation.kind === 'query' ? 'subquery' : relation.kind === 'function' ? 'function' : 'relation';
  return { text: joined([`**${code(scoped.name ?? scoped.origin ?? '')}** — ${what}${scoped.origin === undefined || scoped.origin === scoped.name ? '' : ` ${code(scoped.origin)}`}`, columnTable(scoped.columns().columns)]), span };
}

function columnAt(request: PlaceRequest, scope: Scope, name: string, quoted: boolean, qualifier: string | undefined, span: Span): Told | undefined {
  const relations: readonly (Scoped | undefined)[] = qualifier === undefined ? [...scope.relations, ...scope.outer] : [named(scope, { name: qualifier, quoted: false })];
  for (const relation of relations) {
    const column = relation && columnNamed(relation.columns().columns, name, quoted);
    if (!column) continue;
    const { expression, model } = makerOf(request, column);
    return { text: describeColumn(column, relation.origin ?? relation.name, expression, model), span };
  }
  const item = scope.select?.items.find((one) => one.name === (quoted ? name : name.toLowerCase()));
  return item && itemAt(request, item, span);
}

/** What makes a column, where that is more than a name, and the model whose file says so. */
function makerOf({ project }: PlaceRequest, { location }: Column): { expression?: string; model?: string } {
  if (!location?.file.endsWith('.sql')) return {};
  const document = project.sql(location.file);
  const model = project.modelOfFile(location.file)?.name;
  for (const { selects } of document?.sql.queries ?? []) {
    for (const { items } of selects) {
      const item = items.find(({ nameSpan, pattern, span }) => (nameSpan ?? pattern?.span ?? span).start === location.span.start);
      if (!document || !item) continue;
      const text = document.text.slice(item.span.start, item.span.end);
      return { ...(model === undefined ? {} : { model }), ...(item.column && item.column.name === item.name || text.length > LONGEST ? {} : { expression: text.replace(/\n\s+/g, '\n  ') }) };
    }
  }
  return model === undefined ? {} : { model };
}

/** A column where it is made; what YAML says of it where the file's own query makes it. */
function itemAt(request: PlaceRequest, item: SelectItem, span: Span): Told | undefined {
  const { project, file, text } = request;
  const own = project.modelOfFile(file);
  const column = own && columnNamed(columnsOfModel(project, own.name).columns, item.name ?? '', true);
  const expression = item.span.end - item.span.start > LONGEST ? undefined : text.slice(item.span.start, item.span.end);
  if (item.name === undefined) return undefined;
  const made: Column = { name: item.name, tests: [], ...(item.type === undefined ? {} : { type: item.type }), ...column };
  return { text: describeColumn(made, undefined, expression === item.name ? undefined : expression), span };
}

function starAt(scope: Scope, item: SelectItem): Told | undefined {
  const qualifier = item.star?.qualifier;
  const relations = qualifier ? [named(scope, { name: qualifier.name, quoted: false })] : scope.relations;
  const columns = relations.flatMap((relation) => relation?.columns().columns ?? []);
  return columns.length === 0 ? undefined : { text: joined(['Every column:', columnTable(columns)]), span: item.span };
}

