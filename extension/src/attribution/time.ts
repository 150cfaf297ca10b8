import { t } from '../base/l10n';

/** Times are microseconds since 1970 in UTC, as bigint: a double would lose the last digits that decide about a window. */
export type Micros = bigint;

const SECOND = 1_000_000n;
const UNITS: readonly (readonly [one: string, several: string, micros: bigint])[] = [
  ['1 day', '{0} days', 86_400n * SECOND], ['1 hour', '{0} hours', 3_600n * SECOND], ['1 minute', '{0} minutes', 60n * SECOND], ['1 second', '{0} seconds', SECOND],
  ['1 millisecond', '{0} milliseconds', 1_000n], ['1 microsecond', '{0} microseconds', 1n],
];
export const DAY = 86_400n * SECOND;

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const TIMESTAMP = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?$/;

/**
 * Reads PostgreSQL's text of a `timestamp` in UTC: `2024-03-15 18:30:00.000001`.
 * @throws RangeError for anything else
 */
export function parseTime(text: string): Micros {
  const [, year, month, day, hour, minute, second, fraction = ''] = TIMESTAMP.exec(text) ?? [];
  if (year === undefined) throw new RangeError(`"${text}" is no timestamp.`);
  const milliseconds = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  return BigInt(milliseconds) * 1_000n + BigInt(fraction.padEnd(6, '0'));
}

/** Milliseconds since 1970, with a fraction: for drawing, never for deciding. */
export const toMillis = (time: Micros): number => Number(time) / 1_000;

/** `15 Mar 2024 18:30 UTC`; seconds and microseconds only where there are any. */
export function formatTime(time: Micros): string {
  return `${formatDay(time)} ${clock(time)} UTC`;
}

/** `15 Mar 2024` */
export function formatDay(time: Micros): string {
  const date = new Date(Number(floorDivide(time, 1_000n)));
  return `${date.getUTCDate()} ${t(MONTHS[date.getUTCMonth()] ?? '')} ${date.getUTCFullYear()}`;
}

function clock(time: Micros): string {
  const ofDay = time - floorDivide(time, DAY) * DAY;
  const [hours, minutes, seconds, rest] = [ofDay / (3_600n * SECOND), (ofDay / (60n * SECOND)) % 60n, (ofDay / SECOND) % 60n, ofDay % SECOND];
  const two = (value: bigint): string => value.toString().padStart(2, '0');
  const fraction = rest === 0n ? '' : `.${rest.toString().padStart(6, '0')}`;
  return `${two(hours)}:${two(minutes)}${seconds === 0n && rest === 0n ? '' : `:${two(seconds)}${fraction}`}`;
}

function floorDivide(value: bigint, by: bigint): bigint {
  return value / by - (value % by < 0n ? 1n : 0n);
}

/** A length of time in its two largest units that are not zero: `31 days 2 hours`, `30 days 1 microsecond`. */
export function durationInWords(length: bigint): string {
  const parts: string[] = [];
  let rest = length < 0n ? -length : length;
  for (const [one, several, size] of UNITS) {
    const count = rest / size;
    rest %= size;
    if (count > 0n) parts.push(count === 1n ? t(one) : t(several, count.toString()));
    if (parts.length === 2) break;
  }
  return parts.length === 0 ? t('no time') : parts.join(' ');
}
