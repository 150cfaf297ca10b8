import pg from 'pg';
import type { Connection } from '../../src/dbt/types';
import type { Warehouse } from '../../src/warehouse/types';
import { clientOf } from '../servers';

/** A Warehouse over a plain pool, which says how long its statements took and cancels nothing. */
export function plainWarehouse(connection: Connection): { warehouse: Warehouse; statements: { sql: string; milliseconds: number }[]; end: () => Promise<void> } {
  // As PostgreSQL prints them
  const pool = new pg.Pool({ ...clientOf(connection), max: 4, types: { getTypeParser: () => (value: string) => value } as unknown as pg.CustomTypesConfig });
  const statements: { sql: string; milliseconds: number }[] = [];
  const warehouse: Warehouse = {
    state: { kind: 'unknown' },
    onDidChange: () => ({ dispose: () => {} }),
    schema: (name) => name,
    query: async (sql, parameters = []) => {
      const started = performance.now();
      const { fields, rows } = await pool.query<(string | null)[]>({ text: sql, values: [...parameters], rowMode: 'array' });
      statements.push({ sql, milliseconds: performance.now() - started });
      return { columns: fields.map(({ name }) => ({ name, type: '' })), rows };
    },
  };
  return { warehouse, statements, end: () => pool.end() };
}
