import type { JinjaArgument, JinjaCall, JinjaFile, Span } from '../analysis/types';
import type { Facts, FoundUse } from './facts';
import { GLOBALS } from './globals';
import { literalValue } from '../analysis/jinjaValues';

/** What a SQL file (model, macro, test, snapshot, analysis) or a Markdown file with docs blocks contributes. */
export function sqlFacts(text: string, jinja: JinjaFile): Facts {
  const config: Record<string, unknown> = {};
  for (const call of jinja.calls) if (call.name === 'config') Object.assign(config, literals(text, call));
  const docs = jinja.definitions.filter(({ kind }) => kind === 'docs').map(({ name, nameSpan, body }) => ({ name, span: { ...nameSpan }, text: text.slice(body.start, body.end).trim() }));
  const definitions = jinja.definitions.filter(({ kind }) => kind !== 'docs');
  return {
    uses: usesOf(jinja.calls, 0),
    ...(Object.keys(config).length > 0 ? { config } : {}), ...(definitions.length > 0 ? { definitions } : {}), ...(docs.length > 0 ? { docs } : {}),
  };
}

/**
 * What calls name.
 * @param shift added to every offset: where the text of the calls stands in its file
 */
export function usesOf(calls: readonly JinjaCall[], shift: number): FoundUse[] {
  const found: FoundUse[] = [];
  const add = (kind: FoundUse['kind'], name: string, span: Span): void => void found.push({ kind, name, role: 'calls', span: { start: span.start + shift, end: span.end + shift } });
  for (const call of calls) {
    const name = call.name.startsWith('builtins.') ? call.name.slice('builtins.'.length) : call.name;
    const positional = call.arguments.filter((argument) => argument.name === undefined);
    const last = name === 'ref' || name === 'doc' ? positional.at(-1) : positional[0];
    switch (name) {
      case 'ref': case 'var': case 'doc':
        if (last?.text !== undefined && last.textSpan) add(name, last.text, last.textSpan);
        break;
      case 'source': {
        const [source, table] = positional;
        if (source?.text !== undefined && table?.text !== undefined && table.textSpan) add('source', `${source.text}.${table.text}`, table.textSpan);
        break;
      }
      default:
        if (!GLOBALS.has(headOf(name))) add('macro', name, bareName(call));
    }
  }
  return found;
}

/** The literal values among the arguments by name; what only dbt can evaluate is left out. */
export function literals(text: string, call: JinjaCall): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const argument of call.arguments) {
    if (argument.name === undefined) continue;
    const value = literal(text, argument);
    if (value !== undefined) found[argument.name] = value;
  }
  return found;
}

/** The value of a literal: text, number, truth value, none, a list or a mapping of these; undefined for anything else. */
function literal(text: string, argument: JinjaArgument): unknown {
  if (argument.text !== undefined) return argument.text;
  // After `name=`, where the argument's span holds that too
  const source = text.slice(argument.span.start, argument.span.end).replace(/^\s*\w+\s*=(?!=)\s*/, '').trim();
  return literalValue(source);
}

function headOf(name: string): string {
  const dot = name.indexOf('.');
  return dot < 0 ? name : name.slice(0, dot);
}

/** The name without its package: what a rename replaces. */
function bareName({ name, nameSpan }: JinjaCall): Span {
  const dot = name.lastIndexOf('.');
  return dot < 0 ? nameSpan : { start: nameSpan.end - (name.length - dot - 1), end: nameSpan.end };
}
