/** What a person's own query gives, and what PostgreSQL says against it, without running it. */
import { HumanError, type Remedy } from '../base/errors';
import type { QueryOptions, Rows, Warehouse } from './types';

/** In front of the query; a line of its own after it, for it may end with a comment. */
const BEFORE = 'select * from (\n';
const AFTER = '\n) as "attribution query" limit 0';

/** Plans a statement and does not run it: behind its options no `analyze` can stand, which would. */
const ALONE = 'explain (costs off) ';
const SYNTAX = '42601';

/** PostgreSQL refuses the query: its words, and where. */
export class QueryProblem extends HumanError {
  /** @param offset in the query, UTF-16 units; undefined where the server names no place  @param code SQLSTATE */
  constructor(message: string, readonly code: string, readonly offset: number | undefined, options?: ErrorOptions, remedies: readonly Remedy[] = []) {
    super(message, remedies, options);
  }
}

const TOKEN = /'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\w*)\$[\s\S]*?\$\1\$|--[^\n]*|\/\*[\s\S]*?\*\/|\S/g;

/** Without the semicolons at its end, which have no place inside another query; comments and places stay. */
export function bareQuery(sql: string): string {
  let ends: number[] = [];
  for (const { 0: token, index } of sql.matchAll(TOKEN)) {
    if (token === ';') ends.push(index);
    else if (!/^(?:--|\/\*)/.test(token)) ends = [];
  }
  return ends.reduceRight((text, at) => `${text.slice(0, at)} ${text.slice(at + 1)}`, sql);
}

/**
 * The columns of a query; it is analysed and planned, and gives no row.
 * @throws QueryProblem where PostgreSQL refuses it; HumanError, Cancelled as `Warehouse.query`
 */
export async function describeQuery(warehouse: Pick<Warehouse, 'query'>, sql: string, options?: QueryOptions): Promise<Rows['columns']> {
  const query = bareQuery(sql);
  try {
    return (await warehouse.query(`${BEFORE}${query}${AFTER}`, [], options)).columns;
  } catch (error) {
    const problem = problemOf(error, query, BEFORE.length);
    if (problem?.code !== SYNTAX) throw problem ?? error;
    // Inside ours a query reads otherwise: by itself the server names the very word
    const alone: unknown = await warehouse.query(`${ALONE}${query}`, [], options).then(() => undefined, (reason: unknown) => problemOf(reason, query, ALONE.length) ?? reason);
    throw alone instanceof Error ? alone : problem;
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
