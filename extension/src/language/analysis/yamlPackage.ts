import { isAlias, isMap, isScalar, isSeq, parseDocument, type Document } from 'yaml';
import type { Span, YamlDocument, YamlEntry, YamlNode } from './types';

/** The same tree by the `yaml` package, which knows all of YAML and takes its time. Aliases are what they stand for. */
export function parseWithPackage(text: string): Pick<YamlDocument, 'root' | 'errors'> {
  const document = parseDocument(text, { keepSourceTokens: true, prettyErrors: false, merge: true });
  const root = convert(document, document.contents, 0);
  return { ...(root ? { root } : {}), errors: document.errors.map(({ pos, message }) => ({ span: within(text, pos), message })) };
}

function within(text: string, [start, end]: readonly [number, number]): Span {
  const from = Math.min(start, text.length);
  return { start: from, end: Math.max(from, Math.min(end, text.length)) };
}

function convert(document: Document, node: unknown, depth: number): YamlNode | undefined {
  if (isAlias(node)) {
    const found = depth < 50 ? node.resolve(document) : undefined;
    const value = found ? convert(document, found, depth + 1) : undefined;
    return value && node.range ? { ...value, span: { start: node.range[0], end: node.range[1] } } : value;
  }
  const range = (node as { range?: [number, number, number] } | null)?.range;
  const span = { start: range?.[0] ?? 0, end: range?.[1] ?? 0 };
  if (isMap(node)) {
    const entries = node.items.map(({ key, value }): YamlEntry => {
      const read = convert(document, key, depth + 1);
      const given = convert(document, value, depth + 1);
      return { key: read?.text ?? '', keySpan: read?.textSpan ?? read?.span ?? span, ...(given && !isEmpty(given) ? { value: given } : {}) };
    });
    return { kind: 'mapping', span, entries };
  }
  if (isSeq(node)) return { kind: 'sequence', span, items: node.items.flatMap((item) => convert(document, item, depth + 1) ?? []) };
  if (!isScalar(node)) return undefined;
  const quoted = node.type === 'QUOTE_SINGLE' || node.type === 'QUOTE_DOUBLE';
  return { kind: 'scalar', span, text: node.source ?? String(node.value), textSpan: quoted && span.end > span.start + 1 ? { start: span.start + 1, end: span.end - 1 } : span };
}

function isEmpty({ kind, span }: YamlNode): boolean {
  return kind === 'scalar' && span.start === span.end;
}
