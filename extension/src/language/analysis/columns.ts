/** What columns models, sources and the relations of a query have, as the files tell it: through CTEs, stars, unions and the models that are referred to. */
import type { Column, ColumnDoc, Columns, Model, Project, Properties } from '../project/types';
import { QueryColumns, type ModelColumns } from './columnsQuery';
import type { Cte, Query, Relation, Select, SqlDocument } from './types';

const NONE: Columns = { columns: [], certain: false };

/** What dbt adds to the rows of a snapshot. */
export const SNAPSHOT = ['dbt_scd_id', 'dbt_updated_at', 'dbt_valid_from', 'dbt_valid_to'];

/** The columns of a model with all that they were worked out from. */
interface Known {
  columns: Columns;
  model: Model;
  revision: number;
  properties: Properties | undefined;
  manifest: unknown;
  /** what the models that it refers to had, and the properties of its sources */
  models: ReadonlyMap<string, Known | undefined>;
  sources: ReadonlyMap<string, Properties | undefined>;
  variables: Project['variables'];
  /** the project's version at which it was last seen to hold */
  checked: number;
}

/** So many models behind one another are worked out at once; what lies deeper goes first, so that no chain is too long for the stack. */
const DEEPEST = 50;

/** A model that is to be worked out before those that read it. */
class TooDeep extends Error {
  constructor(readonly model: string) {
    super(model);
  }
}

/** What is kept for a project; a change of one file leaves the models that do not depend on it. */
class ProjectColumns {
  readonly #models = new Map<string, Known>();
  readonly #busy = new Set<string>();
  #depth = 0;
  #documents = new WeakMap<SqlDocument, QueryColumns>();
  #seen = -1;

  readonly #variable = (name: string): unknown => this.project.variables.get(name)?.value;

  constructor(private readonly project: Project) {}

  model(name: string): Known | undefined {
    if (this.#depth > 0) return this.#next(name);
    const waiting = [name];
    try {
      for (;;) {
        const wanted = waiting.at(-1) ?? name;
        // Who waits is in the way of nobody but a cycle
        this.#busy.delete(wanted);
        try {
          const known = this.#next(wanted);
          waiting.pop();
          if (waiting.length === 0) return known;
        } catch (error) {
          if (!(error instanceof TooDeep)) throw error;
          this.#busy.add(wanted);
          waiting.push(error.model);
        }
      }
    } finally {
      this.#busy.clear();
    }
  }

  #next(name: string): Known | undefined {
    const model = this.project.models.get(name);
    // A cycle: dbt refuses it, what is known without it is still right
    if (!model || this.#busy.has(name)) return undefined;
    const before = this.#models.get(name);
    if (before?.checked === this.project.version) return before;
    if (this.#depth >= DEEPEST) throw new TooDeep(name);
    this.#busy.add(name);
    this.#depth++;
    try {
      if (before && this.#holds(before, model)) return before;
      const known = this.#work(model);
      this.#models.set(name, known);
      return known;
    } finally {
      this.#depth--;
      this.#busy.delete(name);
    }
  }

  #holds(known: Known, model: Model): boolean {
    if (known.model !== model || known.variables !== this.project.variables || known.revision !== this.project.revision(model.file) || known.properties !== model.properties || known.manifest !== this.project.manifestColumns(model.name)) return false;
    for (const [key, properties] of known.sources) if (this.project.sources.get(key)?.properties !== properties) return false;
    for (const [name, before] of known.models) if (this.#next(name) !== before) return false;
    known.checked = this.project.version;
    return true;
  }

  #work(model: Model): Known {
    const models = new Map<string, Known | undefined>();
    const sources = new Map<string, Properties | undefined>();
    const { properties } = model;
    const manifest = this.project.manifestColumns(model.name);
    const own = this.#own(model, (wanted, version) => {
      const name = this.#version(wanted, version);
      const known = this.#next(name);
      models.set(name, known);
      return known?.columns ?? NONE;
    }, (key) => {
      sources.set(key, this.project.sources.get(key)?.properties);
      return columnsOfSource(this.project, key);
    });
    const columns = documented(own, properties, manifest);
    return { columns, model, variables: this.project.variables, revision: this.project.revision(model.file), properties, manifest, models, sources, checked: this.project.version };
  }

