/** Columns that are not there, that two relations have, or that YAML leaves out. Only where everything that decides it is certain. */
import { columnsOfModel, columnsOfRelation } from '../analysis/columns';
import { outer } from '../analysis/columnsQuery';
import type { ColumnReference, Relation, Select, SelectItem, Span, SqlDocument } from '../analysis/types';
import type { Columns, Model, Project } from '../project/types';
import { addColumns } from './codeActionsModels';
import { firstWord, hasContract } from './diagnosticsModel';
import { didYouMean, ERROR, HINT, WARNING, replacements, similar, type Problem } from './diagnosticsProblem';
import { seenFrom } from './targetScopes';

/** Columns that every table of PostgreSQL has. */
const SYSTEM = new Set(['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid', 'oid']);
/** Words that stand like a column and are none. */
const WORDS = new Set([
  'current_date', 'current_time', 'current_timestamp', 'localtime', 'localtimestamp', 'current_user', 'session_user', 'user', 'current_role', 'current_catalog', 'current_schema', 'system_user',
  'true', 'false', 'null', 'default', 'excluded', 'unknown',
  // Parts of dates, as functions of other databases take them
  ...['year', 'quarter', 'month', 'week', 'day', 'hour', 'minute', 'second', 'millisecond', 'microsecond'].flatMap((unit) => [unit, `${unit}s`]),
]);
/** A file with more than these is generated: nobody reads what is wrong in it. */
const MOST = 200;

/** Problems of the columns of a file that holds a query: macros and generic tests hold parts of one. */
export function columnProblems(project: Project, file: string, document: SqlDocument, model: Model | undefined): Problem[] {
  if (!project.complete || document.jinja.definitions.some(({ kind }) => kind === 'macro' || kind === 'test' || kind === 'materialization')) return [];
  return [...referenceProblems(project, file, document), ...(model ? undocumentedColumns(project, file, model, document.text) : [])];
}

interface Scope {
  select: Select;
  relations: { name: string; columns: Columns; relation: Relation }[];
  /** aliases of joins as a whole, in lower case */
  joins: readonly string[];
  /** whether FROM names everything that takes part in it */
  whole: boolean;
  /** items of the select list by name, and those that Jinja writes */
  outputs: ReadonlyMap<string, readonly SelectItem[]>;
  dynamic: readonly SelectItem[];
}

function referenceProblems(project: Project, file: string, document: SqlDocument): Problem[] {
  const found: Problem[] = [];
  const known = new Map<Relation, Columns>();
  const columnsOf = (relation: Relation): Columns => {
    const before = known.get(relation);
    if (before) return before;
    const columns = columnsOfRelation(project, file, document, relation);
    known.set(relation, columns);
    return columns;
  };
  const scopes = new Map<Select, Scope>();
  const tags = document.jinja.tags.filter(({ kind }) => kind !== 'comment').map(({ span }) => span);
  const scopeOf = (select: Select): Scope => {
    const before = scopes.get(select);
    if (before) return before;
    const scope = { select, relations: select.from.map((relation) => ({ name: nameOf(relation), columns: columnsOf(relation), relation })), joins: (select.joins ?? []).map((name) => name.toLowerCase()), whole: isWhole(tags, select), outputs: byName(select.items), dynamic: select.items.filter((item) => item.dynamic) };
    scopes.set(select, scope);
    return scope;
  };
  for (const query of document.sql.queries) {
    for (const select of query.selects) {
      if (select.references.length === 0) continue;
      const chain: Scope[] = [];
      for (let at: Select | undefined = select; at; at = outer(at)) chain.push(scopeOf(at));
      for (const reference of select.references) {
        if (found.length >= MOST) return found;
        if (isGlued(document.text, reference)) continue;
        const problem = reference.qualifier ? qualifiedProblem(file, reference, reference.qualifier, chain) : plainProblem(file, reference, chain);
        if (problem) found.push(problem);
      }
    }
  }
  return found;
}

const nameOf = ({ alias, path }: Relation): string => (alias?.name ?? path.at(-1) ?? '').toLowerCase();

function qualifiedProblem(file: string, { name, span, quoted }: ColumnReference, { name: qualifier, span: place }: { name: string; span: Span }, chain: readonly Scope[]): Problem | undefined {
  const wanted = qualifier.toLowerCase();
  for (const { relations, joins } of chain) {
    if (joins.includes(wanted)) return undefined;
    const all = relations.filter((one) => one.name === wanted);
    if (all.length === 0) continue;
    const columns = all[0]?.columns;
    if (all.length > 1 || !columns?.certain || columns.columns.length === 0 || has(columns, name) || SYSTEM.has(name.toLowerCase())) return undefined;
    return unknown(file, name, span, quoted, columns.columns.map((column) => column.name), `"${qualifier}" has no column "${name}".`);
  }
  // A column that is a record has fields, and a schema has tables
  const sure = chain.every(({ whole, relations }) => whole && relations.every((one) => one.name !== '' && one.columns.certain && !has(one.columns, qualifier)));
  if (!sure || wanted === 'excluded' || (chain[0]?.relations.length ?? 0) === 0) return undefined;
  const guesses = similar(qualifier, new Set(chain.flatMap(({ relations }) => relations.map((one) => one.name))));
  return {
    span: place, code: 'unknown-relation', severity: ERROR, message: `FROM names nothing as "${qualifier}".${didYouMean(guesses)}`, fixes: () => replacements(file, place, guesses),
  };
}

