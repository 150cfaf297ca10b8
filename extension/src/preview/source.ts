/** One relation as the preview reads it: pages of any view of it, whole values, and its exact size. */
import { HumanError } from '../base/errors';
import { MissingRelation, TimedOut, Unavailable } from '../warehouse/errors';
import { bareQuery, describeQuery } from '../warehouse/describe';
import { quoteIdentifier, qualifiedName } from '../warehouse/identifiers';
import type { ReadingWarehouse, Reader } from '../warehouse/types';
import { kindOf, readRelation, readStamp, type Relation, type RelationName } from './catalog';
import { PlainScan, SortedScan } from './orderedScan';
import type { Count, Row, View } from './protocol';
import { Changed, PhysicalScan, type RawRow, type Scan, type Step } from './scan';
import { Parameters, cutCell, fromOf, gridColumns, knownView, uniqueNames, whereOf, type QueryOrigin } from './sql';

/** How many rows one export step sorts at once: more than a page does, since all of them are read. */
const EXPORT_WINDOW = 200_000;
const EVERYTHING: View = { sort: [], filter: [] };
/** Makes the version of each query its own. */
let queries = 0;

export class PreviewSource {
  #scan: { key: string; scan: Scan } | undefined;
  #first: { count: number; rows: RawRow[] } | undefined;
  #counter: { key: string; scan: PhysicalScan } | undefined;

  private constructor(private readonly warehouse: ReadingWarehouse, private readonly origin: RelationName | QueryOrigin, readonly relation: Relation) {}

  /**
   * The rows of a person's own query. Each page runs it anew, in its own order.
   * @throws QueryProblem where PostgreSQL refuses it
   */
  static async ofQuery(warehouse: ReadingWarehouse, sql: string, signal?: AbortSignal): Promise<PreviewSource> {
    const query = bareQuery(sql);
    const described = await describeQuery(warehouse, query, signal ? { signal } : {});
    if (described.length === 0) throw new HumanError('The query gives no columns, so there is nothing to show.');
    const names = uniqueNames(described.map(({ name }) => name));
    const columns = described.map(({ type }, index) => {
      const base = type.replace(/\([\d,-]+\)/, '');
      return { name: names[index] ?? '', type, base, kind: kindOf(base) };
    });
    return new PreviewSource(warehouse, { query, columns: names }, { version: `query ${++queries}`, blocks: 0, physical: false, columns });
  }

  /** What is read, for people; undefined for a query. */
  get name(): string | undefined {
    return 'schema' in this.origin ? `${this.origin.schema}.${this.origin.name}` : undefined;
  }

  /**
   * @param count how many rows the first page will ask for: of a table they are read with what the catalog knows
   * @throws MissingRelation
   */
  static async open(warehouse: ReadingWarehouse, name: RelationName, { count = 0, signal }: { count?: number; signal?: AbortSignal } = {}): Promise<PreviewSource> {
    return await warehouse.read(async (query) => {
      const relation = await readRelation(query, name);
      if (!relation) throw new MissingRelation(`There is no table ${name.schema}.${name.name} in the database.`);
      const source = new PreviewSource(warehouse, name, relation);
      if (relation.physical && count > 0) source.#first = { count, rows: await source.#counterOf(EVERYTHING, name).rows((work) => work(query), 0, count) };
      // Where it was replaced between the two these are the new one's rows, of the same columns, and the next page says so
      return source;
    }, signal ? { signal } : {});
  }

