/** What stands under the cursor: what definition, references, rename and highlights ask first. */
import { parseJinja } from '../analysis/jinja';
import { versionIn } from '../analysis/sqlFrom';
import type { Cte, Relation, Select, SelectItem, Span, SqlDocument, YamlDocument } from '../analysis/types';
import type { Described, Facts, FoundUse } from '../project/facts';
import { usesOf } from '../project/sqlFacts';
import type { Macro, Project } from '../project/types';
import { usesInScalars, yamlFacts } from '../project/yamlFacts';
import type { PlaceRequest } from './request';
import { carried, Makers, makersNamed, type Maker, type Scope } from './targetColumns';
import { localAt, type Local } from './targetLocals';
import { columnNamedAt } from './targetYaml';
import { cteQualified, ctePlaces, holds, qualifiersOf, readsOf, relationNamed, selectsOf, type Scoped } from './targetScopes';

/** A thing of the project, or of one file, and the word under the cursor that names it. */
export type Target = { span: Span } & (
  | { kind: 'model'; name: string; version?: string } | { kind: 'variable'; name: string } | { kind: 'doc'; name: string }
  /** `table`: `source.table` */
  | { kind: 'source'; name: string } | { kind: 'table'; name: string }
  /** its name as the index has it: `package.name` of packages, `test_name` of generic tests */
  | { kind: 'macro'; name: string; macro: Macro }
  | { kind: 'cte'; document: SqlDocument; cte: Cte }
  /** the alias of a relation, or a qualifier that names one without an alias */
  | { kind: 'relation'; document: SqlDocument; select: Select; relation: Relation }
  /** `item`: the cursor is on what makes a column; `from`: what makes the one that is read there (of a carried column, both); `of`: the model or `source.table` that YAML describes */
  | { kind: 'column'; name: string; item?: Maker; from: readonly Maker[]; select?: Select; of?: string }
  | { kind: 'local'; document: SqlDocument; local: Local }
);

/** A word that names a thing. */
export interface Mention {
  file: string;
  span: Span;
  /** whether the thing is made here, or described: what "include the declaration" is about */
  declares: boolean;
  /** of a column: whether it is only passed on from here, under the same name */
  carries?: boolean;
}

/** @returns undefined where nothing that has a name of its own is named */
export function targetAt(request: PlaceRequest): Target | undefined {
  if (request.yaml) return inYaml(request);
  return request.sql ? inSql(request, request.sql) : undefined;
}

/** The name of the model, seed or snapshot that the word under the cursor names. */
export function modelAt(request: PlaceRequest): string | null {
  const target = targetAt(request);
  return target?.kind === 'model' ? target.name : null;
}

function inSql(request: PlaceRequest, document: SqlDocument): Target | undefined {
  const { offset, project } = request;
  const { jinja } = document;
  for (const definition of jinja.definitions) if (holds(definition.nameSpan, offset)) return ofDefinition(request, definition);
  const local = localAt(jinja, offset);
  if (local) return { kind: 'local', document, local: local.local, span: local.span };
  // Of calls that touch, the innermost: `ref('a')` inside a macro's arguments
  const calls = jinja.calls.filter(({ span }) => holds(span, offset));
  // On the package of `package.macro` the macro is meant
  const named = calls.find(({ nameSpan }) => holds(nameSpan, offset));
  const used = ofUses(named ? { ...request, offset: named.nameSpan.end } : request, usesOf(calls, 0)) ?? sourceName(calls, offset) ?? inPlaceOfBuiltIn(project, calls, offset);
  if (used) return used.kind === 'model' ? { ...used, ...versionOf(document, calls, used.span) } : used;
  return request.role === 'docs' ? undefined : inQueries({ project, file: request.file, document }, offset);
}

/** A macro's own name, a docs block's, a snapshot's. */
function ofDefinition({ project, file }: PlaceRequest, { kind, name, nameSpan }: SqlDocument['jinja']['definitions'][number]): Target | undefined {
  if (kind === 'docs') return { kind: 'doc', name, span: nameSpan };
  if (kind === 'snapshot') return { kind: 'model', name, span: nameSpan };
  const found = [...project.macros].find(([, macro]) => macro.file === file && macro.definition.nameSpan.start === nameSpan.start);
  return found && { kind: 'macro', name: found[0], macro: found[1], span: nameSpan };
}

