/** The columns of functions in FROM: known ones by their names, others by the alias. */
import type { Column, Columns } from '../project/types';
import { byWord } from './sqlWords';
import type { Relation, Typing } from './types';

type Named = readonly [name: string | undefined, type?: string];

/** Columns of the rows of functions: one without a name is called as the function, or its alias. Their rows have no other. */
const FUNCTION_COLUMNS = byWord<readonly Named[]>({
  json_array_elements: [['value', 'json']], jsonb_array_elements: [['value', 'jsonb']], json_array_elements_text: [['value', 'text']], jsonb_array_elements_text: [['value', 'text']],
  json_each: [['key', 'text'], ['value', 'json']], jsonb_each: [['key', 'text'], ['value', 'jsonb']], json_each_text: [['key', 'text'], ['value', 'text']], jsonb_each_text: [['key', 'text'], ['value', 'text']],
  generate_series: [[undefined]], generate_subscripts: [[undefined]], json_object_keys: [[undefined]], jsonb_object_keys: [[undefined]], regexp_split_to_table: [[undefined]], string_to_table: [[undefined]], regexp_matches: [[undefined]],
});

const known = ({ path }: Relation): readonly Named[] | undefined => (path.length === 1 ? FUNCTION_COLUMNS[path[0]?.toLowerCase() ?? ''] : undefined);

/** Whether a function's rows have one column that is called as its alias is. */
export function isNamedByAlias(relation: Relation): boolean {
  const { kind, alias, columnAliases } = relation;
  return kind === 'function' && alias !== undefined && columnAliases === undefined && (known(relation)?.some(([name]) => name === undefined) ?? true);
}

/**
 * The columns of something in FROM, before its alias renames them; each where its name is written, or the function that names it.
 * @param typeOf the type that a typing comes to
 */
export function columnsOfFunction(file: string, relation: Relation, typeOf: (typing: Typing) => string | undefined): Columns {
  const { alias, path, pathSpan, span, ordinality, columnAliases, typings = [] } = relation;
  const own = path.at(-1)?.toLowerCase() ?? '';
  const names = known(relation);
  const made: readonly Named[] = names ?? (alias ? Array.from({ length: Math.max(1, typings.length) }, () => [undefined] as const) : []);
  const columns = [...made, ...(ordinality ? [['ordinality', 'bigint'] as const] : [])].map(([name, told], at): Column => {
    const typing = typings[at];
    const type = told ?? (name === undefined && typing !== undefined ? typeOf(typing) : undefined);
    return { name: name ?? alias?.name.toLowerCase() ?? own, location: { file, span: (name === undefined ? alias?.span : undefined) ?? pathSpan ?? span }, tests: [], ...(type === undefined ? {} : { type }) };
  });
  // `as (a int, b text)` tells all there is
  return { columns, certain: names !== undefined || columnAliases?.every(({ type }) => type !== undefined) === true };
}