function plainProblem(file: string, { name, span, quoted }: ColumnReference, chain: readonly Scope[]): Problem | undefined {
  const lower = name.toLowerCase();
  const [own] = chain;
  if (!own || own.relations.length === 0 || (!quoted && WORDS.has(lower)) || SYSTEM.has(lower)) return undefined;
  const candidates: string[] = [];
  for (const { select, relations, whole } of chain) {
    if (!whole || relations.some(({ columns }) => !columns.certain || columns.columns.length === 0)) return undefined;
    const holders = relations.filter(({ columns }) => has(columns, name));
    if (holders.length > 1) {
      // What is joined later a condition does not see
      const seen = seenFrom(select, span);
      if (holders.filter(({ relation }) => seen.includes(relation)).length < 2) return undefined;
      // An output column of that name is what ORDER BY and GROUP BY mean, and USING makes one of two
      if (isOutput(own, name, span) || relations.some(({ relation }) => relation.join?.using?.some((column) => column.toLowerCase() === lower))) return undefined;
      const names = holders.map((one) => `"${one.name}"`);
      return {
        span, code: 'ambiguous-column', severity: ERROR, message: `"${name}" is a column of ${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}: say which.`,
        fixes: () => holders.map((one) => ({ title: `Change to "${one.name}.${name}"`, changes: [{ file, span: { start: span.start, end: span.start }, text: `${one.name}.` }] })),
      };
    }
    if (holders.length === 1) return undefined;
    // A relation's name alone is its whole row
    if (relations.some((one) => one.name === lower)) return undefined;
    candidates.push(...relations.flatMap(({ columns }) => columns.columns.map((column) => column.name)));
  }
  if (isOutput(own, name, span)) return undefined;
  const names = own.relations.map((one) => `"${one.name}"`);
  const where = names.length === 1 ? `${names.join('')} has no column` : `None of ${names.join(', ')} has a column`;
  return unknown(file, name, span, quoted, candidates, `${where} "${name}".`);
}

function unknown(file: string, name: string, span: Problem['span'], quoted: boolean, candidates: readonly string[], message: string): Problem {
  const guesses = similar(name, new Set(candidates));
  const inside = quoted && span.end - span.start === name.length + 2 ? { start: span.start + 1, end: span.end - 1 } : span;
  return { span, code: 'unknown-column', severity: ERROR, message: `${message}${didYouMean(guesses)}`, fixes: () => replacements(file, inside, guesses) };
}

function has({ columns }: Columns, name: string): boolean {
  const lower = name.toLowerCase();
  return columns.some((column) => column.name.toLowerCase() === lower);
}

function byName(items: readonly SelectItem[]): Map<string, SelectItem[]> {
  const found = new Map<string, SelectItem[]>();
  for (const item of items) {
    if (item.name === undefined) continue;
    const key = item.name.toLowerCase();
    const known = found.get(key);
    if (known) known.push(item);
    else found.set(key, [item]);
  }
  return found;
}

/** Whether another item of the select list has the name, or may have. */
function isOutput({ outputs, dynamic }: Scope, name: string, span: Span): boolean {
  const elsewhere = (item: SelectItem): boolean => item.span.start > span.start || span.end > item.span.end;
  return dynamic.some(elsewhere) || (outputs.get(name.toLowerCase())?.some(elsewhere) ?? false);
}

/**
 * Whether FROM holds no Jinja but what names its relations: anything else may join more.
 * @param tags of the file, in its order
 */
function isWhole(tags: readonly Span[], { from, clauses }: Select): boolean {
  const span = clauses.from;
  if (from.some(({ dynamic }) => dynamic)) return false;
  if (!span) return from.length > 0;
  const named = ({ start, end }: Span): boolean => from.some((relation) => (relation.span.start <= start && end <= relation.span.end) || (relation.join?.on !== undefined && relation.join.on.start <= start && end <= relation.join.on.end));
  let low = 0;
  let high = tags.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((tags[middle]?.start ?? 0) < span.start) low = middle + 1;
    else high = middle;
  }
  for (let at = low; at < tags.length; at++) {
    const tag = tags[at];
    if (!tag || tag.start >= span.end) break;
    if (!named(tag)) return false;
  }
  return true;
}

/** Whether Jinja writes a part of the name: `{{ prefix }}_id`. */
function isGlued(text: string, { span, qualifier }: ColumnReference): boolean {
  const start = qualifier?.span.start ?? span.start;
  return /[}%#]\}\.?$/.test(text.slice(Math.max(0, start - 3), start)) || /^\.?\{[{%#]/.test(text.slice(span.end, span.end + 3));
}

/** Columns that YAML leaves out, where it documents others. */
function undocumentedColumns(project: Project, file: string, model: Model, text: string): Problem[] {
  const { properties, name: of } = model;
  const promised = hasContract(model);
  if (!properties || (properties.columns.length === 0 && !promised)) return [];
  const documented = new Set(properties.columns.map(({ name }) => name.toLowerCase()));
  const { columns, certain } = columnsOfModel(project, of);
  if (!certain) return [];
  const missing = columns.filter(({ name }) => !documented.has(name.toLowerCase()));
  return missing.flatMap(({ name, location }, index): Problem[] => {
    // What a star takes from elsewhere is nobody's line, but dbt's contract
    if (location?.file !== file && !promised) return [];
    return [{
      span: location?.file === file ? location.span : firstWord(text), code: 'undocumented-column', severity: promised ? WARNING : HINT,
      message: promised ? `"${of}" has a contract, and its YAML does not name the column "${name}": dbt refuses to build it.` : `YAML documents other columns of "${of}", and not "${name}".`,
      fixes: () => [...addColumns(project, of, properties, missing.slice(index, index + 1)), ...(missing.length > 1 ? addColumns(project, of, properties, missing) : [])],
    }];
  });
}
