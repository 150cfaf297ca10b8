/** What is wrong with a model as a whole: nobody describes it, it stands in a circle, another has its name. */
import path from 'node:path';
import type { SqlDocument } from '../analysis/types';
import type { Model, Project } from '../project/types';
import { addModelToYaml } from './codeActionsModels';
import { ERROR, HINT, WARNING, type Problem } from './diagnosticsProblem';

/** Problems of the model of a file. */
export function modelProblems(project: Project, model: Model, document: SqlDocument): Problem[] {
  return [...spaced(model, document), ...undocumented(project, model, document), ...sameName(project, model, document), ...cycles(project, model, document)];
}

function undocumented(project: Project, model: Model, { text }: SqlDocument): Problem[] {
  if (!project.complete || model.kind !== 'model' || model.properties || text.trim() === '') return [];
  const promised = hasContract(model);
  return [{
    span: firstWord(text), code: 'undocumented-model', severity: promised ? WARNING : HINT,
    message: promised ? `"${model.name}" has a contract and no YAML that names its columns: dbt refuses to build it.` : `No YAML describes "${model.name}": its grain, columns and tests.`,
    fixes: () => addModelToYaml(project, model),
  }];
}

const CONTRACTED = new Set(['table', 'view', 'incremental']);

/** Whether dbt builds a model only with the columns that its YAML names. */
export function hasContract({ kind, config }: Pick<Model, 'kind' | 'config'>): boolean {
  const contract = config['contract'];
  const materialized = config['materialized'] ?? 'view';
  return kind === 'model' && typeof materialized === 'string' && CONTRACTED.has(materialized)
    && typeof contract === 'object' && contract !== null && 'enforced' in contract && contract.enforced === true;
}

/** As of a copy that was not renamed yet. */
function spaced({ name, file }: Model, { text }: SqlDocument): Problem[] {
  if (!name.includes(' ')) return [];
  return [{ span: firstLine(text), code: 'name-with-space', severity: ERROR, message: `dbt takes no name with a space in it, and parses nothing of the project until "${path.basename(file)}" is called otherwise.` }];
}

function sameName(project: Project, model: Model, { text }: SqlDocument): Problem[] {
  const other = project.models.get(model.name);
  if (!project.complete || !other || other.package !== undefined || other.file === model.file || model.config['enabled'] === false || other.config['enabled'] === false) return [];
  return [{
    span: firstLine(text), code: 'same-name', severity: ERROR,
    message: `${path.relative(project.root, other.file).replaceAll('\\', '/')} has the name "${model.name}" too: a ref could mean either.`,
    related: [{ location: { file: other.file, span: { start: 0, end: 0 } }, message: `The other "${model.name}".` }],
  }];
}

/** At each ref that leads back to the model, with the way back in words. */
function cycles(project: Project, model: Model, { jinja }: SqlDocument): Problem[] {
  if (model.kind === 'seed' || !project.complete) return [];
  const found: Problem[] = [];
  let back: ReadonlyMap<string, string> | undefined;
  for (const { name, arguments: given } of jinja.calls) {
    const last = name === 'ref' ? given.filter((argument) => argument.name === undefined).at(-1) : undefined;
    if (last?.text === undefined || !last.textSpan) continue;
    back ??= waysBack(project, model.name);
    if (last.text !== model.name && !back.has(last.text)) continue;
    const way = [model.name, last.text];
    for (let at = last.text; at !== model.name && way.length < 1000;) {
      at = back.get(at) ?? model.name;
      way.push(at);
    }
    const words = last.text === model.name ? `"${model.name}" refers to itself: use this.` : `These models refer to one another in a circle: ${way.join(' → ')}.`;
    found.push({ span: last.textSpan, code: 'cyclic-ref', severity: ERROR, message: words });
  }
  return found;
}

/** Of each ancestor from which the model can be reached again: the next parent on the way to it. */
function waysBack(project: Project, model: string): ReadonlyMap<string, string> {
  // Down from the model, among its ancestors only: whoever is both above and below it is in a circle with it
  const above = new Set<string>();
  const children = new Map<string, string[]>();
  const open = [model];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    for (const parent of project.parents(name)) {
      const known = children.get(parent);
      if (known) known.push(name);
      else children.set(parent, [name]);
      if (above.has(parent)) continue;
      above.add(parent);
      open.push(parent);
    }
  }
  const next = new Map<string, string>();
  if (!above.has(model)) return next;
  const queue = [model];
  for (let at = 0; at < queue.length; at++) {
    const name = queue[at] ?? model;
    for (const child of children.get(name) ?? []) {
      if (child === model || next.has(child)) continue;
      next.set(child, name);
      queue.push(child);
    }
  }
  return next;
}

/** What a hint about the whole model is put on: enough to find it by. */
export function firstWord(text: string): { start: number; end: number } {
  const { start, end } = firstLine(text);
  return { start, end: start + (/^\w+|^\S{1,2}/.exec(text.slice(start, end))?.[0].length ?? 0) };
}

function firstLine(text: string): { start: number; end: number } {
  const start = text.search(/\S/);
  const end = text.slice(start).search(/\r|\n/);
  return { start, end: end < 0 ? text.length : start + end };
}
