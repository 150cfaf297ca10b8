import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecordLines, type Lines } from './recordLines';

const find = (text: string, number: number, size = 1): Lines | undefined => {
  const bytes = Buffer.from(text);
  const finder = new RecordLines(number);
  for (let at = 0; at < bytes.length; at += size) {
    const found = finder.add(bytes.subarray(at, at + size));
    if (found) return found;
  }
  return finder.end();
};

test('records are counted after the header, empty lines before and between them are not', () => {
  assert.deepEqual(find('a,b\n1,2\n3,4\n', 2), { first: 2, last: 2 });
  assert.deepEqual(find('\ufeff\n\na,b\n\n1,2\n   \n3,4', 1), { first: 4, last: 4 });
  assert.deepEqual(find('\ufeff\n\na,b\n\n1,2\n   \n3,4', 2), { first: 5, last: 5 }, 'a line of spaces is a record');
  assert.deepEqual(find('a,b\n1,2\n   \n3,4', 3), { first: 3, last: 3 }, 'the last line needs no end');
  assert.equal(find('a,b\n1,2\n', 2), undefined);
});

test('LF, CRLF and a bare CR end a record, mixed, whatever the chunks', () => {
  for (const size of [1, 2, 3, 7, 100]) {
    assert.deepEqual([1, 2, 3].map((number) => find('h\r\n1\r2\n3\r\n', number, size)), [{ first: 1, last: 1 }, { first: 2, last: 2 }, { first: 3, last: 3 }]);
  }
});

test('a quoted field may hold commas, quotes and line ends; a quote elsewhere is data', () => {
  const text = 'h,i\n"one\r\ntwo ""quoted"", \rthree",x\n5" heel,"y"\n"closed"and "more,z\nlast,"a\n"';
  assert.deepEqual([1, 2, 3, 4].map((number) => find(text, number)), [{ first: 1, last: 3 }, { first: 4, last: 4 }, { first: 5, last: 5 }, { first: 6, last: 7 }]);
});
