/** A model, seed or snapshot that a query refers to and the database does not have yet. */
import { COMMANDS } from '../contributions';
import { parseSql } from '../language/analysis/document';
import { QueryProblem } from '../warehouse/describe';

/** What PostgreSQL refuses only because something was never materialized. */
export class UnbuiltTable extends QueryProblem {}

/** The name in the `ref` that a stretch of a file's text is made by; undefined where it is none. */
export function refAt(text: string, { start, end }: { start: number; end: number }): string | undefined {
  const { jinja } = parseSql(text);
  const call = jinja.calls.find(({ name, span }) => (name === 'ref' || name === 'builtins.ref') && span.start < end && start < span.end);
  return call?.arguments.findLast((one) => one.name === undefined)?.text;
}

/** What is true of a relation that PostgreSQL does not find, and what brings it there. @param name what was referred to */
export function unbuiltTable(problem: QueryProblem, name: string): UnbuiltTable {
  const message = `The database does not have ${name} yet (${problem.message}). Materialize ${name} first.`;
  return new UnbuiltTable(message, problem.code, problem.offset, { cause: problem }, [{ title: `Materialize ${name}`, command: COMMANDS.materializeModel, args: [name] }]);
}
