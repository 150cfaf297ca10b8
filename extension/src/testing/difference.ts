/** How the rows of a unit test differ, from the table that dbt prints: pure. */

/** Two tables as text, with columns of one width in both, so that their lines compare. */
export interface Difference {
  expected: string;
  actual: string;
  /** rows with other values, rows that are expected and not there, rows that nobody expects */
  changed: number;
  missing: number;
  unexpected: number;
}

const ARROW = '→';

/**
 * Of a failed unit test; undefined for other words, and where the table leaves in doubt which value was on which side.
 * @param message of dbt: `actual differs from expected:`, then a table with a mark before each row
 */
export function differenceOf(message: string): Difference | undefined {
  const lines = message.split(/\r?\n/);
  const start = lines.findIndex((line) => /^@@\s*,/.test(line));
  if (start < 0) return undefined;
  const rows = lines.slice(start).filter((line) => line.trim() !== '').map(cellsOf);
  const width = rows[0]?.length;
  const sides: Record<'expected' | 'actual', string[][]> = { expected: [], actual: [] };
  const counts = { changed: 0, missing: 0, unexpected: 0 };
  for (const [mark = '', ...cells] of rows) {
    if (cells.length + 1 !== width) return undefined;
    const [before, after] = mark === ARROW ? [cells.map((cell) => partOf(cell, 0)), cells.map((cell) => partOf(cell, 1))] : [cells, cells];
    // Rows in between that are the same on both sides
    const both = mark === '...' ? cells.map(() => '…') : undefined;
    if (!['', ':', '...', '---', '+++', ARROW, '@@'].includes(mark) || !isWhole(before) || !isWhole(after)) return undefined;
    if (mark !== '+++') sides.expected.push(both ?? before);
    if (mark !== '---') sides.actual.push(both ?? after);
    if (mark === ARROW) counts.changed++;
    if (mark === '---') counts.missing++;
    if (mark === '+++') counts.unexpected++;
  }
  const widths = (rows[0] ?? []).slice(1).map((_, column) => Math.max(...[...sides.expected, ...sides.actual].map((cells) => cells[column]?.length ?? 0)));
  const text = (table: string[][]): string => table.map((cells) => cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ').trimEnd()).join('\n');
  return { expected: text(sides.expected), actual: text(sides.actual), ...counts };
}

const isWhole = (cells: readonly (string | undefined)[]): cells is string[] => cells.every((cell) => cell !== undefined);

/** One side of `before→after`; what has no arrow is the same on both, several of them are anybody's guess. */
function partOf(cell: string, side: 0 | 1): string | undefined {
  const parts = cell.split(ARROW);
  return parts.length === 1 ? cell : parts.length === 2 ? parts[side] : undefined;
}

/** Cells between commas, padded to one width; one with a comma or a quote of its own is in quotes. */
function cellsOf(line: string): string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"\s*(?=,|$)|([^,]*))/g)].map(([, quoted, plain = '']) => (quoted === undefined ? plain.trim() : quoted.replaceAll('""', '"')));
}
