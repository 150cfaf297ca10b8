import { Emitter } from '../base/events';
import { pathKey, type Files } from './files';
import { findProjects } from './finder';
import { resolveDocs, type NamingConfig } from './jinja';
import { parseProjectFile, schemaOfFolders } from './projectFile';
import type { ModelProperties } from './properties';
import { ProjectSources } from './sources';
import type { DbtProject, Model, Projects } from './types';

/**
 * The dbt projects below some folders, from their files alone. Knows nothing of editors and watchers: it is told what
 * changed, and what an editor holds unsaved.
 */
export class ProjectIndex implements Projects {
  readonly #changed = new Emitter<void>();
  readonly onDidChange = this.#changed.event;
  readonly ready: Promise<void>;
  #projects: DbtProject[] = [];
  #sources: ProjectSources[] = [];
  #byFile = new Map<string, Model>();
  #unsaved = new Map<string, string>();
  #targetSchemas = new Map<string, string>();
  /** One change after the other: two at once could put an older text over a newer one. */
  #queue: Promise<void>;

  /** @param roots the workspace's folders, asked again at every scan */
  constructor(private readonly files: Files, private readonly roots: () => readonly string[]) {
    this.#queue = this.ready = this.#scan();
  }

  get all(): readonly DbtProject[] {
    return this.#projects;
  }

  modelOfFile(file: string): Model | undefined {
    return this.#byFile.get(this.#key(file));
  }

  modelNamed(name: string): Model | undefined {
    for (const { models } of this.#projects) {
      const model = models.get(name);
      if (model) return model;
    }
    return undefined;
  }

  /** Looks for projects again, and reads them whole. */
  scan(): Promise<void> {
    return this.#enqueue(() => this.#scan());
  }

  /** Reads again what these files say; folders may be among them. */
  update(files: readonly string[]): Promise<void> {
    return this.#enqueue(async () => {
      if (files.some((file) => this.files.path.basename(file) === 'dbt_project.yml')) return this.#scan();
      let changed = false;
      for (const [index, sources] of this.#sources.entries()) {
        if (files.some((file) => sources.kindOf(file) === 'folder')) {
          this.#sources[index] = await this.#read(sources.root, sources) ?? sources;
          changed = true;
        } else {
          for (const file of files) changed = await sources.readOne(file) || changed;
        }
      }
      if (changed) this.#publish();
    });
  }

  /** Whether a change of this file could matter. */
  concerns(file: string): boolean {
    return this.files.path.basename(file) === 'dbt_project.yml' || this.#sources.some((sources) => sources.kindOf(file) !== undefined);
  }

  /** The text that an editor holds of a file, or undefined when the disk counts again. */
  overlay(file: string, text: string | undefined): Promise<void> {
    if (text === undefined) this.#unsaved.delete(this.#key(file));
    else this.#unsaved.set(this.#key(file), text);
    return this.update([file]);
  }

  /** Tells the schema of a project's target, which dbt's own names are made of; its profile knows it. */
  setTargetSchema(root: string, schema: string): void {
    if (this.#targetSchemas.get(root) === schema) return;
    this.#targetSchemas.set(root, schema);
    this.#publish();
  }

  dispose(): void {
    this.#changed.dispose();
  }

  #enqueue(run: () => Promise<void>): Promise<void> {
    this.#queue = this.#queue.then(run, run);
    return this.#queue;
  }

  async #scan(): Promise<void> {
    const packagesOf = async (root: string): Promise<string | undefined> => {
      try {
        return this.files.path.join(root, parseProjectFile(await this.files.read(this.files.path.join(root, 'dbt_project.yml')) ?? '').packagesPath);
      } catch {
        return undefined;
      }
    };
    const found = await Promise.all(this.roots().map((root) => findProjects(this.files, root, packagesOf)));
    const roots = [...new Set(found.flat())];
    const read = await Promise.all(roots.map((root) => this.#read(root, this.#sources.find((sources) => sources.root === root))));
    this.#sources = read.flatMap((sources) => sources ?? []);
    this.#publish();
  }

  /** @returns what was known before where dbt_project.yml is half-written */
  async #read(root: string, before: ProjectSources | undefined): Promise<ProjectSources | undefined> {
    try {
      return await ProjectSources.read(this.files, root, (file) => this.#unsaved.get(this.#key(file)), before);
    } catch {
      return before;
    }
  }

  #publish(): void {
    this.#projects = this.#sources.map((sources) => projectOf(sources, this.files, this.#targetSchemas.get(sources.root)));
    this.#byFile = new Map(this.#projects.flatMap(({ models }) => [...models.values()].map((model) => [this.#key(model.file), model])));
    this.#changed.fire();
  }

  #key(file: string): string {
    return pathKey(file, this.files.path);
  }
}

