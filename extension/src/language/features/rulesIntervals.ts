/** Lengths of time that SQL writes out. */
import type { Scan } from './rulesScan';

/** A length of time that is written out: its days (24 hours each), and its words. */
export interface Length {
  days: number;
  first: number;
  last: number;
}

const UNITS: Readonly<Record<string, number>> = { d: 1, day: 1, days: 1, h: 1 / 24, hour: 1 / 24, hours: 1 / 24, hr: 1 / 24, hrs: 1 / 24, minute: 1 / 1440, minutes: 1 / 1440, second: 1 / 86_400, seconds: 1 / 86_400, week: 7, weeks: 7 };

/** `interval '30 days'`, `interval '1 day' * 30`, `30 * interval '24 hours'`, `'30 days'::interval`, `make_interval(days => 30)` that begins at a word. */
export function intervalAt(scan: Scan, index: number): Length | undefined {
  const { words } = scan;
  const text = (at: number): string => words[at]?.text ?? '';
  const kind = (at: number): string => words[at]?.kind ?? '';
  const one = plainIntervalAt(scan, index);
  if (one) {
    if (text(one.last + 1) === '*' && kind(one.last + 2) === 'number') return { days: one.days * Number(text(one.last + 2)), first: index, last: one.last + 2 };
    return one;
  }
  if (kind(index) === 'number' && text(index + 1) === '*') {
    const other = plainIntervalAt(scan, index + 2);
    if (other) return { days: other.days * Number(text(index)), first: index, last: other.last };
  }
  return undefined;
}

function plainIntervalAt({ words, partner }: Scan, index: number): Length | undefined {
  const text = (at: number): string => words[at]?.text ?? '';
  const kind = (at: number): string => words[at]?.kind ?? '';
  if (text(index) === 'interval' && kind(index) === 'word' && (kind(index + 1) === 'string' || kind(index + 1) === 'number')) {
    const unit = kind(index + 2) === 'word' && Object.hasOwn(UNITS, text(index + 2)) ? text(index + 2) : undefined;
    const days = unit !== undefined && /^\s*\d+\s*$/.test(text(index + 1)) ? Number(text(index + 1)) * (UNITS[unit] ?? 0) : daysOf(text(index + 1));
    return days === undefined ? undefined : { days, first: index, last: unit === undefined ? index + 1 : index + 2 };
  }
  if (kind(index) === 'string' && text(index + 1) === '::' && text(index + 2) === 'interval') {
    const days = daysOf(text(index));
    return days === undefined ? undefined : { days, first: index, last: index + 2 };
  }
  const close = partner[index + 1] ?? -1;
  if (text(index) === 'make_interval' && text(index + 1) === '(' && close > 0) {
    if (close === index + 5 && (text(index + 3) === '=>' || text(index + 3) === ':=') && kind(index + 4) === 'number') {
      const days = Number(text(index + 4)) * (UNITS[text(index + 2)] ?? UNITS[text(index + 2).replace(/s$/, '')] ?? 0);
      return days > 0 ? { days, first: index, last: close } : undefined;
    }
    // make_interval(0, 0, 0, 30)
    const numbers = words.slice(index + 2, close).filter((word) => word.kind === 'number').map((word) => Number(word.text));
    if (numbers.length >= 4 && numbers.length * 2 - 1 === close - index - 2) return { days: (numbers[2] ?? 0) * 7 + (numbers[3] ?? 0) + (numbers[4] ?? 0) / 24, first: index, last: close };
  }
  return undefined;
}

/** `30 days`, `720 hours`, `30 days 0 hours`, `P30D`. */
function daysOf(text: string): number | undefined {
  const iso = /^P(\d+)D$/i.exec(text.trim());
  if (iso) return Number(iso[1]);
  let days = 0;
  let rest = text.trim().toLowerCase();
  if (rest === '') return undefined;
  while (rest !== '') {
    const match = /^(\d+(?:\.\d+)?)\s*([a-z]+)\s*/.exec(rest);
    const unit = UNITS[match?.[2] ?? ''];
    if (!match || unit === undefined) return undefined;
    days += Number(match[1]) * unit;
    rest = rest.slice(match[0].length);
  }
  return days;
}
