/** dbt's "Got 5 results, configured to fail if != 0" as people say it; other words as they are. */
export function rowsInWords(message: string): string {
  const [whole, count = '', what = '', condition = ''] = /^Got (\d+) results?, configured to (fail|warn) if (.+)$/.exec(message) ?? [];
  if (whole === undefined) return message;
  const rows = count === '1' ? 'row' : 'rows';
  if (/^(?:!= ?0|> ?0|>= ?1)$/.test(condition)) return `${count} ${rows} ${what === 'warn' ? 'to look at' : count === '1' ? 'fails the test' : 'fail the test'}`;
  return `${count} ${rows} found: the test ${what}s where their number is ${condition}`;
}

/** An error of dbt in a test without what whoever sees the test knows, and without the place of the compiled file. */
export function errorInWords(message: string): string {
  const lines = message.replace(/\n\s*compiled code at [^\n]*$/, '').split('\n');
  if (lines.length > 1 && /^[A-Z]\w* Error in [\w ]+ \S+ \([^)]*\)$/.test(lines[0] ?? '')) lines.shift();
  const indent = Math.min(...lines.filter((line) => line.trim() !== '').map((line) => line.search(/\S/)));
  return lines.map((line) => line.slice(indent)).join('\n').trim();
}