/** The first argument of `source`. */
function sourceName(calls: SqlDocument['jinja']['calls'], offset: number): Target | undefined {
  for (const { name, arguments: [first] } of calls) {
    if (name === 'source' && first?.text !== undefined && first.textSpan && holds(first.textSpan, offset)) return { kind: 'source', name: first.text, span: first.textSpan };
  }
  return undefined;
}

/** A macro of the project's own that takes the place of one of dbt's: `is_incremental()`. */
function inPlaceOfBuiltIn(project: Project, calls: SqlDocument['jinja']['calls'], offset: number): Target | undefined {
  for (const { name, nameSpan } of calls) {
    const macro = holds(nameSpan, offset) ? project.macros.get(name) : undefined;
    if (macro) return { kind: 'macro', name, macro, span: nameSpan };
  }
  return undefined;
}

/** The version that `ref('orders', v=2)` asks for. */
function versionOf({ text }: SqlDocument, calls: SqlDocument['jinja']['calls'], { start }: Span): { version?: string } {
  for (const call of calls) {
    if (call.name !== 'ref' || !call.arguments.some(({ textSpan }) => textSpan?.start === start)) continue;
    const version = versionIn(call, text);
    if (version !== undefined) return { version };
  }
  return {};
}

const KINDS = { ref: 'model', source: 'table', var: 'variable', doc: 'doc' } as const;

function ofUses({ project, file, offset }: PlaceRequest, uses: readonly FoundUse[]): Target | undefined {
  const use = uses.filter(({ span }) => holds(span, offset)).sort((one, other) => one.span.end - one.span.start - (other.span.end - other.span.start))[0];
  if (!use) return undefined;
  if (use.kind !== 'macro') return { kind: KINDS[use.kind], name: use.name, span: use.span };
  const name = macroName(project, file, use.name);
  const macro = name === undefined ? undefined : project.macros.get(name);
  return name !== undefined && macro ? { kind: 'macro', name, macro, span: use.span } : undefined;
}

/** The index's name for a macro as it is called in a file; undefined for what dbt brings, and for what is not there. */
export function macroName(project: Project, file: string, called: string): string | undefined {
  const own = `${project.name}.`;
  const name = called.startsWith(own) ? called.slice(own.length) : called;
  if (project.macros.has(name)) return name;
  // Within a package its own macros need no prefix
  const from = project.modelOfFile(file)?.package ?? [...project.macros.values()].find((macro) => macro.file === file)?.package;
  const inPackage = from === undefined ? undefined : `${from}.${name}`;
  return inPackage !== undefined && project.macros.has(inPackage) ? inPackage : undefined;
}

/** The document with the queries and calls around an offset alone: no other can name what is there. */
function nearTo(document: SqlDocument, offset: number): SqlDocument {
  const { jinja, sql } = document;
  const calls = jinja.calls.filter(({ span }) => holds(span, offset));
  return { ...document, jinja: { ...jinja, calls }, sql: { ...sql, queries: sql.queries.filter(({ span }) => holds(span, offset)) } };
}

function inQueries(scope: Scope, offset: number): Target | undefined {
  const { document, project } = scope;
  const near = nearTo(document, offset);
  for (const { cte, span } of ctePlaces(near)) if (holds(span, offset)) return { kind: 'cte', document, cte, span };
  const makers = new Makers(project);
  for (const select of selectsOf(near)) {
    for (const relation of select.from) {
      if (relation.alias && holds(relation.alias.span, offset)) return { kind: 'relation', document, select, relation, span: relation.alias.span };
      const named = relation.columnAliases?.find(({ span }) => holds(span, offset));
      if (named) return ofMaker(makers.alias(scope, named.span), named.span);
    }
  }
  for (const query of near.sql.queries) {
    for (const cte of query.ctes) {
      const named = cte.columnAliases?.find(({ span }) => holds(span, offset));
      if (named) return ofMaker(makers.alias(scope, named.span), named.span);
    }
  }
  for (const { select, span } of qualifiersOf(near)) {
    if (!holds(span, offset)) continue;
    const found = relationNamed(document, select, span);
    if (found) return { kind: 'relation', document, ...found, span };
  }
  for (const { select, reference, string } of readsOf(near)) {
    if (!holds(reference.span, offset)) continue;
    const from = makers.ofReference(scope, select, reference);
    const row = from.length === 0 && !reference.qualifier ? relationNamed(document, select, reference.span) : undefined;
    if (row) return ofRow(document, row, reference.span);
    if (string && from.length === 0) continue;
    const item = select.items.find((one) => one.nameSpan?.start === reference.span.start && carried(one, select) === reference);
    const maker = item && makers.item(scope, select, item);
    return { kind: 'column', name: reference.name, from, span: reference.span, select, ...(maker ? { item: maker } : {}) };
  }
  return madeAt(makers, scope, near, offset);
}

