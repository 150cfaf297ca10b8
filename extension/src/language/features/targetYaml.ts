/** Columns as YAML names them beyond their own entries: arguments of data tests, rows of unit tests. */
import type { Span, YamlEntry, YamlNode } from '../analysis/types';
import { allDataTests, eachScalar, get, items, scalar } from '../analysis/yamlValues';
import { referenceOf, type Described } from './completionYaml';
import { holds } from './targetScopes';

/** Arguments of tests whose text is no column. */
export const NO_COLUMNS: ReadonlySet<string> = new Set(['values', 'name', 'to', 'test_name', 'description', 'severity', 'config']);

/** A word that may name a column of a model or of a source's table. */
export interface NamedColumn {
  name: string;
  span: Span;
  of: Described;
}

/** The word at an offset of a properties file, where a column may be named there. */
export function columnNamedAt(root: YamlNode | undefined, offset: number): NamedColumn | undefined {
  const around = (nodes: readonly YamlNode[]): readonly YamlNode[] => nodes.filter(({ span }) => holds(span, offset));
  for (const section of ['models', 'seeds', 'snapshots']) {
    for (const item of around(items(get(root, section)))) {
      const model = scalar(get(item, 'name'));
      if (model !== undefined) return inTests(item, { model }, offset);
    }
  }
  for (const source of around(items(get(root, 'sources')))) {
    for (const table of around(items(get(source, 'tables')))) return inTests(table, { source: `${scalar(get(source, 'name')) ?? ''}.${scalar(get(table, 'name')) ?? ''}` }, offset);
  }
  for (const test of around(items(get(root, 'unit_tests')))) {
    const model = scalar(get(test, 'model'));
    const own: Described | undefined = model === undefined ? undefined : { model };
    const expected = inRows(get(test, 'expect'), own, offset);
    if (expected) return expected;
    for (const given of around(items(get(test, 'given')))) {
      const input = scalar(get(given, 'input'));
      return inRows(given, input === 'this' ? own : referenceOf(input), offset);
    }
  }
  return undefined;
}

function inTests(described: YamlNode, of: Described, offset: number): NamedColumn | undefined {
  const test = allDataTests(described).find(({ span }) => holds(span, offset));
  if (!test) return undefined;
  const found = test.entries?.find(({ value }) => holds(value?.span, offset));
  return inArguments(get(found?.value, 'arguments') ?? found?.value, of, offset);
}

function inArguments(given: YamlNode | undefined, of: Described, offset: number): NamedColumn | undefined {
  const argument: YamlEntry | undefined = given?.entries?.find(({ key, value }) => !NO_COLUMNS.has(key) && holds(value?.span, offset));
  // Of `relationships` the field is the other relation's
  const to = argument?.key === 'field' ? scalar(get(given, 'to')) : undefined;
  const owner = to === undefined ? of : referenceOf(to);
  let found: NamedColumn | undefined;
  eachScalar(argument?.value, (node) => {
    const name = scalar(node);
    const span = node.textSpan ?? node.span;
    if (owner && name !== undefined && holds(span, offset)) found = { name, span, of: owner };
  });
  return found;
}

function inRows(node: YamlNode | undefined, of: Described | undefined, offset: number): NamedColumn | undefined {
  for (const row of items(get(node, 'rows'))) {
    const entry = row.entries?.find(({ keySpan }) => holds(keySpan, offset));
    if (entry && of) return { name: entry.key, span: entry.keySpan, of };
  }
  return undefined;
}
