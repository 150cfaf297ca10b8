/** Hover in SQL outside of Jinja: relations, CTEs, columns. */
import type { Relation, SelectItem, Span } from '../analysis/types';
import type { Column } from '../project/types';
import { code, columnTable, describeColumn, joined } from './describe';
import { sourceAt, type Told } from './hoverParts';
import { inputsAt } from './columnLineage';
import type { PlaceRequest } from './request';
import { columnNamed, columnsOfCte, columnsOfModel, cteNamed, named, scopeAt, type Scope, type Scoped } from './scope';
import { Makers } from './targetColumns';
import { readsOf, spelt } from './targetScopes';

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
  for (const { join } of select.from) {
    const using = join?.usingSpans?.find((span) => holds(span, offset));
    if (using) return columnAt(request, scope, spelt(sql.text, using), true, undefined, using);
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
    const inFile = relation.relation?.kind === 'name' || relation.relation?.kind === 'query';
    const { expression, model } = makerOf(request, column);
    const told = inFile ? madeHere(request, span, expression) : { expression, inputs: [] };
    return { text: describeColumn(column, relation.origin ?? relation.name, told.expression, model, told.inputs), span };
  }
  const item = scope.select?.items.find((one) => one.name === (quoted ? name : name.toLowerCase()));
  return item && itemAt(request, item, span);
}

/** What makes the column at a place that its file only carries on, and the columns of models and sources that it is made of. */
function madeHere(request: PlaceRequest, span: Span, own: string | undefined): { expression: string | undefined; inputs: readonly string[] } {
  const inputs = inputsAt(request, span.end).map(({ relation, column }) => `${relation}.${column}`);
  return { expression: own ?? carriedFrom(request, span), inputs };
}

/** The expression at the end of a chain of items that hand on one column within the file. */
function carriedFrom({ project, file, sql: document }: PlaceRequest, span: Span): string | undefined {
  if (!document) return undefined;
  const makers = new Makers(project);
  const scope = { project, file, document };
  const start = [...readsOf(document)].find(({ reference }) => reference.span.start === span.start);
  let maker = start && makers.ofReference(scope, start.select, start.reference)[0];
  for (let steps = 0; maker?.item?.column && maker.select && maker.place?.file === file && steps < 50; steps++) maker = makers.ofReference(scope, maker.select, maker.item.column)[0];
  if (!maker?.item || maker.place?.file !== file || maker.item.column) return undefined;
  return expressionOf(document.text, maker.item.span);
}

const expressionOf = (text: string, { start, end }: Span): string | undefined => (end - start > LONGEST ? undefined : text.slice(start, end).replace(/\n\s+/g, '\n  '));

/** What makes a column, where that is more than a name, and the other model whose file says so. */
function makerOf({ project, file }: PlaceRequest, { location }: Column): { expression?: string; model?: string } {
  if (!location?.file.endsWith('.sql')) return {};
  const document = project.sql(location.file);
  const model = location.file === file ? undefined : project.modelOfFile(location.file)?.name;
  for (const { selects } of document?.sql.queries ?? []) {
    for (const { items } of selects) {
      const item = items.find(({ nameSpan, pattern, span }) => (nameSpan ?? pattern?.span ?? span).start === location.span.start);
      if (!document || !item) continue;
      const expression = item.column && item.column.name === item.name ? undefined : expressionOf(document.text, item.span);
      return { ...(model === undefined ? {} : { model }), ...(expression === undefined ? {} : { expression }) };
    }
  }
  return model === undefined ? {} : { model };
}

/** A column where it is made; what YAML says of it where the file's own query makes it. */
function itemAt(request: PlaceRequest, item: SelectItem, span: Span): Told | undefined {
  const { project, file, text } = request;
  const own = project.modelOfFile(file);
  const column = own && columnNamed(columnsOfModel(project, own.name).columns, item.name ?? '', true);
  const expression = expressionOf(text, item.span);
  if (item.name === undefined) return undefined;
  const made: Column = { name: item.name, tests: [], ...(item.type === undefined ? {} : { type: item.type }), ...column };
  // A column that is only carried on is what it is at the end of the chain
  const plain = item.column && item.column.name === item.name;
  const told = madeHere(request, plain ? item.column?.span ?? span : span, plain ? undefined : expression);
  return { text: describeColumn(made, undefined, told.expression, undefined, told.inputs), span };
}

function starAt(scope: Scope, item: SelectItem): Told | undefined {
  const qualifier = item.star?.qualifier;
  const relations = qualifier ? [named(scope, { name: qualifier.name, quoted: false })] : scope.relations;
  const columns = relations.flatMap((relation) => relation?.columns().columns ?? []);
  return columns.length === 0 ? undefined : { text: joined(['Every column:', columnTable(columns)]), span: item.span };
}

