import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineIndex } from './positions';

test('lines end with \\n, \\r\\n and \\r, and offsets count UTF-16 units', () => {
  const text = 'a\r\nbé😀c\n\rd';
  const lines = new LineIndex(text);
  assert.equal(lines.lineCount, 4);
  for (let offset = 0; offset <= text.length; offset++) {
    const position = lines.positionAt(offset);
    // Within \r\n there is no position of its own
    assert.equal(lines.offsetAt(position), offset === 2 ? 1 : offset);
  }
  assert.deepEqual(lines.positionAt(text.indexOf('c')), { line: 1, character: 4 });
  assert.deepEqual(lines.range({ start: 0, end: 4 }), { start: { line: 0, character: 0 }, end: { line: 1, character: 1 } });
});

test('places outside of the text are its ends', () => {
  const lines = new LineIndex('ab\ncd');
  assert.deepEqual(lines.positionAt(99), { line: 1, character: 2 });
  assert.deepEqual(lines.positionAt(-1), { line: 0, character: 0 });
  assert.equal(lines.offsetAt({ line: 0, character: 99 }), 2);
  assert.equal(lines.offsetAt({ line: 9, character: 0 }), 5);
});
