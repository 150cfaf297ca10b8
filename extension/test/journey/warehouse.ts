import type { Connection } from '../../src/dbt/types';
import { PostgresWarehouse } from '../../src/warehouse/postgres';

/** The warehouse as the extension has it, on a test's database, in the profile's own role. */
export function warehouseOf(connection: Connection): PostgresWarehouse {
  return new PostgresWarehouse({
    connection: () => Promise.resolve(connection), previewCredentials: () => undefined, timeout: { value: 60, onDidChange: () => ({ dispose: () => {} }) }, schemaPrefix: () => '',
  });
}
