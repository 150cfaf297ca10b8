/** Rename of what a whole project knows by name: models with their files, macros, variables, docs blocks. */
import path from 'node:path';
import { HumanError } from '../../base/errors';
import type { Span } from '../analysis/types';
import { DBT_MACROS, GLOBALS } from '../project/globals';
import type { Macro, Model } from '../project/types';
import { entry, get, items, scalar } from '../analysis/yamlValues';
import { linesOf, mentionsOf } from './references';
import { checkJinjaName, type Changes, type Edit } from './renameEdits';
import type { FileRequest } from './request';
import type { Target } from './target';
import { bare, qualifiersOf, relationNamed } from './targetScopes';

type Of<K extends Target['kind']> = Target & { kind: K };

/** @throws HumanError where it is not the project's own, or not named by its file */
export function renamedModel({ project }: FileRequest, { name }: Of<'model'>): Model {
  const model = project.models.get(name);
  if (!model) throw new HumanError(`No model, seed or snapshot of this project is called "${name}". Create it first, or correct the name.`);
  if (model.package !== undefined) throw new HumanError(`"${name}" belongs to the package ${model.package}, which is not this project's to change.`);
  const version = project.versionOf(model);
  if (version && name !== version.model) throw new HumanError(`"${name}" is version ${version.version} of "${version.model}". Rename that.`);
  return model;
}

/** The file, its YAML, every ref, and the qualifiers that mean it by its own name. */
export function modelChanges(request: FileRequest, target: Of<'model'>, name: string): Changes {
  const { project } = request;
  const model = renamedModel(request, target);
  if (name === target.name) return { edits: [] };
  if (!/^[\p{L}\p{N}_.-]+$/u.test(name)) throw new HumanError(`"${name}" cannot be the name of a ${model.kind}: it is a file's name and a table's. Use letters, digits and underscores.`);
  refuseTaken(request, name);
  const edits: Edit[] = mentionsOf(request, target).map(({ file, span }) => ({ file, span, text: name }));
  const files = new Set(edits.flatMap(({ file }) => (file.endsWith('.sql') ? file : [])));
  for (const file of files) edits.push(...qualifierEdits(request, file, target.name, name));
  edits.push(...configEdits(request, model, target.name, name));
  if (model.kind === 'snapshot') return { edits };
  const versions = project.versions(model) ?? [];
  for (const file of files) refuseTable(request, file, versions.map((v) => `${target.name}_v${v}`));
  const named = [{ file: model.file, rest: '' }, ...versions.map((v) => ({ file: project.modelVersion(target.name, v)?.file ?? '', rest: `_v${v}` }))];
  const moved = named.flatMap(({ file, rest }) => (path.parse(file).name === target.name + rest ? [{ file, from: target.name + rest, to: name + rest }] : []));
  for (const { to } of moved) refuseTaken(request, to);
  edits.push(...definedIn(request, model, new Map(moved.map(({ from, to }) => [from, to]))));
  return { edits, files: [...moved.map(({ file, to }) => ({ from: file, to: path.join(path.dirname(file), `${to}${path.extname(file)}`) })), ...yamlNamedAfter(edits, target.name, name)] };
}

/** Where YAML names the files of versions. @param moved their new names by the old ones */
function definedIn({ project }: FileRequest, { properties }: Model, moved: ReadonlyMap<string, string>): Edit[] {
  if (!properties) return [];
  const { file, nameSpan } = properties;
  const described = items(get(project.yaml(file)?.root, 'models')).find(({ span }) => span.start <= nameSpan.start && nameSpan.end <= span.end);
  return items(get(described, 'versions')).flatMap((version): Edit[] => {
    const node = get(version, 'defined_in');
    const text = moved.get(scalar(node) ?? '');
    return node && text !== undefined ? [{ file, span: node.textSpan ?? node.span, text }] : [];
  });
}

/** @throws HumanError where a model is called so */
function refuseTaken({ project }: FileRequest, name: string): void {
  const taken = project.models.get(name);
  if (taken) throw new HumanError(`A ${taken.kind} called "${name}" is already there: ${path.relative(project.root, taken.file)}. Choose another name.`);
}

/** @throws HumanError where a file names the table of a version, which is called anew */
function refuseTable(request: FileRequest, file: string, tables: readonly string[]): void {
  const text = linesOf(request, file)?.text ?? '';
  const found = tables.find((table) => new RegExp(`(?<![\\w$])${table.replace(/\W/g, '\\$&')}(?![\\w$])`, 'i').test(text));
  if (found !== undefined) throw new HumanError(`${path.relative(request.project.root, file)} names "${found}", the table of a version. Rename it by hand.`);
}

/** Its YAML, where that is called as the model is: `orders.yml`, `orders_unit_tests.yml`. */
function yamlNamedAfter(edits: readonly Edit[], old: string, name: string): { from: string; to: string }[] {
  const named = new Map(['.yml', '.yaml', '_unit_tests.yml', '_unit_tests.yaml'].map((rest) => [`${old}${rest}`, `${name}${rest}`]));
  return [...new Set(edits.map(({ file }) => file))].flatMap((from) => {
    const to = named.get(path.basename(from));
    return to === undefined ? [] : [{ from, to: path.join(path.dirname(from), to) }];
  });
}

