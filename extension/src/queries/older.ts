/** A column that a file makes and the database does not have yet: no mistake of the model that reads it. */
import { COMMANDS } from '../contributions';
import type { Model } from '../dbt/types';
import { QueryProblem } from '../warehouse/describe';

/** PostgreSQL: there is no such column. */
export const UNDEFINED_COLUMN = '42703';

/** What PostgreSQL refuses only because a table is older than the file that makes it. */
export class OlderTable extends QueryProblem {}

/**
 * What is true of a column that PostgreSQL does not find and a model's file makes.
 * @param column as it is written @param maker the model whose file makes it @param reader the model that reads it
 */
export function olderTable(problem: QueryProblem, column: string, { name }: Pick<Model, 'name'>, reader: Pick<Model, 'refs'> | undefined): OlderTable {
  const near = reader?.refs.includes(name) ?? false;
  const message = near
    ? `The column ${column} is made by the file of ${name}, but what the database has of ${name} is older than its file. Materialize ${name} first.`
    : `The column ${column} is made by the file of ${name} and comes here through other models, but what the database has of them is older than their files. Materialize ${name} first, then those between.`;
  return new OlderTable(message, problem.code, problem.offset, { cause: problem }, [{ title: `Materialize ${name}`, command: COMMANDS.materializeModel, args: [name] }]);
}
