/** Headers as a person types them: pure. */

/**
 * `Name: value`, several with `|` between; an empty text means none.
 * @returns the headers, and the first problem in words where there is one (never the value, which is a secret)
 */
export function parseHeaders(text: string): { headers: Record<string, string>; problem?: string } {
  const headers: Record<string, string> = {};
  for (const part of text.split('|').map((piece) => piece.trim()).filter((piece) => piece !== '')) {
    const colon = part.indexOf(':');
    const name = part.slice(0, Math.max(0, colon)).trim();
    const value = part.slice(colon + 1).trim();
    if (colon <= 0 || value === '') return { headers, problem: 'Each header is `Name: value`.' };
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) return { headers, problem: `"${name}" is no name of a header.` };
    if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) return { headers, problem: `The value of ${name} has a character that no header can hold.` };
    headers[name] = value;
  }
  return { headers };
}
