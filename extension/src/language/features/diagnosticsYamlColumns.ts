/** Columns that YAML names beyond their own entries, and that the relation certainly has not: of data tests and of unit tests' rows. */
import { columnsOfModel } from '../analysis/columns';
import type { Span, YamlNode } from '../analysis/types';
import { allDataTests, get, items, scalar } from '../analysis/yamlValues';
import type { Project } from '../project/types';
import { referenceOf } from './completionYaml';
import { didYouMean, replacements, similar, WARNING, type Problem } from './diagnosticsProblem';

const SECTIONS = ['models', 'seeds', 'snapshots'];
/** Anything else may be an expression. */
const IDENTIFIER = /^[A-Za-z_]\w*$/;
/** A test whose argument is a list of columns of its own model. */
const COMBINATION = /(?:^|\.)unique_combination_of_columns$/;

/** Problems of the columns that a properties file names. */
export function namedColumnProblems(project: Project, file: string, root: YamlNode | undefined): Problem[] {
  const found: Problem[] = [];
  const check = (model: string | undefined, name: string | undefined, span: Span | undefined): void => {
    const problem = model === undefined || name === undefined || !span ? undefined : unknownColumn(project, file, model, name, span);
    if (problem) found.push(problem);
  };
  const node = (model: string | undefined, one: YamlNode | undefined): void => check(model, scalar(one), one?.textSpan ?? one?.span);
  for (const section of SECTIONS) {
    for (const item of items(get(root, section))) {
      const own = get(item, 'versions') ? undefined : scalar(get(item, 'name'));
      for (const { name, given } of testsOf(item)) {
        if (name === 'relationships') node(modelOf(get(given, 'to')), get(given, 'field'));
        else if (COMBINATION.test(name)) for (const one of items(get(given, 'combination_of_columns'))) node(own, one);
      }
    }
  }
  for (const test of items(get(root, 'unit_tests'))) {
    const own = get(test, 'versions') ? undefined : scalar(get(test, 'model'));
    const rows = (of: string | undefined, at: YamlNode | undefined): void => {
      for (const row of items(get(at, 'rows'))) for (const { key, keySpan } of row.entries ?? []) check(of, key, keySpan);
    };
    rows(own, get(test, 'expect'));
    for (const given of items(get(test, 'given'))) rows(scalar(get(given, 'input')) === 'this' ? own : modelOf(get(given, 'input')), given);
  }
  return found;
}

function testsOf(item: YamlNode): { name: string; given: YamlNode | undefined }[] {
  return allDataTests(item).flatMap(({ entries }) => {
    const [first] = entries ?? [];
    return first ? [{ name: first.key, given: get(first.value, 'arguments') ?? first.value }] : [];
  });
}

/** The model that `ref('…')` means, where it asks for no version. */
function modelOf(node: YamlNode | undefined): string | undefined {
  const text = scalar(node);
  const found = /=/.test(text ?? '') ? undefined : referenceOf(text);
  return found && 'model' in found ? found.model : undefined;
}

function unknownColumn(project: Project, file: string, of: string, name: string, span: Span): Problem | undefined {
  const model = project.models.get(of);
  if (!model || project.versions(model) || !IDENTIFIER.test(name)) return undefined;
  const { columns, certain } = columnsOfModel(project, of);
  const names = columns.map((column) => column.name);
  if (!certain || names.length === 0 || names.some((column) => column.toLowerCase() === name.toLowerCase())) return undefined;
  const guesses = similar(name, names);
  return { span, code: 'unknown-column', severity: WARNING, message: `"${of}" has no column "${name}".${didYouMean(guesses)}`, fixes: () => replacements(file, span, guesses) };
}
