/** Loops of Jinja over lists that the file itself spells out. */
import type { JinjaFile, JinjaTag } from './types';

export interface Loop {
  variable: string;
  values: readonly string[];
}

const FOR = /^\s*for\s+(\w+)\s+in\s+([\s\S]*?)\s*$/;
const SET = /^\s*set\s+(\w+)\s*=\s*([\s\S]*?)\s*$/;
const LIST = /^[[(]\s*(?:(?:'[^'\\]*'|"[^"\\]*"|\d+)\s*(?:,\s*|(?=[\])])))*[\])]$/;

/** Tells what a `for` goes through: a literal list, or one that `set` gave a name once. */
export class Loops {
  #lists: Map<string, readonly string[] | undefined> | undefined;

  constructor(private readonly text: string, private readonly jinja: JinjaFile) {}

  /** Undefined where only dbt knows. */
  of(tag: JinjaTag): Loop | undefined {
    const [, variable, over = ''] = FOR.exec(this.#inner(tag)) ?? [];
    if (variable === undefined) return undefined;
    const values = listOf(over) ?? (/^\w+$/.test(over) ? (this.#lists ??= this.#named()).get(over) : undefined);
    return values ? { variable, values } : undefined;
  }

  #inner({ inner }: JinjaTag): string {
    return this.text.slice(inner.start, inner.end);
  }

  #named(): Map<string, readonly string[] | undefined> {
    const found = new Map<string, readonly string[] | undefined>();
    for (const tag of this.jinja.tags) {
      if (tag.keyword !== 'set') continue;
      const [, name, value = ''] = SET.exec(this.#inner(tag)) ?? [];
      if (name !== undefined) found.set(name, found.has(name) ? undefined : listOf(value));
    }
    return found;
  }
}

function listOf(source: string): string[] | undefined {
  return LIST.test(source) ? [...source.matchAll(/'([^']*)'|"([^"]*)"|(\d+)/g)].map(([, single, double, number]) => single ?? double ?? number ?? '') : undefined;
}
