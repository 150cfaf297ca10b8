/** What can be written in dbt's YAML outside Jinja. */
import { CompletionItemKind, InsertTextMode } from 'vscode-languageserver';
import path from 'node:path';
import { lineStart } from '../analysis/positions';
import type { Span } from '../analysis/types';
import type { Column, FileRole, Macro, Project } from '../project/types';
import { macroSignature } from './describe';
import { allModels, bare, snippet, tableOffers, variableOffers, type Offer, type Subject } from './completionItems';
import { sequenceIndent } from './codeActionsYaml';
import { completeJinja, settingValues, values } from './completionJinja';
import { TYPES } from './completionWords';
import { codeCursor } from './jinjaCursor';
import { PROPERTIES, rootOf, shapeAt, type Field, type Shape } from './yamlShapes';
import { continuedItem, yamlCursor, type Step, type YamlCursor } from './yamlCursor';

export interface YamlPlace {
  project: Project;
  text: string;
  offset: number;
  role: FileRole | undefined;
  columnsOfModel: (name: string) => readonly Column[];
  columnsOfSource: (key: string) => readonly Column[];
}

/** A model, or a table of a source, that a place of a properties file speaks of. */
export type Described = { model: string } | { source: string };

/** The offers at a place, with the stretch of text that they replace. */
export function completeYaml(place: YamlPlace): { offers: readonly Offer[]; span: Span } | undefined {
  const root = rootOf(place.role);
  const cursor = root && yamlCursor(place.text, place.offset);
  if (!cursor) return undefined;
  const found = shapeAt(root, cursor.path);
  if (!found) return undefined;
  if (found.test) return inTest(place, cursor, found.test.at);
  const { shape } = found;
  if ('tests' in shape) return cursor.at === 'line' ? { offers: dashed(testOffers(place.project)), span: cursor.word } : undefined;
  if ('value' in shape) return inValue(place, cursor, shape);
  if ('list' in shape) {
    if (cursor.at !== 'line') return undefined;
    if ('map' in shape.list) return { offers: underItem(place, dashed(keys(place, cursor, shape.list).map(behindDash))), span: cursor.word };
    const inner = 'value' in shape.list ? valueOffers(place, cursor, shape.list) : [];
    return { offers: dashed(inner), span: cursor.word };
  }
  return cursor.at === 'value' ? undefined : { offers: cursor.at === 'line' ? underItem(place, keys(place, cursor, shape)) : keys(place, cursor, shape), span: cursor.word };
}

function dashed(offers: readonly Offer[]): Offer[] {
  return offers.map((offer) => ({ ...offer, insertText: `- ${offer.insertText ?? offer.label}` }));
}

/** A key that comes with its dash: what is below it stands further to the right. */
function behindDash(offer: Offer): Offer {
  return offer.insertText === undefined ? offer : { ...offer, insertText: offer.insertText.replaceAll('\n', '\n  ') };
}

/** Right under the dash of an item its own further keys come first; of the others those that it cannot have. */
function underItem(place: YamlPlace, others: readonly Offer[]): readonly Offer[] {
  const root = rootOf(place.role);
  const item = root && continuedItem(place.text, place.offset);
  const found = item && shapeAt(root, item.cursor.path);
  if (!found || found.test || !('map' in found.shape)) return others;
  const further = keys({ ...place, text: item.text }, item.cursor, found.shape).map((offer) => ({ ...offer, insertText: item.space + (offer.insertText ?? offer.label) }));
  const names = new Set(further.map(({ label }) => label));
  return [...further, ...others.filter(({ label }) => !names.has(label)).map((offer) => ({ ...offer, sortText: `~${offer.sortText ?? offer.label}` }))];
}

// ---- keys

type KeysShape = Extract<Shape, { map: unknown }>;
type ValueShape = Extract<Shape, { value: unknown }>;

function keys(place: YamlPlace, cursor: YamlCursor, shape: KeysShape): Offer[] {
  const own = Object.entries(shape.map).filter(([name]) => !cursor.siblings.includes(name)).map(([name, entry], index) => keyOffer(place, cursor, name, entry, index));
  return [...named(place, cursor, shape.names).filter((offer) => !cursor.siblings.includes(offer.label)), ...own];
}

