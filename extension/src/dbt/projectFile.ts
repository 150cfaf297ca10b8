import { CORE_SCHEMA, load } from 'js-yaml';
import { list, record, string } from './properties';

/** dbt_project.yml, as far as the extension needs it. */
export interface ProjectFile {
  name: string;
  profile: string;
  /** relative to the project, `/` between the parts */
  modelPaths: string[];
  macroPaths: string[];
  targetPath: string;
  packagesPath: string;
  vars: Record<string, unknown>;
  /** `+schema` for the folders below the model paths: key is the folders joined by `/`, '' for the whole project */
  schemas: ReadonlyMap<string, string>;
}

/** Files beside dbt_project.yml that name packages. */
export const PACKAGE_FILES: readonly string[] = ['packages.yml', 'dependencies.yml'];

/**
 * @throws YAMLException where the file is half-written, Error where it has no name
 */
export function parseProjectFile(text: string): ProjectFile {
  const source = record(load(text, { schema: CORE_SCHEMA }));
  const name = string(source.name);
  if (!name) throw new Error('dbt_project.yml has no name');
  const { [name]: own, ...vars } = record(source.vars);
  const schemas = new Map<string, string>();
  collectSchemas(record(source.models), '', name, schemas);
  return {
    name,
    profile: string(source.profile) ?? '',
    modelPaths: paths(source['model-paths'] ?? source['source-paths'], 'models'),
    macroPaths: paths(source['macro-paths'], 'macros'),
    targetPath: slashes(string(source['target-path']) ?? 'target'),
    packagesPath: slashes(string(source['packages-install-path']) ?? 'dbt_packages'),
    vars: { ...vars, ...(own === undefined ? {} : typeof own === 'object' ? record(own) : { [name]: own }) },
    schemas,
  };
}

/** The custom schema that dbt_project.yml gives a model, by the folders that it lies in: the deepest one wins. */
export function schemaOfFolders(file: ProjectFile, folders: readonly string[]): string | undefined {
  for (let depth = folders.length; depth >= 0; depth--) {
    const schema = file.schemas.get(folders.slice(0, depth).join('/'));
    if (schema !== undefined) return schema;
  }
  return undefined;
}

function collectSchemas(source: Record<string, unknown>, folders: string, project: string, into: Map<string, string>): void {
  // The project's own scope comes after the general one, and is the more particular
  const schema = string(source['+schema']) ?? string(source.schema);
  if (schema !== undefined) into.set(folders, schema);
  for (const [key, value] of Object.entries(source)) {
    if (key.startsWith('+') || typeof value !== 'object') continue;
    const inside = folders !== '' ? `${folders}/${key}` : key === project ? '' : key;
    collectSchemas(record(value), inside, project, into);
  }
}

function paths(value: unknown, otherwise: string): string[] {
  const given = list(value).flatMap((item) => string(item) ?? []).map(slashes);
  return given.length > 0 ? given : [otherwise];
}

function slashes(value: string): string {
  return value.replaceAll('\\', '/').replace(/\/+$/, '');
}