/** `orders.amount` after `from {{ ref('orders') }}` without an alias. */
function qualifierEdits(request: FileRequest, file: string, old: string, name: string): Edit[] {
  const text = linesOf(request, file)?.text;
  if (text?.toLowerCase().includes(`${old.toLowerCase()}.`) !== true) return [];
  const document = file === request.file ? request.sql : request.project.sql(file);
  if (!document) return [];
  return [...qualifiersOf(document)].flatMap(({ select, span }): Edit[] => {
    const relation = relationNamed(document, select, span)?.relation;
    return relation?.kind === 'ref' && !relation.alias && relation.path.at(-1) === old ? [{ file, span: bare(document.text, span), text: name }] : [];
  });
}

/** The configuration of this one model in dbt_project.yml: `models: project: folder: orders:`. */
function configEdits({ project }: FileRequest, model: Model, old: string, name: string): Edit[] {
  const file = path.join(project.root, 'dbt_project.yml');
  const root = project.yaml(file)?.root;
  let node = get(root, `${model.kind}s`, project.name);
  const folders = path.relative(project.root, path.dirname(model.file)).split(/[\\/]/);
  const edits: Edit[] = [];
  // The first folders are those of the model path itself
  for (const folder of ['', ...folders]) {
    node = get(node, folder) ?? node;
    const own = entry(node, old);
    if (own?.value?.kind === 'mapping') edits.push({ file, span: own.keySpan, text: name });
  }
  return edits;
}

/** @throws HumanError where dbt or a package knows it too */
export function renamedMacro({ project }: FileRequest, { macro, name }: Of<'macro'>): Macro {
  if (macro.package !== undefined) throw new HumanError(`"${name}" belongs to the package ${macro.package}, which is not this project's to change.`);
  const { name: bareName, kind } = macro.definition;
  if (kind === 'materialization') throw new HumanError(`"${bareName}" is a materialization: configurations name it as text. Rename it by hand.`);
  if (GLOBALS.has(bareName) || DBT_MACROS.has(bareName)) throw new HumanError(`"${bareName}" takes the place of dbt's own macro of that name: under another name dbt would not find it.`);
  const variant = [...project.macros.values()].find((other) => other.name.endsWith(`__${bareName}`) && !other.name.startsWith('test_'));
  if (variant) throw new HumanError(`"${bareName}" is dispatched to "${variant.name}" by its name. Rename both by hand.`);
  if (bareName.includes('__') && [...project.macros.keys()].some((other) => bareName.endsWith(`__${other}`))) throw new HumanError(`"${bareName}" is what another macro is dispatched to by its name. Rename both by hand.`);
  return macro;
}

/** Its definition, its calls, its YAML; of a generic test the data tests that name it. */
export function macroChanges(request: FileRequest, target: Of<'macro'>, name: string): Changes {
  const macro = renamedMacro(request, target);
  const { definition } = macro;
  if (name === definition.name) return { edits: [] };
  checkJinjaName(name, definition.kind === 'test' ? 'a test' : 'a macro');
  const key = definition.kind === 'macro' ? name : `${definition.kind}_${name}`;
  const taken = request.project.macros.get(key);
  if (taken) throw new HumanError(`A ${definition.kind} called "${name}" is already there: ${path.relative(request.project.root, taken.file)}. Choose another name.`);
  if (GLOBALS.has(name) || DBT_MACROS.has(key)) throw new HumanError(`"${name}" is dbt's own: yours would take its place. Choose another name.`);
  const edits = mentionsOf(request, target).map(({ file, span }): Edit => {
    // `test_name` where a generic test is called as the macro that it is
    const written = linesOf(request, file)?.text.slice(span.start, span.end);
    return { file, span, text: written === macro.name ? key : name };
  });
  return { edits };
}

/** dbt_project.yml, every `var`, and what unit tests set. */
export function variableChanges(request: FileRequest, target: Of<'variable'>, name: string): Changes {
  const { project } = request;
  if (name === target.name) return { edits: [] };
  if (!/^[A-Za-z_][\w.-]*$/.test(name)) throw new HumanError(`"${name}" cannot be the name of a variable: use letters, digits and underscores, and begin with no digit.`);
  if (project.variables.has(name) || project.uses('var', name).length > 0) throw new HumanError(`A variable called "${name}" is already there. Choose another name.`);
  const edits: Edit[] = mentionsOf(request, target).map(({ file, span }) => ({ file, span, text: name }));
  // It may be set for the project and for everything at once
  const file = project.variables.get(target.name)?.location?.file;
  const variables = file === undefined ? undefined : get(project.yaml(file)?.root, 'vars');
  const spans: (Span | undefined)[] = [entry(variables, target.name)?.keySpan, entry(get(variables, project.name), target.name)?.keySpan];
  if (file !== undefined) for (const span of spans) if (span) edits.push({ file, span, text: name });
  return { edits };
}

export function docChanges(request: FileRequest, target: Of<'doc'>, name: string): Changes {
  if (name === target.name) return { edits: [] };
  checkJinjaName(name, 'a docs block');
  if (!request.project.docs.has(target.name)) throw new HumanError(`No docs block is called "${target.name}". Create it first, or correct the name.`);
  if (request.project.docs.has(name)) throw new HumanError(`A docs block called "${name}" is already there. Choose another name.`);
  return { edits: mentionsOf(request, target).map(({ file, span }) => ({ file, span, text: name })) };
}
