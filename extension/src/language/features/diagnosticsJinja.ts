/** What calls in Jinja name: models, sources, variables, doc blocks and macros that are not there, and arguments that do not fit. */
import { versionIn } from '../analysis/sqlFrom';
import type { JinjaCall, Span } from '../analysis/types';
import { isBuiltIn } from '../project/globals';
import type { Model, Project } from '../project/types';
import { argumentProblems, isShaped, shapeProblem } from './diagnosticsArguments';
import { addVariable } from './codeActionsVariables';
import { createModel } from './codeActionsModels';
import { didYouMean, ERROR, replacements, similar, WARNING, type Fix, type Problem } from './diagnosticsProblem';

/** What the calls stand in; offsets are those of the file. */
export interface Calls {
  project: Project;
  file: string;
  text: string;
  calls: readonly JinjaCall[];
  /** names that the file binds itself: calling one of them calls no macro */
  bound: ReadonlySet<string>;
}

/** Words of Jinja that a parenthesis may follow. */
const KEYWORDS = new Set(['and', 'call', 'do', 'elif', 'else', 'filter', 'for', 'if', 'in', 'is', 'not', 'or', 'print', 'return', 'set']);
/** A file with more than these is no person's. */
const MOST = 500;
/** More guesses than these are not worth the time while typing. */
const MOST_GUESSES = 50;

/** Problems of all calls. */
export function callProblems(from: Calls): Problem[] {
  const found: Problem[] = [];
  let guesses = 0;
  const guess = (name: string, candidates: () => Iterable<string>): string[] => (++guesses > MOST_GUESSES ? [] : similar(name, candidates()));
  for (const call of from.calls) {
    if (found.length >= MOST) break;
    if (from.bound.has(headOf(call.name)) || !isCall(from.text, call)) continue;
    const name = call.name.startsWith('builtins.') ? call.name.slice('builtins.'.length) : call.name;
    const shaped = isShaped(name) && !from.project.macros.has(name);
    const misshapen = shaped ? shapeProblem(from.text, call, name) : undefined;
    if (misshapen) {
      found.push(misshapen);
      continue;
    }
    // What is still being written names nothing yet
    const problem = !call.closed ? undefined
      : name === 'ref' ? refProblem(from, call, guess)
      : name === 'source' ? sourceProblem(from, call, guess)
      : name === 'var' ? variableProblem(from, call, guess)
      : name === 'doc' ? docProblem(from, call, guess)
      : undefined;
    if (problem) found.push(problem);
    if (!shaped) found.push(...macroProblems(from, call, guess));
  }
  return found;
}

type Guess = (name: string, candidates: () => Iterable<string>) => string[];

/** Literal text of the positional arguments; undefined where one is worked out, or there are more behind a star. */
function literalArguments(call: JinjaCall): { text: string; span: Span }[] | undefined {
  const found: { text: string; span: Span }[] = [];
  for (const { name, text, textSpan } of call.arguments) {
    if (name !== undefined) continue;
    if (text === undefined || !textSpan) return undefined;
    found.push({ text, span: textSpan });
  }
  return found;
}

function refProblem(from: Calls, call: JinjaCall, guess: Guess): Problem | undefined {
  const { project, file } = from;
  const names = literalArguments(call);
  const model = names?.at(-1);
  if (!names || !model || model.text === '' || !project.complete) return undefined;
  const known = project.models.get(model.text);
  if (known) return versionProblem(from, call, known, model.span);
  const { packages: installed, packagesMissing: missing } = project;
  const wanted = names.length > 1 ? names[0]?.text : undefined;
  // A package that is not installed may have any model
  if (wanted !== undefined && wanted !== project.name && !installed.has(wanted)) return undefined;
  const guesses = guess(model.text, () => project.models.keys());
  return {
    span: model.span, code: 'unknown-ref', severity: missing ? WARNING : ERROR,
    message: `No model, seed or snapshot is named "${model.text}"${missing ? ', unless a package that is not installed brings it' : ''}.${didYouMean(guesses)}`,
    fixes: (): Fix[] => [...replacements(file, model.span, guesses), ...createModel(project, file, model.text)],
  };
}

/** A version that is not there, or one that is asked for by the name of its file. */
function versionProblem({ project, file, text }: Calls, call: JinjaCall, model: Model, span: Span): Problem | undefined {
  const own = project.versionOf(model);
  if (own) {
    const asked = `ref('${own.model}', v=${/^\d+$/.test(own.version) ? own.version : `'${own.version}'`})`;
    return {
      span, code: 'unknown-ref', severity: ERROR, message: `"${model.name}" is a version of "${own.model}": dbt finds it as ${asked}.`,
      fixes: () => [{ title: `Change to ${asked}`, changes: [{ file, span: call.span, text: asked }], preferred: true }],
    };
  }
  const argument = call.arguments.find(({ name }) => name === 'v' || name === 'version');
  const version = argument && versionIn(call, text);
  // A name of Jinja's is worked out
  const literal = argument?.textSpan !== undefined || /^\d/.test(version ?? '');
  const all = literal ? project.versions(model) : undefined;
  if (!argument || version === undefined || all?.includes(version) !== false) return undefined;
  const place = argument.textSpan ?? { start: argument.span.end - version.length, end: argument.span.end };
  return { span: place, code: 'unknown-ref', severity: ERROR, message: `"${model.name}" has no version ${version}, but ${all.join(', ')}.`, fixes: () => replacements(file, place, all) };
}

