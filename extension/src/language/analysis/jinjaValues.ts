/** Values of Jinja that a file tells by itself: literals, what `set` names, variables of the project, and what common filters make of them. */
import { plainValue } from './yamlValues';

/** What names mean at a place. */
export interface Scope {
  /** of loops */
  bound: ReadonlyMap<string, unknown>;
  /** what `set` gives a name to, as it is written; undefined where it does so twice */
  sets: ReadonlyMap<string, string | undefined>;
  /** the value of a variable of the project */
  variable: (name: string) => unknown;
}

/** Longer chains of `set` are circular. */
const DEEPEST = 10;
const MOST = 1000;

/** The value of a Jinja literal; undefined where it is none. */
export function literalValue(source: string): unknown {
  if (/^(?:none|None)$/.test(source)) return null;
  const plain = /^[\w.+-]+$/.test(source) ? plainValue(source) : undefined;
  if (plain !== undefined && typeof plain !== 'string') return plain;
  if (!/^(?:[[{'"])/.test(source)) return undefined;
  // A list or mapping of literals is JSON once its quotes and words are JSON's
  const json = source.replace(/'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|\b(True|False|None|none)\b|,(?=\s*[\]}])/g, (_whole, single?: string, double?: string, word?: string) => {
    if (single !== undefined) return JSON.stringify(single);
    if (double !== undefined) return JSON.stringify(double);
    return word === undefined ? '' : word === 'True' ? 'true' : word === 'False' ? 'false' : 'null';
  });
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return undefined;
  }
}

/** The value of an expression; undefined where only dbt knows. */
export function valueOfJinja(source: string, scope: Scope, depth = 0): unknown {
  if (depth > DEEPEST) return undefined;
  const [base = '', ...filters] = split(source, '|');
  const joined = split(base, '~');
  let value = joined.length > 1 ? concatenated(joined.map((part) => valueOfJinja(part, scope, depth + 1))) : primary(base.trim(), scope, depth);
  for (const filter of filters) value = filtered(value, filter.trim());
  return value;
}

/** A value as it is rendered; undefined where it is no text or number. */
export function rendered(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

function primary(source: string, scope: Scope, depth: number): unknown {
  const variable = /^var\s*\(\s*(?:'([^']*)'|"([^"]*)")\s*(?:,([\s\S]*))?\)$/.exec(source);
  if (variable) return scope.variable(variable[1] ?? variable[2] ?? '') ?? (variable[3] === undefined ? undefined : valueOfJinja(variable[3], scope, depth + 1));
  const range = /^range\s*\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)$/.exec(source);
  if (range) {
    const from = range[2] === undefined ? 0 : Number(range[1]);
    return Array.from({ length: Math.max(0, Math.min(MOST, Number(range[2] ?? range[1]) - from)) }, (_, at) => from + at);
  }
  const literal = literalValue(/^\([\s\S]*,[\s\S]*\)$/.test(source) ? `[${source.slice(1, -1)}]` : source);
  if (literal !== undefined) return literal;
  const path = /^(\{[\s\S]*\}|\w+)((?:\.\w+(?:\(\s*\))?|\[\s*(?:\d+|'[^']*'|"[^"]*")\s*\])*)$/.exec(source);
  if (!path) return undefined;
  let value = named(path[1] ?? '', scope, depth);
  for (const [, member, call, index] of (path[2] ?? '').matchAll(/\.(\w+)(\(\s*\))?|\[\s*(\d+|'[^']*'|"[^"]*")\s*\]/g)) {
    value = call === undefined ? memberOf(value, member ?? (index ?? '').replace(/^['"]|['"]$/g, '')) : called(value, member ?? '');
  }
  return value;
}

function named(name: string, { bound, ...scope }: Scope, depth: number): unknown {
  if (name.startsWith('{')) return literalValue(name);
  if (bound.has(name)) return bound.get(name);
  const set = scope.sets.get(name);
  return set === undefined ? undefined : valueOfJinja(set, { bound, ...scope }, depth + 1);
}

function memberOf(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string, unknown>)[key];
}

function called(value: unknown, method: string): unknown {
  if (typeof value === 'string') return method === 'lower' ? value.toLowerCase() : method === 'upper' ? value.toUpperCase() : method === 'strip' ? value.trim() : undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return method === 'items' ? Object.entries(value) : method === 'keys' ? Object.keys(value) : method === 'values' ? Object.values(value) : undefined;
}

function concatenated(parts: readonly unknown[]): string | undefined {
  const texts = parts.map(rendered);
  return texts.includes(undefined) ? undefined : texts.join('');
}

function filtered(value: unknown, filter: string): unknown {
  if (filter === 'list') return value;
  const text = rendered(value);
  if (text === undefined) return undefined;
  switch (filter) {
    case 'lower': return text.toLowerCase();
    case 'upper': return text.toUpperCase();
    case 'trim': return text.trim();
    case 'string': case 'int': return text;
    default: {
      const [, from, to] = /^replace\s*\(\s*(?:'([^']*)'|"[^"]*")\s*,\s*(?:'([^']*)'|"[^"]*")\s*\)$/.exec(filter.replace(/"([^"']*)"/g, "'$1'")) ?? [];
      return from === undefined || to === undefined ? undefined : text.replaceAll(from, to);
    }
  }
}

/** Parts between a separator that stands outside quotes and brackets. */
function split(source: string, separator: string): string[] {
  if (!source.includes(separator)) return [source];
  const parts: string[] = [];
  let depth = 0;
  let quote = '';
  let start = 0;
  for (let at = 0; at < source.length; at++) {
    const character = source.charAt(at);
    if (quote !== '') {
      if (character === quote) quote = '';
    } else if (character === "'" || character === '"') quote = character;
    else if ('([{'.includes(character)) depth++;
    else if (')]}'.includes(character)) depth--;
    else if (character === separator && depth === 0) {
      parts.push(source.slice(start, at));
      start = at + 1;
    }
  }
  return [...parts, source.slice(start)];
}
