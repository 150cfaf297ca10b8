/** Where a properties file defines the tests that dbt and Dagster speak of: pure. */
import { parseYaml } from '../language/analysis/document';
import { LineIndex } from '../language/analysis/positions';
import type { YamlNode } from '../language/analysis/types';
import { eachScalar, get, items, scalar } from '../language/analysis/yamlValues';

/** What tells one test from another, as dbt lists it. */
export interface ListedTest {
  /** dbt's unique_id */
  id: string;
  name: string;
  /** the model that it tests, where it is one */
  model?: string;
  column?: string;
  /** the generic test that it is an instance of: `not_null`, `dbt_utils.expression_is_true` */
  generic?: string;
}

interface Defined {
  /** the source that the holder is a table of */
  source: string | undefined;
  /** the model, source table, seed or snapshot; of a unit test the model */
  holder: string | undefined;
  column: string | undefined;
  /** of a generic test: what it is an instance of */
  generic: string | undefined;
  /** its own name, where it has one */
  name: string | undefined;
  /** what it says beyond that: its arguments */
  words: readonly string[];
  line: number;
}

/**
 * The line, from 0, on which each test is defined. Tests that are found nowhere, or of a file that does not parse so far, are left out.
 * @param text of the properties file that all of them are of
 */
export function placesOf(text: string, tests: readonly ListedTest[]): Map<string, number> {
  const rest = definedIn(text);
  const places = new Map<string, number>();
  // Names that were given are certain: they go first
  for (const byName of [true, false]) {
    for (const test of tests) {
      if (places.has(test.id)) continue;
      const at = rest.findIndex((defined) => (byName ? isNamed(defined, test) : isLike(defined, test)));
      const [found] = at < 0 ? [] : rest.splice(at, 1);
      if (found) places.set(test.id, found.line);
    }
  }
  return places;
}

/**
 * The line, from 0, that defines the test of a name, which dbt makes of the generic test, what holds it and its arguments where the file gives none.
 * @param holder the model or source table, where it is known
 */
export function lineOfTest(text: string, name: string, holder?: string): number | undefined {
  const held = definedIn(text).filter((defined) => holder === undefined || defined.holder === undefined || defined.holder === holder);
  const named = held.find((defined) => defined.name === name);
  if (named) return named.line;
  // The more of its arguments the name has the better, its column among them
  const likeness = ({ column, words }: Defined): number => [...words, ...(column === undefined ? [] : [column])].reduce((sum, word) => sum + (name.includes(clean(word)) ? word.length : 0), 0);
  const made = held.filter((defined) => defined.name === undefined && `${name}_`.startsWith(`${startOf(defined)}_`) && (defined.column === undefined || name.includes(clean(defined.column))));
  const longest = Math.max(...made.map((defined) => startOf(defined).length));
  return made.filter((defined) => startOf(defined).length === longest).sort((one, other) => likeness(other) - likeness(one))[0]?.line;
}

const clean = (word: string): string => word.replace(/[^0-9a-zA-Z_]+/g, '_');

/** How a name of dbt's own making begins. */
function startOf({ generic = '', source, holder = '' }: Defined): string {
  const [test = '', namespace] = generic.split('.').reverse();
  return [namespace, source === undefined ? undefined : 'source', test, source, holder].filter((part) => part !== undefined).join('_');
}

const isNamed = ({ name, holder }: Defined, test: ListedTest): boolean => name === test.name && (holder === undefined || test.model === undefined || holder === test.model);
const isLike = ({ name, generic, column, holder }: Defined, test: ListedTest): boolean =>
  name === undefined && generic === test.generic && column === test.column && (test.model === undefined || holder === test.model);

function definedIn(text: string): Defined[] {
  const { root } = parseYaml(text);
  const lines = new LineIndex(text);
  const found: Defined[] = [];
  const lineOf = ({ span }: YamlNode): number => lines.positionAt(span.start).line;
  const nameOf = (node: YamlNode): string | undefined => scalar(get(node, 'name'));

  const tests = (node: YamlNode, source: string | undefined, holder: string | undefined, column: string | undefined): void => {
    for (const item of ['data_tests', 'tests'].flatMap((key) => items(get(node, key)))) {
      const [first] = item.entries ?? [];
      const words: string[] = [];
      eachScalar(item, (one) => words.push(scalar(one) ?? ''));
      found.push({
        source, holder, column, generic: scalar(item) ?? scalar(get(item, 'test_name')) ?? first?.key, name: nameOf(item) ?? (first?.value && nameOf(first.value)),
        words: words.filter((word) => word !== ''), line: lineOf(item),
      });
    }
  };
  const tested = (node: YamlNode, source?: string): void => {
    tests(node, source, nameOf(node), undefined);
    for (const column of items(get(node, 'columns'))) tests(column, source, nameOf(node), nameOf(column));
  };
  for (const holder of ['models', 'seeds', 'snapshots'].flatMap((section) => items(get(root, section)))) tested(holder);
  for (const source of items(get(root, 'sources'))) for (const table of items(get(source, 'tables'))) tested(table, nameOf(source));
  for (const test of items(get(root, 'unit_tests'))) found.push({ source: undefined, holder: scalar(get(test, 'model')), column: undefined, generic: undefined, name: nameOf(test), words: [], line: lineOf(test) });
  return found;
}
