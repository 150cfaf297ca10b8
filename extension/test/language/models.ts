/** The shapes of SQL that models of a generated project take: each writes a model and says which columns it has and where they are made. */
import type { Column, Dice, Draft, Place, Relation } from './draft';

/** What a model may read: a source's table or another model. */
export interface Input extends Relation {
  name: string;
  /** of a source's table */
  source?: string;
  /** of `name`, and of `source` */
  place: Place | undefined;
  sourcePlace?: Place;
}

export interface Things {
  macros: ReadonlyMap<string, Place>;
  variables: ReadonlyMap<string, Place>;
}

export type Shape = (draft: Draft, inputs: readonly [Input, Input], dice: Dice, things: Things) => Relation;

const MOST_COLUMNS = 24;

// ---- pieces

function from(draft: Draft, input: Input): void {
  if (input.source === undefined) {
    draft.put("{{ ref('");
    draft.mark('ref', input.name, input.place);
  } else {
    draft.put("{{ source('");
    draft.mark('source', input.source, input.sourcePlace);
    draft.put("', '");
    draft.mark('table', input.name, input.place);
  }
  draft.put("') }}");
}

/** `name as ( select * from {{ … }} ),` */
function importCte(draft: Draft, name: string, input: Input): Place {
  const place = draft.put(name);
  draft.put(' as (\n\n    select * from ');
  from(draft, input);
  draft.put('\n\n),\n\n');
  return place;
}

function macro(draft: Draft, name: string, args: string, { macros }: Things): void {
  draft.put('{{ ');
  draft.mark('macro', name, macros.get(name));
  draft.put(`(${args}) }}`);
}

function variable(draft: Draft, name: string, { variables }: Things): void {
  draft.put("var('");
  draft.mark('variable', name, variables.get(name));
  draft.put("')");
}

/** Items of a select list, one a line; each may be followed by a comma. */
class Items {
  readonly columns: Column[] = [];
  private count = 0;

  constructor(private readonly draft: Draft, private readonly indent = '    ') {}

  /** the column as it is */
  pass(alias: string | undefined, column: Column): void {
    this.next();
    this.add(column.name, this.draft.column(alias, column), column.type);
  }

  /** an expression with a name of its own */
  named(name: string, write: () => void, type?: string): void {
    this.next();
    write();
    this.draft.put(' as ');
    this.add(name, this.draft.put(name), type);
  }

  /** `alias.*` or `*` */
  star(alias: string | undefined, relation: Relation): void {
    this.next();
    this.draft.put(alias === undefined ? '*' : `${alias}.*`);
    this.columns.push(...relation.columns);
  }

  /** what only dbt knows, with the columns that it makes in the end */
  loop(write: () => void, names: string[]): void {
    this.next();
    write();
    this.columns.push(...names.map((name) => ({ name, made: undefined })));
  }

  private add(name: string, made: Place, type?: string): void {
    this.columns.push({ name, made, ...(type === undefined ? {} : { type }) });
  }

  private next(): void {
    this.draft.put(this.count++ === 0 ? this.indent : `,\n${this.indent}`);
  }
}

const free = (name: string, taken: readonly Column[]): string => (taken.some((column) => column.name === name) ? free(`${name}_2`, taken) : name);
const made = (input: Relation): Column[] => input.columns.filter((column) => column.made !== undefined);

// ---- staging

/** Import, rename and cast, select the last. */
export const renamed: Shape = (draft, [table], dice, things) => {
  draft.line("{{ config(materialized='view', tags=['nightly']) }}\n");
  draft.line('{# What the shop sends, with names of ours #}');
  draft.put('with\n\n');
  const source = importCte(draft, 'source', table);
  const cte = draft.put('renamed');
  draft.line(' as (\n\n    select');
  const items = new Items(draft, '        ');
  for (const column of table.columns) {
    if (column.name === 'id') items.named(`${dice.pick(['order', 'client', 'visit'])}_id`, () => draft.column(undefined, column), column.type);
    else if (column.type === 'numeric') items.named(column.name, () => (draft.put('cast('), draft.column(undefined, column), draft.put(' as numeric(18, 2))')), 'numeric(18, 2)');
    else if (column.type === 'timestamp') items.named(column.name.replace('_at', '_time'), () => (draft.column(undefined, column), draft.put('::timestamp')), 'timestamp');
    else if (column.name === 'email') items.named('email', () => macro(draft, 'clean_text', "'email'", things));
    else items.pass(undefined, column);
  }
  draft.scope('source', table);
  draft.put('\n    from ');
  draft.mark('cte', 'source', source);
  draft.put("\n    where status is distinct from 'it''s a test' -- shop's own\n\n)\n\nselect * from ");
  draft.mark('cte', 'renamed', cte);
  draft.line();
  return { columns: items.columns, certain: true };
};

