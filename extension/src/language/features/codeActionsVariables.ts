import path from 'node:path';
import type { Project } from '../project/types';
import { get } from '../analysis/yamlValues';
import { addEntry, atEnd, scalar } from './codeActionsYaml';
import type { Fix, TextChange } from './diagnosticsProblem';

/** What stands for a value that only a person knows. */
const VALUE = 'null';

/** Adds a variable to dbt_project.yml, among those that are there; its value is the person's to write. */
export function addVariable(project: Project, name: string): Fix[] {
  const change = changeOf(project, name);
  if (!change) return [];
  const start = change.text.lastIndexOf(VALUE);
  return [{ title: `Add variable "${name}" to dbt_project.yml`, changes: [{ ...change, select: { start, end: start + VALUE.length } }] }];
}

function changeOf(project: Project, name: string): TextChange | undefined {
  const file = path.join(project.root, 'dbt_project.yml');
  const document = project.yaml(file);
  if (!document || document.errors.length > 0) return undefined;
  const line = `${scalar(name)}: ${VALUE}`;
  const variables = get(document.root, 'vars');
  if (!variables) return document.root?.entries?.some(({ key }) => key === 'vars') ? undefined : atEnd(file, document.text, ['vars:', `  ${line}`]);
  const scoped = get(variables, project.name);
  return addEntry(file, document.text, scoped?.entries?.length ? scoped : variables, [line]);
}
