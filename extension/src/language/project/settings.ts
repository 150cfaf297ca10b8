import type { Span, YamlDocument, YamlNode } from '../analysis/types';
import type { FileRole } from './types';
import { entry, get, items, scalar, valueOf } from '../analysis/yamlValues';

/** dbt_project.yml, as far as the language server needs it. Folders are relative to the project, `/` between the parts. */
export interface ProjectSettings {
  name: string;
  modelPaths: string[];
  macroPaths: string[];
  seedPaths: string[];
  snapshotPaths: string[];
  analysisPaths: string[];
  testPaths: string[];
  targetPath: string;
  packagesPath: string;
  variables: { name: string; span: Span; value: unknown; comment?: string }[];
  /** `models:`, `seeds:` and `snapshots:` as plain values */
  configs: Record<'model' | 'seed' | 'snapshot', Record<string, unknown>>;
}

/**
 * Reads dbt_project.yml.
 * @param folder the project's folder, whose name is taken where the file has none
 */
export function readSettings(document: YamlDocument | undefined, folder: string): ProjectSettings {
  const root = document?.root;
  const name = scalar(get(root, 'name')) ?? folder;
  const paths = (otherwise: string, ...keys: string[]): string[] => {
    for (const key of keys) {
      const node = get(root, key);
      const given = (node?.kind === 'sequence' ? items(node) : node ? [node] : []).flatMap((item) => scalar(item) ?? []).map(slashes);
      if (given.length > 0) return given;
    }
    return [otherwise];
  };
  const config = (key: string): Record<string, unknown> => {
    const value = valueOf(get(root, key));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Record<string, unknown> : {};
  };
  return {
    name,
    modelPaths: paths('models', 'model-paths', 'source-paths'),
    macroPaths: paths('macros', 'macro-paths'),
    seedPaths: paths('seeds', 'seed-paths', 'data-paths'),
    snapshotPaths: paths('snapshots', 'snapshot-paths'),
    analysisPaths: paths('analyses', 'analysis-paths'),
    testPaths: paths('tests', 'test-paths'),
    targetPath: slashes(scalar(get(root, 'target-path')) ?? 'target'),
    packagesPath: slashes(scalar(get(root, 'packages-install-path')) ?? 'dbt_packages'),
    variables: document ? variablesOf(document, name) : [],
    configs: { model: config('models'), seed: config('seeds'), snapshot: config('snapshots') },
  };
}

/**
 * What dbt_project.yml sets for a node: deeper folders win, `+key` and `key` alike; hooks and tags of all levels are not added up.
 * @param path the project's (or package's) name, the folders below the model path, the node's own name
 */
export function configOfPath(configs: Readonly<Record<string, unknown>>, path: readonly string[]): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  let level: Readonly<Record<string, unknown>> | undefined = configs;
  for (let depth = 0; level; depth++) {
    const next: string | undefined = path[depth];
    for (const [key, value] of Object.entries(level)) {
      if (key.startsWith('+')) result[key.slice(1)] = value;
      else if (typeof value !== 'object' && key !== next) result[key] = value;
    }
    const inside: unknown = next === undefined ? undefined : level[next];
    level = typeof inside === 'object' && inside !== null && !Array.isArray(inside) ? inside as Record<string, unknown> : undefined;
  }
  return result;
}

const ENDINGS: Readonly<Record<string, RegExp>> = { model: /^(?:sql|py)$/, macro: /^sql$/, seed: /^csv$/, snapshot: /^sql$/, test: /^sql$/, analysis: /^sql$/ };

/**
 * Says what a file is by its place.
 * @returns of a path below the project's folder, `/` between its parts
 */
export function rolesOf(settings: ProjectSettings): (relative: string) => FileRole | undefined {
  const { modelPaths, macroPaths, seedPaths, snapshotPaths, testPaths, analysisPaths } = settings;
  const given: [FileRole, readonly string[]][] = [
    // Generic tests are macros by another name
    ['macro', testPaths.map((folder) => (folder === '.' ? 'generic' : `${folder}/generic`))],
    ['model', modelPaths], ['macro', macroPaths], ['seed', seedPaths], ['snapshot', snapshotPaths], ['test', testPaths], ['analysis', analysisPaths],
  ];
  // The deepest folder decides where one lies in another
  const folders = given.flatMap(([role, paths]) => paths.map((folder) => ({ role, prefix: folder === '.' ? '' : `${folder}/` }))).sort((one, other) => other.prefix.length - one.prefix.length);
  return (relative) => {
    if (relative === 'dbt_project.yml') return 'project';
    if (relative === 'packages.yml' || relative === 'dependencies.yml') return 'packages';
    if (relative.startsWith('.') || relative.includes('/.') || within(relative, settings.targetPath) || within(relative, settings.packagesPath)) return undefined;
    const found = folders.find(({ prefix }) => relative.startsWith(prefix));
    if (!found) return undefined;
    const ending = relative.slice(relative.lastIndexOf('.') + 1).toLowerCase();
    if (ending === 'md') return 'docs';
    if (ending === 'yml' || ending === 'yaml') return 'properties';
    return ENDINGS[found.role]?.test(ending) ? found.role : undefined;
  };
}

/** The folders between a node's path (of model-paths, …) and its file. */
export function foldersBelow(paths: readonly string[], relative: string): string[] {
  const base = paths.filter((folder) => within(relative, folder)).sort((one, other) => other.length - one.length)[0];
  if (base === undefined) return [];
  return relative.slice(base === '.' ? 0 : base.length + 1).split('/').slice(0, -1);
}

function within(relative: string, folder: string): boolean {
  return folder === '.' || folder === '' || relative.startsWith(`${folder}/`);
}

function slashes(value: string): string {
  const clean = value.replaceAll('\\', '/').replace(/^(?:\.\/)+/, '').replace(/\/+$/, '');
  return clean === '' ? '.' : clean;
}

function variablesOf({ text, root }: YamlDocument, project: string): ProjectSettings['variables'] {
  const variables = new Map<string, ProjectSettings['variables'][number]>();
  const collect = (node: YamlNode | undefined, own: boolean): void => {
    for (const { key, keySpan, value } of node?.entries ?? []) {
      // `vars: {package: {…}}` is the scope of that package; the project's own scope wins over the general one
      if (!own && key === project && value?.kind === 'mapping') continue;
      const comment = commentBefore(text, keySpan.start);
      variables.set(key, { name: key, span: keySpan, value: valueOf(value), ...(comment === undefined ? {} : { comment }) });
    }
  };
  const vars = entry(root, 'vars')?.value;
  collect(vars, false);
  const own = entry(vars, project)?.value;
  if (own?.kind === 'mapping') collect(own, true);
  return [...variables.values()];
}

/** The lines of comment right above a key, else the one behind its value. */
function commentBefore(text: string, key: number): string | undefined {
  const lines: string[] = [];
  let end = text.lastIndexOf('\n', key - 1);
  while (end > 0) {
    const start = text.lastIndexOf('\n', end - 1) + 1;
    const match = /^\s*#\s?(.*?)\s*$/.exec(text.slice(start, end));
    if (!match) break;
    lines.unshift(match[1] ?? '');
    end = start - 1;
  }
  if (lines.length > 0) return lines.join(' ');
  const stop = text.indexOf('\n', key);
  const line = text.slice(key, stop < 0 ? undefined : stop).replace(/"(?:[^"\\]|\\.)*"|'[^']*'/g, '');
  return /\s#\s?(.*?)\s*$/.exec(line)?.[1];
}
