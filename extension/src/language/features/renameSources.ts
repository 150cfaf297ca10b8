/** Rename of sources and their tables: what YAML calls them, while the database's name stays. */
import path from 'node:path';
import { HumanError } from '../../base/errors';
import { lineStart } from '../analysis/positions';
import type { YamlNode } from '../analysis/types';
import { entry, get, items } from '../analysis/yamlValues';
import { below, scalar as quoted } from './codeActionsYaml';
import { linesOf, mentionsOf } from './references';
import type { Changes, Edit } from './renameEdits';
import type { FileRequest } from './request';
import type { Target } from './target';

type Named = Target & { kind: 'source' | 'table' };

/** @throws HumanError where a package, or nobody, describes it */
export function checkSource({ project }: FileRequest, { kind, name }: Named): void {
  const own = [...project.sources].filter(([key, { source }]) => (kind === 'source' ? source : key) === name);
  if (own.length === 0) throw new HumanError(`No YAML describes the ${kind} "${name}". Describe it first, or correct the name.`);
  const from = own.find(([, one]) => one.package !== undefined)?.[1].package;
  if (from !== undefined) throw new HumanError(`The ${kind} "${name}" belongs to the package ${from}, which is not this project's to change.`);
}

/** Its YAML, every call of `source`, dbt_project.yml; where YAML does not say what the database calls it, that name is written down. */
export function sourceChanges(request: FileRequest, target: Named, name: string): Changes {
  checkSource(request, target);
  const { project } = request;
  const [source = '', table] = target.kind === 'source' ? [target.name] : partsOf(project.sources.get(target.name), target.name);
  const old = table ?? source;
  if (name === old) return { edits: [] };
  if (!/^[^'"{}[\]:#,&*!|>%@`\n]+$/.test(name)) throw new HumanError(`"${name}" cannot be the name of a ${target.kind}: use letters, digits and underscores.`);
  const taken = table === undefined ? [...project.sources.values()].some((one) => one.source === name) : project.sources.has(`${source}.${name}`);
  if (taken) throw new HumanError(`A ${target.kind} called "${name}" is already there. Choose another name.`);
  const edits: Edit[] = mentionsOf(request, target).map(({ file, span }) => ({ file, span, text: name }));
  const files = new Set([...project.sources.values()].filter((one) => one.source === source && (table === undefined || one.table === table)).map(({ properties }) => properties.file));
  for (const file of files) {
    const root = (file === request.file ? request.yaml : project.yaml(file))?.root;
    for (const item of items(get(root, 'sources')).filter((one) => get(one, 'name')?.text === source)) {
      const nodes = table === undefined ? [item] : items(get(item, 'tables')).filter((one) => get(one, 'name')?.text === table);
      for (const node of nodes) edits.push(...databaseName(request, file, node, table === undefined ? 'schema' : 'identifier', old));
    }
    edits.push(...configEdits(request, file, source, table, name));
  }
  return { edits };
}

function partsOf(found: { source: string; table: string } | undefined, name: string): [string, string] {
  return found ? [found.source, found.table] : [name.slice(0, name.indexOf('.')), name.slice(name.indexOf('.') + 1)];
}

/** The key that keeps the name which the database knows, behind the one that is changed. */
function databaseName(request: FileRequest, file: string, node: YamlNode, key: string, old: string): Edit[] {
  const named = entry(node, 'name');
  const lines = linesOf(request, file);
  if (!named?.value || !lines || get(node, key)) return [];
  const { text } = lines;
  const { start } = named.keySpan;
  const { end } = named.value.span;
  const said = `${key}: ${quoted(old)}`;
  return [text[node.span.start] === '{' ? { file, span: { start: end, end }, text: `, ${said}` } : below(file, text, end, start - lineStart(text, start), [said])];
}

/** Its settings in dbt_project.yml: `sources: project: folder: source: table:`. */
function configEdits({ project }: FileRequest, described: string, source: string, table: string | undefined, name: string): Edit[] {
  const file = path.join(project.root, 'dbt_project.yml');
  let node = get(project.yaml(file)?.root, 'sources', project.name);
  for (const folder of path.relative(project.root, path.dirname(described)).split(/[\\/]/)) node = get(node, folder) ?? node;
  const own = entry(node, source);
  const found = table === undefined ? own : entry(own?.value, table);
  return found?.value?.kind === 'mapping' ? [{ file, span: found.keySpan, text: name }] : [];
}
