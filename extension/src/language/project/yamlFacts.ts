import type { JinjaFile, Span, YamlDocument, YamlEntry, YamlNode } from '../analysis/types';
import type { ColumnFact, Described, Facts, FoundUse } from './facts';
import { usesOf } from './sqlFacts';
import { dataTests, eachScalar, entry, get, items, scalar, valueOf } from '../analysis/yamlValues';

const SECTIONS = { models: 'model', seeds: 'seed', snapshots: 'snapshot', analyses: 'analysis', macros: 'macro' } as const;
/** A scalar that is a call as a whole, as in `to: ref('a')` and `input: source('a', 'b')`. */
const WHOLE_CALL = /^\s*(?:ref|source|doc|var)\s*\(/;

/**
 * What a properties file contributes.
 * @param jinja parses the Jinja of scalars
 */
export function yamlFacts(document: YamlDocument, jinja: (text: string) => JinjaFile): Facts {
  const { root } = document;
  const uses: FoundUse[] = [];
  const described: Described[] = [];
  const declare = (kind: FoundUse['kind'], name: string, span: Span): void => void uses.push({ kind, name, role: 'declares', span });
  for (const [section, kind] of Object.entries(SECTIONS)) {
    for (const item of items(get(root, section))) {
      const found = describedIn(item, kind, uses);
      if (!found) continue;
      const relation = kind === 'snapshot' ? relationIn(get(item, 'relation'), jinja) : undefined;
      described.push(relation ? { ...found, relation } : found);
      if (kind !== 'analysis') declare(kind === 'macro' ? 'macro' : 'ref', found.name, found.nameSpan);
    }
  }
  for (const source of items(get(root, 'sources'))) {
    const name = get(source, 'name');
    const sourceName = scalar(name);
    if (!name || sourceName === undefined) continue;
    const description = scalar(get(source, 'description'));
    for (const table of items(get(source, 'tables'))) {
      const found = describedIn(table, 'source', uses);
      if (!found) continue;
      const full = `${sourceName}.${found.name}`;
      described.push({ ...found, name: full, source: { name: sourceName, nameSpan: spanOf(name), ...(description === undefined ? {} : { description }) } });
      declare('source', full, found.nameSpan);
    }
  }
  const exposures = items(get(root, 'exposures')).flatMap((exposure) => {
    const node = get(exposure, 'name');
    const name = scalar(node);
    return node && name !== undefined ? [{ name, span: spanOf(node) }] : [];
  });
  for (const test of items(get(root, 'unit_tests'))) {
    const model = get(test, 'model');
    const name = scalar(model);
    if (model && name !== undefined) uses.push({ kind: 'ref', name, role: 'calls', span: spanOf(model) });
    for (const one of get(test, 'overrides', 'vars')?.entries ?? []) uses.push({ kind: 'var', name: one.key, role: 'calls', span: { ...one.keySpan } });
  }
  uses.push(...usesInScalars(document, jinja));
  return { uses, ...(described.length > 0 ? { described } : {}), ...(exposures.length > 0 ? { exposures } : {}) };
}

/** What the Jinja of any YAML file uses: hooks of dbt_project.yml, arguments of tests, descriptions. */
export function usesInScalars({ root, text }: YamlDocument, jinja: (text: string) => JinjaFile): FoundUse[] {
  // Most files have none: they need no walk
  if (!/\{\{|\{%|\b(?:ref|source)\s*\(/.test(text)) return [];
  const uses: FoundUse[] = [];
  eachScalar(root, (node) => {
    const { start, end } = node.textSpan ?? node.span;
    const source = text.slice(start, end);
    if (source.includes('{{') || source.includes('{%')) uses.push(...usesOf(jinja(source).calls, start));
    else if (WHOLE_CALL.test(source)) uses.push(...usesOf(jinja(`{{${source}}}`).calls, start - 2));
  });
  return uses;
}

function describedIn(item: YamlNode, kind: Described['kind'], uses: FoundUse[]): Described | undefined {
  const nameNode = get(item, 'name');
  const name = scalar(nameNode);
  if (!nameNode || name === undefined) return undefined;
  const description = scalar(get(item, 'description'));
  const config = { ...topConfig(item), ...recordOf(valueOf(get(item, 'config'))) };
  const columns = items(get(item, 'columns')).flatMap((column): ColumnFact[] => {
    const columnNode = get(column, 'name');
    const columnName = scalar(columnNode);
    if (!columnNode || columnName === undefined) return [];
    const type = scalar(get(column, 'data_type'));
    const columnDescription = scalar(get(column, 'description'));
    return [{
      name: columnName, nameSpan: spanOf(columnNode), tests: testsOf(column, uses),
      ...(type === undefined ? {} : { type }), ...(columnDescription === undefined ? {} : { description: columnDescription }),
    }];
  });
  const versions = versionsOf(item, name);
  return {
    kind, name, span: { ...item.span }, nameSpan: spanOf(nameNode), columns, tests: testsOf(item, uses), config,
    ...(description === undefined ? {} : { description }),
    ...(kind === 'macro' ? { arguments: argumentsOf(item) } : {}),
    ...(versions.length > 0 ? { versions } : {}),
  };
}

/** What a snapshot in YAML reads: `relation: ref('orders')`; without a name where that is half-written. */
function relationIn(node: YamlNode | undefined, jinja: (text: string) => JinjaFile): Described['relation'] {
  if (!node) return undefined;
  const text = scalar(node) ?? '';
  const [use] = usesOf(jinja(text.includes('{{') ? text : `{{${text}}}`).calls, 0);
  return { kind: use?.kind === 'source' ? 'source' : 'ref', name: use?.name ?? '' };
}

/** Configs that may stand beside the name, without `config:`. */
function topConfig(item: YamlNode): Record<string, unknown> {
  return Object.fromEntries(['materialized', 'schema', 'alias', 'database', 'tags', 'enabled', 'meta', 'group', 'access', 'identifier'].flatMap((key) => {
    const found = entry(item, key);
    return found ? [[key, valueOf(found.value)]] : [];
  }));
}

/** Names of the data tests of an entry; each is a use of its macro too. */
function testsOf(item: YamlNode, uses: FoundUse[]): string[] {
  return dataTests(item).flatMap((test) => {
    const named = testName(test);
    if (!named) return [];
    const dot = named.name.lastIndexOf('.');
    // `package.unique_combination` is the macro `package.test_unique_combination`
    uses.push({ kind: 'macro', role: 'calls', name: `${named.name.slice(0, dot + 1)}test_${named.name.slice(dot + 1)}`, span: { start: named.span.end - (named.name.length - dot - 1), end: named.span.end } });
    return [named.name];
  });
}

/** `- unique`, `- not_null: {…}`, `- name: …` with `test_name: …` */
function testName(test: YamlNode): { name: string; span: Span } | undefined {
  const plain = scalar(test);
  if (plain !== undefined) return { name: plain, span: spanOf(test) };
  const byName = get(test, 'test_name');
  const name = scalar(byName);
  if (byName && name !== undefined) return { name, span: spanOf(byName) };
  const first: YamlEntry | undefined = test.entries?.find(({ key }) => !['name', 'description', 'config', 'arguments'].includes(key));
  return first ? { name: first.key, span: { ...first.keySpan } } : undefined;
}

function argumentsOf(item: YamlNode): { name: string; type?: string; description?: string }[] {
  return items(get(item, 'arguments')).flatMap((argument) => {
    const name = scalar(get(argument, 'name'));
    const type = scalar(get(argument, 'type'));
    const description = scalar(get(argument, 'description'));
    return name === undefined ? [] : [{ name, ...(type === undefined ? {} : { type }), ...(description === undefined ? {} : { description }) }];
  });
}

/** A model's versions with the names of their files, the latest first. */
function versionsOf(item: YamlNode, name: string): NonNullable<Described['versions']> {
  const latest = scalar(get(item, 'latest_version'));
  const versions = items(get(item, 'versions')).flatMap((version) => {
    const v = scalar(get(version, 'v'));
    return v === undefined ? [] : [{ v, file: scalar(get(version, 'defined_in')) ?? `${name}_v${v}` }];
  });
  const rank = (v: string): number => (v === latest ? Infinity : Number.isNaN(Number(v)) ? -1 : Number(v));
  return versions.sort((one, other) => rank(other.v) - rank(one.v));
}

function spanOf(node: YamlNode): Span {
  return { ...(node.textSpan ?? node.span) };
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Record<string, unknown> : {};
}
