/** Words of PostgreSQL's SQL: what must be quoted as a name, what is offered while writing. */
import { RESERVED } from '../analysis/sqlWords';

/** A name as SQL has to write it. */
export function identifier(name: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(name) && !RESERVED.has(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/** What may begin a statement. */
export const STARTS: readonly string[] = ['select', 'with'];
/** What may follow a relation. */
export const AFTER_RELATION: readonly string[] = ['as', 'where', 'inner join', 'left join', 'right join', 'full join', 'cross join', 'on', 'using', 'group by', 'order by', 'having', 'limit', 'union all', 'union', 'except', 'intersect', 'lateral'];
/** What an expression may hold, or what may follow it. */
export const IN_EXPRESSION: readonly string[] = [
  'and', 'or', 'not', 'in', 'is null', 'is not null', 'is distinct from', 'between', 'like', 'ilike', 'exists', 'case', 'when', 'then', 'else', 'end', 'as', 'distinct', 'null', 'true', 'false', 'interval', 'over', 'partition by', 'filter', 'collate', 'asc', 'desc', 'nulls first', 'nulls last',
  'from', 'where', 'group by', 'having', 'order by', 'limit', 'union all', 'union',
];

/** Types that columns often have. */
export const TYPES: readonly string[] = ['text', 'integer', 'bigint', 'numeric', 'double precision', 'boolean', 'date', 'timestamp', 'timestamptz', 'uuid', 'jsonb', 'interval', 'bytea'];
/** Functions that are written every day: signature and what they say. */
export const FUNCTIONS: Readonly<Record<string, readonly [string, string]>> = {
  count: ['count(*)', 'How many rows, or values that are not null.'], sum: ['sum(expression)', 'Sum; null without rows.'], avg: ['avg(expression)', 'Mean.'], min: ['min(expression)', 'Smallest value.'], max: ['max(expression)', 'Largest value.'],
  array_agg: ['array_agg(expression order by …)', 'Values as an array.'], string_agg: ['string_agg(text, separator order by …)', 'Texts as one.'], bool_and: ['bool_and(condition)', 'Whether all hold.'], bool_or: ['bool_or(condition)', 'Whether one holds.'],
  coalesce: ['coalesce(value, …)', 'The first that is not null.'], nullif: ['nullif(value, other)', 'Null where both are equal.'], greatest: ['greatest(value, …)', 'The largest, nulls left out.'], least: ['least(value, …)', 'The smallest, nulls left out.'], cast: ['cast(value as type)', 'As another type.'],
  row_number: ['row_number() over (…)', 'Number of the row, from 1.'], rank: ['rank() over (…)', 'Rank with gaps.'], dense_rank: ['dense_rank() over (…)', 'Rank without gaps.'], lag: ['lag(value, offset, default) over (…)', 'Value of a row before.'], lead: ['lead(value, offset, default) over (…)', 'Value of a row after.'],
  first_value: ['first_value(value) over (…)', 'Value of the first row of the frame.'], last_value: ['last_value(value) over (…)', 'Value of the last row of the frame.'], ntile: ['ntile(count) over (…)', 'Which of so many buckets.'],
  date_trunc: ["date_trunc('day', timestamp)", 'Cut to a unit.'], date_part: ["date_part('day', timestamp)", 'A field, as double precision.'], extract: ['extract(field from timestamp)', 'A field.'], age: ['age(timestamp, timestamp)', 'Difference in years, months, days.'], now: ['now()', 'Start of the transaction.'],
  make_interval: ['make_interval(days => 1)', 'An interval.'], to_char: ["to_char(value, 'YYYY-MM-DD')", 'Formatted text.'], to_date: ["to_date(text, 'YYYY-MM-DD')", 'A date from text.'], to_timestamp: ['to_timestamp(seconds)', 'A time from an epoch.'], generate_series: ['generate_series(start, stop, step)', 'Rows of values.'],
  lower: ['lower(text)', 'In lower case.'], upper: ['upper(text)', 'In upper case.'], trim: ['trim(text)', 'Without spaces at the ends.'], length: ['length(text)', 'How many characters.'], left: ['left(text, count)', 'First characters.'], right: ['right(text, count)', 'Last characters.'],
  substring: ['substring(text from pattern)', 'A part of a text.'], replace: ['replace(text, from, to)', 'One text instead of another.'], split_part: ['split_part(text, separator, number)', 'One part, from 1.'], concat: ['concat(value, …)', 'One text, nulls left out.'], regexp_replace: ["regexp_replace(text, pattern, with, 'g')", 'Matches replaced.'], md5: ['md5(text)', 'Hash as text.'],
  round: ['round(numeric, digits)', 'Rounded half away from zero.'], floor: ['floor(number)', 'Whole number below.'], ceil: ['ceil(number)', 'Whole number above.'], abs: ['abs(number)', 'Magnitude.'], trunc: ['trunc(numeric, digits)', 'Cut towards zero.'], power: ['power(base, exponent)', 'Power.'], unnest: ['unnest(array)', 'One row for each item.'],
};
