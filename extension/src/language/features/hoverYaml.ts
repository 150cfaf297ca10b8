/** Hover in dbt's YAML outside of `{{ }}`. */
import type { Span } from '../analysis/types';
import { BUILT_IN_TESTS, describedAt, referenceOf, testMacroKey } from './completionYaml';
import { code, describeColumn, describeMacro, describeVariable, joined } from './describe';
import { settingAt, sourceAt, type Told } from './hoverParts';
import { codeCursor, type JinjaCursor } from './jinjaCursor';
import type { PlaceRequest } from './request';
import { columnsOfModel, columnsOfSource } from './scope';
import { rootOf, shapeAt } from './yamlShapes';
import { yamlCursor, type YamlCursor } from './yamlCursor';

/**
 * @param modelAt tells of a model
 * @param jinjaAt tells of what stands in code: `ref('…')` as a value
 */
export function hoverYaml(request: PlaceRequest, modelAt: (name: string, span: Span) => Told | undefined, jinjaAt: (cursor: JinjaCursor) => Told | undefined): Told | undefined {
  const { text, offset, role, project } = request;
  const root = rootOf(role);
  const cursor = root && yamlCursor(text, offset);
  if (!cursor || offset < cursor.word.start || offset > cursor.word.end) return undefined;
  const word = text.slice(cursor.word.start, cursor.word.end);
  const found = shapeAt(root, cursor.path);
  if (!found || word === '') return undefined;
  if (found.test) return inTest(request, cursor, found.test.at, word, jinjaAt);
  const { shape } = found;
  if (cursor.colon || cursor.at === 'key') return 'map' in shape ? keyAt(request, cursor, word, shape) : undefined;
  if (!('value' in shape)) return undefined;
  switch (shape.value) {
    case 'model-name':
    case 'seed-name':
    case 'snapshot-name':
    case 'model': return modelAt(word, cursor.word);
    case 'macro-name': {
      const macro = project.macros.get(word);
      return macro && { text: describeMacro(project, macro), span: cursor.word };
    }
    case 'column-name':
    case 'column': return columnAt(request, cursor, word);
    case 'reference': return referenceAt(request, cursor, jinjaAt);
    case 'setting': return settingOf(cursor);
    default: return nameOfTable(request, cursor, word);
  }
}

function referenceAt({ text, offset }: PlaceRequest, cursor: YamlCursor, jinjaAt: (cursor: JinjaCursor) => Told | undefined): Told | undefined {
  const inner = codeCursor(text, cursor.word.start, offset);
  return inner && jinjaAt(inner);
}

function settingOf(cursor: YamlCursor): Told | undefined {
  const last = cursor.path.findLast((step) => 'key' in step);
  return last && 'key' in last ? settingAt(last.key, cursor.word) : undefined;
}

function nameOfTable(request: PlaceRequest, cursor: YamlCursor, word: string): Told | undefined {
  const keys = cursor.path.flatMap((step) => ('key' in step ? [step.key] : []));
  return keys.join('.') === 'sources.tables.name' ? sourceAt(request, `${cursor.item(0).get('name') ?? ''}.${word}`, cursor.word) : undefined;
}

function columnAt({ project }: PlaceRequest, cursor: YamlCursor, name: string): Told | undefined {
  const described = describedAt(cursor);
  if (!described) return undefined;
  const { columns } = 'model' in described ? columnsOfModel(project, described.model) : columnsOfSource(project, described.source);
  const column = columns.find((one) => one.name === name) ?? columns.find((one) => one.name.toLowerCase() === name.toLowerCase());
  return column && { text: describeColumn(column, 'model' in described ? described.model : described.source), span: cursor.word };
}

function keyAt(request: PlaceRequest, cursor: YamlCursor, word: string, shape: Extract<ReturnType<typeof shapeAt> & object, { shape: unknown }>['shape'] & { map: object }): Told | undefined {
  const { project } = request;
  const span = cursor.word;
  if ('names' in shape && shape.names === 'variables') {
    const variable = project.variables.get(word);
    if (variable) return { text: describeVariable(project, variable), span };
  }
  if ('names' in shape && shape.names === 'row') {
    const input = cursor.path.some((step) => 'key' in step && step.key === 'given') ? referenceOf(cursor.item(1).get('input')) : describedAt(cursor);
    const columns = input && ('model' in input ? columnsOfModel(project, input.model) : columnsOfSource(project, input.source)).columns;
    const column = columns?.find((one) => one.name === word);
    return column && { text: describeColumn(column, input && ('model' in input ? input.model : input.source)), span };
  }
  const entry = Object.hasOwn(shape.map, word) ? (shape.map as Record<string, { description: string }>)[word] : undefined;
  const setting = cursor.path.some((step) => 'key' in step && step.key === 'config') || word.startsWith('+') ? settingAt(word, span) : undefined;
  return setting ?? (entry && { text: `${code(word)} — ${entry.description}`, span });
}

function inTest(request: PlaceRequest, cursor: YamlCursor, at: number, word: string, jinjaAt: (cursor: JinjaCursor) => Told | undefined): Told | undefined {
  const { project } = request;
  const [name, ...inner] = cursor.path.slice(at + 1).map((step) => ('key' in step ? step.key : '-'));
  const span = cursor.word;
  if (name === undefined) {
    if (Object.hasOwn(BUILT_IN_TESTS, word)) return { text: `${code(word)} — test. ${BUILT_IN_TESTS[word]?.description ?? ''}`, span };
    const macro = project.macros.get(testMacroKey(word));
    return macro && { text: describeMacro(project, macro), span };
  }
  if (inner[0] === 'config') return settingAt(cursor.colon || cursor.at === 'key' ? word : inner[1] ?? '', span);
  const argument = inner[0] === 'arguments' ? inner[1] : inner[0];
  if (cursor.colon || cursor.at === 'key') {
    const doc = project.macros.get(testMacroKey(name))?.argumentDocs.find((one) => one.name === word);
    return { text: joined([`${code(word)} — of the test ${code(name)}`, doc?.description ?? '']), span };
  }
  if (argument === 'to') return referenceAt(request, cursor, jinjaAt);
  if (name !== 'relationships' || argument !== 'field') return columnAt(request, cursor, word);
  const target = referenceOf(cursor.entries().get('to'));
  const columns = target && ('model' in target ? columnsOfModel(project, target.model) : columnsOfSource(project, target.source)).columns;
  const column = columns?.find((one) => one.name === word);
  return column && { text: describeColumn(column, target && ('model' in target ? target.model : target.source)), span };
}
