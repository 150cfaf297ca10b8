/** Which type a function or an operator of PostgreSQL makes of the types it is given. Where that is not sure, none. */
import { byWord, RESULT_TYPES, TYPE_NAMES } from './sqlWords';
import type { Typing } from './types';

/** The type of a string literal or NULL, which becomes whatever stands beside it. */
export const UNKNOWN = 'unknown';

/** A sign in front of an operand. */
export const SIGN = '+ or -';

/** Each becomes any later one by itself. */
const NUMBERS = ['smallint', 'integer', 'bigint', 'numeric', 'real', 'double precision'];
const WHOLE = ['smallint', 'integer', 'bigint'];
const EXACT = [...WHOLE, 'numeric'];
const TIMES = ['date', 'timestamp', 'timestamp with time zone'];
const TEXTS = ['text', 'character varying'];
const ORDERED = new Set([...NUMBERS, ...TIMES, 'time', 'interval', 'text']);
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
/** The same, where a size is lost: the default of `lag` is of a kind with what it stands for. */
const UNSIZED = 'common';
const deviation = (type: string): string | undefined => (type === 'interval' ? undefined : AVERAGES[type]);
const whole = (type: string): string | undefined => (WHOLE.includes(type) ? type : undefined);
/** Functions whose first argument alone makes the result. */
const FIRST = byWord<(type: string) => string | undefined>({
  min: kept, max: kept, sum: (type) => SUMS[type], avg: (type) => AVERAGES[type], any_value: passed, bit_and: whole, bit_or: whole, bit_xor: whole,
  stddev: deviation, stddev_samp: deviation, stddev_pop: deviation, variance: deviation, var_samp: deviation, var_pop: deviation,
  round: rounded, trunc: rounded, floor: rounded, ceil: rounded, ceiling: rounded, sign: rounded, sqrt: rounded, exp: rounded, ln: rounded, log: rounded, log10: rounded,
  'to digits': (type) => (EXACT.includes(type) ? 'numeric' : undefined), abs: (type) => (NUMBERS.includes(type) ? type : undefined),
  [SIGN]: (type) => (NUMBERS.includes(type) || type === 'interval' ? type : undefined),
  timezone: (type) => ZONED[type], date_trunc: (type) => TRUNCATED[type],
  array_agg: arrayOf, array_fill: arrayOf, unnest: (type) => (type.endsWith('[]') ? type.slice(0, -2) : undefined), trim_array: listed, array_reverse: listed, array_sort: listed, array_shuffle: listed,
  first_value: passed, last_value: passed, nth_value: passed, lag: passed, lead: passed,
  'mode within group': passed, 'percentile_disc within group': passed, 'percentile_cont within group': (type) => (NUMBERS.includes(type) ? 'double precision' : type === 'interval' ? type : undefined),
});
/** Functions that make of their arguments what an operator does. */
const AS_OPERATOR = byWord({ mod: '%', gcd: '%', lcm: '%', power: '^', pow: '^', array_append: '||', array_remove: '||', array_cat: '||', array_prepend: '||' });
const OTHERS = new Set(['array', 'nullif', 'generate_series', 'date_bin', 'random']);
/** Terms of one expression; of more none is told. */
const LONGEST = 100;
const PATHS = ['->', '->>', '#>', '#>>'];
const BITS = ['&', '|', '#', '<<', '>>'];
const BINDING: readonly ReadonlySet<string>[] = [new Set(['^']), new Set(['*', '/', '%']), new Set(['+', '-']), new Set(['||', ...PATHS, ...BITS])];
const OPERATORS = new Set(BINDING.flatMap((level) => [...level]));

/** What the type of a call follows from. @param given undefined where they do not tell what the function is given */
export function callTyping(name: string, given: readonly (Typing | undefined)[] | undefined): Typing | undefined {
  return RESULT_TYPES[name] ?? (given && (FIRST[name] || COMMON.has(name) || AS_OPERATOR[name] || OTHERS.has(name)) ? typingOf(name, given) : undefined);
}

/** The same of each column of the rows that a function makes in FROM. */
export function rowTypings(name: string, given: readonly (Typing | undefined)[]): readonly (Typing | undefined)[] {
  return name === 'unnest' ? given.map((one) => typingOf(name, [one])) : [callTyping(name, given)];
}

/** @returns undefined where it is not sure; what the arguments tell by themselves is worked out at once */
export function typingOf(name: string, given: readonly (Typing | undefined)[]): Typing | undefined {
  const { of, counted } = ruleOf(name, given);
  const from = counted.filter((one) => one !== undefined);
  if (from.length === 0 || from.length < counted.length) return undefined;
  return from.every((one) => typeof one === 'string') ? resultOf(of, from) : { of, from };
}

