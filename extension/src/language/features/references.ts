/** Find references, and the uses that rename changes. */
import type { Location } from 'vscode-languageserver';
import type { LineIndex } from '../analysis/positions';
import type { Span } from '../analysis/types';
import type { UseKind } from '../project/types';
import { definitionOf } from './definition';
import { columnPlaces } from './referencesColumns';
import type { FileRequest, PlaceRequest } from './request';
import { sourceBefore, targetAt, type Mention, type Target } from './target';
import { wholeRows } from './targetColumns';
import { ctePlaces, relationPlaces } from './targetScopes';

/** Where the thing under the cursor is named. */
export function references(request: PlaceRequest, includeDeclaration: boolean): Location[] | null {
  const target = targetAt(request);
  if (!target) return null;
  const mentions = mentionsOf(request, target).filter(({ declares }) => includeDeclaration || !declares);
  // A model is made by its file, which does not name it
  const file = includeDeclaration && target.kind === 'model' ? definitionOf(request, target) : undefined;
  if (file && mentions.every((mention) => mention.file !== file.file || !mention.declares)) mentions.unshift({ ...file, declares: true });
  return locations(request, mentions);
}

/**
 * Every mention of a thing; a place may come twice.
 * @param only whether those in the file asked about are enough
 */
export function mentionsOf(request: FileRequest, target: Target, only = false): Mention[] {
  const { file, project } = request;
  const here = (places: Iterable<{ span: Span; declares: boolean }>): Mention[] => [...places].map(({ span, declares }) => ({ file, span, declares }));
  switch (target.kind) {
    case 'model': return [...used(request, 'ref', target.name), ...ownPlace(request, target)];
    case 'table': return used(request, 'source', target.name);
    case 'variable': return used(request, 'var', target.name);
    case 'doc': return [...ownPlace(request, target), ...used(request, 'doc', target.name)];
    case 'macro': return [{ file: target.macro.file, span: target.macro.definition.nameSpan, declares: true }, ...used(request, 'macro', target.name)];
    case 'source': {
      const tables = [...project.sources.values()].filter(({ source }) => source === target.name);
      const declared = new Map(tables.map(({ properties, sourceNameSpan }) => [`${properties.file} ${sourceNameSpan.start}`, { file: properties.file, span: sourceNameSpan, declares: true }]));
      return [...declared.values(), ...tables.flatMap(({ table }) => sourceMentions(request, `${target.name}.${table}`))];
    }
    case 'cte': return here([...ctePlaces(target.document, wholeRows({ project, file, document: target.document }))].filter(({ cte }) => cte === target.cte));
    case 'relation': return here(relationPlaces(target.document, target.relation, wholeRows({ project, file, document: target.document })));
    case 'local': return here(target.local.places.map(({ span, binds }) => ({ span, declares: binds })));
    case 'column': return columnPlaces(request, target, only);
  }
}

/** Where a name is called or described. */
function used({ project }: FileRequest, kind: UseKind, name: string): Mention[] {
  return project.uses(kind, name).map(({ file, span, role }) => ({ file, span, declares: role === 'declares' }));
}

/** Where a snapshot or a docs block names itself; a model is named by its file. */
function ownPlace(request: FileRequest, target: Target & { kind: 'model' | 'doc' }): Mention[] {
  const { project } = request;
  if (target.kind === 'doc') {
    const place = definitionOf({ ...request, offset: 0 }, target);
    return place ? [{ ...place, declares: true }] : [];
  }
  const model = project.models.get(target.name);
  if (model?.kind !== 'snapshot' || !model.file.endsWith('.sql')) return [];
  const block = project.sql(model.file)?.jinja.definitions.find(({ kind, name }) => kind === 'snapshot' && name === model.name);
  return block ? [{ file: model.file, span: block.nameSpan, declares: true }] : [];
}

/** The first arguments of the calls of `source` that name a table of it. */
function sourceMentions(request: FileRequest, table: string): Mention[] {
  return request.project.uses('source', table).flatMap(({ file, span, role }) => {
    const text = role === 'calls' ? linesOf(request, file)?.text : undefined;
    const first = text === undefined ? undefined : sourceBefore(text, span, table);
    return first ? [{ file, span: first, declares: false }] : [];
  });
}

/** Lines of a file, the one asked about among them. */
export function linesOf(request: FileRequest, file: string): LineIndex | undefined {
  return file === request.file ? request.lines : request.linesOf(file);
}

function locations(request: FileRequest, mentions: readonly Mention[]): Location[] {
  const files = new Map<string, Mention[]>();
  for (const mention of mentions) {
    const known = files.get(mention.file);
    if (known) known.push(mention);
    else files.set(mention.file, [mention]);
  }
  return [...files].flatMap(([file, found]) => {
    const lines = linesOf(request, file);
    const uri = file === request.file ? request.uri : request.uriOf(file);
    const seen = new Set<number>();
    return lines ? found.filter(({ span }) => !seen.has(span.start) && seen.add(span.start)).sort((one, other) => one.span.start - other.span.start).map(({ span }) => ({ uri, range: lines.range(span) })) : [];
  });
}
