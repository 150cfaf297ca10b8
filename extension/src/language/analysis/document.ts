import { isMap, isScalar, isSeq, parseDocument } from 'yaml';
import { parseJinja } from './jinja';
import { parseSqlFile } from './sql';
import type { SqlDocument, YamlDocument, YamlNode } from './types';

export function parseSql(text: string): SqlDocument {
  const jinja = parseJinja(text);
  return { text, jinja, sql: parseSqlFile(text, jinja) };
}

export function parseYaml(text: string): YamlDocument {
  const document = parseDocument(text, { keepSourceTokens: true });
  const convert = (node: unknown): YamlNode | undefined => {
    const range = (node as { range?: [number, number, number] } | null)?.range;
    const span = { start: range?.[0] ?? 0, end: range?.[1] ?? 0 };
    if (isMap(node)) return { kind: 'mapping', span, entries: node.items.map(({ key, value }) => {
      const k = convert(key);
      const v = convert(value);
      return { key: k?.text ?? '', keySpan: k?.textSpan ?? k?.span ?? span, ...(v ? { value: v } : {}) };
    }) };
    if (isSeq(node)) return { kind: 'sequence', span, items: node.items.flatMap((item) => convert(item) ?? []) };
    if (isScalar(node)) {
      const quoted = node.type === 'QUOTE_SINGLE' || node.type === 'QUOTE_DOUBLE';
      return { kind: 'scalar', span, text: node.source ?? String(node.value), textSpan: quoted ? { start: span.start + 1, end: span.end - 1 } : span };
    }
    return undefined;
  };
  const root = convert(document.contents);
  return { text, ...(root ? { root } : {}), errors: document.errors.map(({ pos, message }) => ({ span: { start: pos[0], end: pos[1] }, message })) };
}
