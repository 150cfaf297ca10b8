import type { Cte, Query, Relation, SqlDocument } from '../analysis/types';
import type { Columns, Project, Properties } from '../project/types';

const documented = (properties: Properties | undefined): Columns => ({ columns: (properties?.columns ?? []).map(({ name, tests, type, description }) => ({ name, tests, ...(type === undefined ? {} : { type }), ...(description === undefined ? {} : { description }) })), certain: false });
export const columnsOfModel = (project: Project, name: string): Columns => documented(project.models.get(name)?.properties);
export const columnsOfSource = (project: Project, key: string): Columns => documented(project.sources.get(key)?.properties);
export const columnsOfQuery = (_project: Project, _file: string, _document: SqlDocument, _query: Query, _aliases: Cte['columnAliases']): Columns => ({ columns: [], certain: false });
export const columnsOfRelation = (project: Project, _file: string, _document: SqlDocument, relation: Relation): Columns =>
  (relation.kind === 'ref' ? columnsOfModel(project, relation.path.at(-1) ?? '') : relation.kind === 'source' ? columnsOfSource(project, relation.path.join('.')) : { columns: [], certain: false });
