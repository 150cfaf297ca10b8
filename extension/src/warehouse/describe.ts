/** What a person's own query gives, and what PostgreSQL says against it, without running it. */
import { HumanError } from '../base/errors';
import type { QueryOptions, Rows, Warehouse } from './types';

/** In front of the query; a line of its own after it, for it may end with a comment. */
const BEFORE = 'select * from (\n';
const AFTER = '\n) as "attribution query" limit 0';

/** PostgreSQL refuses the query: its words, and where. */
export class QueryProblem extends HumanError {
  /** @param offset in the query, UTF-16 units; undefined where the server names no place  @param code SQLSTATE */
  constructor(message: string, readonly code: string, readonly offset: number | undefined, options?: ErrorOptions) {
    super(message, [], options);
  }
}

/** Without the semicolon at its end, which has no place inside another query. */
export const bareQuery = (sql: string): string => sql.replace(/(?:\s*;)+\s*$/, '');

/**
 * The columns of a query; it is analysed and planned, and gives no row.
 * @throws QueryProblem where PostgreSQL refuses it; HumanError, Cancelled as `Warehouse.query`
 */
export async function describeQuery(warehouse: Pick<Warehouse, 'query'>, sql: string, options?: QueryOptions): Promise<Rows['columns']> {
  const query = bareQuery(sql);
  try {
    return (await warehouse.query(`${BEFORE}${query}${AFTER}`, [], options)).columns;
  } catch (error) {
    throw problemOf(error, query, BEFORE.length) ?? error;
  }
}

/** An error of the server about a query that stood at `before` in what was sent; undefined for other errors. */
export function problemOf(error: unknown, query: string, before: number): QueryProblem | undefined {
  const cause = error instanceof HumanError ? error.cause : undefined;
  if (!(cause instanceof Error) || !('code' in cause) || !('severity' in cause)) return undefined;
  const { position, code } = cause as { position?: string; code?: string };
  const offset = position === undefined ? undefined : offsetOf(query, Number(position) - 1 - before);
  return new QueryProblem(error instanceof Error ? error.message : '', code ?? '', offset, { cause });
}

/** PostgreSQL counts characters, JavaScript units; a place behind the query is its end. */
function offsetOf(text: string, characters: number): number {
  if (characters <= 0) return 0;
  let offset = 0;
  for (let count = 0; count < characters && offset < text.length; count++) offset += (text.codePointAt(offset) ?? 0) > 0xffff ? 2 : 1;
  return Math.min(offset, text.trimEnd().length);
}
