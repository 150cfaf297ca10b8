import type { Facts, FoundUse } from './facts';

/** What a Python model refers to: `dbt.ref("…")` and `dbt.source("…", "…")`. */
export function pythonFacts(text: string): Facts {
  const uses: FoundUse[] = [];
  for (const match of text.matchAll(/\bdbt\.(ref|source)\(\s*(['"])([^'"\n]+)\2(?:\s*,\s*(['"])([^'"\n]+)\4)?/g)) {
    const [whole, call, , first = '', , second] = match;
    const name = second ?? first;
    const start = match.index + whole.lastIndexOf(name);
    const span = { start, end: start + name.length };
    if (call === 'ref') uses.push({ kind: 'ref', name, role: 'calls', span });
    else if (second !== undefined) uses.push({ kind: 'source', name: `${first}.${second}`, role: 'calls', span });
  }
  return { uses };
}
