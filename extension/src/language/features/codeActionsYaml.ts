/** Insertions into YAML that keep what a person wrote: indentation, comments and flow style stay as they are. */
import { lineStart } from '../analysis/positions';
import type { YamlEntry, YamlNode } from '../analysis/types';
import type { TextChange } from './diagnosticsProblem';

/** Adds an entry to a mapping, behind its last one or that of a key. `lines` are without indentation, the first `key: …`. */
export function addEntry(file: string, text: string, mapping: YamlNode, lines: readonly string[], key?: string): TextChange | undefined {
  if (isFlow(text, mapping)) return intoFlow(file, text, mapping, inFlow(lines));
  const first = mapping.entries?.[0];
  const before = mapping.entries?.findLast((entry) => key === undefined || entry.key === key);
  if (!first || !before) return undefined;
  return below(file, text, endOf(text, before), columnOf(text, first.keySpan.start), lines);
}

/** Adds an item behind the last one of a sequence. `lines` are without dash and indentation, the first `name: …`. */
export function addItem(file: string, text: string, sequence: YamlNode, lines: readonly string[]): TextChange | undefined {
  if (isFlow(text, sequence)) return intoFlow(file, text, sequence, lines.length > 1 || lines[0]?.includes(': ') ? `{${inFlow(lines)}}` : inFlow(lines));
  const [first] = sequence.items ?? [];
  const last = sequence.items?.at(-1);
  if (!first || !last) return undefined;
  const dash = text.lastIndexOf('-', first.span.start - 1);
  if (dash < 0) return undefined;
  return below(file, text, endOfNode(text, last), columnOf(text, dash), item(lines));
}

/** An item's lines with their dash. */
export function item(lines: readonly string[]): string[] {
  return lines.map((line, index) => (index === 0 ? `- ${line}` : line === '' ? '' : `  ${line}`));
}

/** Lines indented by so many spaces. */
export function indented(lines: readonly string[], spaces: number): string[] {
  return lines.map((line) => (line === '' ? '' : `${' '.repeat(spaces)}${line}`));
}

/** How far a file's sequences stand in from their key: 0 or 2 mostly. */
export function sequenceIndent(text: string): number {
  const match = /^( *)[\w-]+:[ \t]*(?:#.*)?\r?\n(?:[ \t]*(?:#.*)?\r?\n)*( *)- /m.exec(text);
  return match ? Math.max(0, (match[2] ?? '').length - (match[1] ?? '').length) : 2;
}

/** A plain scalar where YAML takes it for this text, else in double quotes. */
export function scalar(value: string): string {
  return /^[A-Za-z_][\w ./()-]*$/.test(value) && !/^(?:true|false|yes|no|on|off|null|y|n)$/i.test(value) && value.trim() === value ? value : JSON.stringify(value);
}

/** Behind a file's last line. */
export function atEnd(file: string, text: string, lines: readonly string[]): TextChange {
  const end = text.trimEnd().length;
  return { file, span: { start: end, end }, text: `${end === 0 ? '' : '\n\n'}${lines.join('\n')}${end === text.length ? '\n' : ''}` };
}

/** Lines below the one that an offset is in. @param column where they begin */
export function below(file: string, text: string, after: number, column: number, lines: readonly string[]): TextChange {
  const newline = text.indexOf('\n', after);
  const end = newline < 0 ? text.length : text[newline - 1] === '\r' ? newline - 1 : newline;
  const lineEnd = text.includes('\r\n') ? '\r\n' : '\n';
  return { file, span: { start: end, end }, text: `${lineEnd}${indented(lines, column).join(lineEnd)}` };
}

function intoFlow(file: string, text: string, node: YamlNode, inside: string): TextChange | undefined {
  const close = node.span.end - 1;
  if (!/[\]}]/.test(text[close] ?? '')) return undefined;
  let at = close;
  while (/\s/.test(text[at - 1] ?? '')) at--;
  return { file, span: { start: at, end: at }, text: `${at - 1 <= node.span.start || text[at - 1] === ',' ? '' : ', '}${inside}` };
}

/** Lines of a mapping as it stands between braces; deeper ones are left out. */
function inFlow(lines: readonly string[]): string {
  return lines.filter((line) => !line.startsWith(' ') && !line.endsWith(':')).join(', ');
}

function isFlow(text: string, node: YamlNode): boolean {
  return /[[{]/.test(text[node.span.start] ?? '');
}

/** Where the last thing written in an entry ends. */
function endOf(text: string, { keySpan, value }: YamlEntry): number {
  return Math.max(keySpan.end, value ? endOfNode(text, value) : 0);
}

function endOfNode(text: string, node: YamlNode): number {
  const entry = node.entries?.at(-1);
  const last = node.items?.at(-1);
  if (!isFlow(text, node) && entry) return endOf(text, entry);
  if (!isFlow(text, node) && last) return endOfNode(text, last);
  let end = node.span.end;
  while (end > node.span.start && /\s/.test(text[end - 1] ?? '')) end--;
  return end;
}

function columnOf(text: string, offset: number): number {
  return offset - lineStart(text, offset);
}
