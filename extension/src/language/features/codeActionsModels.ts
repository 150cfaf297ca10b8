/** Making a model that is named but not there, and describing one in YAML where the project would. */
import path from 'node:path';
import { columnsOfModel } from '../analysis/columns';
import type { YamlNode } from '../analysis/types';
import type { Column, Model, Project, Properties } from '../project/types';
import { get, items, scalar } from '../analysis/yamlValues';
import { addEntry, addItem, atEnd, indented, item, scalar as written, sequenceIndent } from './codeActionsYaml';
import type { Fix } from './diagnosticsProblem';

/** Creates the missing model where others are called so (`int_…`), else beside the file that refers to it, or among the models where that file is none. */
export function createModel(project: Project, file: string, name: string): Fix[] {
  if (!/^\w[\w.-]*$/.test(name)) return [];
  const created = path.join(folderFor(project, file, name), `${name}.sql`);
  return [{ title: `Create model "${name}" (${shown(project, created)})`, changes: [], create: { file: created, text: 'select\n    1 as id\n' } }];
}

function folderFor(project: Project, file: string, name: string): string {
  const prefix = /^[a-z]+_/.exec(name)?.[0];
  const folders = new Map<string, number>();
  for (const model of project.models.values()) {
    if (prefix === undefined || model.kind !== 'model' || model.package !== undefined || !model.name.startsWith(prefix)) continue;
    const folder = path.dirname(model.file);
    folders.set(folder, (folders.get(folder) ?? 0) + 1);
  }
  const [usual] = [...folders].sort((one, other) => other[1] - one[1]);
  if (usual) return usual[0];
  const role = project.roleOf(file);
  if (role === 'model' || role === 'properties') return path.dirname(file);
  for (const model of project.models.values()) if (model.kind === 'model' && model.package === undefined) return path.dirname(model.file);
  return path.join(project.root, 'models');
}

const shown = (project: Project, file: string): string => path.relative(project.root, file).replaceAll('\\', '/');

/** Describes a model with the columns that are known: in the YAML of its folder, else in a new file named as the project's others are. */
export function addModelToYaml(project: Project, model: Model): Fix[] {
  const habit = habitOf(project);
  const file = placeOf(project, model, habit);
  const entry = modelLines(project, model, habit);
  const document = project.yaml(file);
  const title = `Describe "${model.name}" in ${shown(project, file)}`;
  if (!document || document.text.trim() === '') {
    const lines = [...(habit.version ? ['version: 2', ''] : []), 'models:', ...indented(item(entry), habit.indent)];
    const text = `${lines.join('\n')}\n`;
    return [document ? { title, changes: [{ file, span: { start: 0, end: document.text.length }, text }], preferred: true } : { title, changes: [], create: { file, text }, preferred: true }];
  }
  if (document.errors.length > 0) return [];
  const models = get(document.root, 'models');
  const change = models?.items?.length ? addItem(file, document.text, models, entry) : models ? undefined : atEnd(file, document.text, ['models:', ...indented(item(entry), sequenceIndent(document.text))]);
  return change ? [{ title, changes: [change], preferred: true }] : [];
}

/** Adds columns to what YAML says of a model. */
export function addColumns(project: Project, name: string, properties: Properties, columns: readonly Column[]): Fix[] {
  const { file } = properties;
  const document = project.yaml(file);
  const [first] = columns;
  if (!document || document.errors.length > 0 || !first) return [];
  const entry = entryOf(document.root, properties);
  if (!entry) return [];
  const typed = properties.columns.length === 0 || properties.columns.some(({ type }) => type !== undefined);
  const sequence = get(entry, 'columns');
  const lines = columns.map((column) => columnLines(project, column, typed));
  const title = columns.length === 1 ? `Document column "${first.name}" of "${name}"` : `Document the ${columns.length} columns of "${name}" that are not`;
  const indent = sequenceIndent(document.text);
  if (!sequence?.items?.length) {
    const change = sequence ? undefined : addEntry(file, document.text, entry, ['columns:', ...lines.flatMap((one) => indented(item(one), indent))]);
    return change ? [{ title, changes: [change], preferred: true }] : [];
  }
  const changes = lines.map((one) => addItem(file, document.text, sequence, one));
  const [head] = changes;
  if (!head || changes.some((change) => !change)) return [];
  // All at one place: one change keeps their order
  return [{ title, changes: [{ ...head, text: changes.map((change) => change?.text ?? '').join('') }], preferred: columns.length === 1 }];
}

function entryOf(root: YamlNode | undefined, { nameSpan }: Properties): YamlNode | undefined {
  for (const section of ['models', 'seeds', 'snapshots']) {
    const found = items(get(root, section)).find((one) => {
      const name = get(one, 'name');
      return name !== undefined && (name.textSpan ?? name.span).start === nameSpan.start;
    });
    if (found) return found;
  }
  return undefined;
}

function modelLines(project: Project, model: Model, habit: Habit): string[] {
  const { columns } = columnsOfModel(project, model.name);
  return [
    `name: ${written(model.name)}`, 'description: ""',
    ...(columns.length > 0 ? ['columns:', ...columns.flatMap((column) => indented(item(columnLines(project, column, true)), habit.indent))] : []),
  ];
}

function columnLines(project: Project, { name, type, description }: Column, typed: boolean): string[] {
  const text = project.docs.has(name) ? `"{{ doc('${name}') }}"` : JSON.stringify(description ?? '');
  return [`name: ${written(name)}`, ...(type !== undefined && typed ? [`data_type: ${written(type)}`] : []), `description: ${text}`];
}

/** How the project writes its properties files. */
interface Habit {
  /** each model has a file of its name */
  own: boolean;
  /** names of other files, the commonest first; `*` stands for the folder's name */
  names: string[];
  version: boolean;
  indent: number;
}

function habitOf(project: Project): Habit {
  const files = new Map<string, number>();
  let own = 0;
  let described = 0;
  for (const { kind, package: from, name, properties } of project.models.values()) {
    if (kind !== 'model' || from !== undefined || !properties) continue;
    described++;
    if (stem(properties.file) === name) own++;
    files.set(properties.file, (files.get(properties.file) ?? 0) + 1);
  }
  const names = new Map<string, number>();
  for (const file of files.keys()) {
    const name = path.basename(file).replace(path.basename(path.dirname(file)), '*');
    names.set(name, (names.get(name) ?? 0) + 1);
  }
  const sample = [...files.keys()][0];
  const text = sample === undefined ? undefined : project.yaml(sample);
  return {
    own: described > 0 && own * 2 > described, names: [...names].sort((one, other) => other[1] - one[1]).map(([name]) => name),
    version: text ? scalar(get(text.root, 'version')) !== undefined : true, indent: text ? sequenceIndent(text.text) : 2,
  };
}

function placeOf(project: Project, model: Model, habit: Habit): string {
  const folder = path.dirname(model.file);
  if (habit.own) return path.join(folder, `${model.name}.yml`);
  const counts = new Map<string, number>();
  for (const { kind, package: from, properties } of project.models.values()) {
    if (kind === 'model' && from === undefined && properties && path.dirname(properties.file) === folder) counts.set(properties.file, (counts.get(properties.file) ?? 0) + 1);
  }
  const [fullest] = [...counts].sort((one, other) => other[1] - one[1]);
  return fullest?.[0] ?? path.join(folder, (habit.names[0] ?? '_models.yml').replace('*', path.basename(folder)));
}

const stem = (file: string): string => path.basename(file).replace(/\.ya?ml$/, '');
