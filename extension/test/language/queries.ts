/** Random queries of PostgreSQL, each of them valid, over tables that are models or sources of dbt. */
import { Dice } from './draft';

type Kind = 'number' | 'text' | 'time' | 'boolean';
interface Column { name: string; kind: Kind }
interface Rows { sql: string; columns: readonly Column[] }
/** Something in FROM that a select may read; `all`: with what USING left to another one. */
interface Read { alias: string; columns: readonly Column[]; all?: readonly Column[] }
/** A FROM with what a star in its select makes. */
interface From { sql: string; read: readonly Read[]; star: readonly Column[] }

/** The tables that everything is read from in the end. */
export const TABLES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  orders: { order_id: 'bigint', client: 'character varying(20)', day: 'date', at: 'timestamp without time zone', amount: 'numeric(18,4)', quantity: 'integer', paid: 'boolean' },
  clients: { client: 'text', name: 'text', since: 'timestamp with time zone', score: 'double precision', rank: 'smallint', active: 'boolean' },
  rates: { day: 'date', kind: 'text', rate: 'numeric', weight: 'real', code: 'character(2)', closes: 'timestamp without time zone' },
};
/** The one of them that is a source, the others are models. */
export const SOURCE = 'rates';

const KINDS: Readonly<Record<string, Kind>> = { bigint: 'number', integer: 'number', smallint: 'number', numeric: 'number', real: 'number', double: 'number', boolean: 'boolean', date: 'time', timestamp: 'time' };
const kindOf = (type: string): Kind => KINDS[/^\w+/.exec(type)?.[0] ?? ''] ?? 'text';
const DEEPEST = 2;

export interface Generated { name: string; file: string; text: string }

/** @returns models that read the tables and one another */
export function queries(count: number, seed: number): Generated[] {
  const dice = new Dice(seed);
  const known: { name: string; columns: readonly Column[] }[] = Object.entries(TABLES).map(([name, columns]) => ({ name, columns: Object.entries(columns).map(([column, type]) => ({ name: column, kind: kindOf(type) })) }));
  const writer = new Writer(dice, known);
  return Array.from({ length: count }, (_, index) => {
    const name = `model_${index}`;
    const { sql, columns } = writer.query(0);
    known.push({ name, columns });
    // The tables and some models: deep chains say nothing new
    if (known.length > 8) known.splice(3 + dice.below(5), 1);
    return { name, file: `models/${name}.sql`, text: `${sql}\n` };
  });
}

class Writer {
  #names = 0;
  readonly #ctes: Read[] = [];

  constructor(private readonly dice: Dice, private readonly known: readonly { name: string; columns: readonly Column[] }[]) {}

  query(depth: number): Rows {
    const before = this.#ctes.length;
    const ctes: string[] = [];
    for (let left = this.dice.below(DEEPEST + 1 - depth); left > 0; left--) {
      const name = this.#name('cte');
      // Columns of VALUES without names of their own sqlglot does not know
      const values = this.#chance(0.1);
      const { sql, columns } = values ? this.#values() : this.query(depth + 1);
      const renamed = values || this.#chance(0.2) ? this.#renamed(columns) : undefined;
      ctes.push(`${name}${renamed ? ` (${renamed.map((one) => one.name).join(', ')})` : ''} as (\n${sql}\n)`);
      this.#ctes.push({ alias: name, columns: renamed ?? columns });
    }
    const body = this.#body(depth);
    this.#ctes.length = before;
    return { sql: ctes.length > 0 ? `with ${ctes.join(', ')}\n${body.sql}` : body.sql, columns: body.columns };
  }