function sourceProblem({ project, file }: Calls, call: JinjaCall, guess: Guess): Problem | undefined {
  const [source, table] = literalArguments(call) ?? [];
  if (!source || !table || source.text === '' || table.text === '' || !project.complete || project.sources.has(`${source.text}.${table.text}`)) return undefined;
  const missing = project.packagesMissing;
  const severity = missing ? WARNING : ERROR;
  const tables = [...project.sources.values()].filter((one) => one.source === source.text);
  if (tables.length > 0) {
    const guesses = guess(table.text, () => tables.map((one) => one.table));
    return {
      span: table.span, code: 'unknown-source-table', severity,
      message: `Source "${source.text}" has no table "${table.text}".${didYouMean(guesses)}`, fixes: () => replacements(file, table.span, guesses),
    };
  }
  const guesses = guess(source.text, () => new Set([...project.sources.values()].map((one) => one.source)));
  return {
    span: source.span, code: 'unknown-source', severity,
    message: `No source is named "${source.text}".${didYouMean(guesses)}`, fixes: () => replacements(file, source.span, guesses),
  };
}

function variableProblem({ project, file }: Calls, call: JinjaCall, guess: Guess): Problem | undefined {
  const first = call.arguments[0];
  const { text: name, textSpan: span } = first ?? {};
  if (name === undefined || !span || name === '' || call.arguments.length > 1 || !project.complete) return undefined;
  const variable = project.variables.get(name);
  if (variable && (variable.location ?? variable.value) !== undefined) return undefined;
  const guesses = guess(name, () => [...project.variables.values()].filter(({ location }) => location).map((one) => one.name));
  return {
    span, code: 'unknown-variable', severity: WARNING,
    message: `Variable "${name}" is not in dbt_project.yml and has no default here: dbt stops unless --vars gives it.${didYouMean(guesses)}`,
    fixes: () => [...replacements(file, span, guesses), ...addVariable(project, name)],
  };
}

function docProblem({ project, file }: Calls, call: JinjaCall, guess: Guess): Problem | undefined {
  const names = literalArguments(call);
  const block = names?.at(-1);
  if (!names || !block || block.text === '' || !project.complete || project.docs.has(block.text)) return undefined;
  if (names.length > 1 ? names[0]?.text !== project.name : project.packagesMissing) return undefined;
  const guesses = guess(block.text, () => project.docs.keys());
  return {
    span: block.span, code: 'unknown-doc', severity: ERROR,
    message: `No docs block is named "${block.text}".${didYouMean(guesses)}`, fixes: () => replacements(file, block.span, guesses),
  };
}

/** An unknown macro, or arguments that its definition does not take. */
function macroProblems({ project, file, text }: Calls, call: JinjaCall, guess: Guess): Problem[] {
  const dot = call.name.indexOf('.');
  const head = headOf(call.name);
  const own = dot > 0 && head === project.name ? call.name.slice(dot + 1) : call.name;
  const macro = project.macros.get(own);
  if (macro) return argumentProblems(project, macro, text, call);
  if (!project.complete || call.name === '' || isBuiltIn(call.name) || KEYWORDS.has(call.name)) return [];
  const { packages: installed, packagesMissing: missing } = project;
  if (dot >= 0) {
    // Any other head is an object of Jinja, or a package that is not there: nothing is certain
    if (own.includes('.') && (!installed.has(head) || call.name.indexOf('.', dot + 1) > 0)) return [];
  } else if (missing || call.name.includes('__') || bareNames(project).has(call.name)) return [];
  const span = { start: call.nameSpan.end - (call.name.length - dot - 1), end: call.nameSpan.end };
  const bare = call.name.slice(dot + 1);
  const names = (): string[] => [...project.macros.keys()].flatMap((key) => (own.includes('.') ? (key.startsWith(`${head}.`) ? [key.slice(head.length + 1)] : []) : key.includes('.') ? [] : [key]));
  const guesses = guess(bare, names);
  const elsewhere = own.includes('.') ? ` in package "${head}"` : '';
  return [{ span, code: 'unknown-macro', severity: ERROR, message: `No macro is named "${bare}"${elsewhere}.${didYouMean(guesses)}`, fixes: () => replacements(file, span, guesses) }];
}

const kept = new WeakMap<Project, { version: number; names: ReadonlySet<string> }>();

/** Names of the macros of packages without their package: an adapter's are called so. */
function bareNames(project: Project): ReadonlySet<string> {
  const last = kept.get(project);
  if (last?.version === project.version) return last.names;
  const names = new Set([...project.macros.keys()].map((key) => key.slice(key.lastIndexOf('.') + 1)));
  kept.set(project, { version: project.version, names });
  return names;
}

function headOf(name: string): string {
  const dot = name.indexOf('.');
  return dot < 0 ? name : name.slice(0, dot);
}

/** A filter's or a test's name is called too, and so is a method of what a call gave. */
function isCall(text: string, { nameSpan }: JinjaCall): boolean {
  const before = /(\S)(\s*)$/.exec(text.slice(Math.max(0, nameSpan.start - 60), nameSpan.start));
  if (before?.[1] === '|' || before?.[1] === '.') return false;
  return !/\bis(?:\s+not)?\s+$/.test(text.slice(Math.max(0, nameSpan.start - 20), nameSpan.start));
}
