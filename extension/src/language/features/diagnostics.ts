/** What is wrong in a file, at its exact place: asked for after every change, so nothing here waits for dbt. */
import type { Diagnostic } from 'vscode-languageserver';
import type { JinjaFile } from '../analysis/types';
import { columnProblems } from './diagnosticsColumns';
import { callProblems } from './diagnosticsJinja';
import { modelProblems } from './diagnosticsModel';
import { ERROR, type Problem } from './diagnosticsProblem';
import { yamlProblems } from './diagnosticsYaml';
import type { FileRequest } from './request';
import { ruleProblems } from './rules';

/** Most that is shown of one file: nobody reads more, and a broken file would flood the list. */
const MOST = 500;

/** Diagnostics of a file; none of a package's. Nothing is called unknown before the whole project was read. */
export function diagnostics(request: FileRequest): Diagnostic[] {
  return problemsOf(request).slice(0, MOST).map((problem) => diagnosticOf(request, problem));
}

/** Everything that is wrong in a file, with its fixes, in the order of the text. */
export function problemsOf({ project, file, role, sql, yaml }: FileRequest): Problem[] {
  if (role === undefined || project.packageOf(file) !== undefined) return [];
  const found: Problem[] = [];
  if (yaml) found.push(...yamlProblems(project, file, yaml, role));
  if (sql) {
    found.push(...sql.jinja.errors.map(({ span, message }): Problem => ({ span, code: 'jinja-syntax', severity: ERROR, message })));
    found.push(...callProblems({ project, file, text: sql.text, calls: sql.jinja.calls, bound: boundIn(sql.jinja) }));
    const model = role === 'model' || role === 'snapshot' ? project.modelOfFile(file) : undefined;
    if (model) found.push(...modelProblems(project, model, sql));
    if (role !== 'docs') found.push(...columnProblems(project, file, sql, model), ...ruleProblems(project, file, sql));
  }
  return found.sort((one, other) => one.span.start - other.span.start || one.severity - other.severity);
}

/** A problem as the protocol says it. */
export function diagnosticOf(request: FileRequest, { span, code, severity, message, related }: Problem): Diagnostic {
  const relatedInformation = related?.flatMap(({ location, message: text }) => {
    const range = request.linesOf(location.file)?.range(location.span);
    return range ? [{ location: { uri: request.uriOf(location.file), range }, message: text }] : [];
  });
  return { range: request.lines.range(span), code, severity, message, source: 'attribution', ...(relatedInformation?.length ? { relatedInformation } : {}) };
}

/** Names that a file binds: by set and for, as parameters, and the macros it defines. */
function boundIn({ variables, definitions }: JinjaFile): ReadonlySet<string> {
  const names = new Set(variables.filter(({ binds }) => binds).map(({ name }) => name));
  for (const { name, parameters } of definitions) {
    names.add(name);
    for (const parameter of parameters) names.add(parameter.name);
  }
  return names;
}
