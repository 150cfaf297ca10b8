/** What scalars of YAML say. */

const ESCAPES: Readonly<Record<string, string>> = { 0: '\0', a: '\x07', b: '\b', t: '\t', '\t': '\t', n: '\n', v: '\v', f: '\f', r: '\r', e: '\x1b', ' ': ' ', '"': '"', '/': '/', '\\': '\\', N: '\x85', _: '\xa0', L: '\u2028', P: '\u2029' };
const HEX: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/** A text over several lines: one line end is a space, several are one less. */
export function folded(text: string): string {
  if (!text.includes('\n')) return text;
  return text.replace(/[ \t]*\r?\n(?:[ \t]*\r?\n)*[ \t]*/g, (gap) => {
    const count = gap.split('\n').length - 1;
    return count === 1 ? ' ' : '\n'.repeat(count - 1);
  });
}

export function singleQuoted(text: string): string {
  const plain = folded(text);
  return plain.includes("''") ? plain.replaceAll("''", "'") : plain;
}

export function doubleQuoted(text: string): string {
  if (!text.includes('\\')) return folded(text);
  // A backslash before a line end joins the lines
  const joined = folded(text.replace(/\\\r?\n[ \t]*/g, '\u0000\u0000'));
  return joined.replaceAll('\u0000\u0000', '').replace(/\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|(.))/gs, (whole, two?: string, four?: string, eight?: string, one?: string) => {
    const code = two ?? four ?? eight;
    if (code === undefined) return one === undefined ? whole : ESCAPES[one] ?? (HEX[one] === undefined ? one : whole);
    const point = parseInt(code, 16);
    return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
  });
}

/**
 * The text of `|` and `>`.
 * @param lines of its body without their indentation; blank ones are ''
 * @param chomp '-', '+', or '' for one line end at most
 */
export function blockText(lines: readonly string[], fold: boolean, chomp: string): string {
  let last = lines.length;
  while (last > 0 && lines[last - 1] === '') last--;
  let text = '';
  if (!fold) text = lines.slice(0, last).join('\n');
  else {
    let blanks = 0;
    let before: string | undefined;
    for (const line of lines.slice(0, last)) {
      if (line === '') {
        blanks++;
        continue;
      }
      const loose = /^[ \t]/.test(line) || (before !== undefined && /^[ \t]/.test(before));
      if (before === undefined) text += '\n'.repeat(blanks);
      else if (blanks === 0) text += loose ? '\n' : ' ';
      else text += '\n'.repeat(blanks + (loose ? 1 : 0));
      text += line;
      before = line;
      blanks = 0;
    }
  }
  if (chomp === '+') return text + '\n'.repeat(lines.length - last + (last > 0 ? 1 : 0));
  return chomp === '-' || last === 0 ? text : `${text}\n`;
}