/** The models that a YAML file describes, in the order of its lines. */
export function modelsDescribedIn({ all }: Projects, file: string): Model[] {
  const key = pathKey(file);
  return all
    .flatMap(({ models }) => [...models.values()].filter(({ yaml }) => yaml !== undefined && pathKey(yaml.file) === key))
    .sort((one, other) => (one.yaml?.line ?? 0) - (other.yaml?.line ?? 0));
}

function projectOf(sources: ProjectSources, files: Files, targetSchema: string | undefined): DbtProject {
  const { root, file: project } = sources;
  const docs = new Map([...sources.docs.values()].flatMap((found) => [...found]));
  const properties = new Map<string, { file: string; model: ModelProperties }>();
  for (const [file, models] of sources.yaml) for (const model of models) properties.set(model.name, { file, model });
  const models = new Map<string, Model>();
  for (const [file, facts] of sources.sql) {
    const name = files.path.basename(file, '.sql');
    const folders = foldersOf(files, root, project.modelPaths, file);
    const described = properties.get(name);
    const config: NamingConfig = { ...described?.model.config, ...facts.config };
    const customSchema = config.schema ?? schemaOfFolders(project, folders);
    const text = (description: string | undefined): { description?: string } => description === undefined ? {} : { description: resolveDocs(description, docs) };
    models.set(name, {
      name, file, projectRoot: root, layer: folders[0] ?? '', refs: facts.refs, sources: facts.sources,
      relation: sources.relations?.get(name) ?? { schema: schemaName(customSchema, sources, targetSchema), name: config.alias ?? name },
      ...(described ? { yaml: { file: described.file, line: described.model.line, column: described.model.column } } : {}),
      ...text(described?.model.description),
      columns: (described?.model.columns ?? []).map(({ description, ...column }) => ({ ...column, ...text(description) })),
    });
  }
  return { root, name: project.name, profile: project.profile, vars: project.vars, models };
}

/**
 * What dbt will call the schema, as far as files tell: dbt's own macro puts the target's schema in front; of a macro of
 * the project's own the usual one is assumed, which puts a variable `schema_prefix` in front. The manifest knows better.
 */
function schemaName(custom: string | undefined, { namesSchemasItself, file: { vars } }: ProjectSources, targetSchema = 'public'): string {
  if (namesSchemasItself) return `${typeof vars.schema_prefix === 'string' ? vars.schema_prefix : ''}${custom ?? targetSchema}`;
  return custom === undefined ? targetSchema : `${targetSchema}_${custom}`;
}

/** The folders between a model path and the file. */
function foldersOf(files: Files, root: string, modelPaths: readonly string[], file: string): string[] {
  for (const modelPath of modelPaths) {
    const relative = files.path.relative(files.path.resolve(root, ...modelPath.split('/')), files.path.dirname(file)).replaceAll('\\', '/');
    if (relative !== '..' && !relative.startsWith('../') && !files.path.isAbsolute(relative)) return relative === '' ? [] : relative.split('/');
  }
  return [];
}
