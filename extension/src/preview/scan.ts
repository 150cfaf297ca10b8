/**
 * Paging through a table in its physical order. A page is a range of the table's blocks, read by their numbers, so the
 * millionth row costs what the first does; marks remember how many rows stand before which place. Every step is bounded, in
 * a transaction of its own.
 */
import { qualifiedName } from '../warehouse/identifiers';
import type { Reader } from '../warehouse/types';
import type { Relation, RelationName } from './catalog';
import { Parameters, gridColumns, whereOf } from './sql';
import type { ColumnFilter } from './protocol';

/** A place between two rows: all that stand before it are counted in `row`. */
export interface Mark {
  block: number;
  offset: number;
  row: number;
}

/** Rows as the database gave them: the ctid first. */
export type RawRow = [string, ...(string | null)[]];

/** Does its work in one transaction on the table as it was when it was opened, else throws. */
export type Step = <T>(work: (query: Reader) => Promise<T>) => Promise<T>;

/** The table is not the one any more that was opened. */
export class Changed extends Error {}

const STEP_MS = 250;
const FIRST_BLOCKS = 64;
const MOST_BLOCKS = 4096;
const COUNT_BLOCKS = 2048;
const ROWS_A_BLOCK = 40;
const FAR_ROWS = 50_000;
const MOST_MARKS = 4000;

/** A way through the rows of a view. */
export interface Scan {
  /** how many rows there are; known once the end was reached */
  readonly total: number | undefined;
  /** Up to `count` rows from row number `start` on (from 0); fewer only at the end. */
  rows(step: Step, start: number, count: number): Promise<RawRow[]>;
}

export class PhysicalScan implements Scan {
  #marks: Mark[] = [{ block: 0, offset: 0, row: 0 }];
  total: number | undefined;

  /** @param selected what is read of each row */
  constructor(private readonly name: RelationName, private readonly relation: Relation, private readonly filter: readonly ColumnFilter[], private readonly selected = gridColumns(relation.columns)) {
    if (relation.blocks === 0) this.total = 0;
  }

  /** How many rows are known to be there: all, or those before the farthest mark. */
  get counted(): { rows: number; share: number } {
    const { row, block } = this.#last();
    return { rows: this.total ?? row, share: this.relation.blocks === 0 ? 1 : block / this.relation.blocks };
  }

  async rows(step: Step, start: number, count: number): Promise<RawRow[]> {
    const found: RawRow[] = [];
    let place = this.#before(start);
    let blocks = this.#blocksFor(start - place.row + count);
    while (found.length < count && !this.#atEnd(place)) {
      if (place === this.#last() && start - place.row > Math.min(FAR_ROWS, this.#rowsOf(2 * COUNT_BLOCKS))) {
        // What is far ahead is counted up to, not read
        await this.countOn(step);
        place = this.#before(start);
      } else {
        const from = place;
        const walked = await step((query) => this.#walk(query, from, from.block + blocks, Math.max(0, start - from.row), count - found.length));
        found.push(...walked.rows);
        place = this.#remember(walked.place);
        blocks = Math.min(blocks * 2, MOST_BLOCKS);
      }
    }
    return found;
  }

  /** Counts on for one step. @returns whether the end was reached */
  async countOn(step: Step): Promise<boolean> {
    if (this.total === undefined) for (const mark of await step((query) => this.#count(query, this.#last()))) this.#remember(mark);
    return this.total !== undefined;
  }

  // ---- the questions

  async #walk(query: Reader, from: Mark, to: number, skip: number, count: number): Promise<{ rows: RawRow[]; place: Mark }> {
    const parameters = new Parameters();
    const range = this.#range(parameters, from, to);
    const table = qualifiedName(this.name);
    const where = `${range} and ${whereOf(this.filter, this.relation.columns, parameters)} order by ctid offset ${parameters.add(skip)}::bigint limit ${parameters.add(count)}::bigint`;
    // The places first: what is only passed over must not be read and sorted in its whole width
    const some = skip === 0 && to - from.block <= FIRST_BLOCKS ? where : `ctid = any(array(select ctid from ${table} where ${where})) order by ctid`;
    const sql = `select ctid, ${this.selected} from ${table} where ${some}`;
    const { rows } = await query(sql, parameters.values);
    const last = rows.at(-1)?.[0];
    if (last && rows.length === count) {
      const { block, offset } = parseCtid(last);
      return { rows: rows as RawRow[], place: { block, offset: offset + 1, row: from.row + skip + count } };
    }
    // The range ended first: how many it has is known when it had any, else it is counted
    const row = rows.length > 0 || skip === 0 ? from.row + skip + rows.length : from.row + await this.#countRange(query, from, to);
    return { rows: rows as RawRow[], place: { block: to, offset: 0, row } };
  }

  /** Counts for as long as one step may take. */
  async #count(query: Reader, from: Mark): Promise<Mark[]> {
    const marks: Mark[] = [];
    let place = from;
    for (const end = Date.now() + STEP_MS; !this.#atEnd(place) && Date.now() < end;) {
      const to = Math.min(place.block + COUNT_BLOCKS, this.relation.blocks);
      place = { block: to, offset: 0, row: place.row + await this.#countRange(query, place, to) };
      marks.push(place);
    }
    return marks;
  }

  async #countRange(query: Reader, from: Mark, to: number): Promise<number> {
    const parameters = new Parameters();
    const where = `${this.#range(parameters, from, to)} and ${whereOf(this.filter, this.relation.columns, parameters)}`;
    const { rows } = await query(`select count(*) from ${qualifiedName(this.name)} where ${where}`, parameters.values);
    return Number(rows[0]?.[0]);
  }

  #range(parameters: Parameters, from: Mark, to: number): string {
    return `ctid >= ${parameters.add(`(${from.block},${from.offset})`)}::text::tid and ctid < ${parameters.add(`(${to},0)`)}::text::tid`;
  }

  // ---- the marks

  #atEnd = ({ block }: Mark): boolean => block >= this.relation.blocks;

  #last(): Mark {
    return this.#marks.at(-1) ?? { block: 0, offset: 0, row: 0 };
  }

  #before(row: number): Mark {
    return this.#marks.findLast((mark) => mark.row <= row) ?? { block: 0, offset: 0, row: 0 };
  }

  #remember(mark: Mark): Mark {
    if (this.#atEnd(mark)) this.total = mark.row;
    const index = this.#marks.findLastIndex(({ block, offset }) => block < mark.block || (block === mark.block && offset <= mark.offset));
    const same = this.#marks[index];
    if (same?.block === mark.block && same.offset === mark.offset) return same;
    this.#marks.splice(index + 1, 0, mark);
    // Every second one is enough: it is read over, and the first and the farthest stay
    if (this.#marks.length > MOST_MARKS) this.#marks = this.#marks.filter((_, position, all) => position % 2 === 0 || position === all.length - 1);
    return mark;
  }

  #rowsOf(blocks: number): number {
    const { row, block } = this.#last();
    return block > 0 ? (row / block) * blocks : (this.relation.estimate ?? this.relation.blocks * ROWS_A_BLOCK) / Math.max(1, this.relation.blocks) * blocks;
  }

  #blocksFor(rows: number): number {
    const perBlock = this.#rowsOf(1);
    return perBlock > 0 ? Math.min(Math.ceil((rows / perBlock) * 1.5) + 4, COUNT_BLOCKS) : FIRST_BLOCKS;
  }
}

/** `(12,3)` */
export function parseCtid(text: string): { block: number; offset: number } {
  const [block, offset] = text.slice(1, -1).split(',');
  return { block: Number(block), offset: Number(offset) };
}
