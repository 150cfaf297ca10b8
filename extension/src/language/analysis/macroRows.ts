/** Rows that well-known macros of packages write, and relations that Jinja gives a name to: what they read is told by the file. */
import { valueOfJinja } from './jinjaValues';
import type { JinjaCall, JinjaFile, MacroRows } from './types';

/** A relation that `{{ name }}` stands for. */
export interface NamedRelation {
  /** the `ref` or `source` that names it */
  call: JinjaCall;
  /** one of several, in a loop */
  dynamic: boolean;
}

const MACRO = 'star|union_relations|deduplicate|date_spine';
const CALLED = new RegExp(`^(?:dbt_utils\\.)?(${MACRO})$`);
/** What a text has that calls one of them. */
export const WRITES_ROWS = new RegExp(`\\b(?:${MACRO})\\s*\\(`);

const isRelation = ({ name }: JinjaCall): boolean => name === 'ref' || name === 'source';

/** Relations by the tag that only says their name: `{% set orders = ref('orders') %} … from {{ orders }}`. */
export function namedRelations(text: string, { tags, calls }: JinjaFile): ReadonlyMap<number, NamedRelation> {
  const found = new Map<number, NamedRelation>();
  if (!calls.some((call) => isRelation(call) && tags[call.tag]?.kind === 'statement')) return found;
  const sets = new Map<string, NamedRelation | undefined>();
  const loops = new Map<string, string | NamedRelation>();
  for (const [at, { keyword, inner }] of tags.entries()) {
    const [, kind, name, start, over] = /^\s*(set|for)\s+(\w+)\s*(=|\bin\b)\s*([\s\S]*?)\s*$/.exec(keyword === 'set' || keyword === 'for' ? text.slice(inner.start, inner.end) : '') ?? [];
    if (name === undefined || over === undefined || (kind === 'set') !== (start === '=')) continue;
    const call = calls.find((one) => one.tag === at && isRelation(one));
    const listed = over.startsWith('[');
    const known = call && (listed || over.startsWith(text.slice(call.span.start, call.span.end))) ? { call, dynamic: listed } : undefined;
    if (kind === 'set') sets.set(name, sets.has(name) ? undefined : known);
    else loops.set(name, known ?? over);
  }
  for (const [at, { kind, inner }] of tags.entries()) {
    const name = kind === 'expression' ? /^\s*(\w+)\s*(?:\.\w+\([^()]*\)\s*)*$/.exec(text.slice(inner.start, inner.end))?.[1] : undefined;
    if (name === undefined) continue;
    const loop = loops.get(name);
    const relation = loop === undefined ? sets.get(name) : typeof loop === 'string' ? sets.get(loop) : loop;
    // A list is no relation, nor does a loop go through one
    if (relation && relation.dynamic === (loop !== undefined)) found.set(at, relation);
  }
  return found;
}

/** What the macro in a tag of its own writes: columns of relations, with others before them; undefined for any other call. */
export function macroRows(text: string, outer: JinjaCall, calls: readonly JinjaCall[], sets: ReadonlyMap<string, string | undefined>): Omit<MacroRows, 'relations'> & { calls: readonly JinjaCall[] } | undefined {
  const macro = CALLED.exec(outer.name)?.[1];
  if (macro === undefined) return undefined;
  const relations = calls.filter((call) => call.tag === outer.tag && isRelation(call) && outer.inner.start <= call.span.start && call.span.end <= outer.inner.end);
  const given = (name: string, position?: number): unknown => {
    const positional = outer.arguments.filter((one) => one.name === undefined);
    const argument = outer.arguments.find((one) => one.name === name) ?? (position === undefined ? undefined : positional[position]);
    if (!argument) return undefined;
    const source = text.slice(argument.span.start, argument.span.end).replace(argument.name === undefined ? '' : /^\s*\w+\s*=/, '').trim();
    return valueOfJinja(source, { bound: new Map(), sets, variable: () => undefined }) ?? null;
  };
  const texts = (value: unknown): string[] | undefined => (value === undefined ? [] : Array.isArray(value) && value.every((one) => typeof one === 'string') ? value : undefined);
  const plain = { except: [], prefix: '', suffix: '', before: [] };
  switch (macro) {
    case 'star': {
      const [except, prefix, suffix] = [texts(given('except', 2)), given('prefix', 3) ?? '', given('suffix', 4) ?? ''];
      return except && relations.length === 1 && typeof prefix === 'string' && typeof suffix === 'string' ? { calls: relations, before: [], except: except.map((name) => name.toLowerCase()), prefix, suffix } : undefined;
    }
    case 'union_relations': {
      const column = given('source_column_name') ?? '_dbt_source_relation';
      if (relations.length === 0 || given('include') !== undefined || given('exclude') !== undefined || typeof column !== 'string') return undefined;
      return { ...plain, calls: relations, before: [column] };
    }
    case 'deduplicate': return relations.length === 1 ? { ...plain, calls: relations } : undefined;
    default: {
      const part = given('datepart', 0);
      return typeof part === 'string' ? { ...plain, calls: [], before: [`date_${part}`] } : undefined;
    }
  }
}
