import type { Event } from '../base/events';
import type { Connection } from '../dbt/types';

export interface Column {
  name: string;
  /** as PostgreSQL prints it: `numeric(18,4)`, `timestamp without time zone` */
  type: string;
}

/** Rows in the order of the columns; every value as PostgreSQL's own text (exact), null as null. */
export interface Rows {
  columns: Column[];
  rows: (string | null)[][];
}

export interface QueryOptions {
  /** cancels the query on the server as well */
  signal?: AbortSignal;
  /** milliseconds; the default is the setting `attribution.preview.timeout` */
  timeout?: number;
}

/** Whether queries run as the stack's SELECT-only login role, or in read-only transactions of the profile's own role. */
export type Access = 'preview-role' | 'profile-role';

export type WarehouseState =
  | { kind: 'unknown' }
  | { kind: 'connected'; server: string; database: string; access: Access }
  | { kind: 'unavailable'; message: string };

export type Parameter = string | number | boolean | null | readonly string[];
/** Asks one statement inside a read; values as in `Rows`. */
export type Reader = (sql: string, parameters?: readonly Parameter[]) => Promise<Pick<Rows, 'rows'>>;

/** Read-only PostgreSQL: one statement a call by the extended protocol, time-limited, cancellable, always rolled back. */
export interface Warehouse {
  readonly state: WarehouseState;
  readonly onDidChange: Event<void>;
  /**
   * @param sql one statement; parameters as $1, $2 …
   * @throws HumanError with the server's words (position kept in `cause`), Cancelled when the signal was aborted
   */
  query(sql: string, parameters?: readonly Parameter[], options?: QueryOptions): Promise<Rows>;
  /** Name of a schema behind the project's `schema_prefix`: marts → dev_marts. */
  schema(name: 'raw' | 'staging' | 'intermediate' | 'marts'): string;
}

/** For whoever asks several things of the same tables. */
export interface ReadingWarehouse extends Warehouse {
  /**
   * Runs `work` in one short transaction: tables that it has read stay the ones they are until its end. Each statement sees what is committed
   * when it begins: with one view for all, rows of a table that was replaced while the statement waited for it would be missing.
   * Where a writer waits for this transaction it is broken off, and `work` runs again from the start: so it must do nothing but read.
   */
  read<T>(work: (query: Reader) => Promise<T>, options?: QueryOptions): Promise<T>;
  /** Where it leads, by the profile. @throws HumanError where that cannot be resolved */
  connection(): Promise<Connection>;
  /** Connects anew at the next query: after a login changed. */
  reset(): Promise<void>;
}
