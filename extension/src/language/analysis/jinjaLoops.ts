/** Names that Jinja pieces together, in loops over lists and with values that the file or the project tells. */
import { rendered, valueOfJinja, type Scope } from './jinjaValues';
import type { JinjaFile, JinjaTag, NamePattern } from './types';

/** A `for` as it is written. */
export interface Loop {
  variables: readonly string[];
  over: string;
}

const FOR = /^\s*for\s+(\w+(?:\s*,\s*\w+)*)\s+in\s+([\s\S]*?)\s*$/;
const SET = /^\s*set\s+(\w+)\s*=\s*([\s\S]*?)\s*$/;
/** A loop that makes more names than these makes none that anybody reads. */
const MOST = 500;

/** The loops of a file, and what it sets. */
export class Loops {
  #sets: Map<string, string | undefined> | undefined;

  constructor(private readonly text: string, private readonly jinja: JinjaFile) {}

  of(tag: JinjaTag): Loop | undefined {
    const [, variables, over] = FOR.exec(this.text.slice(tag.inner.start, tag.inner.end)) ?? [];
    return variables === undefined || over === undefined ? undefined : { variables: variables.split(/\s*,\s*/), over };
  }

  /** What `set` gives names to; undefined where it gives one twice. */
  get sets(): ReadonlyMap<string, string | undefined> {
    if (!this.#sets) {
      this.#sets = new Map();
      for (const tag of this.jinja.tags) {
        if (tag.keyword !== 'set') continue;
        const [, name, value] = SET.exec(this.text.slice(tag.inner.start, tag.inner.end)) ?? [];
        if (name !== undefined) this.#sets.set(name, this.#sets.has(name) ? undefined : value);
      }
    }
    return this.#sets;
  }
}

/** The names that a pattern stands for; undefined where only dbt knows. @param variable the value of a variable of the project */
export function namesOf({ text, quoted, loops, sets }: NamePattern, variable: Scope['variable']): readonly string[] | undefined {
  let rows: ReadonlyMap<string, unknown>[] = [new Map()];
  for (const { variables, over } of loops) {
    const next: ReadonlyMap<string, unknown>[] = [];
    for (const bound of rows) {
      const values = valuesIn(valueOfJinja(over, { bound, sets, variable }));
      if (!values || next.length + values.length > MOST) return undefined;
      for (const value of values) next.push(new Map([...bound, ...variables.map((name, at): [string, unknown] => [name, variables.length === 1 ? value : Array.isArray(value) ? value[at] : undefined])]));
    }
    rows = next;
  }
  const names = new Set<string>();
  for (const bound of rows) {
    const unknown: string[] = [];
    const name = text.replace(/\{\{[-+]?([\s\S]*?)[-+]?\}\}/g, (_tag, source: string) => {
      const value = rendered(valueOfJinja(source.trim(), { bound, sets, variable }));
      if (value === undefined) unknown.push(source);
      return value ?? '';
    });
    // Whole expressions are no names
    if (unknown.length > 0 || (quoted ? name === '' : !/^[\w$\u0080-\uffff]+$/.test(name))) return undefined;
    names.add(quoted ? name : name.toLowerCase());
  }
  return [...names];
}

function valuesIn(value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value as unknown[];
  return typeof value === 'object' && value !== null ? Object.keys(value) : undefined;
}
