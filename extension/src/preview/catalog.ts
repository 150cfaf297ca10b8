/** What the database says about a relation. */
import type { Reader } from '../warehouse/types';
import type { ColumnKind } from './protocol';

export interface CatalogColumn {
  name: string;
  type: string;
  /** the type without its modifier: what a person's input is read as */
  base: string;
  kind: ColumnKind;
}

/** Where a relation's rows are; compared before each page. */
export interface Stamp {
  version: string;
  /** 8 kB pages of the table's file; 0 for what has none */
  blocks: number;
}

export interface Relation extends Stamp {
  columns: CatalogColumn[];
  /** rows have a ctid that is theirs alone: tables and materialized views, not views and partitioned tables */
  physical: boolean;
  /** by the last ANALYZE, scaled to the size now */
  estimate?: number;
}

const STAMP = `select concat_ws(':', class.oid, pg_relation_filenode(class.oid), pg_stat_get_tuples_inserted(class.oid) + pg_stat_get_tuples_updated(class.oid) + pg_stat_get_tuples_deleted(class.oid), size.bytes),
  (coalesce(size.bytes, 0) / current_setting('block_size')::bigint)`;
const FROM = `from pg_catalog.pg_class as class
  inner join pg_catalog.pg_namespace as namespace on namespace.oid = class.relnamespace
  cross join lateral (select case when class.relkind in ('r', 'm', 't') then pg_relation_size(class.oid) end as bytes) as size
  where namespace.nspname = $1 and class.relname = $2 and class.relkind in ('r', 'v', 'm', 'p', 'f')`;
const COLUMNS = `(select json_agg(json_build_object('name', attname, 'type', format_type(atttypid, atttypmod), 'base', format_type(atttypid, null)) order by attnum)
  from pg_catalog.pg_attribute where attrelid = class.oid and attnum > 0 and not attisdropped)`;

export interface RelationName {
  schema: string;
  name: string;
}

/** undefined: there is no such relation */
export async function readStamp(query: Reader, { schema, name }: RelationName): Promise<Stamp | undefined> {
  const { rows } = await query(`${STAMP} ${FROM}`, [schema, name]);
  return rows[0] && { version: rows[0][0] ?? '', blocks: Number(rows[0][1]) };
}

/** undefined: there is no such relation */
export async function readRelation(query: Reader, { schema, name }: RelationName): Promise<Relation | undefined> {
  const { rows } = await query(`${STAMP}, class.relkind, class.reltuples, class.relpages, ${COLUMNS} ${FROM}`, [schema, name]);
  const row = rows[0];
  if (!row) return undefined;
  const [version, blocks, kind, tuples, pages, columns] = row;
  const physical = kind === 'r' || kind === 'm';
  const estimate = physical ? scaled(Number(tuples), Number(pages), Number(blocks)) : undefined;
  return {
    version: version ?? '', blocks: Number(blocks), physical, ...(estimate === undefined ? {} : { estimate }),
    columns: (JSON.parse(columns ?? '[]') as Omit<CatalogColumn, 'kind'>[]).map((column) => ({ ...column, kind: kindOf(column.base) })),
  };
}

/** PostgreSQL counts rows at ANALYZE only (-1: never did); the file's size is known at any time. */
function scaled(tuples: number, pages: number, blocks: number): number | undefined {
  if (blocks === 0) return 0;
  return tuples < 0 || pages === 0 ? undefined : Math.round((tuples / pages) * blocks);
}

const KINDS: Record<string, ColumnKind> = {
  smallint: 'number', integer: 'number', bigint: 'number', numeric: 'number', real: 'number', 'double precision': 'number', oid: 'number', money: 'number',
  date: 'time', 'timestamp without time zone': 'time', 'timestamp with time zone': 'time', 'time without time zone': 'time', 'time with time zone': 'time', interval: 'time',
  boolean: 'boolean', text: 'text', 'character varying': 'text', character: 'text', bpchar: 'text', name: 'text',
};

/** @param type without its modifier */
export const kindOf = (type: string): ColumnKind => (Object.hasOwn(KINDS, type) ? KINDS[type] : undefined) ?? 'other';
