/** What the language server knows of one file's text. Everything here is pure and tolerant: half-written text gives as much as it says. */

/** A stretch of a file's text: offsets in UTF-16 units, the end not included. */
export interface Span {
  start: number;
  end: number;
}

// ---- Jinja

export interface JinjaArgument {
  /** of `name=value` */
  name?: string;
  nameSpan?: Span;
  span: Span;
  /** what a literal string says, and where it stands between its quotes */
  text?: string;
  textSpan?: Span;
}

/** A call inside a Jinja tag: `ref('a')`, `dbt_utils.star(from=ref('a'))`, `config(…)`, `my_macro(1)`. Calls inside calls are entries of their own. */
export interface JinjaCall {
  /** as written, with its package: `ref`, `dbt_utils.star` */
  name: string;
  nameSpan: Span;
  span: Span;
  /** between the parentheses */
  inner: Span;
  /** whether the parenthesis is closed */
  closed: boolean;
  arguments: JinjaArgument[];
  /** the tag it stands in, as an index of `tags` */
  tag: number;
}

export interface JinjaTag {
  kind: 'expression' | 'statement' | 'comment';
  span: Span;
  inner: Span;
  closed: boolean;
  /** of a statement: if, elif, else, endif, for, set, macro, test, snapshot, call, docs, … */
  keyword?: string;
}

/** `{% macro name(a, b=1) %} … {% endmacro %}`, also test, materialization, snapshot and docs blocks. */
export interface JinjaDefinition {
  kind: 'macro' | 'test' | 'materialization' | 'snapshot' | 'docs';
  name: string;
  nameSpan: Span;
  parameters: { name: string; default?: string; span: Span }[];
  span: Span;
  /** what stands between its tags */
  body: Span;
  /** the text of a comment right before it */
  comment?: string;
}

export interface JinjaFile {
  tags: JinjaTag[];
  calls: JinjaCall[];
  definitions: JinjaDefinition[];
  /** names bound by set, for and macro parameters, with where they are bound and used */
  variables: { name: string; span: Span; binds: boolean }[];
  /** if/for/macro/… with their ends, for folding; unclosed ones reach to the end */
  blocks: { keyword: string; span: Span }[];
  errors: { span: Span; message: string }[];
}

// ---- SQL

export interface ColumnReference {
  name: string;
  span: Span;
  qualifier?: { name: string; span: Span };
  /** whether it was written in double quotes */
  quoted: boolean;
}

/** What a type follows from: one that the text tells (`unknown` of literals), a column, a function or operator of such, or the one column of a query. */
export type Typing = string | ColumnReference | { of: string; from: readonly Typing[] } | { query: Query };

/** One entry of a select list. */
export interface SelectItem {
  span: Span;
  /** the name of the column it makes, as PostgreSQL would name it; undefined for a star, or where Jinja decides */
  name?: string;
  /** of a dynamic one whose name Jinja pieces together */
  pattern?: NamePattern;
  /** of one that a well-known macro writes */
  rows?: MacroRows;
  /** where that name is written: the alias, or the column's own name */
  nameSpan?: Span;
  /** `*` or `alias.*` */
  star?: { qualifier?: { name: string; span: Span } };
  /** where the whole expression is one column */
  column?: ColumnReference;
  /** of VALUES: the same column in the rows behind the first, where it reads something */
  later?: Span[];
  /** from a cast or a well-known function (count → bigint), where the text tells */
  type?: string;
  /** what its type follows from, where columns take part */
  typing?: Typing;
  /** a Jinja expression or statement takes part, so what it makes is not certain from the text */
  dynamic: boolean;
}

/** A name that Jinja pieces together, of one column or, in loops, of several: `{{ method }}_amount`. */
export interface NamePattern {
  span: Span;
  /** as it is written, without quotes around it */
  text: string;
  quoted: boolean;
  /** the loops that it stands in, outermost first */
  loops: readonly { variables: readonly string[]; over: string }[];
  /** what the file's `set` gives names to, as it is written; undefined where it does so twice */
  sets: ReadonlyMap<string, string | undefined>;
}

