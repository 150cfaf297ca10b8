/** Jinja of a file: its tags, and what they call, define and bind. */
import { JinjaBlocks } from './jinjaBlocks';
import { readTag } from './jinjaTag';
import { scanTag } from './jinjaScan';
import type { JinjaFile, JinjaTag } from './types';

const RAW_START = /\{%[-+]?\s*raw\s*[-+]?%\}/y;
const RAW_END = /\{%[-+]?\s*endraw\s*[-+]?%\}/g;
const DOCS_END = /\{%[-+]?\s*enddocs\s*[-+]?%\}/g;

/**
 * Reads the Jinja of any text (SQL, Markdown, a value of YAML). Never throws. Tags are in the order of the text and do not overlap; calls
 * stand before the calls inside them; what stands in `{% raw %}` and in docs blocks is text.
 */
export function parseJinja(text: string): JinjaFile {
  const file: JinjaFile = { tags: [], calls: [], definitions: [], variables: [], blocks: [], errors: [] };
  let at = text.indexOf('{');
  if (at < 0) return file;
  const blocks = new JinjaBlocks(text, file);
  while (at >= 0) {
    const code = text.charCodeAt(at + 1);
    if (code === 35) at = comment(text, at, file);
    else if (code === 123) at = tag(text, at, '}}', file, blocks);
    else if (code === 37) at = raw(text, at, file) ?? tag(text, at, '%}', file, blocks);
    else at++;
    at = text.indexOf('{', at);
  }
  blocks.finish();
  const bound = new Set<string>();
  for (const { name, binds } of file.variables) if (binds) bound.add(name);
  file.variables = file.variables.filter(({ name }) => bound.has(name));
  file.errors.sort((one, other) => one.span.start - other.span.start);
  return file;
}

function comment(text: string, at: number, file: JinjaFile): number {
  const close = text.indexOf('#}', at + 2);
  const end = close < 0 ? text.length : close + 2;
  const from = at + 2 + (mark(text, at + 2) ? 1 : 0);
  const to = Math.max(from, close < 0 ? end : close - (mark(text, close - 1) ? 1 : 0));
  file.tags.push({ kind: 'comment', span: { start: at, end }, inner: { start: from, end: to }, closed: close >= 0 });
  if (close < 0) file.errors.push({ span: { start: at, end: at + 2 }, message: 'This comment is not closed: "#}" is missing.' });
  return end;
}

/** `{% raw %} … {% endraw %}`: two tags with text between them. */
function raw(text: string, at: number, file: JinjaFile): number | undefined {
  RAW_START.lastIndex = at;
  const start = RAW_START.exec(text);
  if (!start) return undefined;
  const push = (index: number, length: number, keyword: string): void => void file.tags.push({
    kind: 'statement', span: { start: index, end: index + length }, inner: { start: index + 2, end: index + length - 2 }, closed: true, keyword,
  });
  push(at, start[0].length, 'raw');
  RAW_END.lastIndex = RAW_START.lastIndex;
  const end = RAW_END.exec(text);
  if (!end) {
    file.errors.push({ span: { start: at, end: at + start[0].length }, message: '"raw" is not closed: "endraw" is missing.' });
    return text.length;
  }
  push(end.index, end[0].length, 'endraw');
  file.blocks.push({ keyword: 'raw', span: { start: at, end: RAW_END.lastIndex } });
  return RAW_END.lastIndex;
}

function tag(text: string, at: number, close: '}}' | '%}', file: JinjaFile, blocks: JinjaBlocks): number {
  const start = at + 2 + (mark(text, at + 2) ? 1 : 0);
  const { tokens, innerEnd, end, closed } = scanTag(text, start, close);
  const found: JinjaTag = { kind: close === '}}' ? 'expression' : 'statement', span: { start: at, end }, inner: { start, end: Math.max(start, innerEnd) }, closed };
  const index = file.tags.push(found) - 1;
  if (!closed) file.errors.push({ span: { start: at, end: at + 2 }, message: `This tag is not closed: "${close}" is missing.` });
  readTag(text, tokens, index, file);
  if (found.kind === 'statement') {
    blocks.statement(tokens, index);
    if (found.keyword === 'docs') {
      DOCS_END.lastIndex = end;
      return DOCS_END.exec(text)?.index ?? text.length;
    }
  }
  return end;
}

/** Whether whitespace control stands here. */
function mark(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 45 || code === 43;
}