/** By which rule a function works out its type, and which arguments count. */
function ruleOf(name: string, given: readonly (Typing | undefined)[]): { of: string; counted: readonly (Typing | undefined)[] } {
  const [first, second, third] = given;
  switch (name) {
    case 'round': case 'trunc': case 'log': if (given.length === 2) return { of: 'to digits', counted: [first] }; break;
    case 'lag': case 'lead': if (given.length > 2) return { of: UNSIZED, counted: [first, third] }; break;
    case 'random': return { of: UNSIZED, counted: given.length === 0 ? ['double precision'] : given };
    case 'timezone': return { of: name, counted: given.slice(-1) };
    // With a zone it is of timestamps that have one
    case 'date_trunc': return { of: name, counted: given.length === 2 ? [second] : ['timestamp with time zone'] };
    case 'date_bin': return { of: 'generate_series', counted: [second, third] };
    case 'generate_series': return { of: name, counted: [first, second] };
  }
  return { of: AS_OPERATOR[name] ?? name, counted: FIRST[name] ? [first] : given };
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
  switch (of) {
    case UNSIZED: return plain(common(types) ?? '') || undefined;
    case 'array': return arrayOf(common(types) ?? '');
    case 'element': return first === 'jsonb' ? first : first.endsWith('[]') ? first.slice(0, -2) : undefined;
    case 'slice': return listed(first);
    case 'nullif': return nullif(first, second);
    case 'generate_series': return stepped(plain(first), plain(second));
    default: return operated(of, plain(first), plain(second));
  }
}

/** A type in its common name, without its size. */
function plain(type: string): string {
  const name = type.toLowerCase().replace(/\s*\([^)]*\)/, '').replace(/\s+/g, ' ').trim();
  return TYPE_NAMES[name] ?? name;
}

/** An aggregate of text is text, however long it may be. */
function kept(type: string): string | undefined {
  return type === 'character varying' || type === UNKNOWN ? 'text' : ORDERED.has(type) ? type : listed(type);
}

function listed(type: string): string | undefined {
  return type.endsWith('[]') ? type : undefined;
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
  return widest(names, NUMBERS) ?? widest(names, TIMES) ?? (names.every((name) => TEXTS.includes(name)) ? names[0] : undefined);
}

/** The type that all become; undefined where one is of another kind. */
function widest(names: readonly string[], kind: readonly string[]): string | undefined {
  return names.every((name) => kind.includes(name)) ? kind[Math.max(...names.map((name) => kind.indexOf(name)))] : undefined;
}

/** The first or NULL, its size included. */
function nullif(first: string, second: string): string | undefined {
  const [left, right] = [plain(first), plain(second)];
  if (left === 'character varying' || left === UNKNOWN) return right === left || right === 'text' || right === UNKNOWN ? 'text' : undefined;
  if (left === right || right === UNKNOWN) return first;
  return widest([left, right], WHOLE) ?? widest([left, right], TIMES) ? first : widest([left, right], NUMBERS) === left ? first : undefined;
}

/** What a series from one to the other is of. */
function stepped(first: string, last: string): string | undefined {
  const number = widest([first, last], EXACT);
  if (number !== undefined) return number === 'smallint' ? 'integer' : number;
  const time = widest([first, last].filter((type) => type !== UNKNOWN), TIMES);
  return time === 'date' ? 'timestamp with time zone' : time;
}

function operated(operator: string, left: string, right: string): string | undefined {
  if (PATHS.includes(operator)) return JSON.has(left) ? (operator.endsWith('>>') ? 'text' : left) : undefined;
  if (left === 'jsonb' && ((operator === '||' && (right === left || right === UNKNOWN)) || (operator === '-' && (right === 'text' || right === 'integer' || right === UNKNOWN)))) return left;
  if (operator === '||') return appended(left, right) ?? appended(right, left) ?? ([left, right].some((type) => type === UNKNOWN || TEXTS.includes(type)) && [left, right].every((type) => type === UNKNOWN || JOINED.has(type)) ? 'text' : undefined);
  if (NUMBERS.includes(left) && NUMBERS.includes(right)) return numbers(operator, left, right);
  if (operator === '*') return product(left, right) ?? product(right, left);
  if (operator === '/') return left === 'interval' && NUMBERS.includes(right) ? left : undefined;
  if (operator === '+') return moved(left, right) ?? moved(right, left);
  if (operator !== '-') return undefined;
  if (left === 'date' && right === 'date') return 'integer';
  if (widest([left, right], TIMES)) return 'interval';
  return left === 'time' && right === 'time' ? 'interval' : moved(left, right);
}

function numbers(operator: string, left: string, right: string): string | undefined {
  if (operator === '%') return widest([left, right], EXACT);
  if (BITS.includes(operator)) return operator.length === 2 ? (right === 'integer' ? whole(left) : undefined) : widest([left, right], WHOLE);
  const floating = [left, right].some((type) => type === 'real' || type === 'double precision');
  if (operator === '^') return !floating && [left, right].includes('numeric') ? 'numeric' : 'double precision';
  return floating && left !== right ? 'double precision' : widest([left, right], NUMBERS);
}

/** An array with what it is joined with. */
function appended(list: string, by: string): string | undefined {
  return list.endsWith('[]') && (by === list || by === UNKNOWN || `${by}[]` === list) ? list : undefined;
}

const product = (left: string, right: string): string | undefined => (left === 'interval' && NUMBERS.includes(right) ? left : undefined);

/** A time with what moves it. */
function moved(time: string, by: string): string | undefined {
  if (by === 'interval') return time === 'date' ? 'timestamp' : TIMES.includes(time) || time === 'interval' || time === 'time' ? time : undefined;
  if (by === 'time') return time === 'date' ? 'timestamp' : undefined;
  return time === 'date' && (by === 'integer' || by === 'smallint') ? time : undefined;
}
