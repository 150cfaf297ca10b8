/** Where a properties file defines the tests that dbt lists: pure. */
import { LineCounter, isMap, isScalar, isSeq, parseDocument, type Node, type YAMLMap } from 'yaml';
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
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, logLevel: 'silent', strict: false, uniqueKeys: false });
  const found: Defined[] = [];
  const lineOf = (node: Node): number => Math.max(0, lines.linePos(node.range?.[0] ?? 0).line - 1);

  const tests = (map: YAMLMap, holder: string | undefined, column: string | undefined): void => {
    for (const key of ['data_tests', 'tests']) {
      for (const item of itemsOf(map, key)) {
        if (isScalar(item)) found.push({ holder, column, generic: String(item.value), name: undefined, line: lineOf(item) });
        if (!isMap(item)) continue;
        const [first] = item.items;
        const explicit = textOf(item, 'test_name');
        const body = isMap(first?.value) ? first.value : undefined;
        const generic = explicit ?? (first && isScalar(first.key) ? String(first.key.value) : undefined);
        found.push({ holder, column, generic, name: textOf(item, 'name') ?? (body && textOf(body, 'name')), line: lineOf(item) });
      }
    }
  };
  const holderOf = (map: YAMLMap): void => {
    const name = textOf(map, 'name');
    tests(map, name, undefined);
    for (const column of itemsOf(map, 'columns')) if (isMap(column)) tests(column, name, textOf(column, 'name'));
  };

  if (!isMap(document.contents)) return found;
  for (const section of ['models', 'seeds', 'snapshots']) for (const item of itemsOf(document.contents, section)) if (isMap(item)) holderOf(item);
  for (const source of itemsOf(document.contents, 'sources')) {
    if (isMap(source)) for (const table of itemsOf(source, 'tables')) if (isMap(table)) holderOf(table);
  }
  for (const test of itemsOf(document.contents, 'unit_tests')) {
    if (isMap(test)) found.push({ holder: textOf(test, 'model'), column: undefined, generic: undefined, name: textOf(test, 'name'), line: lineOf(test) });
  }
  return found;
}

function itemsOf(map: YAMLMap, key: string): Node[] {
  const value = map.get(key, true) as Node | undefined;
  return isSeq(value) ? (value.items as Node[]) : [];
}

function textOf(map: YAMLMap, key: string): string | undefined {
  const value: unknown = map.get(key);
  return typeof value === 'string' ? value : undefined;
}
