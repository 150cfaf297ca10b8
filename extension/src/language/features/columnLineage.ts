/** What a column is made of: through CTEs, stars and expressions, from model to model, down to the sources. */
import { columnsOfRelation } from '../analysis/columns';
import type { ColumnReference, Query, Relation, Select, SelectItem, SqlDocument } from '../analysis/types';
import type { Project } from '../project/types';
import type { ColumnLineage } from '../protocol';
import type { FileRequest, PlaceRequest } from './request';
import { targetAt } from './target';
import { queryOfModel } from './targetColumns';
import { cteOf, folded, holds, outer, readsOf, relationNamed, spelt, within } from './targetScopes';

/** A column of a model, seed, snapshot or source (`source.table`). */
export interface Input {
  relation: string;
  column: string;
}

interface Scope {
  project: Project;
  file: string;
  document: SqlDocument;
}

/** Wide enough for anybody's journey through a project, and an end for what is endless. */
const MOST = 500;
const DEEPEST = 60;

/** The lineage of the column under the cursor, in SQL or in the YAML that describes it; null where there is none. */
export function columnLineage(request: PlaceRequest): ColumnLineage | null {
  const { project } = request;
  const started = request.yaml ? startInYaml(request) : startInSql(request);
  if (!started) return null;
  const { model } = started;
  const columns = new Map<string, Set<string>>([[model, new Set([started.column])]]);
  const edges = new Map<string, { from: string; to: string }>();
  const queue: { input: Input; into: string }[] = started.inputs.map((input) => ({ input, into: model }));
  for (let next = queue.shift(), seen = 0; next && seen < MOST; next = queue.shift(), seen++) {
    const { input: { relation, column }, into } = next;
    if (relation !== into) edges.set(`${relation}\n${into}`, { from: relation, to: into });
    const known = columns.get(relation) ?? new Set();
    columns.set(relation, known);
    if (known.has(column)) continue;
    known.add(column);
    for (const input of inputsOfModel(project, relation, column)) queue.push({ input, into: relation });
  }
  return { model, column: `${model}.${started.column}`, columns: Object.fromEntries([...columns].map(([name, found]) => [name, [...found]])), edges: [...edges.values()] };
}

interface Start {
  model: string;
  column: string;
  inputs: Input[];
}

function startInYaml(request: PlaceRequest): Start | undefined {
  const { project } = request;
  const target = targetAt(request);
  if (target?.kind !== 'column' || target.of === undefined || !project.models.has(target.of)) return undefined;
  const column = folded(target.name);
  return { model: target.of, column, inputs: inputsOfModel(project, target.of, column) };
}

function startInSql({ project, file, sql: document, offset }: PlaceRequest): Start | undefined {
  const model = project.modelOfFile(file)?.name;
  const started = document && model !== undefined ? startAt({ project, file, document }, offset) : undefined;
  return started && model !== undefined ? { model, ...started } : undefined;
}

/** The columns of models and sources that the one at an offset of a SQL file is made of, through CTEs and subqueries. */
export function inputsAt({ project, file, sql: document }: FileRequest, offset: number): readonly Input[] {
  const inputs = document ? startAt({ project, file, document }, offset)?.inputs ?? [] : [];
  return [...new Map(inputs.map((input) => [`${input.relation}\n${input.column}`, input])).values()];
}

function startAt(scope: Scope, offset: number): Omit<Start, 'model'> | undefined {
  const { document } = scope;
  const named = itemAt(document, (item) => holds(item.nameSpan, offset));
  if (named) return startOfItem(scope, named);
  for (const { select, reference } of readsOf(document)) {
    if (holds(reference.span, offset)) return { column: folded(reference.name, reference.quoted), inputs: inputsOfReference(scope, select, reference, 0) };
  }
  const around = itemAt(document, ({ span }) => holds(span, offset));
  return around && startOfItem(scope, around);
}

interface NamedItem {
  query: Query;
  select: Select;
  item: SelectItem;
  name: string;
}

/** The innermost item with a name that is meant. */
function itemAt({ sql }: SqlDocument, meant: (item: SelectItem) => boolean): NamedItem | undefined {
  let found: NamedItem | undefined;
  for (const query of sql.queries) {
    for (const select of query.selects) {
      const item = select.items.find(meant);
      if (item?.name !== undefined && (!found || within(item.span, found.item.span))) found = { query, select, item, name: item.name };
    }
  }
  return found;
}

