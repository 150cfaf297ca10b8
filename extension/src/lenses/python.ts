/** Finds Dagster's asset definitions in Python text, tolerantly: pure, without running anything. */

export type Decorator = 'asset' | 'multi_asset' | 'graph_asset' | 'graph_multi_asset' | 'dbt_assets';

export interface AssetDefinition {
  /** line of the decorator, from 0 */
  line: number;
  decorator: Decorator;
  /** name of the function */
  function: string;
  /** keys that the text names literally, parts joined by `/`; none where code computes them */
  keys: string[];
}

const DECORATOR = /^[ \t]*@(?:[A-Za-z_]\w*\.)*(asset|multi_asset|graph_asset|graph_multi_asset|dbt_assets)\b(?!\w)[ \t]*(\()?/gm;
const STRING = /(['"])((?:(?!\1)[^\\\n]|\\.)*)\1/;
const STRINGS = new RegExp(STRING.source, 'g');

/** The definitions in the order of their lines. */
export function scanAssets(text: string): AssetDefinition[] {
  // What stands in a longer text or a comment is no definition; line ends stay, so that lines count right
  const code = text.replace(/("""|''')[\s\S]*?(?:\1|$)|(?<=^|\s)#[^\n]*/g, (found) => found.replace(/[^\n]/g, ' '));
  return [...code.matchAll(DECORATOR)].flatMap((match): AssetDefinition[] => {
    const start = match.index + match[0].length;
    const end = match[2] === undefined ? start : closing(code, start);
    const definition = /^(?:\s*@[^\n]*\n|\s)*\s*(?:async\s+)?def\s+(\w+)/.exec(code.slice(end));
    if (!definition?.[1]) return [];
    const decorator = match[1] as Decorator;
    const args = match[2] === undefined ? '' : code.slice(start, end);
    const at = match.index + (/\S/.exec(match[0])?.index ?? 0);
    return [{ line: code.slice(0, at).split('\n').length - 1, decorator, function: definition[1], keys: keysOf(decorator, args, definition[1]) }];
  });
}

function keysOf(decorator: Decorator, args: string, name: string): string[] {
  if (decorator === 'dbt_assets') return [];
  if (decorator === 'asset' || decorator === 'graph_asset') {
    const key = argument(args, 'key');
    if (key !== undefined) return key.length > 0 ? [key.join('/')] : [];
    return [[...(argument(args, 'key_prefix') ?? []), ...(argument(args, 'name') ?? [name])].join('/')];
  }
  const specs = [...args.matchAll(/\bAssetSpec\s*\(\s*(?:key\s*=\s*)?/g)].map((spec) => literal(args.slice(spec.index + spec[0].length)));
  const outs = /\bouts\s*=\s*\{/.exec(args);
  const named = outs ? [...args.slice(outs.index).matchAll(/(['"])(\w+)\1\s*:/g)].map(([, , out = '']) => [out]) : [];
  return [...specs, ...named].filter((parts) => parts.length > 0).map((parts) => parts.join('/'));
}

/** Parts of a keyword argument's literal value; undefined where there is no such argument, empty where code computes it. */
function argument(args: string, name: string): string[] | undefined {
  const found = new RegExp(`(?<![\\w.])${name}\\s*=(?!=)\\s*`).exec(args);
  return found ? literal(args.slice(found.index + found[0].length)) : undefined;
}

/** A string, a list of strings, or an AssetKey of one. */
function literal(text: string): string[] {
  const value = text.replace(/^(?:[A-Za-z_]\w*\.)*AssetKey\s*\(\s*/, '');
  const list = /^[[(]([^\])]*)[\])]/.exec(value)?.[1];
  if (list !== undefined) return [...list.matchAll(STRINGS)].map(([, , part = '']) => part);
  const single = new RegExp(`^${STRING.source}`).exec(value)?.[2];
  return single === undefined ? [] : single.split('/');
}

/** Where the bracket that opened before `start` closes; the end of the text where it is half-written. */
function closing(code: string, start: number): number {
  let depth = 1;
  const rest = new RegExp(`${STRING.source}|[()\\[\\]{}]`, 'g');
  rest.lastIndex = start;
  for (let found = rest.exec(code); found; found = rest.exec(code)) {
    if ('([{'.includes(found[0])) depth++;
    else if (')]}'.includes(found[0]) && --depth === 0) return found.index + 1;
  }
  return code.length;
}
