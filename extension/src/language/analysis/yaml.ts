/** A reader of the YAML that dbt projects are written in, fast enough for all their files and forgiving with half-written ones. */
import { DEEPEST, FlowReader } from './yamlFlow';
import { linesOf, type Line } from './yamlLines';
import { blockText, doubleQuoted, folded, singleQuoted } from './yamlScalars';
import type { Span, YamlEntry, YamlNode } from './types';

export interface YamlReading {
  root?: YamlNode;
  /** what does not look right */
  errors: { span: Span; message: string }[];
  /** anchors, tags, several documents and the like: things that this reader leaves to a whole parser */
  special: boolean;
}

/** Never throws. Spans are in the text, and those of collections reach from their first key or dash to the end of their last value. */
export function readYaml(text: string): YamlReading {
  return new Reader(text).read();
}

class Reader extends FlowReader {
  readonly #lines: Line[];
  /** the line that is next, and where in it reading goes on */
  #line = 0;
  #at = 0;
  #started = false;

  constructor(text: string) {
    super(text);
    this.#lines = linesOf(text);
  }

  read(): YamlReading {
    this.#skipEmpty();
    const first = this.#lines[this.#line];
    if (first && /^---\s*(?:#|$)/.test(this.text.slice(first.content, first.end)) && first.indent === 0) {
      this.#line++;
      this.#started = true;
      this.#skipEmpty();
    }
    this.#started = true;
    let root: YamlNode | undefined;
    while (this.#line < this.#lines.length) {
      const before = this.#line;
      const node = this.#block(-1);
      if (!root) root = node;
      else if (root.kind === 'mapping' && node?.kind === 'mapping') {
        root.entries?.push(...node.entries ?? []);
        root.span.end = node.span.end;
      }
      this.#skipEmpty();
      const line = this.#lines[this.#line];
      if (line) this.wrong(line.content, line.end, 'This line does not belong to what stands before it.');
      if (this.#line === before) this.#next();
    }
    return { ...(root ? { root } : {}), errors: this.errors, special: this.special };
  }

  #next(): void {
    this.#line++;
    const line = this.#lines[this.#line];
    if (line) this.#at = line.content;
  }

  /** To the next line that says something. */
  #skipEmpty(): void {
    while (this.#line < this.#lines.length && this.#lines[this.#line]?.empty) this.#line++;
    const line = this.#lines[this.#line];
    if (!line) return;
    this.#at = line.content;
    const code = this.text.charCodeAt(line.content);
    if (code === 9) this.wrong(line.content, line.content + 1, 'A tab stands where only spaces may indent.');
    if (line.indent === 0 && ((code === 45 && /^---(?:\s|$)/.test(this.text.slice(line.content, line.end))) || (code === 46 && this.text.startsWith('...', line.content)) || code === 37)) {
      if (this.#started || code !== 45) this.special = true;
    }
  }

  /** The node that begins at the next line that says something, if that stands in further than `parent`. */
  #block(parent: number): YamlNode | undefined {
    this.#skipEmpty();
    const line = this.#lines[this.#line];
    if (!line || line.indent <= parent) return undefined;
    return this.#node(line.content - line.start, parent);
  }

  /** The node at this place of the line. @param column of the place */
  #node(column: number, parent: number): YamlNode | undefined {
    if (this.depth >= DEEPEST) {
      this.#next();
      return undefined;
    }
    this.depth++;
    const node = this.#isDash(this.#at) ? this.#sequence(column) : this.#colon(this.#at) >= 0 ? this.#mapping(column) : this.#value(parent);
    this.depth--;
    return node;
  }