/** A column of the model is what all its branches make. */
function startOfItem(scope: Scope, { query, select, item, name }: NamedItem): Omit<Start, 'model'> {
  if (query !== queryOfModel(scope.document)) return { column: name, inputs: inputsOfItem(scope, item, 0) };
  const column = query.selects[0]?.items[select.items.indexOf(item)]?.name ?? name;
  return { column, inputs: inputsOfQuery(scope, query, column, 0) };
}

function inputsOfModel(project: Project, name: string, column: string): Input[] {
  const model = project.models.get(name);
  const document = model?.file.endsWith('.sql') ? project.sql(model.file) : undefined;
  const query = document && queryOfModel(document);
  return model && document && query ? inputsOfQuery({ project, file: model.file, document }, query, column, 0) : [];
}

/** Of a union each branch has the column at its place in the first. */
function inputsOfQuery(scope: Scope, query: Query, column: string, depth: number): Input[] {
  if (depth > DEEPEST) return [];
  const [first] = query.selects;
  const at = first && !first.items.some(({ star }) => star) ? first.items.findIndex(({ name }) => name === column) : -1;
  return query.selects.flatMap((select) => {
    const item = (at >= 0 && !select.items.some(({ star }) => star) ? select.items[at] : undefined) ?? select.items.find(({ name }) => name === column);
    if (item) return inputsOfItem(scope, item, depth + 1);
    return select.items.flatMap(({ star }): Input[] => {
      if (!star) return [];
      if (!star.qualifier) return inputsOfName(scope, select, column, depth + 1);
      const found = relationNamed(scope.document, select, star.qualifier.span);
      return found && has(scope, found.relation, column) ? inputsOfRelation(scope, found.select, found.relation, column, depth + 1) : [];
    });
  });
}

/** Everything that its expression reads, subqueries included. */
function inputsOfItem(scope: Scope, item: SelectItem, depth: number): Input[] {
  return [...readsOf(scope.document)].filter(({ reference }) => within(reference.span, item.span)).flatMap(({ select, reference }) => inputsOfReference(scope, select, reference, depth));
}

function inputsOfReference(scope: Scope, select: Select, reference: ColumnReference, depth: number): Input[] {
  const name = folded(reference.name, reference.quoted);
  if (!reference.qualifier) {
    for (let at: Select | undefined = select; at; at = outer(at)) {
      const found = inputsOfName(scope, at, name, depth);
      if (found.length > 0) return found;
    }
    return [];
  }
  const found = relationNamed(scope.document, select, reference.qualifier.span);
  return found ? inputsOfRelation(scope, found.select, found.relation, name, depth) : [];
}

/** A bare name among the relations of a select: those that have it, else the only one. */
function inputsOfName(scope: Scope, select: Select, name: string, depth: number): Input[] {
  const having = select.from.filter((relation) => has(scope, relation, name));
  const chosen = having.length > 0 ? having : select.from.length === 1 ? select.from : [];
  return chosen.flatMap((relation) => inputsOfRelation(scope, select, relation, name, depth));
}

const has = ({ project, file, document }: Scope, relation: Relation, name: string): boolean => columnsOfRelation(project, file, document, relation).columns.some((column) => column.name === name);

function inputsOfRelation(scope: Scope, select: Select, relation: Relation, name: string, depth: number): Input[] {
  if (depth > DEEPEST) return [];
  const { project, document } = scope;
  switch (relation.kind) {
    case 'ref': return project.models.has(relation.path.at(-1) ?? '') ? [{ relation: relation.path.at(-1) ?? '', column: name }] : [];
    case 'source': return [{ relation: relation.path.join('.'), column: name }];
    case 'query': return relation.query ? inputsOfQuery(scope, relation.query, renamed(document, relation.query, relation.columnAliases, name), depth + 1) : [];
    case 'name': {
      const cte = cteOf(document, select.query, relation);
      return cte ? inputsOfQuery(scope, cte.query, renamed(document, cte.query, cte.columnAliases, name), depth + 1) : [];
    }
    default: return [];
  }
}

/** What a query itself calls the column that `name (a, b)` renames. */
function renamed({ text }: SqlDocument, query: Query, aliases: Relation['columnAliases'], name: string): string {
  const at = aliases?.findIndex(({ span }) => spelt(text, span) === name) ?? -1;
  return at < 0 ? name : query.selects[0]?.items[at]?.name ?? name;
}