/** A select straight from the source, with an alias and what PostgreSQL alone knows. */
export const direct: Shape = (draft, [table], _dice, things) => {
  draft.line('select');
  const items = new Items(draft);
  for (const column of table.columns) {
    if (column.type === 'timestamp') items.named(`${column.name}_day`, () => (draft.put("date_trunc('day', "), draft.column('raw', column), draft.put(')::date')), 'date');
    items.pass('raw', column);
  }
  items.named('loaded_year', () => draft.put('extract(year from current_timestamp)'));
  items.named('"Mixed Name"', () => draft.put("coalesce(nullif(raw.status, ''), 'none')"));
  items.columns.splice(-1, 1, { name: 'Mixed Name', made: items.columns.at(-1)?.made });
  draft.scope('raw', table);
  draft.put('\nfrom ');
  from(draft, table);
  draft.put(' as raw\n{% if ');
  variable(draft, 'full_history', things);
  draft.line(" %}\nwhere raw.status <> 'old'\n{% else %}\nwhere current_date - interval '30 days' < now()\n{% endif %}");
  return { columns: items.columns, certain: true };
};

// ---- intermediate

/** Two models joined: all of one, some of the other. */
export const joined: Shape = (draft, [left, right], dice) => {
  const [base, other] = left.name === right.name ? ['base', 'other'] : [left.name, right.name].map((name) => name.replace(/^.*?__/, ''));
  const [one, two] = base === other ? [`${base}_one`, `${other}_two`] : [base ?? '', other ?? ''];
  draft.put('with\n\n');
  const first = importCte(draft, one, left);
  const second = importCte(draft, two, right);
  const last = draft.put('joined');
  draft.line(' as (\n\n    select');
  const items = new Items(draft, '        ');
  if (left.columns.length < MOST_COLUMNS) items.star(one, left);
  else for (const column of dice.some(made(left), 6)) items.pass(one, column);
  for (const column of dice.some(made(right), 3)) items.named(free(`${column.name.replaceAll(' ', '_').toLowerCase()}_of_other`, items.columns), () => named(draft, two, column));
  draft.scope(one, left);
  draft.scope(two, right);
  draft.put('\n    from ');
  draft.mark('cte', one, first);
  draft.put('\n    left join ');
  draft.mark('cte', two, second);
  draft.put('\n        on ');
  named(draft, one, dice.pick(made(left)));
  draft.put('::text = ');
  named(draft, two, dice.pick(made(right)));
  draft.put('::text\n\n)\n\nselect * from ');
  draft.mark('cte', 'joined', last);
  draft.line();
  return { columns: items.columns, certain: left.certain || left.columns.length >= MOST_COLUMNS };
};

const named = (draft: Draft, alias: string | undefined, column: Column): Place =>
  /^[a-z0-9_]+$/.test(column.name) ? draft.column(alias, column) : draft.put(`${alias === undefined ? '' : `${alias}.`}"${column.name}"`);

/** A union of two; the first names the columns. */
export const unioned: Shape = (draft, [left, right], dice) => {
  const names = dice.some(made(left), 4);
  draft.put('with\n\neverything as (\n\n    select\n');
  const items = new Items(draft, '        ');
  for (const column of names) items.named(plain(column), () => (named(draft, undefined, column), draft.put('::text')), 'text');
  const origin = free('origin', items.columns);
  items.named(origin, () => draft.put(`'${left.name}'`));
  draft.put('\n    from ');
  from(draft, left);
  draft.put('\n    union all\n    select\n');
  const others = dice.some(made(right), names.length);
  for (const [index, column] of names.entries()) {
    const other = others[index] ?? others[0];
    draft.put('        ');
    if (other) named(draft, 'other', other);
    draft.line(`::text as ${plain(column)},`);
  }
  draft.put(`        '${right.name}' as ${origin}\n    from `);
  from(draft, right);
  draft.put(' as other\n\n)\n\nselect\n');
  const relation = { columns: items.columns, certain: true };
  const outer = new Items(draft);
  outer.star('everything', relation);
  outer.named(free('row_count_before', items.columns), () => (draft.put('count(*) over (partition by '), draft.column('everything', dice.pick(items.columns)), draft.put(' order by 1 rows between unbounded preceding and current row)')), 'bigint');
  draft.scope('everything', relation);
  draft.line('\nfrom everything');
  return { columns: outer.columns, certain: true };
};

const plain = (column: Column): string => column.name.replaceAll(' ', '_').toLowerCase();

/** A query in FROM, grouped. */
export const grouped: Shape = (draft, [input], dice, things) => {
  const key = dice.pick(made(input));
  draft.line('select');
  const outer = new Items(draft);
  outer.named('one', () => draft.put('1'), 'integer');
  outer.star('totals', { columns: [], certain: true });
  outer.named('share', () => macro(draft, 'metrics_utils.safe_divide', "'totals.row_count', 'totals.paid_count'", things));
  draft.put('\nfrom (\n    select\n');
  const items = new Items(draft, '        ');
  items.named('group_key', () => named(draft, undefined, key));
  items.named('row_count', () => draft.put('count(*)'), 'bigint');
  items.named('largest', () => (draft.put('max('), named(draft, 'inside', dice.pick(made(input))), draft.put(')')));
  items.named('paid_count', () => draft.put("count(*) filter (where 'a' = any(array['a', 'b']))"), 'bigint');
  draft.scope('inside', input);
  draft.put('\n    from ');
  from(draft, input);
  draft.put(' as inside\n    group by ');
  named(draft, undefined, key);
  draft.line('\n    having count(*) > 1\n) as totals\nwhere totals.row_count > 0\norder by totals.group_key nulls last, 2 desc');
  return { columns: outer.columns.toSpliced(1, 0, ...items.columns), certain: true };
};

