import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lineOfWords } from './place';

test('the line that dbt names, of the text that it was given', () => {
  assert.equal(lineOfWords("Error in model a (models/a.sql)\nunexpected '}'\nline 3\n{{ x }", 'a\nb\nc'), 2);
  assert.equal(lineOfWords('line 1', '\n\nselect {{ x'), 2);
  assert.equal(lineOfWords('line 9', 'a\nb'), 1);
  assert.equal(lineOfWords("Error in macro m (macros/m.sql)\nline 3", 'a'), undefined);
  assert.equal(lineOfWords("'x' is undefined", 'a'), undefined);
});

test('of what nobody asked for, the line only where dbt names the very file', () => {
  const words = "Error in model a (models/a.sql)\nunexpected 'end of print statement'\nline 1\nselect {{ 'a' + }} as a";
  assert.equal(lineOfWords(words, "select {{ 'a' + }} as a", '/p/models/a.sql'), 0);
  assert.equal(lineOfWords(words, 'select 1', '/p/models/b.sql'), undefined);
  assert.equal(lineOfWords('Syntax error near line 4', 'select 1', '/p/models/a.sql'), undefined);
});
