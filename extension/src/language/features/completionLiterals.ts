/** Values for a literal of SQL that a column is compared with: those that the column is known to take. */
import { CompletionItemKind } from 'vscode-languageserver';
import type { ColumnReference, Select, Span, SqlDocument } from '../analysis/types';
import { acceptedIn, get, items } from '../analysis/yamlValues';
import type { Project } from '../project/types';
import { ColumnInputs, type Input } from './columnInputs';
import { inputsOfModel } from './columnLineage';
import type { Offer } from './completionItems';
import type { FileRequest } from './request';
import { CHANNEL, channelsOf } from './rulesChannels';
import { comparedWith, scan } from './rulesScan';
import { folded, selectsOf } from './targetScopes';

/** The offers within a literal, which they replace; undefined elsewhere. */
export function completeLiteral(request: FileRequest, offset: number): { offers: readonly Offer[]; span: Span } | undefined {
  const { sql: document } = request;
  const span = document && literalAt(document, offset);
  const read = span && comparedIn(document, span);
  if (!read) return undefined;
  const offers = valuesOf(request, document, read).map((label, index): Offer => ({
    label, kind: CompletionItemKind.EnumMember, sortText: String(index).padStart(4, '0'), insertText: label.replaceAll("'", "''"),
  }));
  return { offers, span };
}

/** What stands between the quotes around an offset. */
function literalAt({ text, sql }: SqlDocument, offset: number): Span | undefined {
  const token = sql.tokens.find(({ kind, start, end }) => kind === 'string' && start < offset && offset <= end);
  if (!token) return undefined;
  const start = text.indexOf("'", token.start) + 1;
  const end = token.end - 1;
  if (start === 0 || offset < start || /\{[{%]/.test(text.slice(start, end))) return undefined;
  // A quote with a letter behind it begins the next literal
  const closed = end >= start && text[end] === "'" && !/\w/.test(text.charAt(token.end));
  if (closed) return offset <= end ? { start, end } : undefined;
  const word = /^[\w.-]*/.exec(text.slice(offset, token.end)) ?? [''];
  return { start, end: offset + word[0].length };
}

/** The column that a literal is compared with, and the select that reads it. */
function comparedIn(document: SqlDocument, literal: Span): { select: Select; reference: ColumnReference } | undefined {
  const read = scan(document);
  const column = read.words[comparedWith(read, read.words.findIndex(({ start, end }) => start < literal.start && literal.start <= end))];
  if (!column) return undefined;
  for (const select of selectsOf(document)) {
    const reference = select.references.find(({ span }) => span.start === column.start);
    if (reference) return { select, reference };
  }
  return undefined;
}

/** What YAML accepts for the column, or for those that it is handed on from, the nearest first; of a channel what is known of channels. */
function valuesOf({ project, file }: FileRequest, document: SqlDocument, { select, reference }: { select: Select; reference: ColumnReference }): readonly string[] {
  const name = folded(reference.name, reference.quoted);
  const found = new Set<string>();
  const queue: Input[] = [...new ColumnInputs(project, file, document, true).ofReference(select, reference)];
  const seen = new Set<string>();
  for (const { relation, column } of queue) {
    if (seen.has(`${relation}\n${column}`)) continue;
    seen.add(`${relation}\n${column}`);
    const accepted = acceptedValues(project, relation, column);
    for (const value of accepted) found.add(value);
    if (accepted.length === 0) queue.push(...inputsOfModel(project, relation, column, true));
  }
  return found.size > 0 ? [...found] : CHANNEL.test(name) ? [...channelsOf(project)] : [];
}

/** @param relation a model, or `source.table` */
function acceptedValues(project: Project, relation: string, column: string): readonly string[] {
  const properties = project.models.get(relation)?.properties ?? project.sources.get(relation)?.properties;
  const described = properties?.columns.find((one) => folded(one.name) === column || one.name === column);
  if (!properties || !described?.tests.some((test) => test.endsWith('accepted_values'))) return [];
  const { root } = project.yaml(properties.file) ?? {};
  const entries = (root?.entries ?? []).flatMap(({ value }) => items(value)).flatMap((entry) => [entry, ...items(get(entry, 'tables'))]);
  const node = entries.flatMap((entry) => items(get(entry, 'columns'))).find(({ span }) => span.start <= described.nameSpan.start && described.nameSpan.end <= span.end);
  return node ? acceptedIn(node) : [];
}