  /** The name of the model that `ref('orders', v=2)` asks for. */
  #version(name: string, version: string | undefined): string {
    return version === undefined ? name : this.project.modelVersion(name, version)?.name ?? name;
  }

  #own(model: Model, models: ModelColumns, sources: (key: string) => Columns): Columns {
    if (model.kind === 'seed') {
      const types = typesOfSeed(model);
      const columns = this.project.seedColumns(model.file).map(({ name, span }): Column => ({ name, ...types(name), location: { file: model.file, span }, tests: [] }));
      return { columns, certain: columns.length > 0 };
    }
    if (model.relation) return snapshotOf(model.relation.kind === 'ref' ? models(model.relation.name) : sources(model.relation.name));
    const document = model.file.endsWith('.sql') ? this.project.sql(model.file) : undefined;
    if (!document) return NONE;
    const query = queryOfModel(document, model.name);
    if (!query) return NONE;
    const made = new QueryColumns(model.file, document, models, sources, this.#variable).ofQuery(query);
    return model.kind === 'snapshot' ? snapshotOf(made) : made;
  }

  /** The queries of a document, as the project is now. */
  document(file: string, document: SqlDocument): QueryColumns {
    if (this.#seen !== this.project.version) {
      this.#seen = this.project.version;
      this.#documents = new WeakMap();
    }
    let known = this.#documents.get(document);
    if (!known) {
      known = new QueryColumns(file, document, (name, version) => this.model(this.#version(name, version))?.columns ?? NONE, (key) => columnsOfSource(this.project, key), this.#variable);
      this.#documents.set(document, known);
    }
    return known;
  }
}

const projects = new WeakMap<Project, ProjectColumns>();

function ofProject(project: Project): ProjectColumns {
  let known = projects.get(project);
  if (!known) {
    known = new ProjectColumns(project);
    projects.set(project, known);
  }
  return known;
}

/** The types that a seed's configuration gives its columns; dbt guesses the others from the rows. */
function typesOfSeed({ config }: Model): (column: string) => { type?: string } {
  const given = config['column_types'];
  const types = new Map(typeof given === 'object' && given !== null ? Object.entries(given).map(([name, type]): [string, unknown] => [name.toLowerCase(), type]) : []);
  return (column) => {
    const type = types.get(column.toLowerCase());
    return typeof type === 'string' ? { type } : {};
  };
}

/**
 * The columns of a model, seed or snapshot: what its SQL makes, with YAML's descriptions, types and tests; where the SQL does not tell all, those that
 * YAML and the manifest name come behind. Kept until a file changes that they depend on.
 */
export function columnsOfModel(project: Project, name: string): Columns {
  return ofProject(project).model(name)?.columns ?? NONE;
}

/** The columns that YAML and the manifest name of a source's table (`source.table`). Never certain: the table may have more. */
export function columnsOfSource(project: Project, key: string): Columns {
  return documented(NONE, project.sources.get(key)?.properties, project.manifestColumns(key));
}

/** The columns that a query of a file makes. @param aliases of `name (a, b) as (…)` */
export function columnsOfQuery(project: Project, file: string, document: SqlDocument, query: Query, aliases?: Cte['columnAliases']): Columns {
  return ofProject(project).document(file, document).ofQuery(query, aliases);
}

/** The columns that one branch of a query makes. */
export function columnsOfSelect(project: Project, file: string, document: SqlDocument, select: Select): Columns {
  return ofProject(project).document(file, document).ofSelect(select);
}

/** The columns of something in FROM. */
export function columnsOfRelation(project: Project, file: string, document: SqlDocument, relation: Relation): Columns {
  return ofProject(project).document(file, document).ofRelation(relation);
}

/** The rows of a snapshot: those that it keeps, with what dbt adds. */
function snapshotOf({ columns }: Columns): Columns {
  return { columns: [...columns, ...SNAPSHOT.map((name): Column => ({ name, tests: [] }))], certain: false };
}

/** The query that makes a model: the file's own, or that of the snapshot of this name. @param model where a file has several; the first of them without it */
export function queryOfModel({ jinja, sql }: SqlDocument, model?: string): Query | undefined {
  const snapshots = jinja.definitions.filter(({ kind }) => kind === 'snapshot');
  const body = (snapshots.find(({ name }) => name === model) ?? snapshots[0])?.body;
  return body ? sql.queries.find(({ span, parent }) => !parent && body.start <= span.start && span.end <= body.end) : sql.query;
}

/** The models that a file makes: its snapshots, or itself. */
export function modelsOfFile(project: Project, file: string, { jinja }: SqlDocument): string[] {
  const snapshots = jinja.definitions.filter(({ kind }) => kind === 'snapshot').map(({ name }) => name);
  const own = project.modelOfFile(file)?.name;
  return snapshots.length > 0 || own === undefined ? snapshots : [own];
}

/** Adds what YAML and the manifest say. */
function documented({ columns, certain }: Columns, properties: Properties | undefined, manifest: ReturnType<Project['manifestColumns']>): Columns {
  if (!properties && !manifest) return { columns, certain };
  const docs = new Map<string, ColumnDoc>();
  for (const doc of properties?.columns ?? []) docs.set(doc.name.toLowerCase(), doc);
  const others = new Map(manifest?.map((column) => [column.name.toLowerCase(), column]));
  const found = columns.map((column) => {
    const key = column.name.toLowerCase();
    return describe(column, docs.get(key), others.get(key), properties?.file);
  });
  if (certain) return { columns: found, certain };
  const names = new Set(found.map(({ name }) => name.toLowerCase()));
  for (const name of [...docs.keys(), ...others.keys()]) {
    if (names.has(name)) continue;
    names.add(name);
    const doc = docs.get(name);
    const other = others.get(name);
    const column: Column = { name: doc?.name ?? other?.name ?? name, tests: [] };
    if (doc && properties) column.location = { file: properties.file, span: doc.nameSpan };
    found.push(describe(column, doc, other, properties?.file));
  }
  return { columns: found, certain };
}

function describe(column: Column, doc: ColumnDoc | undefined, other: { type?: string; description?: string } | undefined, file: string | undefined): Column {
  if (!doc && !other) return column;
  const type = doc?.type ?? column.type ?? other?.type;
  const description = doc?.description ?? column.description ?? other?.description;
  return {
    ...column, tests: doc?.tests ?? [], ...(type === undefined ? {} : { type }), ...(description === undefined ? {} : { description }),
    ...(doc && file !== undefined ? { documented: { file, span: doc.nameSpan } } : {}),
  };
}
