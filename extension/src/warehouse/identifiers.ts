/** SQL names. Values never come here: they travel as parameters. */

/**
 * A name as PostgreSQL reads it back, whatever is in it.
 * @throws Error for a name that PostgreSQL cannot have (empty, or with a NUL)
 */
export function quoteIdentifier(name: string): string {
  if (name === '' || name.includes('\0')) throw new Error(`PostgreSQL has no name ${JSON.stringify(name)}.`);
  return `"${name.replaceAll('"', '""')}"`;
}

/** `"schema"."name"` */
export const qualifiedName = ({ schema, name }: { schema: string; name: string }): string => `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
