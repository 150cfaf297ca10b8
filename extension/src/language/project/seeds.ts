import type { Span } from '../analysis/types';

/** The names in the first line of a CSV file, with their places (quotes left out). */
export function headerOf(text: string): { name: string; span: Span }[] {
  const line = /^[^\r\n]*/.exec(text)?.[0] ?? '';
  return [...line.matchAll(/(?:^|,)\s*(?:"((?:[^"]|"")*)"|([^,]*?))\s*(?=,|$)/g)].flatMap((match) => {
    const name = match[1] ?? match[2] ?? '';
    const start = match.index + match[0].lastIndexOf(name);
    return name === '' ? [] : [{ name: name.replaceAll('""', '"'), span: { start, end: start + name.length } }];
  });
}