function keyOffer(place: YamlPlace, cursor: YamlCursor, name: string, { description, shape }: Field, index: number): Offer {
  const offer: Offer = { label: name, kind: CompletionItemKind.Property, documentation: description, sortText: `1${String(index).padStart(3, '0')}`, insertText: name };
  if (cursor.colon) return offer;
  const text = `${name}:`;
  if (cursor.flow) return { ...offer, insertText: `${text} ` };
  if ('value' in shape) return { ...offer, insertText: `${text} `, ...(hasValues(place, { ...cursor, path: [...cursor.path, { key: name }] }, shape) ? { command: SUGGEST } : {}) };
  const begin = below(place, cursor, shape);
  return begin === undefined ? { ...offer, insertText: text } : { ...offer, insertText: `${text}\n${begin}`, insertTextMode: InsertTextMode.asIs, command: SUGGEST };
}

/** How the line below a key begins that holds a list of items, tests or keys; undefined where only its author knows what it holds. */
function below({ text }: YamlPlace, { word }: YamlCursor, shape: Shape): string | undefined {
  const space = ' '.repeat(word.start - lineStart(text, word.start));
  if ('tests' in shape || ('list' in shape && ('map' in shape.list || ('value' in shape.list && shape.list.value === 'reference')))) return `${space}${' '.repeat(sequenceIndent(text))}- `;
  return 'map' in shape && (shape.names !== undefined || Object.keys(shape.map).length > 0) ? `${space}  ` : undefined;
}

/** Goes on to the values of a key that was just written. */
const SUGGEST = { command: 'editor.action.triggerSuggest', title: '' };

function hasValues(place: YamlPlace, cursor: YamlCursor, shape: ValueShape): boolean {
  return shape.values !== undefined || shape.value === 'reference' || (shape.value !== 'text' && valueOffers(place, cursor, shape).length > 0);
}

function named(place: YamlPlace, cursor: YamlCursor, names: KeysShape['names']): Offer[] {
  const { project } = place;
  const key = (label: string, kind: CompletionItemKind, detail: string): Offer => ({ label, kind, detail, sortText: `0${label}`, insertText: cursor.colon ? label : `${label}: ` });
  switch (names) {
    case 'columns': return rowColumns(place, cursor).map((column, index) => ({ ...key(column.name, CompletionItemKind.Field, ''), sortText: `0${String(index).padStart(4, '0')}`, ...(cursor.colon ? {} : { command: SUGGEST }) }));
    case 'row': return rowColumns(place, cursor).map((column, index) => ({ ...key(column.name, CompletionItemKind.Field, column.type ?? ''), sortText: `0${String(index).padStart(4, '0')}` }));
    case 'variables':
      return place.role === 'project'
        ? [...project.variables.values()].filter((one) => one.location === undefined).map((one) => key(one.name, CompletionItemKind.Variable, 'used, not declared'))
        : variableOffers(project).map((offer) => ({ ...offer, insertText: cursor.colon ? offer.label : `${offer.label}: ` }));
    case 'macros': return ['is_incremental', ...[...project.macros].filter(([, one]) => one.definition.kind === 'macro').map(([name]) => name)].map((name) => key(name, CompletionItemKind.Function, 'macro'));
    case 'folders': return folderNames(project, cursor.path).map((label) => ({ ...key(label, CompletionItemKind.Folder, ''), insertText: cursor.colon ? label : `${label}:` }));
    case undefined: return [];
  }
}

/** Names that a level of `models:` in dbt_project.yml may have: projects first, then folders. */
function folderNames(project: Project, steps: readonly Step[]): string[] {
  const [, first, ...inner] = steps.map((step) => ('key' in step ? step.key : ''));
  if (first === undefined) return [project.name, ...project.packages];
  const found = new Set<string>();
  for (const { file, package: of } of project.models.values()) {
    if (of !== undefined || first !== project.name) continue;
    const folders = path.relative(project.root, path.dirname(file)).split(/[\\/]/).slice(1);
    const next = folders[inner.length];
    if (next !== undefined && inner.every((folder, index) => folder === folders[index])) found.add(next);
  }
  return [...found].sort();
}

// ---- what a place speaks of

