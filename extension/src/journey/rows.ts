import type { Rows } from '../warehouse/types';

/** A row by its column's names. */
export type Row = Record<string, string | null>;

export const objects = ({ columns, rows }: Rows): Row[] => named(columns.map(({ name }) => name), rows);

/** @param names of the columns, in their order */
export const named = (names: readonly string[], rows: Rows['rows']): Row[] => rows.map((row) => Object.fromEntries(names.map((name, index) => [name, row[index] ?? null])));

/** A value that the query never leaves null. */
export const text = (row: Row, name: string): string => row[name] ?? '';
