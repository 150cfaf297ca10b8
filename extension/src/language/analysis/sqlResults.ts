/** Which type a function or an operator of PostgreSQL makes of the types it is given. Where that is not sure, none. */
import { byWord, TYPE_NAMES } from './sqlWords';
import type { Typing } from './types';

/** The type of a string literal or NULL, which becomes whatever stands beside it. */
export const UNKNOWN = 'unknown';

/** A sign in front of an operand. */
export const SIGN = '+ or -';

/** Numbers, each of which becomes any later one by itself. */
const NUMBERS = ['smallint', 'integer', 'bigint', 'numeric', 'real', 'double precision'];
const WHOLE = ['smallint', 'integer', 'bigint'];
const TIMESTAMPS = ['timestamp', 'timestamp with time zone'];
const ORDERED = new Set([...NUMBERS, ...TIMESTAMPS, 'date', 'time', 'interval', 'text']);
/** What text may be joined with. */
const JOINED = new Set([...ORDERED, 'character varying', 'boolean', 'uuid']);
const SUMS = byWord({ smallint: 'bigint', integer: 'bigint', bigint: 'numeric', numeric: 'numeric', real: 'real', 'double precision': 'double precision', interval: 'interval' });
const AVERAGES = byWord({ smallint: 'numeric', integer: 'numeric', bigint: 'numeric', numeric: 'numeric', real: 'double precision', 'double precision': 'double precision', interval: 'interval' });
const TRUNCATED = byWord({ timestamp: 'timestamp', 'timestamp with time zone': 'timestamp with time zone', date: 'timestamp with time zone', interval: 'interval' });
/** What AT TIME ZONE makes. */
const ZONED = byWord({ timestamp: 'timestamp with time zone', 'timestamp with time zone': 'timestamp', date: 'timestamp' });
const JSON = new Set(['json', 'jsonb']);
/** CASE and functions whose arguments, all of one kind, make the result. */
const COMMON = new Set(['case', 'coalesce', 'greatest', 'least']);
/** Functions whose first argument alone makes the result. */
const FIRST = byWord<(type: string) => string | undefined>({
  min: kept, max: kept, sum: (type) => SUMS[type], avg: (type) => AVERAGES[type],
  round: rounded, 'round to': (type) => (type === 'numeric' || WHOLE.includes(type) ? 'numeric' : undefined), floor: rounded, ceil: rounded, ceiling: rounded, abs: (type) => (NUMBERS.includes(type) ? type : undefined),
  [SIGN]: (type) => (NUMBERS.includes(type) || type === 'interval' ? type : undefined),
  timezone: (type) => ZONED[type], element: (type) => (type === 'jsonb' ? type : type.endsWith('[]') ? type.slice(0, -2) : undefined), slice: (type) => (type.endsWith('[]') ? type : undefined),
  array_agg: arrayOf, unnest: (type) => (type.endsWith('[]') ? type.slice(0, -2) : undefined),
  first_value: passed, last_value: passed, nth_value: passed, lag: passed, lead: passed,
});
/** Terms of one expression; of more none is told. */
const LONGEST = 100;
const PATHS = ['->', '->>', '#>', '#>>'];
const OPERATORS = new Set(['+', '-', '*', '/', '%', '||', ...PATHS]);
const BINDING: readonly ReadonlySet<string>[] = [new Set(['*', '/', '%']), new Set(['+', '-']), new Set(['||', ...PATHS])];

/** Whether the type of what a function makes follows from its arguments. */
export function isTyped(name: string): boolean {
  return FIRST[name] !== undefined || COMMON.has(name) || name === 'array' || name === 'nullif' || name === 'date_trunc';
}

/** @returns undefined where it is not sure; what the arguments tell by themselves is worked out at once */
export function typingOf(name: string, given: readonly (Typing | undefined)[]): Typing | undefined {
  const of = name === 'round' && given.length === 2 ? 'round to' : name;
  // A third argument is a default, which may widen the result
  if (((of === 'lag' || of === 'lead') && given.length > 2) || (of === 'date_trunc' && given.length !== 2)) return undefined;
  const start = of === 'date_trunc' ? 1 : 0;
  const end = FIRST[of] ? 1 : given.length;
  const from: Typing[] = [];
  let told = true;
  for (let at = start; at < end; at++) {
    const one = given[at];
    if (one === undefined) return undefined;
    from.push(one);
    told &&= typeof one === 'string';
  }
  if (from.length === 0) return undefined;
  return told ? resultOf(of, from as string[]) : { of, from };
}

/** The typing of operands with operators between them, by the precedence of these. */
export function typingOfTerms(operands: readonly (Typing | undefined)[], operators: readonly string[]): Typing | undefined {
  if (operands.length > LONGEST || operands.length !== operators.length + 1 || !operators.every((one) => OPERATORS.has(one))) return undefined;
  const [only] = operators;
  if (operators.length <= 1) return only === undefined ? operands[0] : typingOf(only, operands);
  let left = [...operands];
  let between = [...operators];
  for (const level of BINDING) {
    const folded = left.slice(0, 1);
    const kept_: string[] = [];
    for (const [at, operator] of between.entries()) {
      if (level.has(operator)) folded.push(typingOf(operator, [folded.pop(), left[at + 1]]));
      else {
        kept_.push(operator);
        folded.push(left[at + 1]);
      }
    }
    [left, between] = [folded, kept_];
  }
  return left[0];
}

