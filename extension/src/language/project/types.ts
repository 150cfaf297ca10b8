/** What the language server knows of a whole dbt project, from its files first and the manifest second. */
import type { JinjaDefinition, Span, SqlDocument, YamlDocument } from '../analysis/types';

/** A place in a file of the disk (absolute path). */
export interface Location {
  file: string;
  span: Span;
}

export interface ColumnDoc {
  name: string;
  nameSpan: Span;
  type?: string;
  description?: string;
  /** names of its data tests */
  tests: string[];
}

/** What a properties file says of a model, seed, snapshot or source table. */
export interface Properties {
  file: string;
  /** its whole entry, and its name */
  span: Span;
  nameSpan: Span;
  /** its `doc('…')` replaced by the blocks' text */
  description?: string;
  columns: ColumnDoc[];
  tests: string[];
  /** literal values of `config:` */
  config: Readonly<Record<string, unknown>>;
}

export interface Model {
  kind: 'model' | 'seed' | 'snapshot';
  name: string;
  file: string;
  /** the package it belongs to; undefined for the project's own */
  package?: string;
  /** of a snapshot that YAML makes: what it keeps the rows of, a model or `source.table` */
  relation?: { kind: 'ref' | 'source'; name: string };
  /** undefined where no YAML describes it */
  readonly properties: Properties | undefined;
  /** literal values of its own `config(…)`, of its YAML and of dbt_project.yml, merged */
  readonly config: Readonly<Record<string, unknown>>;
}

export interface SourceTable {
  source: string;
  table: string;
  /** the package that describes it; undefined for the project's own */
  package?: string;
  /** where its table is named, and where its source is */
  properties: Properties;
  sourceNameSpan: Span;
  sourceDescription?: string;
}

export interface Macro {
  /** as it is called; a generic test is `test_<name>`, as dbt has it (definition.name is the bare one) */
  name: string;
  package?: string;
  file: string;
  definition: JinjaDefinition;
  /** from YAML, else the comment before it */
  readonly description: string | undefined;
  readonly argumentDocs: readonly { name: string; type?: string; description?: string }[];
}

export interface Variable {
  name: string;
  /** in dbt_project.yml; undefined where only a default is known */
  location?: Location;
  value?: unknown;
  comment?: string;
}

export interface DocBlock {
  name: string;
  location: Location;
  text: string;
}

export type UseKind = 'ref' | 'source' | 'macro' | 'var' | 'doc';

/**
 * Somewhere that names a thing: `ref('a')` in SQL or YAML, `var('x')`, `doc('d')`, a macro's call, a `- name: model` of a properties file.
 * The span is the bare name: without quotes, source or package; of a generic test in YAML the name without `test_`.
 */
export interface Use extends Location {
  kind: UseKind;
  /** model · source.table · macro · variable · doc block */
  name: string;
  /** `declares`: the YAML entry that describes it (of a variable: in dbt_project.yml); `calls`: the rest. Definitions in SQL and Markdown are none. */
  role: 'calls' | 'declares';
}

/** What a file is to its project. `properties` is YAML beside models, seeds, …; `project` is dbt_project.yml; `packages` names what is installed. */
export type FileRole = 'model' | 'snapshot' | 'seed' | 'analysis' | 'test' | 'macro' | 'properties' | 'docs' | 'project' | 'packages';

/** One dbt project, kept current. All lookups are synchronous and answer from memory. */
export interface Project {
  readonly root: string;
  readonly name: string;
  /** by name, the project's own before those of packages; a model with versions is here by its plain name too (its latest) */
  readonly models: ReadonlyMap<string, Model>;
  /** the version of a model that `ref('orders', v=2)` asks for */
  modelVersion(name: string, version: string): Model | undefined;
  /** grows where models come, go, or are described otherwise: until then a list of their names holds */
  readonly named: number;
  /** of a file that is one version of a model: `ref` finds it by that model's name alone */
  versionOf(model: Model): { model: string; version: string } | undefined;
  /** those that YAML gives a model, the latest first */
  versions(model: Model): readonly string[] | undefined;
  /** by `source.table` */
  readonly sources: ReadonlyMap<string, SourceTable>;
  /** the project's own by name, those of packages by `package.name` */
  readonly macros: ReadonlyMap<string, Macro>;
  readonly variables: ReadonlyMap<string, Variable>;
  readonly docs: ReadonlyMap<string, DocBlock>;
  /** where they are named; of what is read so far */
  readonly exposures: ReadonlyMap<string, Location>;
  /** names of the packages that are installed */
  readonly packages: ReadonlySet<string>;
  /** packages.yml names more than are installed: what is not found may be theirs */
  readonly packagesMissing: boolean;
  /** changes with every change of any file: what is kept beside it is stale when it differs */
  readonly version: number;
  /** of one file: changes whenever its text may have */
  revision(file: string): number;
  /** where names are used, unsaved texts included; packages are not looked into */
  uses(kind: UseKind, name: string): readonly Use[];
  /** models a model refers to, and those that refer to it */
  parents(model: string): readonly string[];
  children(model: string): readonly string[];
  /** the analysed text of a file: what the editor holds, else the disk; undefined where it cannot be read */
  sql(file: string): SqlDocument | undefined;
  yaml(file: string): YamlDocument | undefined;
  /** the model whose file this is */
  modelOfFile(file: string): Model | undefined;
  roleOf(file: string): FileRole | undefined;
  /** the package that a file belongs to; undefined for the project's own */
  packageOf(file: string): string | undefined;
  /** the header of a seed's file */
  seedColumns(file: string): readonly { name: string; span: Span }[];
  /** whether everything was read once: before that "unknown" is not certain */
  readonly complete: boolean;
  /** columns as the last good manifest or catalog has them, for what files do not tell */
  manifestColumns(model: string): readonly { name: string; type?: string; description?: string }[] | undefined;
}

/** A column of a relation, as far as it can be known. */
export interface Column {
  name: string;
  type?: string;
  description?: string;
  /** where it is made: the item of a select list, else its line of YAML */
  location?: Location;
  /** where YAML documents it */
  documented?: Location;
  tests: string[];
  /** the columns it is made of, where the expression is one column or a star passes it on */
  from?: { relation: string; column: string };
}

/** Columns of a relation; `certain` where nothing that only dbt knows takes part. */
export interface Columns {
  columns: readonly Column[];
  certain: boolean;
}
