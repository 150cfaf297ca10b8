/** A text that is being written, with what its places mean. */

/** UTF-16 offsets, the end not included. */
export interface Span { start: number; end: number }

/** A place in a file of the project (path relative to its root, with `/`). */
export interface Place { file: string; span: Span }

export type MarkKind = 'ref' | 'source' | 'table' | 'macro' | 'variable' | 'doc' | 'cte' | 'column' | 'qualified';

/** Somewhere that names a thing; `target` is where that thing is defined, undefined where no file tells. */
export interface Mark { kind: MarkKind; name: string; span: Span; target: Place | undefined }

/** Where another item of a select list may be typed: after `alias.` exactly these columns belong. */
export interface Scope { offset: number; alias: string; columns: string[] }

/** A column of a relation; `made` is the item of a select list, else the line of YAML that names it. */
export interface Column { name: string; type?: string; made: Place | undefined }

/** Columns of a relation; not certain where only dbt knows what a loop makes, or where YAML lists a part. */
export interface Relation { columns: Column[]; certain: boolean }

export class Draft {
  text = '';
  readonly marks: Mark[] = [];
  readonly scopes: Scope[] = [];

  constructor(readonly file: string) {}

  /** Writes words; @returns where they stand */
  put(words: string): Place {
    const start = this.text.length;
    this.text += words;
    return { file: this.file, span: { start, end: this.text.length } };
  }

  line(words = ''): void {
    this.put(`${words}\n`);
  }

  mark(kind: MarkKind, name: string, target: Place | undefined): Place {
    const place = this.put(name);
    this.marks.push({ kind, name, span: place.span, target });
    return place;
  }

  /** `alias.column`, or the column alone; @returns where the column's own name stands */
  column(alias: string | undefined, column: Column): Place {
    if (alias !== undefined) this.put(`${alias}.`);
    return this.mark(alias === undefined ? 'column' : 'qualified', column.name, column.made);
  }

  /** After the last item of a select list. */
  scope(alias: string, { columns, certain }: Relation): void {
    if (certain) this.scopes.push({ offset: this.text.length, alias, columns: columns.map(({ name }) => name) });
  }
}

/** Numbers that are the same for the same seed (mulberry32). */
export class Dice {
  constructor(private state: number) {}

  /** at least 0, less than 1 */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  }

  /** a whole number from 0, less than `limit` */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  pick<T>(list: readonly T[]): T {
    const chosen = list[this.below(list.length)];
    if (chosen === undefined) throw new Error('Nothing to pick from.');
    return chosen;
  }

  /** `count` of them, in their order */
  some<T>(list: readonly T[], count: number): T[] {
    const chosen = new Set<number>();
    while (chosen.size < Math.min(count, list.length)) chosen.add(this.below(list.length));
    return list.filter((_, index) => chosen.has(index));
  }
}
