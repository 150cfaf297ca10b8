/** Which words of PostgreSQL and dbt an editor shows: none that the language server already says. */

interface At {
  line: number;
  character: number;
}

/** A diagnostic, as far as it matters here. */
export interface Said {
  range: { start: At; end: At };
  /** as VS Code counts: 0 an error, 1 a warning */
  severity: number;
  source?: string | undefined;
  code?: unknown;
}

const ERROR = 0;
/** Problems of names; of other kinds a warning may stand at the same word and say something else. */
const NAMES = /^(?:unknown|ambiguous)-/;
/** dbt renders names of columns as they are. */
const COLUMNS = new Set(['unknown-column', 'ambiguous-column', 'unknown-relation']);
const NAME = /(?:"[^"]*"|[\w$\u0080-\uffff]+)(?:\.(?:"[^"]*"|[\w$\u0080-\uffff]+))*|\S/y;

/** Whether the language server says at a place what PostgreSQL or dbt says of it too. */
export function repeats(ours: Said, theirs: Said): boolean {
  if (ours.source !== 'attribution' || !within(ours.range, theirs.range)) return false;
  const code = typeof ours.code === 'string' ? ours.code : '';
  if (theirs.source === 'dbt') return ours.severity === ERROR && !COLUMNS.has(code);
  return ours.severity === ERROR || (ours.severity === ERROR + 1 && NAMES.test(code));
}

/** Where the name that begins at a place ends, its qualifiers included, or the symbol; undefined where the text is blank there. */
export function nameEnd(text: string, start: number): number | undefined {
  NAME.lastIndex = start;
  const found = NAME.exec(text);
  return found ? start + found[0].length : undefined;
}

/** dbt's words as they are shown at their line: without what the place tells, which is the model, its file, the line and its text. */
export function atLine(words: string): string {
  const lines = words.replace(/^Error in .+ \(.+\)\n/, '').split('\n');
  const place = lines.findIndex((line) => /^line \d+$/.test(line));
  return (place > 0 ? lines.slice(0, place) : lines).join('\n');
}

const within = (inner: Said['range'], outer: Said['range']): boolean => !before(inner.start, outer.start) && !before(outer.end, inner.end);
const before = (one: At, other: At): boolean => one.line < other.line || (one.line === other.line && one.character < other.character);
