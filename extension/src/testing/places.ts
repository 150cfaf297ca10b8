/** Where a properties file defines the tests that dbt lists: pure. */
import { parseYaml } from '../language/analysis/document';
import { LineIndex } from '../language/analysis/positions';
import type { YamlNode } from '../language/analysis/types';
import { get, items, scalar } from '../language/analysis/yamlValues';
import type { DbtTest } from './tests';

interface Defined {
  /** the model, source table, seed or snapshot; of a unit test the model */
  holder: string | undefined;
  column: string | undefined;
  /** of a generic test: what it is an instance of */
  generic: string | undefined;
  /** its own name, where it has one */
  name: string | undefined;
  line: number;
}

/**
 * The line, from 0, on which each test is defined. Tests that are found nowhere, or of a file that does not parse so far, are left out.
 * @param text of the properties file that all of them are of
 */
export function placesOf(text: string, tests: readonly DbtTest[]): Map<string, number> {
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

const isNamed = ({ name, holder }: Defined, test: DbtTest): boolean => name === test.name && (holder === undefined || test.model === undefined || holder === test.model);
const isLike = ({ name, generic, column, holder }: Defined, test: DbtTest): boolean =>
  name === undefined && generic === test.generic && column === test.column && (test.model === undefined || holder === test.model);

function definedIn(text: string): Defined[] {
  const { root } = parseYaml(text);
  const lines = new LineIndex(text);
  const found: Defined[] = [];
  const lineOf = ({ span }: YamlNode): number => lines.positionAt(span.start).line;
  const nameOf = (node: YamlNode): string | undefined => scalar(get(node, 'name'));

  const tests = (node: YamlNode, holder: string | undefined, column: string | undefined): void => {
    for (const item of ['data_tests', 'tests'].flatMap((key) => items(get(node, key)))) {
      const plain = scalar(item);
      const [first] = item.entries ?? [];
      found.push({ holder, column, generic: plain ?? scalar(get(item, 'test_name')) ?? first?.key, name: nameOf(item) ?? (first?.value && nameOf(first.value)), line: lineOf(item) });
    }
  };
  const tables = items(get(root, 'sources')).flatMap((source) => items(get(source, 'tables')));
  for (const holder of [...['models', 'seeds', 'snapshots'].flatMap((section) => items(get(root, section))), ...tables]) {
    tests(holder, nameOf(holder), undefined);
    for (const column of items(get(holder, 'columns'))) tests(column, nameOf(holder), nameOf(column));
  }
  for (const test of items(get(root, 'unit_tests'))) found.push({ holder: scalar(get(test, 'model')), column: undefined, generic: undefined, name: nameOf(test), line: lineOf(test) });
  return found;
}
