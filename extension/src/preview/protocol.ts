/** What the preview's host and its page say to one another. */

export type ColumnKind = 'text' | 'number' | 'time' | 'boolean' | 'other';

export interface GridColumn {
  name: string;
  /** as PostgreSQL prints it: `numeric(18,4)` */
  type: string;
  kind: ColumnKind;
  /** dbt's description */
  description?: string;
}

export interface Sort {
  column: string;
  descending: boolean;
}

export type Operator =
  | 'contains' | 'notContains' | 'equals' | 'notEqual' | 'startsWith' | 'endsWith'
  | 'less' | 'lessEqual' | 'greater' | 'greaterEqual' | 'between'
  | 'isTrue' | 'isFalse' | 'isEmpty' | 'isNull' | 'isNotNull';

export interface Condition {
  operator: Operator;
  /** what the person wrote; the database reads it as the column's type */
  value?: string;
  /** the other end of `between` */
  to?: string;
}

export interface ColumnFilter {
  column: string;
  join: 'and' | 'or';
  conditions: Condition[];
}

/** What of the table is wanted, and in which order; without a sort it is the physical one. */
export interface View {
  sort: Sort[];
  filter: ColumnFilter[];
}

export interface Row {
  /** the row's ctid, or `#` and its number where it has none */
  key: string;
  cells: (string | null)[];
  /** which cells are longer than what is here */
  cut?: number[];
}

export interface Count {
  rows: number;
  /** `atLeast`: counted so far */
  kind: 'estimate' | 'atLeast' | 'exact';
}

export type RowsAnswer =
  | { kind: 'rows'; rows: Row[]; /** where the end was reached */ total?: number; count?: Count }
  /** the table is another one than that of `version`: a new `shown` follows */
  | { kind: 'changed' };

export interface Table {
  /** changes whenever rows that were read may not be the table's any more */
  version: string;
  columns: GridColumn[];
  /** whether rows have a place of their own, so that any of them is found again */
  physical: boolean;
  count?: Count;
}

export type Shown =
  | { kind: 'loading' }
  /** `news`: why it is shown again, in words */
  | {
    kind: 'table'; table: Table; pageSize: number; news?: string;
    /** say that the profile's own role reads */
    note?: { server: string; user: string };
    /** only rows with exactly these values, by column, in place of what was filtered */
    filter?: Record<string, string>;
  }
  | { kind: 'missing'; message: string; materialize: boolean }
  | { kind: 'error'; message: string; remedies: string[] };

export type CopyFormat = 'csv' | 'tsv' | 'markdown' | 'json';

/** A query whose rows are shown, as somebody's editor has it. */
export interface QuerySubject {
  title: string;
  sql: string;
  /** where it is written */
  uri?: string;
}

export interface PreviewHost {
  requests: {
    rows: { argument: { version: string; view: View; start: number; count: number }; result: RowsAnswer };
    /** a whole value */
    cell: { argument: { view: View; key: string; column: string }; result: string | null };
    /** into the clipboard; the result is how many rows */
    copy: { argument: { view: View; keys: string[]; columns: string[]; format: CopyFormat }; result: number };
  };
  notifications: {
    /** count what this view has, exactly; ends the counting of another view */
    startCount: { version: string; view: View };
    stopCount: null;
    reload: null;
    exportAll: View;
    materialize: null;
    openModel: null;
    /** by its number in `remedies` */
    remedy: number;
    journey: { clientId: string; purchaseId?: string };
    note: 'sql' | 'password' | 'dismiss';
  };
}

export interface PreviewPage {
  // eslint-disable-next-line @typescript-eslint/no-generated-empty-object-type -- the host asks nothing of the page
  requests: Record<never, never>;
  notifications: {
    /** `query`: what is shown where it is no model; the page keeps it, as a reload of the window forgets all else */
    model: { name: string; relation: string; query?: QuerySubject };
    shown: Shown;
    count: { version: string; count: Count };
  };
}
