import { tokenize } from './lexer';
import { QueryParser } from './sqlQuery';
import { streamsOf } from './sqlStream';
import type { JinjaFile, Query, SqlFile } from './types';

/**
 * Reads the SQL of a file, as PostgreSQL understands it once dbt has rendered its Jinja. Never throws: half-written text gives the scopes
 * that it has. Both sides of an `{% if %}` are read. What macros, `set` and `call` blocks hold is read by itself and is not the file's own.
 */
export function parseSqlFile(text: string, jinja: JinjaFile): SqlFile {
  const tokens = tokenize(text, jinja.tags);
  const streams = streamsOf(text, jinja, tokens);
  const queries: Query[] = [];
  let own: Query | undefined;
  for (const stream of streams.streams) {
    const written = stream.words.includes('select') || stream.words.includes('values');
    if (!written && !stream.own) continue;
    const parser = new QueryParser(text, streams, stream);
    const first = written ? parser.statements()[0] : parser.written();
    if (stream.own) own ??= first;
    queries.push(...parser.queries);
  }
  if (streams.streams.length > 1) queries.sort((one, other) => one.span.start - other.span.start);
  return { ...(own ? { query: own } : {}), queries, tokens };
}
