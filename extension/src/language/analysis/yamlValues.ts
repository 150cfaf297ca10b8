/** Small ways to look into a YAML tree. All are tolerant: what is not there is undefined or empty. */
import type { YamlEntry, YamlNode } from './types';

export function entry(node: YamlNode | undefined, key: string): YamlEntry | undefined {
  return node?.entries?.find((one) => one.key === key);
}

export function get(node: YamlNode | undefined, ...keys: string[]): YamlNode | undefined {
  let at = node;
  for (const key of keys) at = entry(at, key)?.value;
  return at;
}

/** Items of a sequence. */
export function items(node: YamlNode | undefined): readonly YamlNode[] {
  return node?.items ?? [];
}

/** Data tests of an entry, under either name of their key. */
export function dataTests(node: YamlNode | undefined): readonly YamlNode[] {
  return [...items(get(node, 'data_tests')), ...items(get(node, 'tests'))];
}

/** Data tests of an entry and of its columns. */
export function allDataTests(item: YamlNode): readonly YamlNode[] {
  return [item, ...items(get(item, 'columns'))].flatMap(dataTests);
}

/** What a column's tests `accepted_values` accept, as texts. */
export function acceptedIn(column: YamlNode): string[] {
  return dataTests(column).flatMap((test) => {
    const named = scalar(get(test, 'test_name'))?.endsWith('accepted_values') ? test : test.entries?.find(({ key }) => key.endsWith('accepted_values'))?.value;
    return items(get(named, 'values') ?? get(named, 'arguments', 'values')).flatMap((value) => value.text ?? []);
  });
}

/** What a scalar says; undefined for anything else, and for an empty one. */
export function scalar(node: YamlNode | undefined): string | undefined {
  return node?.kind === 'scalar' && node.text !== undefined && node.text !== '' ? node.text : undefined;
}

/** A tree as plain values: plain scalars by YAML's core schema, quoted ones as text. */
export function valueOf(node: YamlNode | undefined): unknown {
  if (!node) return null;
  if (node.kind === 'mapping') return Object.fromEntries((node.entries ?? []).map(({ key, value }) => [key, valueOf(value)]));
  if (node.kind === 'sequence') return items(node).map(valueOf);
  const text = node.text ?? '';
  if (node.textSpan && (node.textSpan.start !== node.span.start || node.textSpan.end !== node.span.end)) return text;
  return plainValue(text);
}

/** A plain scalar by YAML's core schema. */
export function plainValue(text: string): unknown {
  if (/^(?:~|null|Null|NULL|)$/.test(text)) return null;
  if (/^(?:true|True|TRUE)$/.test(text)) return true;
  if (/^(?:false|False|FALSE)$/.test(text)) return false;
  if (/^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(text)) return Number(text);
  return text;
}

/** Every scalar of a tree, in the order of the text. */
export function eachScalar(node: YamlNode | undefined, visit: (node: YamlNode) => void): void {
  if (!node) return;
  if (node.kind === 'scalar') visit(node);
  for (const item of items(node)) eachScalar(item, visit);
  for (const { value } of node.entries ?? []) eachScalar(value, visit);
}
