/** Variables of Jinja's own: bound by set, for and a macro's parameters, known inside the block that binds them. */
import type { JinjaFile, Span } from '../analysis/types';
import { holds, within } from './targetScopes';

export interface Local {
  name: string;
  /** where it is known */
  scope: Span;
  places: readonly { span: Span; binds: boolean }[];
}

/** The variable named at an offset, with the word that names it. */
export function localAt(jinja: JinjaFile, offset: number): { local: Local; span: Span } | undefined {
  const here = jinja.variables.find(({ span }) => holds(span, offset));
  if (!here) return undefined;
  const scope = scopeOf(jinja, here);
  const places = jinja.variables.filter((one) => one.name === here.name && same(scopeOf(jinja, one), scope)).map(({ span, binds }) => ({ span, binds }));
  // What nothing binds here is a global of dbt's, or another macro's affair
  return places.some(({ binds }) => binds) ? { local: { name: here.name, scope, places }, span: here.span } : undefined;
}

/** The innermost block that binds the name: a loop, else a macro (a set of a loop is known in it alone), else the file. */
function scopeOf(jinja: JinjaFile, { name, span }: JinjaFile['variables'][number]): Span {
  const whole = { start: 0, end: Infinity };
  const macro = jinja.definitions.filter((definition) => within(span, definition.span)).sort(inner)[0];
  const loops = jinja.blocks.filter((block) => block.keyword === 'for' && within(span, block.span)).sort(inner);
  const binders = jinja.variables.filter((one) => one.binds && one.name === name);
  for (const loop of loops) {
    const own = binders.filter((one) => within(one.span, loop.span) && same(loop.span, innermost(jinja, one.span)));
    if (own.length > 0) return loop.span;
  }
  // A file's own variable, where the macro binds none of that name
  return macro && binders.some((one) => within(one.span, macro.span)) ? macro.span : whole;
}

function innermost(jinja: JinjaFile, span: Span): Span {
  return jinja.blocks.filter((block) => block.keyword === 'for' && within(span, block.span)).sort(inner)[0]?.span ?? { start: 0, end: Infinity };
}

const inner = (one: Span | { span: Span }, other: Span | { span: Span }): number => length(one) - length(other);
const length = (one: Span | { span: Span }): number => ('span' in one ? one.span.end - one.span.start : one.end - one.start);
const same = (one: Span, other: Span): boolean => one.start === other.start && one.end === other.end;
