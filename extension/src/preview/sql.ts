/** SQL of the preview, from a view that the page asked for: names are quoted, values are parameters. */
import { qualifiedName, quoteIdentifier } from '../warehouse/identifiers';
import type { CatalogColumn, RelationName } from './catalog';
import type { ColumnFilter, Condition, View } from './protocol';

/** How many characters of a value the grid gets. */
export const CELL_LENGTH = 1000;

/** A person's own query; `columns` are the names that its columns go by, each one once. */
export interface QueryOrigin {
  query: string;
  columns: readonly string[];
}

/** The whole row; no column is called that. */
export const ROW = '"attribution preview row"';

/** What stands behind `from`. A query keeps its own order and limit: nothing is put into it, and its end may be a comment. */
export function fromOf(origin: RelationName | QueryOrigin): string {
  if ('schema' in origin) return `${qualifiedName(origin)} as ${ROW}`;
  return `(\n${origin.query}\n) as ${ROW} (${origin.columns.map(quoteIdentifier).join(', ')})`;
}

/** Names as they are, a repeated one with its number: `id`, `id (2)`. */
export function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    let unique = name || '?column?';
    for (let number = 2; taken.has(unique); number++) unique = `${name} (${number})`;
    taken.add(unique);
    return unique;
  });
}

/** Parameters in the order of their numbers. */
export class Parameters {
  readonly values: (string | number | readonly string[])[] = [];

  /** @returns its place: `$1` */
  add(value: string | number | readonly string[]): string {
    return `$${this.values.push(value)}`;
  }
}

/** A view without what the table does not have: columns may be gone since it was made. */
export function knownView(view: View, columns: readonly CatalogColumn[]): View {
  const known = (column: string): boolean => columns.some(({ name }) => name === column);
  return { sort: view.sort.filter(({ column }) => known(column)), filter: view.filter.filter(({ column }) => known(column)) };
}

/** The condition of all filters, `true` where there are none. */
export function whereOf(filters: readonly ColumnFilter[], columns: readonly CatalogColumn[], parameters: Parameters): string {
  const parts = filters.flatMap(({ column, join, conditions }) => {
    const found = columns.find(({ name }) => name === column);
    if (!found || conditions.length === 0) return [];
    return [`(${conditions.map((condition) => conditionSql(found, condition, parameters)).join(join === 'or' ? ' or ' : ' and ')})`];
  });
  return parts.length === 0 ? 'true' : parts.join(' and ');
}

function conditionSql(column: CatalogColumn, { operator, value = '', to = '' }: Condition, parameters: Parameters): string {
  const name = quoteIdentifier(column.name);
  const text = `${name}::text`;
  const comparable = column.kind === 'number' || column.kind === 'time';
  // The server reads the input as the column's type and says so where it cannot: no number passes through JavaScript
  const given = (input: string): string => (comparable ? `${parameters.add(input.trim())}::text::${column.base}` : `${parameters.add(input)}::text`);
  const left = comparable || column.kind === 'text' ? name : text;
  const folded = (input: string): string => `lower(${parameters.add(input)}::text)`;
  switch (operator) {
    case 'contains': return `strpos(lower(${text}), ${folded(value)}) > 0`;
    case 'notContains': return `coalesce(strpos(lower(${text}), ${folded(value)}) = 0, true)`;
    case 'startsWith': return `starts_with(lower(${text}), ${folded(value)})`;
    case 'endsWith': return `starts_with(reverse(lower(${text})), reverse(${folded(value)}))`;
    case 'equals': return `${left} = ${given(value)}`;
    case 'notEqual': return `${left} is distinct from ${given(value)}`;
    case 'less': return `${left} < ${given(value)}`;
    case 'lessEqual': return `${left} <= ${given(value)}`;
    case 'greater': return `${left} > ${given(value)}`;
    case 'greaterEqual': return `${left} >= ${given(value)}`;
    case 'between': return `${left} between symmetric ${given(value)} and ${given(to)}`;
    case 'isTrue': return `${text} in ('t', 'true')`;
    case 'isFalse': return `${text} in ('f', 'false')`;
    case 'isEmpty': return `${text} = ''`;
    case 'isNull': return `${name} is null`;
    case 'isNotNull': return `${name} is not null`;
  }
}

// What PostgreSQL has no order for
const UNORDERED = new Set(['json', 'xml', 'point', 'box', 'polygon', 'line', 'path', 'circle', 'lseg', 'xid', 'cid', 'jsonpath']);

/** What a view is ordered by, without `order by`; empty for the physical order. */
export function orderOf({ sort }: View, columns: readonly CatalogColumn[]): string[] {
  return sort.flatMap(({ column, descending }) => {
    const found = columns.find(({ name }) => name === column);
    if (!found) return [];
    const name = quoteIdentifier(column);
    return [`${UNORDERED.has(found.base.replace(/\[\]$/, '')) ? `${name}::text` : name}${descending ? ' desc' : ''}`];
  });
}

const SHORT = /^(smallint|integer|bigint|numeric|real|double precision|boolean|date|time|timestamp|interval|uuid|oid|money|name|character$|bpchar)/;

/** What is selected for the grid: long values only as far as it shows them, so that a megabyte in a cell costs nothing. */
export function gridColumns(columns: readonly CatalogColumn[]): string {
  return columns.map(({ name, base }) => {
    const quoted = quoteIdentifier(name);
    if (SHORT.test(base) && !base.endsWith('[]')) return quoted;
    if (base === 'bytea') return `'\\x' || encode(substring(${quoted} from 1 for ${CELL_LENGTH / 2}), 'hex') as ${quoted}`;
    return `left(${quoted}::text, ${CELL_LENGTH + 1}) as ${quoted}`;
  }).join(', ');
}

/** The first characters of a value that was selected by `gridColumns`, and whether there are more. */
export function cutCell(value: string | null): { value: string | null; cut: boolean } {
  if (value === null || value.length <= CELL_LENGTH) return { value, cut: false };
  const characters = Array.from(value);
  return characters.length > CELL_LENGTH ? { value: characters.slice(0, CELL_LENGTH).join(''), cut: true } : { value, cut: false };
}