  #body(depth: number): Rows {
    return this.#chance(0.2) ? this.#union(depth) : this.#select(depth);
  }

  /** Of the same kinds in each branch. */
  #union(depth: number): Rows {
    const first = this.#select(depth, true);
    const branches = [first.sql];
    for (let left = 1 + this.dice.below(2); left > 0; left--) {
      const from = this.#from(depth);
      const items = first.columns.map(({ kind }) => `${this.#expression(from.read, kind, 1)}${this.#chance(0.5) ? ` as ${this.#name('c')}` : ''}`);
      const sql = `select ${items.join(', ')}\n${from.sql}`;
      branches.push(this.#chance(0.2) ? `(${sql} limit 3)` : sql);
    }
    return { sql: branches.reduce((sql, branch) => `${sql}\n${this.dice.pick(['union all', 'union', 'intersect', 'except'])}\n${branch}`), columns: first.columns };
  }

  #values(): Rows {
    const kinds = Array.from({ length: 1 + this.dice.below(3) }, (): Kind => this.dice.pick(['number', 'text', 'time', 'boolean']));
    const row = (): string => `(${kinds.map((kind) => this.#literal(kind)).join(', ')})`;
    return { sql: `values ${row()}, ${row()}`, columns: kinds.map((kind, at) => ({ name: `column${at + 1}`, kind })) };
  }

  #select(depth: number, plain = false): Rows {
    const { sql: from, read, star: whole } = this.#from(depth);
    const where = this.#chance(0.4) ? `\nwhere ${this.#condition(read, 1)}` : '';
    const columns: Column[] = [];
    const items: string[] = [];
    const add = (kind: Kind, sql: string): void => {
      const name = this.#name('c');
      columns.push({ name, kind });
      items.push(`${sql} as ${name}`);
    };
    const kinds = (most: number): Kind[] => Array.from({ length: 1 + this.dice.below(most) }, () => this.dice.pick<Kind>(['number', 'number', 'text', 'time', 'boolean']));
    if (this.#chance(0.25)) {
      const keys = kinds(2).map((kind) => [kind, this.#column(read, kind)] as const);
      for (const [kind, key] of keys) add(kind, key);
      for (const kind of kinds(3)) add(kind, this.#aggregate(read, kind));
      return { sql: `select ${items.join(', ')}\n${from}${where}\ngroup by ${keys.map((_, at) => at + 1).join(', ')}`, columns };
    }
    const names = read.flatMap((one) => one.columns.map(({ name }) => name));
    const star = plain ? 1 : this.dice.next();
    if (star < 0.2 && new Set(names).size === names.length) {
      items.push('*');
      columns.push(...whole);
    } else if (star < 0.4) {
      const { alias, columns: own, all = own } = this.dice.pick(read);
      items.push(`${alias}.*`);
      columns.push(...all);
    }
    const window = this.#chance(0.2) ? this.#name('w') : undefined;
    for (const kind of kinds(3)) {
      const choice = this.dice.next();
      if (window !== undefined && kind === 'number') add(kind, `${this.dice.pick(['sum', 'avg', 'max', 'count'])}(${this.#expression(read, kind, 1)}) over ${window}`);
      else if (choice < 0.15) add(kind, this.#windowed(read, kind));
      else if (choice < 0.25 && depth < DEEPEST) add(kind, this.#scalar(read, kind, depth));
      else if (choice < 0.45) {
        // Under its own name
        const { alias, columns: all } = this.dice.pick(read);
        const { name, kind: own } = this.dice.pick(all);
        if (columns.some((column) => column.name === name)) continue;
        items.push(names.filter((one) => one === name).length === 1 && this.#chance(0.5) ? name : `${alias}.${name}`);
        columns.push({ name, kind: own });
      } else add(kind, this.#expression(read, kind, 2));
    }
    if (items.length === 0) add('number', '1');
    const over = window === undefined ? '' : `\nwindow ${window} as (partition by ${this.#any(read)} order by ${this.#any(read)})`;
    // Bare names in ORDER BY and DISTINCT ON sqlglot loses where the query's columns get other ones
    const order = plain || !this.#chance(0.15) ? '' : `\norder by ${this.#qualified(read)}${this.#chance(0.5) ? ' desc' : ''}, 1 limit 10`;
    return { sql: `select ${order === '' && this.#chance(0.05) ? 'distinct ' : order === '' && this.#chance(0.05) ? `distinct on (${this.#qualified(read)}) ` : ''}${items.join(', ')}\n${from}${where}${over}${order}`, columns };
  }

  /** A query of one row and one column, which reads the rows around it too. */
  #scalar(outer: readonly Read[], kind: Kind, depth: number): string {
    const { sql, read } = this.#from(Math.max(depth, 2), true);
    const rest = `${sql.replaceAll('\n', ' ')} where ${this.#condition([...read, ...outer], 1)})`;
    if (kind === 'boolean' && this.#chance(0.6)) return this.#chance(0.5) ? `exists (select 1 ${rest}` : `${this.#column(outer, 'number')} in (select ${this.#expression([...read, ...outer], 'number', 1)} ${rest}`;
    return `(select ${this.#aggregate(read, kind)} ${rest}`;
  }

  // ---- FROM

  #from(depth: number, lone = false): From {
    const first = this.#relation(depth, []);
    const read = [first.read];
    let star = first.read.columns;
    let sql = `from ${first.sql}`;
    for (let left = lone ? 0 : this.dice.below(3); left > 0; left--) {
      const { sql: next, read: own, lateral } = this.#relation(depth, read);
      const shared = read.length === 1 && !lateral ? own.columns.filter(({ name, kind }) => first.read.columns.some((one) => one.name === name && one.kind === kind)) : [];
      const [name] = shared;
      if (name && this.#chance(0.6)) {
        sql += `\n${this.dice.pick(['', 'left ', 'right ', 'full '])}join ${next} using (${name.name})`;
        const rest = own.columns.filter((one) => one.name !== name.name);
        read.push({ alias: own.alias, columns: rest, all: own.columns });
        // What is joined comes first
        star = [name, ...star.filter((one) => one.name !== name.name), ...rest];
        continue;
      }
      const join = this.dice.next();
      if (lateral) sql += join < 0.5 ? `\ncross join ${next}` : `, ${next}`;
      else if (join < 0.2) sql += `\ncross join ${next}`;
      else sql += `\n${this.dice.pick(['inner ', 'left ', 'right ', ''])}join ${next} on ${this.#equal([...read, own])}`;
      read.push(own);
      star = [...star, ...own.columns];
      if (lateral) break;
    }
    return { sql, read: read.filter(({ columns }) => columns.length > 0), star };
  }

  #relation(depth: number, before: readonly Read[]): { sql: string; read: Read; lateral?: boolean } {
    const choice = this.dice.next();
    if (choice < 0.3 && this.#ctes.length > 0) {
      const cte = this.dice.pick(this.#ctes);
      // New names for columns of a CTE, where it is read, sqlglot passes over
      if (before.some(({ alias }) => alias === cte.alias) || this.#chance(0.5)) return this.#aliased(cte.alias, cte.columns, false);
      return { sql: cte.alias, read: cte };
    }
    if (choice < 0.45 && depth < DEEPEST) {
      const { sql, columns } = this.query(depth + 1);
      return this.#aliased(`(\n${sql}\n)`, columns, this.#chance(0.2));
    }
    if (choice < 0.6 && before.length > 0) return { ...this.#lateral(before, depth), lateral: true };
    if (choice < 0.65) {
      const { sql, columns } = this.#values();
      return this.#aliased(`(${sql})`, columns, true);
    }
    const { name, columns } = this.dice.pick(this.known);
    return this.#aliased(name === SOURCE ? `{{ source('gen', '${name}') }}` : `{{ ref('${name}') }}`, columns, false);
  }

  #lateral(before: readonly Read[], depth: number): { sql: string; read: Read } {
    const choice = this.dice.below(3);
    if (choice === 0) {
      const kinds: Kind[] = ['text', 'number'];
      const row = (): string => `(${kinds.map((kind) => this.#expression(before, kind, 1)).join(', ')})`;
      return this.#aliased(`lateral (values ${row()}, ${row()})`, kinds.map((kind, at) => ({ name: `column${at + 1}`, kind })), true);
    }
    if (choice === 1 && this.#chance(0.4)) {
      return this.#aliased(`lateral generate_series(${this.#column(before, 'time')}, now(), interval '1 month')`, [{ name: '', kind: 'time' }], true);
    }
    if (choice === 1) {
      // Without a name for its column sqlglot knows none
      return this.#aliased(`lateral generate_series(1, ${this.#column(before, 'number')}::integer)`, [{ name: '', kind: 'number' }], true);
    }
    const { sql, read } = this.#from(Math.max(depth, 2), true);
    const name = this.#name('c');
    return this.#aliased(`lateral (select ${this.#expression([...read, ...before], 'number', 1)} as ${name} ${sql} where ${this.#equal([...read, ...before])} limit 1)`, [{ name, kind: 'number' }], false);
  }

  #aliased(sql: string, columns: readonly Column[], renames: boolean): { sql: string; read: Read } {
    const alias = this.#name('r');
    const own = renames ? this.#renamed(columns) : columns;
    return { sql: `${sql} as ${alias}${renames ? ` (${own.map(({ name }) => name).join(', ')})` : ''}`, read: { alias, columns: own } };
  }

  #renamed(columns: readonly Column[]): Column[] {
    return columns.map(({ kind }) => ({ name: this.#name('c'), kind }));
  }

  // ---- expressions

  #column(read: readonly Read[], kind: Kind): string {
    const all = read.flatMap(({ alias, columns }) => columns.filter((column) => column.kind === kind).map(({ name }) => ({ alias, name })));
    // A bare string has no type that a window could have
    if (all.length === 0) return kind === 'text' ? "'z'::text" : this.#literal(kind);
    const { alias, name } = this.dice.pick(all);
    const lone = read.flatMap(({ columns }) => columns).filter((column) => column.name === name).length === 1;
    return lone && this.#chance(0.4) ? name : `${alias}.${name}`;
  }

  #any(read: readonly Read[]): string {
    return this.#column(read, this.dice.pick(read.flatMap(({ columns }) => columns)).kind);
  }

  #qualified(read: readonly Read[]): string {
    const { alias, columns } = this.dice.pick(read);
    return `${alias}.${this.dice.pick(columns).name}`;
  }

  #literal(kind: Kind): string {
    return this.dice.pick({ number: ['1', '2.5', '30', '0.1::numeric(4, 2)'], text: ["'a'", "'it''s'", "'x'::text"], time: ["'2026-01-01'::timestamp", "date '2026-01-02'"], boolean: ['true', 'false'] }[kind]);
  }

  #condition(read: readonly Read[], depth: number): string {
    return this.#expression(read, 'boolean', depth);
  }

  #equal(read: readonly Read[]): string {
    const kind = this.dice.pick<Kind>(['number', 'text', 'time']);
    return `${this.#column(read, kind)} = ${this.#column(read, kind)}`;
  }

  #expression(read: readonly Read[], kind: Kind, depth: number): string {
    if (depth === 0 || this.#chance(0.3)) return this.#column(read, kind);
    const of = (one: Kind): string => this.#expression(read, one, depth - 1);
    const common = [
      (): string => `case when ${of('boolean')} then ${of(kind)} else ${of(kind)} end`,
      (): string => `case when ${of('boolean')} then ${of(kind)} end`,
      (): string => `coalesce(${of(kind)}, ${of(kind)})`,
      (): string => `(${of(kind)})`,
      (): string => `nullif(${of(kind)}, ${of(kind)})`,
    ];
    const own: Record<Kind, (() => string)[]> = {
      number: [
        () => `${of('number')} ${this.dice.pick(['+', '-', '*'])} ${of('number')}`, () => `- ${this.#column(read, 'number')}`, () => `abs(${of('number')})`, () => `round(${of('number')})`, () => `cast(${of('number')} as numeric(18, 2))`,
        () => `(${of('number')})::bigint`, () => `length(${of('text')})`, () => `extract(year from ${of('time')})`, () => `greatest(${of('number')}, ${of('number')})`,
      ],
      text: [() => `case when ${of('boolean')} then 'yes' else 'no' end`, () => `${of('text')} || ${of('text')}`, () => `upper(${of('text')})`, () => `trim(${of('text')})`, () => `(${of('number')})::text`, () => `concat(${of('text')}, ${of('number')})`, () => `left(${of('text')}, 3)`],
      time: [() => `date_trunc('day', ${of('time')})`, () => `${of('time')} + interval '1 day'`, () => `(${of('time')})::date`, () => `least(${of('time')}, ${of('time')})`],
      boolean: [
        () => `${of('number')} ${this.dice.pick(['<', '<=', '=', '<>'])} ${of('number')}`, () => `${of('text')} like 'a%'`, () => `${of('time')} is not null`, () => `(${of('boolean')} and ${of('boolean')})`, () => `not ${this.#column(read, 'boolean')}`,
        () => `${of('number')} between 1 and ${of('number')}`, () => `${of('text')} in ('a', ${of('text')})`, () => `${of('text')} is distinct from ${of('text')}`,
      ],
    };
    return this.dice.pick([...own[kind], ...own[kind], ...common])();
  }

  #aggregate(read: readonly Read[], kind: Kind): string {
    const filter = this.#chance(0.2) ? ` filter (where ${this.#condition(read, 1)})` : '';
    const of = (one: Kind): string => this.#expression(read, one, 1);
    const made = {
      number: [() => 'count(*)', () => `sum(${of('number')})`, () => `avg(${of('number')})`, () => `count(distinct ${of('text')})`, () => `max(${of('number')})`, () => `percentile_cont(0.5) within group (order by ${this.#column(read, 'number')}::double precision)`, () => `(array_agg(${of('number')} order by ${this.#any(read)})${filter})[1]`],
      text: [() => `min(${of('text')})`, () => `string_agg(${of('text')}, ',' order by ${this.#any(read)})`, () => `array_to_string(array_agg(${of('text')} order by ${this.#any(read)} desc nulls last)${filter}, ',')`],
      time: [() => `max(${of('time')})`, () => `min(${of('time')})`, () => `mode() within group (order by ${of('time')})`],
      boolean: [() => `bool_or(${of('boolean')})`, () => `every(${of('boolean')})`],
    }[kind];
    const aggregate = this.dice.pick(made)();
    return aggregate.includes('array_agg(') ? aggregate : `${aggregate}${filter}`;
  }

  #windowed(read: readonly Read[], kind: Kind): string {
    const made = kind === 'number' && this.#chance(0.4) ? this.dice.pick(['row_number()', 'rank()', 'count(*)']) : `${this.dice.pick(['first_value', 'lag', 'max'])}(${kind === 'boolean' ? `(${this.#column(read, kind)})::text` : this.#expression(read, kind, 1)})`;
    return `${kind === 'boolean' ? '(' : ''}${made} over (partition by ${this.#any(read)} order by ${this.#any(read)}${this.#chance(0.3) ? ' rows between 1 preceding and current row' : ''})${kind === 'boolean' ? " = 'true')" : ''}`;
  }

  #chance(of: number): boolean {
    return this.dice.next() < of;
  }

  #name(letter: string): string {
    return `${letter}_${++this.#names}`;
  }
}
