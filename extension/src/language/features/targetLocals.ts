/** Variables of Jinja's own: bound by set, for and a macro's parameters, known inside the block that binds them. */
import type { JinjaFile, Span } from '../analysis/types';
import { holds } from './targetScopes';

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
  const { name } = here;
  const named = jinja.variables.filter((one) => one.name === name);
  const scopes = scopesOf(jinja, named);
  const scope = scopes[named.indexOf(here)] ?? WHOLE;
  const places = named.filter((_, at) => scopes[at] === scope).map(({ span, binds }) => ({ span, binds }));
  // What nothing binds here is a global of dbt's, or another macro's affair
  return places.some(({ binds }) => binds) ? { local: { name, scope, places }, span: here.span } : undefined;
}

const WHOLE: Span = { start: 0, end: Infinity };

/** Of each place of one name the innermost block that binds it: a loop, else a macro (a set of a loop is known in it alone), else the file. */
function scopesOf({ blocks, definitions }: JinjaFile, named: JinjaFile['variables']): readonly Span[] {
  const loops = around(blocks.filter(({ keyword }) => keyword === 'for'), named);
  const macros = around(definitions, named);
  const binding = new Set<Span>();
  for (const [at, { binds }] of named.entries()) {
    const loop = binds && loops[at];
    if (loop) binding.add(loop.span);
    for (let macro = binds ? macros[at] : undefined; macro; macro = macro.outer) binding.add(macro.span);
  }
  return named.map((_, at) => {
    for (let loop = loops[at]; loop; loop = loop.outer) if (binding.has(loop.span)) return loop.span;
    // A file's own variable, where the macro binds none of that name
    const macro = macros[at]?.span;
    return macro && binding.has(macro) ? macro : WHOLE;
  });
}

interface Around {
  span: Span;
  outer: Around | undefined;
}

/** The innermost block around each place, with those around it; both in the order of the text. */
function around(blocks: readonly { span: Span }[], places: readonly { span: Span }[]): readonly (Around | undefined)[] {
  let open: Around | undefined;
  let next = 0;
  const close = (end: number): void => {
    while (open && open.span.end < end) open = open.outer;
  };
  return places.map(({ span }) => {
    for (let block = blocks[next]; block && block.span.start <= span.start; block = blocks[++next]) {
      close(block.span.end);
      open = { span: block.span, outer: open };
    }
    close(span.end);
    return open;
  });
}
