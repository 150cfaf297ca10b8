/** Rows as text: for the clipboard and for files. Values are the database's own text, null is null. */
import type { ColumnKind, CopyFormat } from './protocol';

interface TextColumn {
  name: string;
  type: string;
  kind: ColumnKind;
}

type Cells = readonly (string | null)[];

// What a spreadsheet takes for a formula
const FORMULA = /^[=+\-@\t\r]/;

/**
 * A line of CSV without its end (RFC 4180). Null is nothing, an empty text is `""`, as PostgreSQL writes it.
 * @param neutralize puts an apostrophe before text that a spreadsheet would run; numbers are numbers
 */
export function csvLine(cells: Cells, columns: readonly TextColumn[] = [], neutralize = false): string {
  return cells.map((cell, index) => {
    if (cell === null) return '';
    const kind = columns[index]?.kind;
    return quoted(neutralize && kind !== 'number' && FORMULA.test(cell) ? `'${cell}` : cell, ',');
  }).join(',');
}

function quoted(cell: string, separator: string): string {
  return cell === '' || cell.includes(separator) || /["\r\n]/.test(cell) || cell.trim() !== cell ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/** Rows with their header in the format asked for. */
export function formatRows(format: CopyFormat, columns: readonly TextColumn[], rows: readonly Cells[]): string {
  const names = columns.map(({ name }) => name);
  switch (format) {
    case 'csv': return [names, ...rows].map((row) => `${csvLine(row)}\r\n`).join('');
    case 'tsv': return [names, ...rows].map((row) => `${row.map((cell) => (cell === null ? '' : quoted(cell, '\t'))).join('\t')}\n`).join('');
    case 'markdown': {
      const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
      const rule = columns.map(({ kind }) => (kind === 'number' ? '---:' : '---'));
      return line(names.map(markdown)) + line(rule) + rows.map((row) => line(row.map((cell) => (cell === null ? '*null*' : markdown(cell))))).join('');
    }
    case 'json': {
      const objects = rows.map((row) => `  {${columns.map(({ name, ...column }, index) => `${JSON.stringify(name)}: ${json(row[index] ?? null, column)}`).join(', ')}}`);
      return objects.length === 0 ? '[]\n' : `[\n${objects.join(',\n')}\n]\n`;
    }
  }
}

const markdown = (cell: string): string => cell.replaceAll('\\', '\\\\').replaceAll('|', '\\|').replaceAll('<', '&lt;').replace(/\r\n|[\r\n]/g, '<br>');

/** Numbers keep all their digits: they are copied, not converted. */
function json(cell: string | null, { type, kind }: { type: string; kind: ColumnKind }): string {
  if (cell === null) return 'null';
  if (kind === 'number' && /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(cell)) return cell;
  if (kind === 'boolean') return cell === 't' ? 'true' : 'false';
  if (type === 'json' || type === 'jsonb') return cell;
  return JSON.stringify(cell);
}
