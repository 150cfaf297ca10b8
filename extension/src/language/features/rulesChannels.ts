/** Rule: a channel in SQL is one of the known ones. */
import type { Project, Properties } from '../project/types';
import type { YamlNode } from '../analysis/types';
import { acceptedIn, get } from '../analysis/yamlValues';
import { didYouMean, replacements, similar, type Problem } from './diagnosticsProblem';
import { ruleProblem, type Rule, type RuleContext } from './rulesContext';
import { comparedWith, openerOf } from './rulesScan';

/** Of the attribution rules; a project's accepted_values of its channel columns take their place. */
const KNOWN: readonly string[] = ['organic_search', 'paid_search', 'social', 'email', 'direct'];
/** Names of columns that hold a channel. */
export const CHANNEL = /^(?:(?:attributed|attribution|first|last|touch|first_touch|last_touch|touchpoint|marketing|acquisition|conversion|purchase)_)?channel$/;

export const unknownChannel: Rule = {
  name: 'unknown-channel', section: '2',
  find(context) {
    const { scan, project, file } = context;
    const found: Problem[] = [];
    let known: ReadonlySet<string> | undefined;
    const staging = readsSources(context);
    for (const [at, word] of scan.words.entries()) {
      if (word.kind !== 'string' || word.text === '' || /\{[{%]/.test(word.text)) continue;
      // Raw values are spelt in any way; what staging makes of them is not
      const use = isAssigned(context, at) ? 'assigned' : !staging && isCompared(context, at) ? 'compared' : undefined;
      if (use === undefined) continue;
      known ??= channelsOf(project);
      if (known.has(word.text)) continue;
      const quote = scan.text.indexOf("'", word.start);
      const span = { start: quote + 1, end: word.end - 1 };
      const guesses = similar(word.text, known);
      found.push(ruleProblem(context, this, { start: word.start, end: word.end }, `"${word.text}" is none of the known channels (${[...known].join(', ')}).${didYouMean(guesses)}`, () => replacements(file, span, guesses)));
    }
    return found;
  },
};

function readsSources({ document }: RuleContext): boolean {
  return document.jinja.calls.some(({ name }) => name === 'source');
}

function isChannel({ scan: { words } }: RuleContext, at: number): boolean {
  const word = words[at];
  return (word?.kind === 'word' || word?.kind === 'quoted') && CHANNEL.test(word.text) && words[at + 1]?.text !== '(' && words[at + 1]?.text !== '.';
}

function isCompared(context: RuleContext, at: number): boolean {
  const { scan } = context;
  const text = (index: number): string => scan.words[index]?.text ?? '';
  // What stands behind WHEN may be an expression
  return (text(at - 1) !== 'when' || text(at + 1) === 'then') && isChannel(context, comparedWith(scan, at));
}

/** `'x' as channel`, `coalesce(…, 'x') as channel`, `then 'x' … end as channel`. */
function isAssigned(context: RuleContext, at: number): boolean {
  const { words, partner } = context.scan;
  const text = (index: number): string => words[index]?.text ?? '';
  let end = at;
  if (text(at - 1) === 'then' || text(at - 1) === 'else') {
    let depth = 0;
    for (end = at + 1; end < words.length; end++) {
      const { text: word, kind } = words[end] ?? { text: '', kind: 'word' };
      if (kind === 'symbol' && word === '(') end = Math.max(end, partner[end] ?? end);
      else if (kind === 'symbol' && word === ')') return false;
      else if (kind === 'word' && word === 'case') depth++;
      else if (kind === 'word' && word === 'end' && depth-- === 0) break;
    }
  } else if (text(at - 1) === ',' && text(at + 1) === ')' && text(openerOf(context.scan, at) - 1) === 'coalesce') end = at + 1;
  else if (text(at - 1) !== ',' && text(at - 1) !== 'select') return false;
  if (text(end + 1) === '::') {
    end += 2;
    if (text(end + 1) === '(') end = partner[end + 1] ?? end;
  }
  return text(end + 1) === 'as' && isChannel(context, end + 2);
}

const kept = new WeakMap<Project, { version: number; channels: ReadonlySet<string> }>();

/** The accepted values of the project's channel columns, else those of the rules. */
export function channelsOf(project: Project): ReadonlySet<string> {
  const last = kept.get(project);
  if (last?.version === project.version) return last.channels;
  const accepted = new Set<string>();
  const files = new Set<string>();
  for (const { package: from, properties } of project.models.values()) if (from === undefined && properties && hasChannelValues(properties)) files.add(properties.file);
  for (const { properties } of project.sources.values()) if (hasChannelValues(properties)) files.add(properties.file);
  for (const file of files) collect(project.yaml(file)?.root, accepted);
  const channels: ReadonlySet<string> = accepted.size > 0 ? accepted.add('direct') : new Set(KNOWN);
  kept.set(project, { version: project.version, channels });
  return channels;
}

function hasChannelValues({ columns }: Properties): boolean {
  return columns.some(({ name, tests }) => CHANNEL.test(name) && tests.some((test) => test.includes('accepted_values')));
}

/** Values of accepted_values under any column named like a channel. */
function collect(node: YamlNode | undefined, into: Set<string>): void {
  for (const item of node?.items ?? []) collect(item, into);
  if (node?.entries && CHANNEL.test(get(node, 'name')?.text ?? '')) for (const text of acceptedIn(node)) into.add(text);
  for (const { value } of node?.entries ?? []) collect(value, into);
}
