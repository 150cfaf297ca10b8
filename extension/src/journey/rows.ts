import type { Rows } from '../warehouse/types';

/** A row by its column's names. */
export type Row = Record<string, string | null>;

export function objects({ columns, rows }: Rows): Row[] {
  return rows.map((row) => Object.fromEntries(columns.map(({ name }, index) => [name, row[index] ?? null])));
}

/** A value that the query never leaves null. */
export const text = (row: Row, name: string): string => row[name] ?? '';