  #isDash(at: number): boolean {
    if (this.text.charCodeAt(at) !== 45) return false;
    const next = this.text.charCodeAt(at + 1);
    return next === 32 || next === 10 || next === 13 || next === 9 || Number.isNaN(next);
  }

  // ---- collections

  #sequence(column: number): YamlNode {
    const items: YamlNode[] = [];
    const node: YamlNode = { kind: 'sequence', span: { start: this.#at, end: this.#at + 1 }, items };
    for (;;) {
      const dash = this.#at;
      const line = this.#lines[this.#line];
      if (!line) break;
      let at = dash + 1;
      while (at < line.end && this.text.charCodeAt(at) <= 32) at++;
      let item: YamlNode | undefined;
      if (at === line.end || this.text.charCodeAt(at) === 35) {
        this.#next();
        item = this.#block(column);
      } else {
        this.#at = at;
        item = this.#node(at - line.start, column);
      }
      const empty = Math.min(dash + 2, line.end);
      items.push(item ?? { kind: 'scalar', span: { start: empty, end: empty }, text: '', textSpan: { start: empty, end: empty } });
      node.span.end = Math.max(dash + 1, item?.span.end ?? 0);
      this.#skipEmpty();
      const next = this.#lines[this.#line];
      if (!next || next.indent < column || next.start <= line.start) break;
      if (next.indent > column && !this.#isDash(next.content)) {
        for (let stray: Line | undefined = next; stray && stray.indent > column; stray = this.#lines[this.#line]) this.#stray(stray, item);
        const after = this.#lines[this.#line];
        if (after?.indent !== column || !this.#isDash(after.content)) break;
      } else if (next.indent > column) this.wrong(next.content, next.end, 'This item stands in further than those before it.');
      else if (!this.#isDash(next.content)) break;
    }
    return node;
  }

  /** A line that stands in too far or not far enough for what is around it: its entries go where they most likely belong. */
  #stray(line: Line, into: YamlNode | undefined): void {
    this.wrong(line.content, line.end, 'This line stands in neither like those before it nor further like a value.');
    this.#at = line.content;
    if (this.#colon(line.content) >= 0) {
      const more = this.#node(line.content - line.start, line.indent - 1);
      if (into?.kind === 'mapping' && more?.kind === 'mapping') {
        into.entries?.push(...more.entries ?? []);
        into.span.end = Math.max(into.span.end, more.span.end);
      }
    } else this.#next();
    this.#skipEmpty();
  }

  #mapping(column: number): YamlNode {
    const entries: YamlEntry[] = [];
    const node: YamlNode = { kind: 'mapping', span: { start: this.#at, end: this.#at }, entries };
    for (;;) {
      const line = this.#lines[this.#line];
      if (!line) break;
      const colon = this.#colon(this.#at);
      if (colon < 0) {
        // Half-written: a key without its colon
        this.wrong(this.#at, line.end, 'A colon is missing behind this key.');
        this.#next();
      } else {
        const entry = this.#entry(colon, column, line);
        if (entries.length < 200 && entries.some(({ key }) => key === entry.key)) this.wrong(entry.keySpan.start, entry.keySpan.end, `"${entry.key}" stands twice in this mapping.`);
        entries.push(entry);
        node.span.end = Math.max(colon + 1, entry.value?.span.end ?? 0);
      }
      this.#skipEmpty();
      const next = this.#lines[this.#line];
      if (!next || next.indent < column || next.start <= line.start) break;
      if (next.indent > column) this.wrong(next.content, next.end, 'This line stands in further than the key that it belongs beside.');
      if (next.indent === column && this.#isDash(next.content)) break;
    }
    return node;
  }

  #entry(colon: number, column: number, line: Line): YamlEntry {
    const keySpan = this.#keySpan(this.#at, colon);
    const raw = this.text.slice(keySpan.start, keySpan.end);
    const quote = this.text.charCodeAt(this.#at);
    const key = quote === 34 ? doubleQuoted(raw) : quote === 39 ? singleQuoted(raw) : raw;
    if (key === '<<' || quote === 38 || quote === 33 || quote === 42 || quote === 63) this.special = true;
    const entry: YamlEntry = { key, keySpan };
    let at = colon + 1;
    while (at < line.end && (this.text.charCodeAt(at) === 32 || this.text.charCodeAt(at) === 9)) at++;
    let value: YamlNode | undefined;
    if (at === line.end || this.text.charCodeAt(at) === 35) {
      this.#next();
      this.#skipEmpty();
      const next = this.#lines[this.#line];
      // A sequence may stand at its key's own column
      if (next && (next.indent > column || (next.indent === column && this.#isDash(next.content)))) {
        value = this.#node(next.content - next.start, column);
      }
    } else {
      this.#at = at;
      value = this.#value(column);
    }
    if (value) entry.value = value;
    return entry;
  }

  #keySpan(start: number, colon: number): Span {
    let end = colon;
    while (end > start && this.text.charCodeAt(end - 1) <= 32) end--;
    const quote = this.text.charCodeAt(start);
    return (quote === 34 || quote === 39) && end > start + 1 ? { start: start + 1, end: end - 1 } : { start, end };
  }

  /** The colon of the key that begins here; -1 where none does. */
  #colon(start: number): number {
    const line = this.#lines[this.#line];
    if (!line) return -1;
    const { text } = this;
    const first = text.charCodeAt(start);
    let at = start;
    if (first === 34 || first === 39) {
      at = this.quoteEnd(start, line.end);
      if (at < 0) return -1;
      while (at < line.end && text.charCodeAt(at) === 32) at++;
      return text.charCodeAt(at) === 58 && this.#endsKey(at, line.end) ? at : -1;
    }
    if (first === 91 || first === 123 || first === 124 || first === 62 || first === 35) return -1;
    for (; at < line.end; at++) {
      const code = text.charCodeAt(at);
      if (code === 58 && this.#endsKey(at, line.end)) return at > start ? at : -1;
      if (code === 35 && at > start && text.charCodeAt(at - 1) <= 32) return -1;
    }
    return -1;
  }

  #endsKey(colon: number, end: number): boolean {
    return colon + 1 >= end || this.text.charCodeAt(colon + 1) === 32 || this.text.charCodeAt(colon + 1) === 9;
  }

  // ---- values

  /** A scalar or a flow collection. Goes on behind its last line. */
  #value(parent: number): YamlNode | undefined {
    const code = this.text.charCodeAt(this.#at);
    switch (code) {
      case 34: case 39: return this.#finish(this.quoted(this.#at, this.#limit(parent)));
      case 91: case 123: return this.#finish(this.flow(this.#at, this.#limit(parent)));
      case 124: case 62: return this.#blockScalar(parent);
      case 38: case 42: case 33: this.special = true; return this.#plain(parent);
      default: return this.#plain(parent);
    }
  }

  /** The end of the last line that still belongs to a value below a node at this column. */
  #limit(parent: number): number {
    let at = this.#line + 1;
    for (;; at++) {
      const line = this.#lines[at];
      if (!line) break;
      if (line.content === line.end || line.indent > parent) continue;
      const code = this.text.charCodeAt(line.content);
      // Closing brackets are often written at the key's own column
      if ((code !== 93 && code !== 125) || line.indent < parent) break;
    }
    return this.#lines[at - 1]?.end ?? this.text.length;
  }

  /** Behind a value: nothing but a comment may stand there. */
  #finish(node: YamlNode): YamlNode {
    while (this.#line + 1 < this.#lines.length && (this.#lines[this.#line + 1]?.start ?? Infinity) <= node.span.end) this.#line++;
    const end = this.#lines[this.#line]?.end ?? this.text.length;
    const rest = this.text.slice(node.span.end, end);
    if (!/^\s*$|^\s+#/.test(rest)) this.wrong(node.span.end + rest.search(/\S/), end, 'Nothing may stand behind the value.');
    this.#next();
    return node;
  }

  #plain(parent: number): YamlNode {
    const { text } = this;
    const start = this.#at;
    const line = this.#lines[this.#line];
    let end = this.#plainEnd(start, line?.end ?? text.length);
    const code = text.charCodeAt(start);
    if (code === 64 || code === 96 || code === 37 || code === 44 || code === 93 || code === 125) this.wrong(start, start + 1, `A plain value may not begin with "${text.charAt(start)}": put it in quotes.`);
    const inside = /: |:$/.exec(text.slice(start, end));
    if (inside) this.wrong(start + inside.index, start + inside.index + 1, 'A plain value may not hold a colon before a space: put it in quotes.');
    let commented = end < (line?.end ?? 0);
    this.#next();
    // Lines that stand in further go on with it
    for (;;) {
      let at = this.#line;
      while (this.#lines[at]?.empty && this.#lines[at]?.content === this.#lines[at]?.end) at++;
      const more = this.#lines[at];
      if (!more || more.empty || more.indent <= parent || commented) break;
      this.#line = at;
      this.#at = more.content;
      if (this.#colon(more.content) >= 0) break;
      end = this.#plainEnd(more.content, more.end);
      commented = end < more.end && text.slice(end, more.end).trim() !== '';
      this.#next();
    }
    return { kind: 'scalar', span: { start, end }, text: folded(text.slice(start, end)), textSpan: { start, end } };
  }

  /** Where a plain scalar ends in its line: before a comment or the spaces at the line's end. */
  #plainEnd(start: number, lineEnd: number): number {
    let end = lineEnd;
    for (let at = this.text.indexOf('#', start); at >= 0 && at < lineEnd; at = this.text.indexOf('#', at + 1)) {
      if (at > start && this.text.charCodeAt(at - 1) <= 32) {
        end = at;
        break;
      }
    }
    while (end > start && this.text.charCodeAt(end - 1) <= 32) end--;
    return end;
  }

  #blockScalar(parent: number): YamlNode {
    const { text } = this;
    const start = this.#at;
    const header = this.#lines[this.#line];
    const mark = /^[|>]([-+]?)([1-9]?)([-+]?)[ \t]*(?:#.*)?$/.exec(text.slice(start, header?.end ?? start));
    if (!mark) this.wrong(start, header?.end ?? start, 'Behind "|" or ">" only "-", "+" and a number may stand.');
    let at = this.#line + 1;
    let indent = mark?.[2] ? Math.max(0, parent) + Number(mark[2]) : -1;
    const body: string[] = [];
    let end = header?.end ?? start;
    let first = -1;
    for (; at < this.#lines.length; at++) {
      const line = this.#lines[at];
      if (!line) break;
      const blank = line.content === line.end;
      if (!blank) {
        if (line.indent <= parent || (indent >= 0 && line.indent < indent)) break;
        if (indent < 0) indent = line.indent;
        if (first < 0) first = line.start + indent;
        end = line.end;
      }
      body.push(blank && line.indent <= indent ? '' : text.slice(line.start + Math.max(0, indent), line.end));
    }
    // What follows the last line of the text is not one more line
    if (at === this.#lines.length && this.#lines[at - 1]?.start === text.length) body.pop();
    this.#line = at;
    const next = this.#lines[at];
    if (next) this.#at = next.content;
    const from = first < 0 ? end : first;
    return { kind: 'scalar', span: { start, end }, text: blockText(body, text.charAt(start) === '>', (mark?.[1] ?? '') + (mark?.[3] ?? '')), textSpan: { start: from, end } };
  }
}
