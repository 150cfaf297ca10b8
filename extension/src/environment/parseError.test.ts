import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DbtParseError, hintOf, lineOf, summaryOf, wordsOfParse } from './parseError';
import { wordsOfDbt } from './profile';

// As dbt 1.11 prints them
const UNKNOWN_REF = `13:45:01  Encountered an error:\nCompilation Error\n  Model 'model.shop.b' (models/marts/b.sql) depends on a node named 'nothing' which was not found`;
const JINJA = `<frozen runpy>:128: RuntimeWarning: 'dbt.cli.main' found in sys.modules\n13:45:04  Encountered an error:\nCompilation Error in model b (models/marts/b.sql)\n  unexpected '}', expected ')'\n    line 3\n      from {{ ref('a' }}`;
const YAML = `13:45:13  Encountered an error:\nParsing Error\n  Error reading shop: marts/a.yml - Runtime Error\n    Syntax error near line 4\n    ------------------------------\n    1  | models:\n    \n    Raw Error:\n    ------------------------------\n    while parsing a flow node\n    did not find expected node content`;
const SHAPE = `13:45:17  Encountered an error:\nParsing Error\n  Invalid models config given in models/marts/a.yml @ models: {'name': 'a', 'columns': 3} - at path ['columns']: 3 is not of type 'array'`;

test('the place of each kind of parse error', () => {
  assert.deepEqual(hintOf(UNKNOWN_REF), { file: 'models/marts/b.sql', mention: 'nothing' });
  assert.deepEqual(hintOf(JINJA), { file: 'models/marts/b.sql', line: 2 });
  assert.deepEqual(hintOf(YAML), { file: 'marts/a.yml', line: 3 });
  assert.deepEqual(hintOf(SHAPE), { file: 'models/marts/a.yml' });
  assert.equal(hintOf('Compilation Error\n  unexpected EOF, expected }}'), undefined);
});

test('a name that is mentioned is looked for; a line never lies beyond the file', () => {
  assert.equal(lineOf({ file: '', mention: 'nothing' }, "select 1\nfrom {{ ref('nothing') }}"), 1);
  assert.equal(lineOf({ file: '', mention: 'raw.events' }, "select 1\n\nfrom {{ source('raw', 'events') }}"), 2);
  assert.equal(lineOf({ file: '', line: 9 }, 'a\nb'), 1);
  assert.equal(lineOf({ file: '' }, 'a'), 0);
});

test('dbt\'s words without times, colours and wrappers', () => {
  assert.equal(wordsOfParse(`The dbt project in /w/dbt does not parse:\n${JINJA}`), "Compilation Error in model b (models/marts/b.sql)\n  unexpected '}', expected ')'\n    line 3\n      from {{ ref('a' }}");
  assert.equal(wordsOfDbt("Runtime Error\n  The profile 'a' does not have a target named 'x'. The valid target names for this profile are:\n   - dev\n   - prod"), "The profile 'a' does not have a target named 'x'. The valid target names for this profile are: dev, prod.");
});

test('one line of them, without what dbt quotes', () => {
  assert.equal(summaryOf(wordsOfParse(YAML)), 'Parsing Error Error reading shop: marts/a.yml - Runtime Error Syntax error near line 4: while parsing a flow node did not find expected node content');
});

test('the way to the error survives spaces, hashes and Windows', () => {
  assert.deepEqual(new DbtParseError('', '', { file: '/w x/a#b.sql', line: 2 }).remedies[0]?.args, ['file:///w%20x/a%23b.sql#L3']);
  assert.deepEqual(new DbtParseError('', '', { file: 'c:\\w\\a.sql', line: 0 }).remedies[0]?.args, ['file:///c:/w/a.sql#L1']);
});
