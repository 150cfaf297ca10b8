import type { Micros } from './time';

/** Where an event stands: what ties are broken by. */
export interface Placed {
  time: Micros;
  sourceFile: string;
  recordNumber: number;
}

/** The order of touchpoints: time, then the bytes of the file's name, then the record's number (attribution rules, section 4). */
export function compareEvents(one: Placed, other: Placed): number {
  if (one.time !== other.time) return one.time < other.time ? -1 : 1;
  return compareBytes(one.sourceFile, other.sourceFile) || one.recordNumber - other.recordNumber;
}

/** The order of the UTF-8 bytes, which is that of the code points and not that of UTF-16. */
export function compareBytes(one: string, other: string): number {
  if (one === other) return 0;
  const [left, right] = [codePoints(one), codePoints(other)];
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

const codePoints = (text: string): number[] => Array.from(text, (character) => character.codePointAt(0) ?? 0);
