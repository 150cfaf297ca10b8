/** What YAML has within one value: quoted scalars, and collections between brackets. */
import { doubleQuoted, folded, singleQuoted } from './yamlScalars';
import type { Span, YamlEntry, YamlNode } from './types';

/** Deeper nesting is nobody's. */
export const DEEPEST = 200;

export abstract class FlowReader {
  protected readonly errors: { span: Span; message: string }[] = [];
  protected special = false;
  protected depth = 0;

  constructor(protected readonly text: string) {}

  protected wrong(start: number, end: number, message: string): void {
    if (this.errors.length < 50) this.errors.push({ span: { start, end: Math.max(start, end) }, message });
  }

  /** Behind the closing quote; -1 where there is none before the limit. */
  protected quoteEnd(start: number, limit: number): number {
    const { text } = this;
    const quote = text.charCodeAt(start);
    for (let at = start + 1; at < limit; at++) {
      const code = text.charCodeAt(at);
      if (code === 92 && quote === 34) at++;
      else if (code === quote) {
        if (quote === 34 || text.charCodeAt(at + 1) !== quote) return at + 1;
        at++;
      }
    }
    return -1;
  }

  protected quoted(start: number, limit: number): YamlNode {
    const double = this.text.charCodeAt(start) === 34;
    let end = this.quoteEnd(start, limit);
    const closed = end > 0;
    if (!closed) {
      const newline = this.text.indexOf('\n', start);
      end = newline < 0 ? this.text.length : newline;
      while (end > start + 1 && this.text.charCodeAt(end - 1) <= 32) end--;
      this.wrong(start, end, 'This text is not closed: its second quote is missing.');
    }
    const textSpan = { start: start + 1, end: closed ? end - 1 : end };
    const raw = this.text.slice(textSpan.start, textSpan.end);
    return { kind: 'scalar', span: { start, end }, text: double ? doubleQuoted(raw) : singleQuoted(raw), textSpan };
  }

  protected flow(start: number, limit: number): YamlNode {
    const { text } = this;
    const mapping = text.charCodeAt(start) === 123;
    const close = mapping ? 125 : 93;
    const node: YamlNode = mapping ? { kind: 'mapping', span: { start, end: start + 1 }, entries: [] } : { kind: 'sequence', span: { start, end: start + 1 }, items: [] };
    let at = start + 1;
    this.depth++;
    for (;;) {
      at = this.#flowSpace(at, limit);
      if (at >= limit) break;
      const code = text.charCodeAt(at);
      if (code === 44) {
        at++;
        continue;
      }
      if (code === close) {
        node.span.end = at + 1;
        this.depth--;
        return node;
      }
      if (code === 125 || code === 93) break;
      const before = at;
      at = this.#flowEntry(node, at, limit);
      if (at === before) break;
    }
    this.depth--;
    this.wrong(start, start + 1, `"${text.charAt(start)}" is not closed.`);
    const newline = text.indexOf('\n', start);
    node.span.end = Math.max(start + 1, Math.min(at, newline < 0 || at < newline ? at : newline));
    return node;
  }

  /** One item or `key: value` of a flow collection. @returns behind it */
  #flowEntry(node: YamlNode, start: number, limit: number): number {
    const first = this.#flowNode(start, limit);
    let at = this.#flowSpace(first.span.end, limit);
    const isKey = this.text.charCodeAt(at) === 58 && (first.kind !== 'scalar' || first.textSpan?.start !== first.span.start || /[\s,[\]{}]/.test(this.text.charAt(at + 1)) || at + 1 >= limit);
    if (!isKey) {
      if (node.items) node.items.push(first);
      else if (first.kind === 'scalar') node.entries?.push({ key: first.text ?? '', keySpan: first.textSpan ?? first.span });
      else this.special = true;
      return at;
    }
    if (first.kind !== 'scalar') this.special = true;
    at = this.#flowSpace(at + 1, limit);
    const entry: YamlEntry = { key: first.text ?? '', keySpan: first.textSpan ?? first.span };
    let end = at;
    if (at < limit && !/[,\]}]/.test(this.text.charAt(at))) {
      entry.value = this.#flowNode(at, limit);
      ({ end } = entry.value.span);
    }
    if (node.entries) {
      if (node.entries.some(({ key }) => key === entry.key)) this.wrong(entry.keySpan.start, entry.keySpan.end, `"${entry.key}" stands twice in this mapping.`);
      node.entries.push(entry);
    } else node.items?.push({ kind: 'mapping', span: { start, end }, entries: [entry] });
    return end;
  }

  #flowNode(at: number, limit: number): YamlNode {
    const code = this.text.charCodeAt(at);
    if ((code === 91 || code === 123) && this.depth < DEEPEST) {
      return this.flow(at, limit);
    }
    if (code === 34 || code === 39) return this.quoted(at, limit);
    if (code === 38 || code === 42 || code === 33 || code === 63) this.special = true;
    let end = at;
    for (; end < limit; end++) {
      const here = this.text.charCodeAt(end);
      if (here === 44 || here === 91 || here === 93 || here === 123 || here === 125) break;
      if (here === 58 && (end + 1 >= limit || /[\s,[\]{}]/.test(this.text.charAt(end + 1)))) break;
      if (here === 35 && end > at && this.text.charCodeAt(end - 1) <= 32) break;
    }
    while (end > at && this.text.charCodeAt(end - 1) <= 32) end--;
    return { kind: 'scalar', span: { start: at, end }, text: folded(this.text.slice(at, end)), textSpan: { start: at, end } };
  }

  /** Over spaces, line ends and comments. */
  #flowSpace(from: number, limit: number): number {
    let at = from;
    while (at < limit) {
      const code = this.text.charCodeAt(at);
      if (code === 35 && (at === 0 || this.text.charCodeAt(at - 1) <= 32)) {
        const newline = this.text.indexOf('\n', at);
        at = newline < 0 ? limit : newline;
      } else if (code <= 32) at++;
      else break;
    }
    return Math.min(at, limit);
  }
}
