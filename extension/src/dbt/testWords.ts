/** dbt's "Got 5 results, configured to fail if != 0" as people say it; other words as they are. */
export function rowsInWords(message: string): string {
  const [whole, count = '', what = '', condition = ''] = /^Got (\d+) results?, configured to (fail|warn) if (.+)$/.exec(message) ?? [];
  if (whole === undefined) return message;
  const rows = count === '1' ? 'row' : 'rows';
  if (/^(?:!= ?0|> ?0|>= ?1)$/.test(condition)) return `${count} ${rows} ${what === 'warn' ? 'to look at' : count === '1' ? 'fails the test' : 'fail the test'}`;
  return `${count} ${rows} found: the test ${what}s where their number is ${condition}`;
}