/** A relation read as a whole row. */
function ofRow(document: SqlDocument, row: Scoped, span: Span): Target {
  const cte = cteQualified(document, row);
  return cte ? { kind: 'cte', document, cte, span } : { kind: 'relation', document, ...row, span };
}

function madeAt(makers: Makers, scope: Scope, near: SqlDocument, offset: number): Target | undefined {
  for (const select of selectsOf(near)) {
    const item: SelectItem | undefined = select.items.find(({ nameSpan }) => holds(nameSpan, offset));
    const maker = item && makers.item(scope, select, item);
    if (maker && item.nameSpan) return { ...ofMaker(maker, item.nameSpan), select };
  }
  return undefined;
}

function ofMaker(item: Maker, span: Span): Target & { kind: 'column' } {
  return { kind: 'column', name: item.name, item, from: [], span };
}

// ---- YAML

function inYaml(request: PlaceRequest): Target | undefined {
  const { yaml, project, file, offset, role } = request;
  if (!yaml) return undefined;
  if (role === 'project') {
    for (const { name, location } of project.variables.values()) if (location?.file === file && holds(location.span, offset)) return { kind: 'variable', name, span: location.span };
    return ofUses(request, usesInScalars(yaml, parseJinja));
  }
  const { uses, described = [] } = factsOf(yaml);
  const column = inDescribed(project, described, offset);
  if (column) return column;
  return ofUses(request, uses) ?? sourceInYaml(request, uses) ?? columnInYaml(project, yaml, offset);
}

/** A column that an argument of a test or a row of a unit test names. */
function columnInYaml(project: Project, { root }: YamlDocument, offset: number): Target | undefined {
  const named = columnNamedAt(root, offset);
  return named && columnOf(project, 'model' in named.of ? named.of.model : named.of.source, named.name, named.span);
}

/** @param of a model or `source.table` */
function columnOf(project: Project, of: string, name: string, span: Span): Target | undefined {
  const makers = new Makers(project);
  const from = makersNamed((column) => (project.sources.has(of) ? makers.ofSource(of, column) : makers.ofModel(of, column)), name).filter(({ place }) => place);
  return from.length === 0 ? undefined : { kind: 'column', name, from, span, of };
}

/** Kept as long as the text's tree is: one asks several times of one text. */
const known = new WeakMap<YamlDocument, Facts>();

function factsOf(yaml: YamlDocument): Facts {
  const facts = known.get(yaml) ?? yamlFacts(yaml, parseJinja);
  known.set(yaml, facts);
  return facts;
}

function inDescribed(project: Project, described: readonly Described[], offset: number): Target | undefined {
  for (const one of described) {
    if (one.source && holds(one.source.nameSpan, offset)) return { kind: 'source', name: one.source.name, span: one.source.nameSpan };
    if (!holds(one.span, offset)) continue;
    const column = one.columns.find(({ nameSpan }) => holds(nameSpan, offset));
    if (!column) continue;
    const makers = new Makers(project);
    const from = makersNamed((name) => (one.kind === 'source' ? makers.ofSource(one.name, name) : makers.ofModel(one.name, name)), column.name);
    return { kind: 'column', name: column.name, from, span: column.nameSpan, of: one.name };
  }
  return undefined;
}

/** The first argument of `source` in a scalar; its table is a use. */
function sourceInYaml({ text, offset }: PlaceRequest, uses: readonly FoundUse[]): Target | undefined {
  for (const { kind, name, span, role } of uses) {
    const first = kind === 'source' && role === 'calls' ? sourceBefore(text, span, name) : undefined;
    if (first && holds(first, offset)) return { kind: 'source', name: text.slice(first.start, first.end), span: first };
  }
  return undefined;
}

/** Where the source is named, before its table, in a call of `source`. */
export function sourceBefore(text: string, table: Span, full: string): Span | undefined {
  const before = text.slice(Math.max(0, table.start - 300), table.start);
  const match = /(['"])([^'"]*)\1\s*,\s*['"]$/.exec(before);
  if (match?.[2] === undefined || !full.startsWith(`${match[2]}.`)) return undefined;
  const start = table.start - before.length + match.index + 1;
  return { start, end: start + match[2].length };
}
