/** What the Test Results show of a run in words, line by line: pure. */
import { t } from '../base/l10n';
import type { DbtEvent } from '../dbt/session';
import type { Finished } from './tests';

const [RED, GREEN, YELLOW, PLAIN] = ['\u001b[31m', '\u001b[32m', '\u001b[33m', '\u001b[0m'];
const MARKS: Record<Finished['outcome'], string> = { passed: `${GREEN}✓${PLAIN}`, warned: `${YELLOW}!${PLAIN}`, failed: `${RED}✗${PLAIN}`, errored: `${RED}✗${PLAIN}`, skipped: '-' };
/** What people have dbt print from their macros. */
const PRINTED = new Set(['JinjaLogInfo', 'PrintEvent']);
/** Results, which are told once, as lines of their own. */
const RESULTS = /^(?:LogTestResult|RunResult.*)$/;

/**
 * What dbt tells beside the tests' results: what macros print, warnings and errors.
 * @param isTest whether the node of an id is one of the tests that run
 */
export function toldBy({ name, level, message, node }: DbtEvent, isTest: (id: string) => boolean): string | undefined {
  if (PRINTED.has(name)) return message;
  if (level !== 'warn' && level !== 'error') return undefined;
  return RESULTS.test(name) && node && isTest(node.unique_id) ? undefined : message;
}

/** `✓ orders: id · unique 91 ms`, and below it why it did not pass. */
export function lineOf(name: string, { outcome, message, duration }: Finished): string {
  const time = duration === undefined ? '' : ` ${duration < 1000 ? `${Math.round(duration)} ms` : `${(duration / 1000).toFixed(1)} s`}`;
  const why = outcome === 'passed' || message === '' ? [] : message.split('\n').map((line) => `    ${line}`.trimEnd());
  return [`${MARKS[outcome]} ${name}${time}`, ...why].join('\n');
}

/** "9 of 10 tests passed, 1 failed". */
export function sumOf(outcomes: readonly Finished['outcome'][]): string {
  const count = (...wanted: Finished['outcome'][]): number => outcomes.filter((outcome) => wanted.includes(outcome)).length;
  const passed = count('passed', 'warned');
  const all = outcomes.length === 1 ? t('{0} of 1 test passed', passed) : t('{0} of {1} tests passed', passed, outcomes.length);
  const [warned, failed, errored, skipped] = [count('warned'), count('failed'), count('errored'), count('skipped')];
  const rest = [warned > 0 && t('{0} with a warning', warned), failed > 0 && t('{0} failed', failed), errored > 0 && t('{0} could not run', errored), skipped > 0 && t('{0} skipped', skipped)];
  return [all, ...rest.filter((part) => part !== false)].join(', ');
}