/** The model or source table that a place describes. */
export function describedAt(cursor: YamlCursor): Described | undefined {
  const keysOnly = cursor.path.flatMap((step) => ('key' in step ? [step.key] : []));
  const name = cursor.item(0).get('name');
  switch (keysOnly[0]) {
    case 'models':
    case 'seeds':
    case 'snapshots':
      return name === undefined ? undefined : { model: name };
    case 'sources': {
      const table = keysOnly[1] === 'tables' ? cursor.item(1).get('name') : undefined;
      return name === undefined || table === undefined ? undefined : { source: `${name}.${table}` };
    }
    case 'semantic_models': return referenceOf(cursor.item(0).get('model'));
    case 'unit_tests': {
      const model = cursor.item(0).get('model');
      return model === undefined ? undefined : { model };
    }
    default: return undefined;
  }
}

function columnsOf(place: YamlPlace, described: Described | undefined): readonly Column[] {
  if (!described) return [];
  return 'model' in described ? place.columnsOfModel(described.model) : place.columnsOfSource(described.source);
}

/** What `ref('a')` or `source('a', 'b')` means, as YAML writes it. */
export function referenceOf(text: string | undefined): Described | undefined {
  const call = /^\s*(?:\{\{\s*)?(ref|source)\(\s*['"]([^'"]+)['"]\s*(?:,\s*['"]([^'"]+)['"])?/.exec(text ?? '');
  if (!call) return undefined;
  const [, kind, first = '', second] = call;
  return kind === 'ref' ? { model: second ?? first } : { source: `${first}.${second ?? ''}` };
}

function rowColumns(place: YamlPlace, cursor: YamlCursor): readonly Column[] {
  const given = cursor.path.some((step) => 'key' in step && step.key === 'given');
  if (!given) return columnsOf(place, describedAt(cursor));
  const input = cursor.item(1).get('input');
  return columnsOf(place, input === 'this' ? describedAt(cursor) : referenceOf(input));
}

// ---- values

function inValue(place: YamlPlace, cursor: YamlCursor, shape: ValueShape): { offers: readonly Offer[]; span: Span } | undefined {
  if (cursor.at === 'key') return undefined;
  if (shape.value === 'reference') return reference(place, cursor);
  const offers = valueOffers(place, cursor, shape);
  return { offers: cursor.at === 'line' ? [] : offers, span: cursor.word };
}

function reference(place: YamlPlace, cursor: YamlCursor): { offers: readonly Offer[]; span: Span } {
  const { project, text, offset } = place;
  const code = codeCursor(text, cursor.word.start, offset);
  if (code?.string) return completeJinja({ project, text, offset, cursor: code, locals: [], resource: 'model', ownColumns: () => [] });
  return { offers: referenceOffers(place, cursor), span: cursor.word };
}

function referenceOffers(place: YamlPlace, cursor: YamlCursor): Offer[] {
  const { project } = place;
  const unit = cursor.path[0] !== undefined && 'key' in cursor.path[0] && cursor.path[0].key === 'unit_tests';
  const described = unit ? describedAt(cursor) : undefined;
  const inputs = new Set(described && 'model' in described ? project.parents(described.model) : []);
  const offers: Offer[] = allModels(project).map((offer) => ({ ...offer, label: `ref('${offer.label}')`, data: { model: offer.label } satisfies Subject, sortText: `${inputs.has(offer.label) ? 0 : 1}${offer.label}` }));
  for (const { source, offer } of tableOffers(project, undefined)) offers.push({ ...offer, label: `source('${source}', '${offer.label}')`, sortText: `2${source}.${offer.label}` });
  if (unit) offers.push({ label: 'this', kind: CompletionItemKind.Keyword, detail: 'The model as it was before', sortText: '3' });
  return offers;
}

function valueOffers(place: YamlPlace, cursor: YamlCursor, shape: ValueShape): readonly Offer[] {
  const { project } = place;
  if (shape.values) return values(shape.values);
  const last = cursor.path.findLast((step) => 'key' in step);
  const key = last && 'key' in last ? last.key.replace(/^\+/, '').replaceAll('-', '_') : '';
  switch (shape.value) {
    case 'model-name': return resourceNames(place, 'model');
    case 'seed-name': return resourceNames(place, 'seed');
    case 'snapshot-name': return resourceNames(place, 'snapshot');
    case 'model': return allModels(project).filter((offer) => project.models.get(offer.label)?.kind === 'model');
    case 'macro-name': return [...project.macros].filter(([name]) => !name.includes('.')).map(([label, macro]) => ({
      label, kind: CompletionItemKind.Function, detail: macroSignature(macro), sortText: `${macro.description === undefined ? 0 : 1}${label}`, data: { macro: label } satisfies Subject,
    }));
    case 'argument': return argumentNames(project.macros.get(cursor.item(0).get('name') ?? ''));
    case 'column-name': return columnNames(place, cursor);
    case 'column': return columnOffers(columnsOf(place, describedAt(cursor)));
    case 'type': return typeNames(place, cursor);
    case 'setting': return settingValues(project, key, () => columnOffers(columnsOf(place, describedAt(cursor))));
    default: return [];
  }
}

/** Names of resources with a file: those that nothing describes yet come first. */
function resourceNames(place: YamlPlace, kind: 'model' | 'seed' | 'snapshot'): Offer[] {
  const { project } = place;
  return allModels(project).flatMap((offer) => {
    const model = project.models.get(offer.label);
    if (model?.kind !== kind || model.package !== undefined) return [];
    return [{ ...offer, sortText: `${model.properties === undefined ? 0 : 1}${offer.label}`, ...(model.properties === undefined ? {} : { detail: `${offer.detail ?? ''} · described` }) }];
  });
}

function columnOffers(columns: readonly Column[]): Offer[] {
  return columns.map(({ name, type }, index) => ({ label: name, kind: CompletionItemKind.Field, sortText: String(index).padStart(4, '0'), ...(type === undefined ? {} : { detail: type }) }));
}

function columnNames(place: YamlPlace, cursor: YamlCursor): Offer[] {
  const described = describedAt(cursor);
  const properties = described && ('model' in described ? place.project.models.get(described.model)?.properties : place.project.sources.get(described.source)?.properties);
  const known = new Set(properties?.columns.map((column) => column.name));
  return columnOffers(columnsOf(place, described)).map((offer) => (known.has(offer.label) ? { ...offer, sortText: `1${offer.sortText ?? ''}` } : { ...offer, sortText: `0${offer.sortText ?? ''}` }));
}

/** Parameters of a macro in their order, those that are described already behind the others. */
function argumentNames(macro: Macro | undefined): Offer[] {
  const known = new Set(macro?.argumentDocs.map(({ name }) => name));
  return (macro?.definition.parameters ?? []).map((one, index): Offer => ({
    label: one.name, kind: CompletionItemKind.Variable, sortText: `${known.has(one.name) ? 1 : 0}${String(index).padStart(4, '0')}`, ...(one.default === undefined ? {} : { detail: `= ${one.default}` }),
  }));
}

function typeNames(place: YamlPlace, cursor: YamlCursor): Offer[] {
  const column = cursor.entries().get('name');
  const type = columnsOf(place, describedAt(cursor)).find((one) => one.name === column)?.type;
  return values([...new Set([...(type === undefined ? [] : [type]), ...TYPES])]);
}

// ---- tests

/** Tests that dbt brings along; `body` is a snippet where there are arguments. */
export const BUILT_IN_TESTS: Readonly<Record<string, { description: string; body?: string; arguments: readonly string[] }>> = {
  unique: { description: 'No value occurs twice.', arguments: [] },
  not_null: { description: 'No value is null.', arguments: [] },
  accepted_values: { description: 'Every value is one of a list.', body: 'accepted_values:\n    arguments:\n      values: [$1]', arguments: ['values', 'quote'] },
  relationships: { description: 'Every value is a value of another relation’s column.', body: "relationships:\n    arguments:\n      to: ref('$1')\n      field: $2", arguments: ['to', 'field'] },
};

const TEST_KEYS: Readonly<Record<string, string>> = { arguments: 'What the test is called with.', config: 'Settings of the test: severity, where, …', name: 'Name of the test.', description: 'What the test shows.' };

/** Names of generic tests: dbt's own, the project's, those of packages with the package in front. */
function testOffers(project: Project): Offer[] {
  const offers: Offer[] = Object.entries(BUILT_IN_TESTS).map(([label, { description, body }], index) => {
    const offer: Offer = { label, kind: CompletionItemKind.Method, detail: 'test', documentation: description, sortText: `0${index}`, insertTextMode: InsertTextMode.adjustIndentation };
    return body === undefined ? offer : snippet(offer, body);
  });
  for (const [key, macro] of project.macros) {
    if (macro.definition.kind !== 'test') continue;
    const label = testName(key);
    const needed = macro.definition.parameters.filter((one) => one.name !== 'model' && one.name !== 'column_name' && one.default === undefined);
    const offer: Offer = { label, kind: CompletionItemKind.Method, detail: `test · ${macro.package ?? 'own'}`, sortText: `${macro.package === undefined ? 1 : 2}${label}`, data: { macro: key } satisfies Subject, insertTextMode: InsertTextMode.adjustIndentation };
    offers.push(needed.length === 0 ? offer : snippet(offer, `${label}:\n    arguments:${needed.map((one, index) => `\n      ${one.name}: $${index + 1}`).join('')}`));
  }
  return offers;
}

/** `test_x` → `x`, `package.test_x` → `package.x` */
function testName(key: string): string {
  return key.replace(/(^|\.)test_/, '$1');
}

/** The key of a test's macro by its name in YAML. */
export function testMacroKey(name: string): string {
  const dot = name.lastIndexOf('.');
  return `${name.slice(0, dot + 1)}test_${name.slice(dot + 1)}`;
}

function inTest(place: YamlPlace, cursor: YamlCursor, at: number): { offers: readonly Offer[]; span: Span } {
  const [name, ...inner] = cursor.path.slice(at + 1).map((step) => ('key' in step ? step.key : '-'));
  const argument = inner[0] === 'arguments' ? inner[1] : inner[0];
  // Inside of `ref('…')` its name alone is written
  if (name !== undefined && argument !== undefined && RELATIONS.has(argument) && cursor.at !== 'line') return reference(place, cursor);
  return { offers: testParts(place, cursor, at), span: cursor.word };
}

function testParts(place: YamlPlace, cursor: YamlCursor, at: number): readonly Offer[] {
  const { project } = place;
  const rest = cursor.path.slice(at + 1).map((step) => ('key' in step ? step.key : '-'));
  const [name, ...inner] = rest;
  if (name === undefined) return cursor.colon ? testOffers(project).map(bare) : testOffers(project);
  const macro = project.macros.get(testMacroKey(name));
  const parameters = Object.hasOwn(BUILT_IN_TESTS, name) ? BUILT_IN_TESTS[name]?.arguments ?? [] : (macro?.definition.parameters ?? []).map((one) => one.name).filter((one) => one !== 'model' && one !== 'column_name');
  const key = (label: string, documentation: string, order: number, nested = false): Offer => ({ label, kind: CompletionItemKind.Property, documentation, sortText: `${order}${label}`, insertText: cursor.colon ? label : `${label}:${nested ? '' : ' '}` });
  const free = (offers: Offer[]): Offer[] => offers.filter((offer) => !cursor.siblings.includes(offer.label));
  const config = inner[0] === 'config';
  if (config) {
    const found = shapeAt({ map: { config: PROPERTIES_TEST } }, cursor.path.slice(at + 2));
    if (!found) return [];
    if ('map' in found.shape) return keys(place, cursor, found.shape);
    return 'value' in found.shape ? valueOffers(place, cursor, found.shape) : [];
  }
  const argument = inner[0] === 'arguments' ? inner[1] : inner[0];
  const leads = (one: string): boolean => one === 'quote' || RELATIONS.has(one) || (one !== 'values' && columnsOfArgument(place, cursor, name, one).length > 0);
  if (argument === undefined) {
    const own = parameters.map((one) => ({ ...key(one, `Argument of ${name}.`, 1), ...(!cursor.colon && leads(one) ? { command: SUGGEST } : {}) }));
    return free(inner[0] === 'arguments' ? own : [...Object.entries(TEST_KEYS).map(([label, text]) => key(label, text, 0, label === 'arguments' || label === 'config')), ...own]);
  }
  if (cursor.at === 'line' || argument === 'values' || argument === 'name' || argument === 'description') return [];
  if (argument === 'quote') return values(['true', 'false']);
  return columnOffers(columnsOfArgument(place, cursor, name, argument));
}

/** Arguments of tests that name a relation. */
const RELATIONS = new Set(['to', 'compare_model']);

function columnsOfArgument(place: YamlPlace, cursor: YamlCursor, test: string, argument: string): readonly Column[] {
  return columnsOf(place, test === 'relationships' && argument === 'field' ? referenceOf(cursor.entries().get('to')) : describedAt(cursor));
}

const PROPERTIES_TEST: Field = (() => {
  const found = shapeAt(PROPERTIES, [{ key: 'data_tests' }, { item: true }, { key: 'config' }]);
  return { description: 'Settings of the test.', shape: found?.shape ?? { map: {} } };
})();
