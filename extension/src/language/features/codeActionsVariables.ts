import path from 'node:path';
import type { Project } from '../project/types';
import { get } from '../analysis/yamlValues';
import { addEntry, atEnd, scalar } from './codeActionsYaml';
import type { Fix, TextChange } from './diagnosticsProblem';

/** Adds a variable to dbt_project.yml, among those that are there. */
export function addVariable(project: Project, name: string, value: string = 'null'): Fix[] {
  const change = variableChange(project, name, value);
  return change ? [{ title: `Add variable "${name}" to dbt_project.yml`, changes: [change] }] : [];
}

/** The same as a part of another fix. */
export function variableChange(project: Project, name: string, value: string): TextChange | undefined {
  const file = path.join(project.root, 'dbt_project.yml');
  const document = project.yaml(file);
  if (!document || document.errors.length > 0) return undefined;
  const line = `${scalar(name)}: ${value}`;
  const variables = get(document.root, 'vars');
  if (!variables) return document.root?.entries?.some(({ key }) => key === 'vars') ? undefined : atEnd(file, document.text, ['vars:', `  ${line}`]);
  const scoped = get(variables, project.name);
  return addEntry(file, document.text, scoped?.entries?.length ? scoped : variables, [line]);
}