/** The columns that a macro of a package writes: those of relations, as `dbt_utils.star` does. */
export interface MacroRows {
  relations: readonly Relation[];
  /** columns of its own, before the others */
  before: readonly string[];
  /** columns that are left out, in lower case */
  except: readonly string[];
  prefix: string;
  suffix: string;
}

/** Something in FROM or JOIN. */
export interface Relation {
  kind: 'ref' | 'source' | 'name' | 'query' | 'jinja' | 'function';
  span: Span;
  /** ref: [model]; source: [source, table]; name: [cte or schema, table] */
  path: string[];
  pathSpan?: Span;
  /** of `ref('orders', v=2)` */
  version?: string;
  alias?: { name: string; span: Span };
  /** `as alias (a, b)`, `as (a int, b text)` */
  columnAliases?: { name: string; span: Span; type?: string }[];
  query?: Query;
  /** of a function: what the types of its columns follow from */
  typings?: readonly (Typing | undefined)[];
  /** `f(…) with ordinality` */
  ordinality?: boolean;
  /** Jinja decides whether it is there at all (`{% if %}`, `{% for %}`), or which version it is */
  dynamic?: boolean;
  /** how it is joined: undefined for the first of FROM */
  join?: { kind: 'inner' | 'left' | 'right' | 'full' | 'cross'; span: Span; lateral: boolean; natural?: boolean; on?: Span; using?: string[]; usingSpans?: Span[] };
}

export interface Select {
  span: Span;
  items: SelectItem[];
  from: Relation[];
  /** aliases of joins as a whole */
  joins?: string[];
  /** every column read in it, those of nested queries left to these */
  references: ColumnReference[];
  /** the clauses, where they are written (keyword to the clause's end) */
  clauses: { select: Span; from?: Span; where?: Span; groupBy?: Span; having?: Span; window?: Span };
  /** where a window is named: in WINDOW with what defines it, and where it is used */
  windows?: { name: string; span: Span; definition?: Span }[];
  /** the query that it is a branch of */
  query: Query;
}

/** A select or several joined by union, intersect, except; with its CTEs. */
export interface Query {
  span: Span;
  ctes: Cte[];
  selects: Select[];
  /** Jinja decides what it is: a tag stands for a whole select, or its selects are in branches of `{% if %}` */
  dynamic?: boolean;
  /** of one that a well-known macro writes as a whole */
  rows?: MacroRows;
  /** `with recursive`: its CTEs see themselves */
  recursive?: boolean;
  orderBy?: Span;
  /** names in ORDER BY that mean the query's own columns: no references of its selects */
  ordered?: ColumnReference[];
  /** the query whose CTEs it sees too, and, for a lateral or correlated one, whose relations */
  parent?: Query;
  parentSelect?: Select;
}

export interface Cte {
  name: string;
  nameSpan: Span;
  /** name to closing parenthesis */
  span: Span;
  query: Query;
  columnAliases?: { name: string; span: Span }[];
  /** columns that SEARCH and CYCLE add */
  added?: { name: string; span: Span }[];
}

export interface SqlFile {
  /** the file's own query; undefined where there is none yet */
  query?: Query;
  /** every query of the file, outer ones first */
  queries: Query[];
  /** words, symbols, strings, Jinja and comments in order: what the rules about text look at */
  tokens: Token[];
}

export type TokenKind = 'word' | 'quoted' | 'string' | 'number' | 'symbol' | 'comment' | 'jinja';

export interface Token extends Span {
  kind: TokenKind;
  /** of a jinja token: the tag, as an index of `tags` */
  tag?: number;
}

/** A SQL file (model, macro, test, snapshot, analysis) as it is now. */
export interface SqlDocument {
  text: string;
  jinja: JinjaFile;
  sql: SqlFile;
}

// ---- YAML

/** A value of a YAML file with where it stands. */
export interface YamlNode {
  kind: 'scalar' | 'mapping' | 'sequence';
  span: Span;
  /** of a scalar: what it says */
  text?: string;
  /** of a scalar: without quotes */
  textSpan?: Span;
  entries?: YamlEntry[];
  items?: YamlNode[];
}

export interface YamlEntry {
  key: string;
  keySpan: Span;
  value?: YamlNode;
}

export interface YamlDocument {
  text: string;
  root?: YamlNode;
  errors: { span: Span; message: string }[];
}
