import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainMarkdown } from './markdown';

test('words can be broken between, lines are paragraphs, and nothing is markup', () => {
  assert.equal(plainMarkdown('one row per channel\nrebuilt whole '), 'one row per channel\n\nrebuilt whole');
  assert.equal(plainMarkdown('[x](command:y) <b> `code` # 1. http://z'), '\\[x\\]\\(command\\:y\\) \\<b\\> \\`code\\` \\# 1\\. http\\:\\/\\/z');
  assert.equal(plainMarkdown('a\n\n    no code block'), 'a\n\nno code block');
});
