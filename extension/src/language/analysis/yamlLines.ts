/** Lines of a YAML file: where they begin, how far they stand in, and whether they say anything. */
export interface Line {
  start: number;
  /** of what it says; the end of a blank one */
  content: number;
  /** without \r */
  end: number;
  /** spaces before its content */
  indent: number;
  /** blank, or only a comment */
  empty: boolean;
}

export function linesOf(text: string): Line[] {
  const lines: Line[] = [];
  const { length } = text;
  for (let start = 0; start <= length;) {
    let next = text.indexOf('\n', start);
    if (next < 0) next = length;
    let end = next;
    if (end > start && text.charCodeAt(end - 1) === 13) end--;
    let content = start;
    // A mark of byte order says nothing
    if (start === 0 && text.charCodeAt(0) === 65279) content++;
    while (content < end && text.charCodeAt(content) === 32) content++;
    let said = content;
    while (said < end && text.charCodeAt(said) === 9) said++;
    const empty = said === end || text.charCodeAt(said) === 35;
    lines.push({ start, content: said === end ? end : content, end, indent: content - start, empty });
    start = next + 1;
  }
  return lines;
}
