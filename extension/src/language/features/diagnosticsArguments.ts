/** Arguments of calls in Jinja that their function does not take. Where a star or the macro's text leaves it open, nothing is said. */
import type { JinjaArgument, JinjaCall } from '../analysis/types';
import type { Macro, Project } from '../project/types';
import { didYouMean, ERROR, similar, WARNING, type Problem } from './diagnosticsProblem';

interface Shape {
  least: number;
  most: number;
  names: readonly string[];
  usage: string;
}

const SHAPES: Readonly<Record<string, Shape>> = {
  ref: { least: 1, most: 2, names: ['v', 'version'], usage: "ref('model') or ref('package', 'model')" },
  source: { least: 2, most: 2, names: [], usage: "source('source', 'table')" },
  var: { least: 1, most: 2, names: ['default', 'var_name'], usage: "var('name') or var('name', default)" },
  doc: { least: 1, most: 2, names: [], usage: "doc('name') or doc('package', 'name')" },
  env_var: { least: 1, most: 2, names: ['default', 'var'], usage: "env_var('NAME') or env_var('NAME', default)" },
};

/** Whether it is a function of dbt's whose arguments are known. */
export const isShaped = (name: string): boolean => Object.hasOwn(SHAPES, name);

/** What is wrong with a call of one of dbt's functions. */
export function shapeProblem(text: string, call: JinjaCall, name: string): Problem | undefined {
  const shape = SHAPES[name];
  const parsed = argumentsOf(text, call);
  if (!shape || !parsed) return undefined;
  const { positional, named } = parsed;
  const unknown = named.find((argument) => !shape.names.includes(argument.name ?? ''));
  if (unknown) return { span: unknown.nameSpan ?? unknown.span, code: 'unknown-argument', severity: ERROR, message: `${name} has no argument "${unknown.name ?? ''}": ${shape.usage}.` };
  if (positional.length > shape.most) {
    const most = shape.most === shape.least ? counted(shape.most) : `at most ${counted(shape.most)}`;
    return { span: spanFrom(positional, shape.most), code: 'too-many-arguments', severity: ERROR, message: `${name} takes ${most}: ${shape.usage}.` };
  }
  const given = positional.length + named.filter(({ name: key }) => key === 'var_name' || key === 'var').length;
  if (given < shape.least) return { span: call.nameSpan, code: 'missing-argument', severity: ERROR, message: `${name} needs ${counted(shape.least)}: ${shape.usage}.` };
  return undefined;
}

/** What is wrong with a call of a macro whose definition is known. */
export function argumentProblems(project: Project, macro: Macro, text: string, call: JinjaCall): Problem[] {
  const parsed = argumentsOf(text, call);
  const { parameters, kind } = macro.definition;
  if (!parsed || kind !== 'macro') return [];
  const { positional, named } = parsed;
  const usage = `${call.name}(${parameters.map((one) => (one.default === undefined ? one.name : `${one.name}=${one.default}`)).join(', ')})`;
  // Read only where something seems wrong: what the body says of further arguments, and of those that may be left out
  let read: string | undefined;
  const body = (): string => (read ??= project.sql(macro.file)?.text.slice(macro.definition.body.start, macro.definition.body.end) ?? 'varargs kwargs');
  const problems: Problem[] = [];
  if (positional.length > parameters.length && !/\bvarargs\b/.test(body())) {
    problems.push({ span: spanFrom(positional, parameters.length), code: 'too-many-arguments', severity: ERROR, message: `${call.name} takes ${counted(parameters.length)}, not ${positional.length}: ${usage}.` });
  }
  for (const argument of named) {
    const name = argument.name ?? '';
    const place = parameters.findIndex((parameter) => parameter.name === name);
    const span = argument.nameSpan ?? argument.span;
    if (place < 0 && name !== 'caller' && !/\bkwargs\b/.test(body())) {
      const guesses = similar(name, parameters.map((parameter) => parameter.name));
      problems.push({
        span, code: 'unknown-argument', severity: ERROR, message: `${call.name} has no argument "${name}": ${usage}.${didYouMean(guesses)}`,
      });
    } else if (place >= 0 && place < positional.length) {
      problems.push({ span, code: 'repeated-argument', severity: ERROR, message: `"${name}" is given twice: ${usage}.` });
    }
  }
  const missing = parameters.filter((parameter, place) => parameter.default === undefined && place >= positional.length && !named.some(({ name }) => name === parameter.name) && !mayLack(body(), parameter.name));
  if (missing.length > 0) {
    problems.push({ span: call.nameSpan, code: 'missing-argument', severity: WARNING, message: `${call.name} needs ${missing.map(({ name }) => `"${name}"`).join(' and ')}: ${usage}.` });
  }
  return problems;
}

/** Whether a macro's text copes with an argument that is not given, does not look at it, or only hands it on. */
function mayLack(body: string, parameter: string): boolean {
  const name = parameter.replace(/[^\w]/g, '\\$&');
  return !new RegExp(`\\b${name}\\b`).test(body)
    || new RegExp(`\\b${name}\\s*(?:is\\b|or\\b|\\|\\s*(?:default|d)\\b)|\\b(?:if|elif|not|and|or)\\s+${name}\\b|\\b(?:varargs|kwargs|caller|dispatch)\\b`).test(body);
}

/** Undefined where the parenthesis is still open, or a star brings arguments that are not written here. */
function argumentsOf(text: string, call: JinjaCall): { positional: JinjaArgument[]; named: JinjaArgument[] } | undefined {
  if (!call.closed || call.arguments.some(({ span }) => text.slice(span.start, span.end).trimStart().startsWith('*'))) return undefined;
  return { positional: call.arguments.filter(({ name }) => name === undefined), named: call.arguments.filter(({ name }) => name !== undefined) };
}

const spanFrom = (positional: readonly JinjaArgument[], first: number): { start: number; end: number } => ({ start: positional[first]?.span.start ?? 0, end: positional.at(-1)?.span.end ?? 0 });

const counted = (count: number): string => (count === 0 ? 'no argument' : count === 1 ? 'one argument' : count === 2 ? 'two arguments' : `${count} arguments`);
