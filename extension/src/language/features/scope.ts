/** Which relations a place in SQL sees, and what columns they have. */
import type { Cte, Query, Relation, Select, SqlDocument } from '../analysis/types';
import type { Column, Columns } from '../project/types';
import { columnsOfModel, columnsOfQuery, columnsOfRelation, columnsOfSource } from '../analysis/columns';
import { outer } from '../analysis/columnsQuery';
import type { FileRequest } from './request';
import { folded, nameOf } from './targetScopes';

export { columnsOfModel, columnsOfSource };

/** A relation that a place sees. */
export interface Scoped {
  /** by which its columns are qualified */
  name?: string;
  /** what it reads: a model, `source.table`, a CTE */
  origin?: string;
  relation?: Relation;
  columns(): Columns;
}

export interface Scope {
  select?: Select;
  /** of the select itself, in the order of FROM */
  relations: Scoped[];
  /** of the selects around it */
  outer: Scoped[];
}

/** The innermost query around an offset; one that only space, comments and a word that is being typed stand behind is still written. */
function queryAt(document: SqlDocument, offset: number): Query | undefined {
  let found: Query | undefined;
  for (const query of document.sql.queries) {
    if (query.span.start > offset || (query.span.end < offset && !isOpenTo(document.text, query.span.end, offset))) continue;
    if (!found || query.span.start >= found.span.start) found = query;
  }
  return found;
}

const COMMENTS: readonly (readonly [start: string, end: string])[] = [['--', '\n'], ['/*', '*/'], ['{#', '#}']];

function isOpenTo(text: string, from: number, offset: number): boolean {
  for (let at = from; at < offset;) {
    const comment = COMMENTS.find(([start]) => text.startsWith(start, at));
    if (comment) {
      const end = text.indexOf(comment[1], at + 2);
      at = end < 0 ? offset : end + comment[1].length;
    } else if (/\s/.test(text.charAt(at))) at++;
    else return /^[\w$]*$/.test(text.slice(at, offset));
  }
  return true;
}

/** The select that is written at an offset. */
export function selectAt(document: SqlDocument, offset: number): Select | undefined {
  const query = queryAt(document, offset);
  return query?.selects.findLast((select) => select.span.start <= offset) ?? query?.selects[0];
}

/** What a place sees by name. */
export function scopeAt(request: FileRequest, offset: number): Scope {
  const document = request.sql;
  const select = document && selectAt(document, offset);
  if (!document || !select) return { relations: [], outer: [] };
  const around: Scoped[] = [];
  for (let at = outer(select); at; at = outer(at)) around.push(...scopedOf(request, document, at).filter(({ relation }) => !relation || relation.span.end < offset || relation.span.start > offset));
  return { select, relations: scopedOf(request, document, select), outer: around };
}

function scopedOf(request: FileRequest, document: SqlDocument, select: Select): Scoped[] {
  return select.from.map((relation) => {
    const name = nameOf(document, relation);
    const origin = relation.kind === 'source' ? relation.path.join('.') : relation.kind === 'ref' || relation.kind === 'name' ? relation.path.at(-1) : undefined;
    return { relation, ...(name === undefined ? {} : { name }), ...(origin === undefined ? {} : { origin }), columns: () => columnsOfRelation(request.project, request.file, document, relation) };
  });
}

/** The relation that a qualifier means: of the select itself before those around it. */
export function named(scope: Scope, qualifier: { name: string; quoted: boolean }): Scoped | undefined {
  const name = folded(qualifier.name, qualifier.quoted);
  return scope.relations.find((one) => one.name === name) ?? scope.outer.find((one) => one.name === name);
}

/** A column by its name as PostgreSQL compares names. */
export function columnNamed(columns: readonly Column[], name: string, quoted: boolean): Column | undefined {
  return columns.find((one) => one.name === folded(name, quoted)) ?? columns.find((one) => one.name.toLowerCase() === name.toLowerCase());
}

/** CTEs that can be read at an offset, inner ones first: those written before it, and the one around it where it is recursive. */
export function ctesAt(request: FileRequest, offset: number): Cte[] {
  const document = request.sql;
  const found: Cte[] = [];
  for (let query = document && queryAt(document, offset); document && query; query = query.parent) {
    const { recursive } = query;
    found.push(...query.ctes.filter(({ span, query: body }) => {
      const open = span.end === offset && document.text[span.end - 1] !== ')';
      return span.end <= offset && !open ? true : recursive && body.span.start <= offset && offset <= span.end;
    }));
  }
  return found;
}

/** A CTE that is read, or defined, at an offset. */
export function cteNamed(request: FileRequest, name: string, offset: number): Cte | undefined {
  return ctesAt(request, offset).find((cte) => cte.name.toLowerCase() === name.toLowerCase()) ?? request.sql?.sql.queries.flatMap(({ ctes }) => ctes).find((cte) => cte.nameSpan.start <= offset && offset <= cte.nameSpan.end);
}

export function columnsOfCte(request: FileRequest, cte: Cte): Columns {
  return request.sql ? columnsOfQuery(request.project, request.file, request.sql, cte.query, cte.columnAliases) : { columns: [], certain: false };
}
