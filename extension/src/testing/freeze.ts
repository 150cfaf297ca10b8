/** A real journey as a dbt unit test with literal rows: pure. */
import { parseYaml } from '../language/analysis/document';
import { get, items, scalar } from '../language/analysis/yamlValues';
import type { Column } from '../warehouse/types';

/** Rows of a model for one client; values as PostgreSQL's own text. */
export interface Frozen {
  model: string;
  columns: readonly Column[];
  rows: readonly (readonly (string | null)[])[];
}

export interface UnitTest {
  name: string;
  description: string;
  model: string;
  /** an incremental model is tested as it is built whole */
  incremental: boolean;
  given: readonly Frozen[];
  expect: Frozen;
  /** the model's SQL: of `given`, columns that neither it nor its output names are left out */
  sql: string;
}

/** What says who somebody is, or where: masked, so that a test can be shown to others. */
const MASKED = /(?:^|_)(?:id|uuid|url|uri|email|phone|name|address|ip|file)$/i;
const WORD = /[A-Za-z_][A-Za-z0-9_$]*/g;
const PLAIN = /^(?:smallint|integer|bigint|boolean)/;

/**
 * The entry of `unit_tests:` for it, its lines indented by two. Values of columns that name somebody are replaced by
 * numbered ones: equal ones stay equal across all tables, and keep the order of their bytes, which ties are decided by.
 */
export function unitTestOf({ name, description, model, incremental, given, expect, sql }: UnitTest): string {
  const wanted = new Set([...sql.matchAll(WORD)].map(([word]) => word).concat(expect.columns.map((column) => column.name)));
  const inputs = given.map((table) => only(table, ({ name: column }) => wanted.has(column)));
  const mask = maskOf([...inputs, expect]);
  const lines = [`  - name: ${name}`, `    description: ${JSON.stringify(description)}`, `    model: ${model}`];
  if (incremental) lines.push('    overrides: {macros: {is_incremental: false}}');
  lines.push('    given:');
  for (const table of inputs) lines.push(`      - input: ref('${table.model}')`, ...rowsOf(table, mask, false).map((line) => `        ${line}`));
  lines.push('    expect:', ...rowsOf(expect, mask, true).map((line) => `      ${line}`));
  return `${lines.join('\n')}\n`;
}

type Mask = (column: Column, value: string) => string;

function only({ model, columns, rows }: Frozen, keep: (column: Column) => boolean): Frozen {
  const kept = columns.flatMap((column, index) => (keep(column) ? [index] : []));
  const pick = <T>(values: readonly T[]): T[] => values.filter((_, index) => kept.includes(index));
  return { model, columns: pick(columns), rows: rows.map(pick) };
}

/** One numbering for uuids, and one for texts of each kind of column; a value keeps its mask wherever it stands. */
function maskOf(tables: readonly Frozen[]): Mask {
  const kinds = new Map<string, Set<string>>();
  const kindOf = new Map<string, string>();
  for (const { columns, rows } of tables) {
    for (const [index, column] of columns.entries()) {
      if (!isMasked(column)) continue;
      for (const row of rows) {
        const value = row[index];
        if (value === null || value === undefined) continue;
        const kind = kindOf.get(`${column.type} ${value}`) ?? (column.type === 'uuid' ? 'uuid' : column.name.replace(/_(?:id|uuid)$/i, ''));
        kindOf.set(`${column.type} ${value}`, kind);
        kinds.set(kind, (kinds.get(kind) ?? new Set()).add(value));
      }
    }
  }
  const masks = new Map<string, string>();
  for (const [kind, values] of kinds) {
    const sorted = [...values].sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
    const digits = String(sorted.length).length;
    for (const [index, value] of sorted.entries()) {
      const number = String(index + 1);
      masks.set(`${kind} ${value}`, kind === 'uuid' ? `00000000-0000-0000-0000-${number.padStart(12, '0')}` : `${kind}_${number.padStart(digits, '0')}`);
    }
  }
  return (column, value) => (isMasked(column) ? (masks.get(`${kindOf.get(`${column.type} ${value}`) ?? ''} ${value}`) ?? value) : value);
}

const isMasked = ({ name, type }: Column): boolean => MASKED.test(name) && (type === 'uuid' || /^(?:text|character|varchar|citext)/.test(type));

/** @param nulls whether null is written: dbt compares the columns that the first expected row has */
function rowsOf({ columns, rows }: Frozen, mask: Mask, nulls: boolean): string[] {
  if (rows.length === 0) return ['rows: []'];
  return ['rows:', ...rows.map((row) => `  - {${columns.flatMap((column, index): string[] => {
    const value = row[index] ?? null;
    if (value === null) return nulls ? [`${column.name}: null`] : [];
    return [`${column.name}: ${written(column, mask(column, value))}`];
  }).join(', ')}}`)];
}

/** Texts and exact numbers are quoted: YAML would make something else of them. */
function written({ type }: Column, value: string): string {
  if (type === 'boolean') return value === 't' || value === 'true' ? 'true' : 'false';
  return PLAIN.test(type) || /^[a-z][a-z_]*_\d+$/.test(value) ? value : JSON.stringify(value);
}

export interface Insertion {
  /** line, from 0, before which the text goes; the number of lines: after the last */
  line: number;
  text: string;
}

/** Where a unit test goes in a properties file: at the end of its `unit_tests:`, else as a section of its own at the end. */
export function insertionOf(text: string, test: string): Insertion {
  const lines = text.split(/\r?\n/);
  // What follows the last line break is no line
  const count = lines.at(-1) === '' ? lines.length - 1 : lines.length;
  const start = lines.findIndex((line) => /^unit_tests\s*:/.test(line));
  const missing = text === '' || text.endsWith('\n') ? '' : '\n';
  if (start < 0) return { line: count, text: `${missing}${count > 0 ? '\n' : 'version: 2\n\n'}unit_tests:\n${test}` };
  let end = start + 1;
  while (end < count && !/^[^\s#-]/.test(lines[end] ?? '')) end++;
  // Comments and empty lines before the next section are that section's
  while (end > start + 1 && /^\s*(?:#.*)?$/.test(lines[end - 1] ?? '')) end--;
  const indent = /^(\s*)-/.exec(lines.slice(start + 1, end).find((line) => /^\s*-/.test(line)) ?? '  -')?.[1] ?? '  ';
  const shifted = test.split('\n').map((line) => (line === '' ? '' : indent + line.slice(2))).join('\n');
  return { line: end, text: `${end === count ? missing : ''}${end > start + 1 ? '\n' : ''}${shifted}` };
}

/** Each unit test of a properties file: its name, and the model that it tests. */
export const unitTestsIn = (text: string): { name: string; model: string }[] =>
  items(get(parseYaml(text).root, 'unit_tests')).map((test) => ({ name: scalar(get(test, 'name')) ?? '', model: scalar(get(test, 'model')) ?? '' }));
