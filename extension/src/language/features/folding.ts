/** What can be folded: Jinja blocks and tags, CTEs, subqueries, long select lists, comments of several lines, entries of YAML. */
import { FoldingRangeKind, type FoldingRange } from 'vscode-languageserver';
import type { Span, SqlDocument, YamlNode } from '../analysis/types';
import type { FileRequest } from './request';

export function foldingRange({ sql, yaml, lines }: FileRequest): FoldingRange[] {
  const found = new Map<string, FoldingRange>();
  /** @param closed the last line stays visible: it holds what closes the block */
  const fold = ({ start, end }: Span, closed: boolean, kind?: FoldingRangeKind): void => {
    const startLine = lines.positionAt(start).line;
    const endLine = lines.positionAt(end).line - (closed ? 1 : 0);
    const key = `${startLine} ${endLine}`;
    if (endLine > startLine && !found.has(key)) found.set(key, { startLine, endLine, ...(kind === undefined ? {} : { kind }) });
  };
  if (sql) foldSql(sql, fold);
  if (yaml) foldYaml(yaml.root, yaml.text, fold);
  if (yaml) foldRemarks(yaml.text, fold);
  return [...found.values()].sort((one, other) => one.startLine - other.startLine || other.endLine - one.endLine);
}

type Fold = (span: Span, closed: boolean, kind?: FoldingRangeKind) => void;

function foldSql({ text, jinja, sql }: SqlDocument, fold: Fold): void {
  for (const { span } of jinja.blocks) fold(span, true);
  for (const { kind, span } of jinja.tags) {
    if (kind === 'comment') fold(span, false, FoldingRangeKind.Comment);
    else fold(span, true);
  }
  for (const query of sql.queries) {
    for (const { span } of query.ctes) fold(span, true);
    for (const select of query.selects) {
      const [first] = select.items;
      const last = select.items.at(-1);
      if (first && last) fold({ start: select.clauses.select.start, end: last.span.end }, false);
      for (const relation of select.from) if (relation.kind === 'query') fold(relation.span, true);
    }
    // A subquery of an expression, from its parenthesis on
    if (query.parentSelect) fold({ start: before(text, query.span.start), end: after(text, query.span.end) }, true);
  }
  foldDashes(text, sql.tokens.filter(({ kind }) => kind === 'comment'), fold);
}

/** Comments of several lines: one block, or lines of dashes that follow one another. */
function foldDashes(text: string, comments: readonly Span[], fold: Fold): void {
  let group: Span | undefined;
  for (const comment of comments) {
    if (group && /^[^\S\n]*\r?\n?[^\S\n]*$/.test(text.slice(group.end, comment.start))) group.end = comment.end;
    else {
      if (group) fold(group, false, FoldingRangeKind.Comment);
      group = { ...comment };
    }
  }
  if (group) fold(group, false, FoldingRangeKind.Comment);
}

function foldRemarks(text: string, fold: Fold): void {
  for (const match of text.matchAll(/^[^\S\n]*#.*(?:\r?\n[^\S\n]*#.*)+/gm)) fold({ start: match.index, end: match.index + match[0].length }, false, FoldingRangeKind.Comment);
}

function foldYaml(node: YamlNode | undefined, text: string, fold: Fold): void {
  if (!node) return;
  for (const { keySpan, value } of node.entries ?? []) {
    if (value) fold({ start: keySpan.start, end: trimmed(text, value.span) }, false);
    foldYaml(value, text, fold);
  }
  for (const item of node.items ?? []) {
    fold({ start: item.span.start, end: trimmed(text, item.span) }, false);
    foldYaml(item, text, fold);
  }
}

/** The end of a node without the empty lines behind it. */
function trimmed(text: string, { start, end }: Span): number {
  let at = end;
  while (at > start && /\s/.test(text.charAt(at - 1))) at--;
  return at;
}

function before(text: string, start: number): number {
  let at = start;
  while (at > 0 && /\s/.test(text.charAt(at - 1))) at--;
  return text[at - 1] === '(' ? at - 1 : start;
}

function after(text: string, end: number): number {
  let at = end;
  while (at < text.length && /\s/.test(text.charAt(at))) at++;
  return at;
}
