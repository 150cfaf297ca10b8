/** What a column is made of: through CTEs, stars and expressions, from model to model, down to the sources. */
import { queryOfModel, SNAPSHOT } from '../analysis/columns';
import type { Query, Select, SelectItem, SqlDocument } from '../analysis/types';
import type { Project } from '../project/types';
import type { ColumnLineage } from '../protocol';
import { ColumnInputs, type Input } from './columnInputs';
import type { FileRequest, PlaceRequest } from './request';
import { targetAt } from './target';
import { folded, holds, readsOf, within } from './targetScopes';

/** Wide enough for anybody's journey through a project, and an end for what is endless. */
const MOST = 500;

/** The lineage of the column under the cursor, in SQL or in the YAML that describes it; null where there is none. */
export function columnLineage(request: PlaceRequest): ColumnLineage | null {
  const { project } = request;
  const started = request.yaml ? startInYaml(request) : startInSql(request);
  if (!started) return null;
  const { model } = started;
  const columns = new Map<string, Set<string>>([[model, new Set([started.column])]]);
  const edges = new Map<string, { from: string; to: string }>();
  const queue: { input: Input; into: string }[] = started.inputs.map((input) => ({ input, into: model }));
  for (let next = queue.shift(), seen = 0; next && seen < MOST; next = queue.shift()) {
    const { input: { relation, column }, into } = next;
    if (relation !== into) edges.set(`${relation}\n${into}`, { from: relation, to: into });
    const known = columns.get(relation) ?? new Set();
    columns.set(relation, known);
    if (known.has(column)) continue;
    known.add(column);
    seen++;
    for (const input of inputsOfModel(project, relation, column)) queue.push({ input, into: relation });
  }
  return { model, column: `${model}.${started.column}`, columns: Object.fromEntries([...columns].map(([name, found]) => [name, [...found]])), edges: [...edges.values()] };
}

interface Start {
  model: string;
  column: string;
  inputs: readonly Input[];
}

function startInYaml(request: PlaceRequest): Start | undefined {
  const { project } = request;
  const target = targetAt(request);
  if (target?.kind !== 'column' || target.of === undefined || !project.models.has(target.of)) return undefined;
  const column = folded(target.name);
  return { model: target.of, column, inputs: inputsOfModel(project, target.of, column) };
}

function startInSql(request: PlaceRequest): Start | undefined {
  const { project, file, offset, sql } = request;
  const model = sql && (snapshotAround(sql, offset) ?? project.modelOfFile(file)?.name);
  const started = model === undefined ? undefined : startAt(request, offset);
  return started && model !== undefined ? { model, ...started } : undefined;
}

/** Of several snapshots in one file, the one that is written at an offset. */
function snapshotAround({ jinja }: SqlDocument, offset: number): string | undefined {
  return jinja.definitions.find(({ kind, span }) => kind === 'snapshot' && holds(span, offset))?.name;
}

/** The columns of models and sources that the one at an offset of a SQL file is made of, through CTEs and subqueries. */
export function inputsAt(request: FileRequest, offset: number): readonly Input[] {
  return startAt(request, offset)?.inputs ?? [];
}

function startAt({ project, file, sql: document }: FileRequest, offset: number): Omit<Start, 'model'> | undefined {
  if (!document) return undefined;
  const inputs = new ColumnInputs(project, file, document);
  const named = itemAt(document, (item) => holds(item.nameSpan, offset));
  if (named) return startOfItem(document, inputs, named);
  for (const { select, reference } of readsOf(document)) {
    if (holds(reference.span, offset)) return { column: folded(reference.name, reference.quoted), inputs: inputs.ofReference(select, reference) };
  }
  const around = itemAt(document, ({ span }) => holds(span, offset));
  return around && startOfItem(document, inputs, around);
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
      // A branch in parentheses belongs to the union before it is a query of its own
      if (item?.name !== undefined && (!found || (item !== found.item && within(item.span, found.item.span)))) found = { query, select, item, name: item.name };
    }
  }
  return found;
}

/** A column of the model is what all its branches make. */
function startOfItem(document: SqlDocument, inputs: ColumnInputs, { query, select, item, name }: NamedItem): Omit<Start, 'model'> {
  if (query !== queryOfModel(document, snapshotAround(document, item.span.start))) return { column: name, inputs: inputs.ofItem(select, item) };
  const column = query.selects[0]?.items[select.items.indexOf(item)]?.name ?? name;
  return { column, inputs: inputs.ofQuery(query, column) };
}

/** @param carried whether only what it hands on as it is counts */
export function inputsOfModel(project: Project, name: string, column: string, carried = false): readonly Input[] {
  const model = project.models.get(name);
  // A snapshot that YAML makes has the columns of what it keeps
  if (model?.relation) return SNAPSHOT.includes(column) ? [] : [{ relation: model.relation.name, column }];
  const document = model?.file.endsWith('.sql') ? project.sql(model.file) : undefined;
  const query = document && queryOfModel(document, name);
  return model && document && query ? new ColumnInputs(project, model.file, document, carried).ofQuery(query, column) : [];
}
