/** Go to definition. */
import type { Location, LocationLink } from 'vscode-languageserver';
import type { Span } from '../analysis/types';
import type { Model, Project } from '../project/types';
import type { PlaceRequest } from './request';
import { targetAt, type Target } from './target';

/** Where something is defined: its whole extent is not told, since editors only jump to the name. */
export interface Place {
  file: string;
  span: Span;
}

/**
 * Where the thing under the cursor is defined.
 * @param links whether the client understands links, which say which word was asked about
 */
export function definition(request: PlaceRequest, links: boolean): Location[] | LocationLink[] | null {
  const target = targetAt(request);
  const place = target && definitionOf(request, target);
  if (!target || !place) return null;
  const lines = place.file === request.file ? request.lines : request.linesOf(place.file);
  if (!lines) return null;
  const uri = place.file === request.file ? request.uri : request.uriOf(place.file);
  const range = lines.range(place.span);
  return links
    ? [{ targetUri: uri, targetRange: range, targetSelectionRange: range, originSelectionRange: request.lines.range(target.span) }]
    : [{ uri, range }];
}

/** @returns undefined where no file defines it: what dbt brings, columns that nothing documents */
export function definitionOf({ project, file }: PlaceRequest, target: Target): Place | undefined {
  switch (target.kind) {
    case 'model': {
      const version = target.version === undefined ? undefined : project.modelVersion(target.name, target.version);
      const model = version ?? project.models.get(target.name);
      return model && { file: model.file, span: nameOf(project, model) ?? { start: 0, end: 0 } };
    }
    case 'table': {
      const table = project.sources.get(target.name);
      return table && { file: table.properties.file, span: table.properties.nameSpan };
    }
    case 'source': {
      const table = [...project.sources.values()].find(({ source }) => source === target.name);
      return table && { file: table.properties.file, span: table.sourceNameSpan };
    }
    case 'macro': return { file: target.macro.file, span: target.macro.definition.nameSpan };
    case 'variable': return project.variables.get(target.name)?.location;
    case 'doc': return project.docs.get(target.name)?.location;
    case 'cte': return { file, span: target.cte.nameSpan };
    case 'relation': {
      const { alias, pathSpan, span } = target.relation;
      return { file, span: alias?.span ?? pathSpan ?? span };
    }
    case 'local': {
      const bound = target.local.places.find(({ binds }) => binds);
      return bound && { file, span: bound.span };
    }
    case 'column': return (target.from.length > 0 ? target.from : [target.item]).find((maker) => maker?.place)?.place;
  }
}

/** Where a snapshot's name stands: one of several in its file. Any other model is its whole file. */
function nameOf(project: Project, model: Model): Span | undefined {
  // What YAML says is read when it is asked for
  if (model.kind !== 'snapshot') return undefined;
  if (model.relation) return model.properties?.nameSpan;
  return project.sql(model.file)?.jinja.definitions.find((one) => one.kind === 'snapshot' && one.name === model.name)?.nameSpan;
}
