/** What is wrong in dbt's YAML: properties files, and the Jinja of any. */
import { columnsOfModel } from '../analysis/columns';
import { parseJinja } from '../analysis/jinja';
import type { JinjaCall, Span, YamlDocument, YamlNode } from '../analysis/types';
import { DBT_TESTS } from '../project/globals';
import type { FileRole, Project } from '../project/types';
import { allDataTests, eachScalar, get, items, scalar } from '../analysis/yamlValues';
import { createModel } from './codeActionsModels';
import { addEntry, scalar as written } from './codeActionsYaml';
import { callProblems } from './diagnosticsJinja';
import { hasContract } from './diagnosticsModel';
import { namedColumnProblems } from './diagnosticsYamlColumns';
import { didYouMean, ERROR, replacements, similar, WARNING, type Problem } from './diagnosticsProblem';

/** A scalar that is a call as a whole: `to: ref('a')`, `input: source('a', 'b')`. */
const WHOLE_CALL = /^\s*(?:ref|source)\s*\(/;
/** What filters of metrics and saved queries call. */
const METRICS = ['Dimension', 'TimeDimension', 'Entity', 'Metric'];
const SECTIONS = ['models', 'seeds', 'snapshots'];

/** Problems of a YAML file of the project. */
export function yamlProblems(project: Project, file: string, document: YamlDocument, role: FileRole | undefined): Problem[] {
  const found: Problem[] = document.errors.map(({ span, message }) => ({ span, code: 'yaml-syntax', severity: ERROR, message }));
  found.push(...scalarProblems(project, file, document));
  if (role === 'properties' && project.complete) found.push(...propertiesProblems(project, file, document), ...namedColumnProblems(project, file, document.root));
  return found;
}

/** The Jinja inside of scalars, and those that are calls. */
function scalarProblems(project: Project, file: string, { root, text }: YamlDocument): Problem[] {
  if (!/\{\{|\{%|\b(?:ref|source)\s*\(/.test(text)) return [];
  const found: Problem[] = [];
  eachScalar(root, (node) => {
    const { start, end } = node.textSpan ?? node.span;
    const source = text.slice(start, end);
    const tagged = source.includes('{{') || source.includes('{%');
    if (!tagged && !WHOLE_CALL.test(source)) return;
    const jinja = parseJinja(tagged ? source : `{{${source}}}`);
    const shift = tagged ? start : start - 2;
    // Quotes that YAML doubles or escapes are none of Jinja's affair
    const wrong = tagged && (node.text === source || parseJinja(node.text ?? '').errors.length > 0);
    if (wrong) for (const error of jinja.errors) found.push({ span: shifted(error.span, shift), code: 'jinja-syntax', severity: ERROR, message: error.message });
    found.push(...callProblems({ project, file, text, calls: jinja.calls.map((call) => shiftedCall(call, shift)), bound: new Set([...METRICS, ...jinja.variables.map(({ name }) => name)]) }));
  });
  return found;
}

function propertiesProblems(project: Project, file: string, { root, text }: YamlDocument): Problem[] {
  const found: Problem[] = [];
  for (const section of SECTIONS) {
    for (const item of items(get(root, section))) {
      found.push(...entryProblems(project, file, item, section));
      found.push(...columnProblems(project, file, item), ...typeProblems(project, file, text, item));
    }
  }
  for (const source of items(get(root, 'sources'))) {
    const name = scalar(get(source, 'name'));
    for (const table of items(get(source, 'tables'))) {
      const tableNode = get(table, 'name');
      const tableName = scalar(tableNode);
      if (tableNode && name !== undefined && tableName !== undefined) found.push(...duplicates(project, file, 'source', `${name}.${tableName}`, spanOf(tableNode)));
      found.push(...testProblems(project, file, table));
    }
  }
  for (const macro of items(get(root, 'macros'))) {
    const node = get(macro, 'name');
    const name = scalar(node);
    if (!node || name === undefined || project.macros.has(name)) continue;
    const guesses = similar(name, [...project.macros.keys()].filter((key) => !key.includes('.')));
    found.push({ span: spanOf(node), code: 'unknown-macro', severity: WARNING, message: `No macro of the project is named "${name}".${didYouMean(guesses)}`, fixes: () => replacements(file, spanOf(node), guesses) });
  }
  for (const test of items(get(root, 'unit_tests'))) {
    const node = get(test, 'model');
    const name = scalar(node);
    if (node && name !== undefined && !project.models.has(name)) found.push(missingModel(project, file, name, spanOf(node), ERROR));
  }
  return found;
}

/** The entry of a model, seed or snapshot: whether there is such a thing, and whether it is described once. */
function entryProblems(project: Project, file: string, item: YamlNode, section: string): Problem[] {
  const node = get(item, 'name');
  const name = scalar(node);
  if (!node || name === undefined) return [];
  const span = spanOf(node);
  const found = duplicates(project, file, 'ref', name, span);
  if (!project.models.has(name) && !name.includes('{')) found.push(missingModel(project, file, name, span, WARNING, section));
  return [...found, ...testProblems(project, file, item)];
}

function missingModel(project: Project, file: string, name: string, span: Span, severity: Problem['severity'], section = 'models'): Problem {
  const guesses = similar(name, [...project.models.values()].filter((model) => model.package === undefined).map((model) => model.name));
  const kind = section === 'models' ? 'model' : section.slice(0, -1);
  return {
    span, code: 'missing-model', severity, message: `No file makes the ${kind} "${name}".${didYouMean(guesses)}`,
    fixes: () => [...replacements(file, span, guesses), ...(section === 'models' ? createModel(project, file, name) : [])],
  };
}

function duplicates(project: Project, file: string, kind: 'ref' | 'source', name: string, span: Span): Problem[] {
  const others = project.uses(kind, name).filter((use) => use.role === 'declares' && (use.file !== file || use.span.start !== span.start));
  if (others.length === 0) return [];
  return [{
    span, code: 'described-twice', severity: ERROR, message: `"${name}" is described ${others.length === 1 ? 'twice' : `${others.length + 1} times`}: dbt takes one entry for each name.`,
    related: others.map((location) => ({ location, message: 'Described here too.' })),
  }];
}

/** Columns that the model certainly has not. */
function columnProblems(project: Project, file: string, item: YamlNode): Problem[] {
  const name = scalar(get(item, 'name'));
  const model = name === undefined ? undefined : project.models.get(name);
  if (!model || model.package !== undefined || get(item, 'versions')) return [];
  const documented = items(get(item, 'columns'));
  if (documented.length === 0) return [];
  const { columns, certain } = columnsOfModel(project, model.name);
  if (!certain || columns.length === 0) return [];
  const names = columns.map((column) => column.name);
  const known = new Set(names.map((column) => column.toLowerCase()));
  return documented.flatMap((column): Problem[] => {
    const node = get(column, 'name');
    const columnName = scalar(node);
    if (!node || columnName === undefined || known.has(columnName.toLowerCase())) return [];
    const guesses = similar(columnName, names);
    const span = spanOf(node);
    return [{ span, code: 'unknown-column', severity: WARNING, message: `"${model.name}" has no column "${columnName}".${didYouMean(guesses)}`, fixes: () => replacements(file, span, guesses) }];
  });
}

/** Columns of a model with a contract that have no type. */
function typeProblems(project: Project, file: string, text: string, item: YamlNode): Problem[] {
  const name = scalar(get(item, 'name'));
  const model = name === undefined ? undefined : project.models.get(name);
  if (!model || model.package !== undefined || get(item, 'versions') || !hasContract(model)) return [];
  return items(get(item, 'columns')).flatMap((column): Problem[] => {
    const node = get(column, 'name');
    const columnName = scalar(node);
    if (!node || columnName === undefined || get(column, 'data_type')) return [];
    return [{
      span: spanOf(node), code: 'untyped-column', severity: WARNING, message: `"${model.name}" has a contract, and its column "${columnName}" has no data_type: dbt refuses to build it.`,
      fixes: () => {
        const type = columnsOfModel(project, model.name).columns.find((one) => one.name.toLowerCase() === columnName.toLowerCase())?.type;
        const change = type === undefined ? undefined : addEntry(file, text, column, [`data_type: ${written(type)}`], 'name');
        return change ? [{ title: `Give "${columnName}" the type ${type ?? ''}`, changes: [change], preferred: true }] : [];
      },
    }];
  });
}

/** Generic tests that nobody defines, of an entry and of its columns. */
function testProblems(project: Project, file: string, item: YamlNode): Problem[] {
  return allDataTests(item).flatMap((test): Problem[] => {
    const named = nameOfTest(test);
    if (!named || /[{}]/.test(named.name) || isTest(project, named.name)) return [];
    const { name } = named;
    const dot = name.lastIndexOf('.');
    const head = name.slice(0, Math.max(0, dot));
    if (dot >= 0 && head !== project.name && !project.packages.has(head)) return [];
    const own = [...project.macros.keys()].flatMap((key) => (key.startsWith('test_') ? [key.slice(5)] : dot >= 0 && key.startsWith(`${head}.test_`) ? [`${head}.${key.slice(head.length + 6)}`] : []));
    const guesses = similar(name, [...DBT_TESTS, ...own]);
    return [{ span: named.span, code: 'unknown-test', severity: ERROR, message: `No generic test is named "${name}".${didYouMean(guesses)}`, fixes: () => replacements(file, named.span, guesses) }];
  });
}

function isTest(project: Project, name: string): boolean {
  if (DBT_TESTS.includes(name)) return true;
  const dot = name.lastIndexOf('.');
  const macro = `${name.slice(0, dot + 1)}test_${name.slice(dot + 1)}`;
  if (project.macros.has(macro) || (dot > 0 && name.slice(0, dot) === project.name && project.macros.has(`test_${name.slice(dot + 1)}`))) return true;
  return dot > 0 ? name.startsWith('dbt.') : [...project.packages].some((from) => project.macros.has(`${from}.${macro}`));
}

function nameOfTest(test: YamlNode): { name: string; span: Span } | undefined {
  const plain = scalar(test);
  if (plain !== undefined) return { name: plain, span: spanOf(test) };
  const node = get(test, 'test_name');
  const name = scalar(node);
  if (node && name !== undefined) return { name, span: spanOf(node) };
  const first = test.entries?.find(({ key }) => !['name', 'description', 'config', 'arguments'].includes(key));
  return first && { name: first.key, span: first.keySpan };
}

const spanOf = (node: YamlNode): Span => node.textSpan ?? node.span;

function shifted({ start, end }: Span, by: number): Span {
  return { start: start + by, end: end + by };
}

function shiftedCall(call: JinjaCall, by: number): JinjaCall {
  return {
    ...call, nameSpan: shifted(call.nameSpan, by), span: shifted(call.span, by), inner: shifted(call.inner, by),
    arguments: call.arguments.map((argument) => ({
      ...argument, span: shifted(argument.span, by), ...(argument.textSpan ? { textSpan: shifted(argument.textSpan, by) } : {}), ...(argument.nameSpan ? { nameSpan: shifted(argument.nameSpan, by) } : {}),
    })),
  };
}