/** @param types of all that counts, in the order they are given */
export function resultOf(of: string, types: readonly string[]): string | undefined {
  const type = result(of, types);
  // Without a size it would be one of a single letter
  return type === 'character' ? undefined : type;
}

function result(of: string, types: readonly string[]): string | undefined {
  const [first = '', second = ''] = types;
  const one = FIRST[of];
  if (one) return one(plain(first));
  if (COMMON.has(of)) return common(types);
  if (of === 'array') return arrayOf(plain(common(types) ?? ''));
  if (of === 'nullif') return nullif(first, second);
  if (of === 'date_trunc') return TRUNCATED[plain(first)];
  return operated(of, plain(first), plain(second));
}

/** A type in its common name, without its size. */
function plain(type: string): string {
  const name = type.toLowerCase().replace(/\s*\([^)]*\)/, '').replace(/\s+/g, ' ').trim();
  return TYPE_NAMES[name] ?? name;
}

/** An aggregate of text is text, however long it may be. */
function kept(type: string): string | undefined {
  return type === 'character varying' || type === UNKNOWN ? 'text' : ORDERED.has(type) ? type : undefined;
}

/** Arrays of arrays are of the same type. */
function arrayOf(type: string): string | undefined {
  return type === '' ? undefined : type === UNKNOWN ? 'text[]' : type.endsWith('[]') ? type : `${type}[]`;
}

function passed(type: string): string | undefined {
  return type === UNKNOWN ? 'text' : type;
}

function rounded(type: string): string | undefined {
  return type === 'numeric' ? type : NUMBERS.includes(type) ? 'double precision' : undefined;
}

function common(types: readonly string[]): string | undefined {
  const known = types.filter((type) => type !== UNKNOWN);
  const [first] = known;
  if (first === undefined) return 'text';
  // A size holds where all have it, literals too
  if (known.length === types.length && known.every((type) => type === first)) return first;
  const names = known.map(plain);
  if (names.every((name) => name === names[0])) return names[0];
  return names.every((name) => NUMBERS.includes(name)) ? widest(names) : undefined;
}

function widest(names: readonly string[]): string | undefined {
  return NUMBERS[Math.max(...names.map((name) => NUMBERS.indexOf(name)))];
}

/** The first or NULL, its size included. */
function nullif(first: string, second: string): string | undefined {
  const [left, right] = [plain(first), plain(second)];
  if (left === 'character varying' || left === UNKNOWN) return right === left || right === 'text' || right === UNKNOWN ? 'text' : undefined;
  if (left === right || right === UNKNOWN) return first;
  return NUMBERS.includes(left) && NUMBERS.includes(right) && (WHOLE.includes(left) && WHOLE.includes(right) || widest([left, right]) === left) ? first : undefined;
}

function operated(operator: string, left: string, right: string): string | undefined {
  if (PATHS.includes(operator)) return JSON.has(left) ? (operator.endsWith('>>') ? 'text' : left) : undefined;
  if (left === 'jsonb' && ((operator === '||' && (right === left || right === UNKNOWN)) || (operator === '-' && (right === 'text' || right === 'integer')))) return left;
  if (operator === '||') return (left === 'text' || right === 'text' || left === UNKNOWN || right === UNKNOWN) && [left, right].every((type) => type === UNKNOWN || JOINED.has(type)) ? 'text' : undefined;
  if (NUMBERS.includes(left) && NUMBERS.includes(right)) return numbers(operator, left, right);
  if (operator === '*') return product(left, right) ?? product(right, left);
  if (operator === '/') return left === 'interval' && NUMBERS.includes(right) ? left : undefined;
  if (operator === '+') return moved(left, right) ?? moved(right, left);
  if (operator !== '-') return undefined;
  if (left === 'date' && right === 'date') return 'integer';
  const times = [...TIMESTAMPS, 'date'];
  if (times.includes(left) && times.includes(right)) return 'interval';
  return left === 'time' && right === 'time' ? 'interval' : moved(left, right);
}

function numbers(operator: string, left: string, right: string): string | undefined {
  if (operator === '%') return [left, right].every((type) => type === 'numeric' || WHOLE.includes(type)) ? widest([left, right]) : undefined;
  // Of real with another number PostgreSQL has several to choose from
  if ((left === 'real' || right === 'real') && left !== right) return undefined;
  return widest([left, right]);
}

const product = (left: string, right: string): string | undefined => (left === 'interval' && NUMBERS.includes(right) ? left : undefined);

/** A time with what moves it. */
function moved(time: string, by: string): string | undefined {
  if (by === 'interval') return time === 'date' ? 'timestamp' : TIMESTAMPS.includes(time) || time === 'interval' || time === 'time' ? time : undefined;
  return time === 'date' && (by === 'integer' || by === 'smallint') ? time : undefined;
}
