/** What the preview's command is given besides the model, by whoever: checked before it is used. */
import type { QuerySubject } from './protocol';

/** `{ model, filter: { client_id: 'one' } }`: the rows whose columns have exactly these values; undefined where nothing is asked. */
export function filterOf(given: unknown): Record<string, string> | undefined {
  if (typeof given !== 'object' || given === null || !('filter' in given) || typeof given.filter !== 'object' || given.filter === null) return undefined;
  const values = Object.entries(given.filter).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return values.length === 0 ? undefined : Object.fromEntries(values);
}

/** `{ title, sql, uri }`: a query whose rows are wanted, and where it is written; undefined where it is none. */
export function queryOf(given: unknown): QuerySubject | undefined {
  if (typeof given !== 'object' || given === null) return undefined;
  const { title, sql, uri } = given as Record<string, unknown>;
  if (typeof title !== 'string' || typeof sql !== 'string' || sql.trim() === '') return undefined;
  return { title, sql, ...(typeof uri === 'string' && uri.startsWith('file:') ? { uri } : {}) };
}
