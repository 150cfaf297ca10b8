/** Paging in another order than the physical one, and through what has none. */
import { qualifiedName } from '../warehouse/identifiers';
import type { Reader } from '../warehouse/types';
import type { Relation, RelationName } from './catalog';
import type { View } from './protocol';
import { Changed, type RawRow, type Scan, type Step } from './scan';
import { Parameters, ROW, fromOf, gridColumns, orderOf, whereOf, type QueryOrigin } from './sql';

/** How many rows are put in order at once: their pages then cost no sort. */
const WINDOW = 10_000;

/** A table in the order of some columns, rows that are equal in them in their physical order. */
export class SortedScan implements Scan {
  #window: { start: number; places: string[] } = { start: 0, places: [] };
  total: number | undefined;

  constructor(private readonly name: RelationName, private readonly relation: Relation, private readonly view: View, private readonly selected = gridColumns(relation.columns), private readonly size = WINDOW) {}

  async rows(step: Step, start: number, count: number): Promise<RawRow[]> {
    if (this.total !== undefined && start >= this.total) return [];
    const window = this.#within(start, count) ? this.#window : undefined;
    const { rows, places } = await step(async (query) => {
      const sorted = window ?? await this.#sort(query, this.#startFor(start, count), Math.max(count, this.size));
      const wanted = sorted.places.slice(start - sorted.start, start - sorted.start + count);
      return { rows: wanted.length === 0 ? [] : await this.#read(query, wanted), places: sorted };
    });
    this.#window = places;
    if (places.places.length < Math.max(count, this.size) && !window) this.total = places.start + places.places.length;
    return rows;
  }

  #within(start: number, count: number): boolean {
    const from = start - this.#window.start;
    return from >= 0 && from + Math.min(count, (this.total ?? Infinity) - start) <= this.#window.places.length && from < this.#window.places.length;
  }

  /** Forwards a window begins where it is read, backwards it ends there. */
  #startFor(start: number, count: number): number {
    return start < this.#window.start ? Math.max(0, start + count - Math.max(count, this.size)) : start;
  }

  async #sort(query: Reader, start: number, size: number): Promise<{ start: number; places: string[] }> {
    const parameters = new Parameters();
    const where = whereOf(this.view.filter, this.relation.columns, parameters);
    const order = [...orderOf(this.view, this.relation.columns), 'ctid'].join(', ');
    const sql = `select ctid from ${qualifiedName(this.name)} where ${where} order by ${order} offset ${parameters.add(start)}::bigint limit ${parameters.add(size)}::bigint`;
    const { rows } = await query(sql, parameters.values);
    return { start, places: rows.map(([place]) => place ?? '') };
  }

  async #read(query: Reader, places: readonly string[]): Promise<RawRow[]> {
    const { rows } = await query(`select ctid, ${this.selected} from ${qualifiedName(this.name)} where ctid = any($1::tid[])`, [places]);
    const found = new Map(rows.map((row) => [row[0], row as RawRow]));
    if (found.size < places.length) throw new Changed();
    return places.flatMap((place) => [found.get(place) ?? []]) as RawRow[];
  }
}

/** A view, a query, or what else has no places: each page runs it anew. */
export class PlainScan implements Scan {
  total: number | undefined;

  constructor(private readonly origin: RelationName | QueryOrigin, private readonly relation: Relation, private readonly view: View, private readonly selected = gridColumns(relation.columns)) {}

  async rows(step: Step, start: number, count: number): Promise<RawRow[]> {
    const parameters = new Parameters();
    const where = whereOf(this.view.filter, this.relation.columns, parameters);
    const order = orderOf(this.view, this.relation.columns);
    // Rows that are equal in all columns are the same row to whoever reads them
    const by = order.length === 0 ? '' : `order by ${[...order, `${ROW}::text`].join(', ')}`;
    const sql = `select ${this.selected} from ${fromOf(this.origin)} where ${where} ${by} offset ${parameters.add(start)}::bigint limit ${parameters.add(count)}::bigint`;
    const { rows } = await step((query) => query(sql, parameters.values));
    if (rows.length < count) this.total = rows.length > 0 || start === 0 ? start + rows.length : this.total;
    return rows.map((row, index) => [`#${start + index}`, ...row]);
  }
}