  /**
   * A page for the grid: long values are cut.
   * @throws Changed when the table is not the one any more that was opened
   */
  async page(view: View, start: number, count: number, signal?: AbortSignal): Promise<{ rows: Row[]; total?: number; count?: Count }> {
    const scan = this.#scanOf(view);
    const first = start === 0 && this.#first?.count === count && JSON.stringify(this.#known(view)) === JSON.stringify(EVERYTHING) ? this.#first.rows : undefined;
    this.#first = undefined;
    const rows = first ?? await scan.rows(this.#step(signal), start, count);
    return { rows: rows.map(rowOf), ...(scan.total === undefined ? {} : { total: scan.total }), ...this.#estimate(view, scan) };
  }

  /** Counts a view exactly, in steps, and says after each how far it is. */
  async *count(view: View, signal?: AbortSignal): AsyncGenerator<Count> {
    const known = this.#known(view);
    if (!this.relation.physical || !('schema' in this.origin)) {
      yield { rows: await this.#countAtOnce(known, signal), kind: 'exact' };
      return;
    }
    const scan = this.#counterOf(known, this.origin);
    for (;;) {
      const done = await scan.countOn(this.#step(signal));
      yield done ? { rows: scan.counted.rows, kind: 'exact' } : this.#estimate(known, scan).count ?? { rows: scan.counted.rows, kind: 'atLeast' };
      if (done) return;
    }
  }

  /** A whole value; undefined where the row is gone. */
  async cell(view: View, key: string, column: string, signal?: AbortSignal): Promise<string | null | undefined> {
    return (await this.rows(view, [key], [column], signal))[0]?.[0];
  }

  /** Whole rows in the order of their keys; those that are gone are left out. */
  async rows(view: View, keys: readonly string[], columns: readonly string[], signal?: AbortSignal): Promise<(string | null)[][]> {
    const selected = columns.map(quoteIdentifier).join(', ');
    const step = this.#step(signal);
    if (this.relation.physical && 'schema' in this.origin) {
      const table = qualifiedName(this.origin);
      const { rows } = await step((query) => query(`select ctid, ${selected} from ${table} where ctid = any($1::text[]::tid[])`, [keys]));
      const found = new Map(rows.map(([key, ...cells]) => [key, cells]));
      return keys.flatMap((key) => (found.has(key) ? [found.get(key) ?? []] : []));
    }
    const numbers = keys.map((key) => Number(key.slice(1)));
    const first = Math.min(...numbers);
    const scan = new PlainScan(this.origin, this.relation, this.#known(view), selected);
    const rows = await scan.rows(step, first, Math.max(...numbers) - first + 1);
    return numbers.flatMap((number) => (rows[number - first] ? [rows[number - first]?.slice(1) ?? []] : []));
  }

  /** Whole rows of a view from its beginning, as many at a time as `size` says. @throws Changed */
  async *all(view: View, size: () => number, signal?: AbortSignal): AsyncGenerator<(string | null)[][]> {
    const known = this.#known(view);
    const everything = this.relation.columns.map(({ name }) => quoteIdentifier(name)).join(', ');
    const scan = this.#newScan(known, everything, EXPORT_WINDOW);
    for (let start = 0; ;) {
      const wanted = size();
      const rows = await scan.rows(this.#step(signal), start, wanted);
      if (rows.length > 0) yield rows.map((row) => row.slice(1));
      if (rows.length < wanted) return;
      start += rows.length;
    }
  }

  #known = (view: View): View => knownView(view, this.relation.columns);

  /** One transaction; what it read counts only if the table was the one that is known. */
  #step(signal?: AbortSignal): Step {
    const options = signal ? { signal } : {};
    const unchanged = async (query: Reader): Promise<void> => {
      if ('schema' in this.origin && (await readStamp(query, this.origin))?.version !== this.relation.version) throw new Changed();
    };
    return async (work) => {
      try {
        return await this.warehouse.read(async (query) => {
          const result = await work(query);
          // Afterwards: from its first statement on the table cannot be replaced any more
          await unchanged(query);
          return result;
        }, options);
      } catch (error) {
        // Of another table, its columns may be what is wrong
        if (error instanceof HumanError && !(error instanceof TimedOut || error instanceof Unavailable)) await this.warehouse.read(unchanged, options);
        throw error;
      }
    };
  }

  #scanOf(view: View): Scan {
    const known = this.#known(view);
    const key = JSON.stringify(known);
    if (this.#scan?.key !== key) this.#scan = { key, scan: this.#newScan(known) };
    return this.#scan.scan;
  }

  #newScan(view: View, selected = gridColumns(this.relation.columns), window?: number): Scan {
    if (!this.relation.physical || !('schema' in this.origin)) return new PlainScan(this.origin, this.relation, view, selected);
    if (view.sort.length > 0) return new SortedScan(this.origin, this.relation, view, selected, window);
    return window === undefined ? this.#counterOf(view, this.origin) : new PhysicalScan(this.origin, this.relation, view.filter, selected);
  }

  /** What was counted helps paging, and the other way round. */
  #counterOf({ filter }: View, name: RelationName): PhysicalScan {
    const key = JSON.stringify(filter);
    // One at a time: paging and counting are always about the same rows
    if (this.#counter?.key !== key) this.#counter = { key, scan: new PhysicalScan(name, this.relation, filter) };
    return this.#counter.scan;
  }

  /** By what was read, else by what PostgreSQL knows. */
  #estimate({ filter }: View, scan: Scan): { count?: Count } {
    if (filter.length > 0 || !this.relation.physical) return {};
    const { rows, share } = scan instanceof PhysicalScan ? scan.counted : { rows: 0, share: 0 };
    if (scan.total !== undefined) return { count: { rows: scan.total, kind: 'exact' } };
    const estimate = this.relation.estimate ?? (share > 0 ? Math.round(rows / share) : undefined);
    return estimate === undefined ? {} : { count: { rows: Math.max(rows, estimate), kind: 'estimate' } };
  }

  async #countAtOnce({ filter }: View, signal?: AbortSignal): Promise<number> {
    const parameters = new Parameters();
    const where = whereOf(filter, this.relation.columns, parameters);
    const { rows } = await this.#step(signal)((query) => query(`select count(*) from ${fromOf(this.origin)} where ${where}`, parameters.values));
    return Number(rows[0]?.[0]);
  }
}

function rowOf([key, ...cells]: RawRow): Row {
  const cut: number[] = [];
  const values = cells.map((cell, index) => {
    const short = cutCell(cell);
    if (short.cut) cut.push(index);
    return short.value;
  });
  return cut.length > 0 ? { key, cells: values, cut } : { key, cells: values };
}
