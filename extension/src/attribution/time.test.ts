import assert from 'node:assert/strict';
import { test } from 'node:test';
import { durationInWords, formatTime, parseTime } from './time';

test('a timestamp keeps its microseconds', () => {
  assert.equal(parseTime('2024-03-15 18:30:00'), 1_710_527_400_000_000n);
  assert.equal(parseTime('2024-03-15 18:30:00.000001') - parseTime('2024-03-15 18:30:00'), 1n);
  assert.equal(parseTime('2024-03-15 18:30:00.5') - parseTime('2024-03-15 18:30:00'), 500_000n);
  assert.equal(parseTime('1970-01-01 00:00:00'), 0n);
  for (const bad of ['', 'infinity', '2024-03-15', '2024-03-15 18:30', '2024-03-15 18:30:00+00']) assert.throws(() => parseTime(bad), RangeError);
});

test('a time is written out to the part that is not zero', () => {
  assert.equal(formatTime(parseTime('2024-03-15 18:30:00')), '15 Mar 2024 18:30 UTC');
  assert.equal(formatTime(parseTime('2024-04-01 11:59:59.999999')), '1 Apr 2024 11:59:59.999999 UTC');
  assert.equal(formatTime(parseTime('2024-04-01 00:00:07')), '1 Apr 2024 00:00:07 UTC');
  assert.equal(formatTime(-1n), '31 Dec 1969 23:59:59.999999 UTC');
});

test('a length of time is said in its two largest parts', () => {
  const hour = 3_600_000_000n;
  assert.equal(durationInWords(31n * 24n * hour + 2n * hour + 5n), '31 days 2 hours');
  assert.equal(durationInWords(30n * 24n * hour + 1n), '30 days 1 microsecond');
  assert.equal(durationInWords(hour), '1 hour');
  assert.equal(durationInWords(0n), 'no time');
});
