import type { Cte, Relation, Select } from '../analysis/types';
import type { Columns, Project } from '../project/types';
import type { FileRequest } from './request';

export interface Scoped { name?: string; relation?: Relation; origin?: string; columns(): Columns }
export interface Scope { select?: Select; relations: Scoped[]; outer: Scoped[] }
export function scopeAt(_request: FileRequest, _offset: number): Scope { return { relations: [], outer: [] }; }
export function ctesAt(_request: FileRequest, _offset: number): { name: string; cte: Cte; asRelation(): Scoped }[] { return []; }
export function named(_scope: Scope, _qualifier: { name: string; quoted: boolean }): Scoped | undefined { return undefined; }
export function columnsOfModel(project: Project, name: string): Columns {
  return { columns: (project.models.get(name)?.properties?.columns ?? []).map(({ name: column, tests, type, description }) => ({ name: column, tests, ...(type ? { type } : {}), ...(description ? { description } : {}) })), certain: false };
}
export function columnsOfSource(project: Project, key: string): Columns {
  return { columns: (project.sources.get(key)?.properties.columns ?? []).map(({ name: column, tests, type, description }) => ({ name: column, tests, ...(type ? { type } : {}), ...(description ? { description } : {}) })), certain: false };
}
