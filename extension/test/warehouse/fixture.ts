import { PostgresWarehouse } from '../../src/warehouse/postgres';
import { stackCredentials, type Credentials } from '../../src/warehouse/role';
import type { Connection } from '../../src/dbt/types';
import { testPlace } from '../servers';

/** A warehouse on a test's database, as the stack's preview role unless other credentials are given. @param timeout seconds */
export async function warehouseOn(connection: Connection, { timeout = 30, credentials }: { timeout?: number; credentials?: () => Credentials | undefined } = {}): Promise<PostgresWarehouse> {
  const { local } = await testPlace();
  return new PostgresWarehouse({
    connection: () => Promise.resolve(connection),
    previewCredentials: credentials ?? ((where) => stackCredentials(local, where)),
    timeout: { value: timeout, onDidChange: () => ({ dispose: () => {} }) },
    schemaPrefix: () => '',
  });
}