/** Columns made by a loop: only dbt knows them. */
export const looped: Shape = (draft, [input], dice) => {
  const key = dice.pick(made(input));
  draft.line("{% set statuses = ['new', 'paid', 'lost'] %}\n\nselect");
  const items = new Items(draft);
  items.named('loop_key', () => named(draft, undefined, key));
  items.loop(() => draft.put("{% for status in statuses %}\n    count(*) filter (where 'x' = '{{ status }}') as {{ status }}_count{% if not loop.last %},{% endif %}\n    {% endfor %}"), ['new_count', 'paid_count', 'lost_count']);
  draft.put('\nfrom ');
  from(draft, input);
  draft.put('\ngroup by ');
  named(draft, undefined, key);
  draft.line();
  return { columns: items.columns, certain: false };
};

/** All of another model, some rows of it. */
export const chained: Shape = (draft, [input], dice) => {
  draft.put("{{ config(materialized='incremental', unique_key='id') }}\n\nselect * from ");
  from(draft, input);
  const column = dice.pick(made(input));
  draft.put('\n{% if is_incremental() %}\nwhere ');
  named(draft, undefined, column);
  draft.put(' > (select max(this_one.');
  draft.put(/^[a-z0-9_]+$/.test(column.name) ? column.name : `"${column.name}"`);
  draft.line(') from {{ this }} as this_one)\n{% endif %}');
  return { columns: input.columns, certain: input.certain };
};

// ---- marts

/** Ranked rows, the first of each. */
export const ranked: Shape = (draft, [input, other], dice, things) => {
  draft.put("{{ config(materialized='table', alias='");
  draft.put(draft.file.replace(/^.*\/|\.sql$/g, '').replace('mart_', ''));
  draft.put("') }}\n\nwith ranked as (\n\n    select\n");
  const items = new Items(draft, '        ');
  items.star('base', input);
  items.named(free('row_position', items.columns), () => (
    draft.put('row_number() over (partition by '), named(draft, 'base', dice.pick(made(input))), draft.put(' order by '), named(draft, 'base', dice.pick(made(input))), draft.put(' desc)')
  ), 'bigint');
  const size = free('size_class', items.columns);
  items.named(size, () => draft.put("case when 1 > 2 then 'large' else 'small' end"));
  draft.scope('base', input);
  draft.put('\n    from ');
  from(draft, input);
  draft.put(' as base\n    where\n        exists (\n            select 1\n            from ');
  from(draft, other);
  draft.put(' as others\n            where ');
  named(draft, 'others', dice.pick(made(other)));
  draft.put('::text = ');
  named(draft, 'base', dice.pick(made(input)));
  draft.put('::text\n        )\n\n)\n\nselect\n');
  const relation = { columns: items.columns, certain: input.certain };
  const outer = new Items(draft);
  outer.star(undefined, relation);
  outer.named(free('days', items.columns), () => (draft.put('{{ '), variable(draft, 'window_days', things), draft.put(' }}')));
  draft.put('\nfrom ranked\nwhere ');
  draft.column('ranked', items.columns.find(({ name }) => name.startsWith('row_position')) ?? { name: 'row_position', made: undefined });
  draft.line(' = 1');
  return { columns: outer.columns, certain: input.certain };
};

/** Sets that are no table: values, a function, a lateral query. */
export const lateral: Shape = (draft, [input], dice, things) => {
  draft.put('select\n');
  const items = new Items(draft);
  for (const column of dice.some(made(input), 4)) items.named(free(plain(column), items.columns), () => named(draft, 'main', column));
  items.named(free('label', items.columns), () => draft.put('kinds.label'));
  items.named(free('step', items.columns), () => draft.put('steps.step'), 'integer');
  items.named(free('latest', items.columns), () => draft.put('last_one.latest'));
  items.named(free('amount_clean', items.columns), () => macro(draft, 'cents', "'1.5', digits=2", things));
  draft.scope('main', input);
  draft.put('\nfrom ');
  from(draft, input);
  draft.put(" as main\ncross join (values (1, 'a'), (2, 'b')) as kinds (kind_id, label)\ncross join generate_series(1, 3) as steps (step)\ncross join lateral (\n    select max(kinds.kind_id) as latest\n    where ");
  named(draft, 'main', dice.pick(made(input)));
  draft.line(' is not null\n) as last_one');
  return { columns: items.columns, certain: true };
};
