import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HumanError } from '../base/errors';
import { bareQuery, describeQuery, QueryProblem } from './describe';

/** A server that refuses everything, at this character of what it got (from 1). */
const refusing = (positionOf: (sql: string) => number | undefined): Parameters<typeof describeQuery>[0] => ({
  query: (sql) => {
    const position = positionOf(sql);
    const cause = Object.assign(new Error('syntax error'), { severity: 'ERROR', code: '42601', ...(position === undefined ? {} : { position: String(position) }) });
    return Promise.reject(new HumanError('syntax error', [], { cause }));
  },
});

const offsetOf = async (sql: string, word: string): Promise<number | undefined> => {
  const characters = (text: string): number => Array.from(text.slice(0, text.indexOf(word))).length;
  const error: unknown = await describeQuery(refusing((sent) => characters(sent) + 1), sql).catch((thrown: unknown) => thrown);
  assert.ok(error instanceof QueryProblem);
  return error.offset;
};

test('the place in the query, in units of JavaScript, whatever characters stand before it', async () => {
  assert.equal(await offsetOf('selct 1', 'selct'), 0);
  const sql = "select '😀ä' as a, wrong";
  assert.equal(await offsetOf(sql, 'wrong'), sql.indexOf('wrong'));
});

test('an error without a place, and one that is not the server\'s', async () => {
  await assert.rejects(describeQuery(refusing(() => undefined), 'select 1'), (error: QueryProblem) => error instanceof QueryProblem && error.offset === undefined);
  await assert.rejects(describeQuery({ query: () => Promise.reject(new HumanError('away')) }, 'select 1'), (error: Error) => !(error instanceof QueryProblem));
});

test('semicolons at the end go, others stay', () => {
  assert.equal(bareQuery("select ';' ; ;\n"), "select ';'    \n");
  assert.equal(bareQuery("select '; -- x' as a; -- the end; of it"), "select '; -- x' as a  -- the end; of it");
  assert.equal(bareQuery('select $a$;$a$; select 1'), 'select $a$;$a$; select 1');
});

test('a text that is no query is planned at most, never run', async () => {
  const sent: string[] = [];
  await describeQuery(refusing((sql) => sent.push(sql)), 'analyze delete from clients').catch(() => undefined);
  assert.equal(sent.length, 2);
  assert.ok(sent.every((sql) => !/^\s*(?:analyze|explain\s+analyze)/.test(sql)), sent.join());
});
