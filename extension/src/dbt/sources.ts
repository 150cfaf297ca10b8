import type { Files } from './files';
import { filesBelow } from './finder';
import { scanDocs, scanSql, type SqlFacts } from './jinja';
import { readManifest, type Relations } from './manifest';
import { parseProjectFile, type ProjectFile } from './projectFile';
import { parseProperties, relocate, type ModelProperties } from './properties';

/** How many files are read at once: enough for the disk, and far from the limit of open files. */
const AT_ONCE = 32;

export type Kind = 'project' | 'sql' | 'yaml' | 'docs' | 'macro' | 'manifest' | 'folder';

/** Everything that was read of one project, each file's part kept apart so that a change reads one file. */
export class ProjectSources {
  readonly sql = new Map<string, SqlFacts>();
  readonly yaml = new Map<string, ModelProperties[]>();
  readonly docs = new Map<string, Map<string, string>>();
  relations: Relations | undefined;
  readonly #macros = new Map<string, boolean>();
  #manifest = '';

  private constructor(private readonly files: Files, readonly root: string, readonly file: ProjectFile, private readonly textOf: (file: string) => string | undefined) {}

  /**
   * Reads a project whole.
   * @param textOf the unsaved text of a file, where an editor has one
   * @throws where dbt_project.yml is missing or half-written
   */
  static async read(files: Files, root: string, textOf: (file: string) => string | undefined, before?: ProjectSources): Promise<ProjectSources> {
    const sources = new ProjectSources(files, root, parseProjectFile(await files.read(files.path.join(root, 'dbt_project.yml')) ?? ''), textOf);
    if (before) {
      for (const [file, models] of before.yaml) sources.yaml.set(file, models);
      sources.relations = before.relations;
    }
    const except = [sources.#inside(sources.file.targetPath), sources.#inside(sources.file.packagesPath)];
    const below = async (paths: readonly string[], endings: readonly string[]): Promise<string[]> => (await Promise.all(paths.map((path) => filesBelow(files, sources.#inside(path), endings, except)))).flat();
    const listed = [...new Set([...await below(sources.file.modelPaths, ['.sql', '.yml', '.yaml', '.md']), ...await below(sources.file.macroPaths, ['.sql'])])];
    for (const file of sources.yaml.keys()) if (!listed.includes(file)) sources.yaml.delete(file);
    await eachLimited(listed, (file) => sources.readOne(file));
    await sources.readManifest();
    return sources;
  }

  /** What a file is to this project; undefined where it is nothing to it. */
  kindOf(file: string): Kind | undefined {
    const { path } = this.files;
    const relative = path.relative(this.root, file).replaceAll('\\', '/');
    if (relative === 'dbt_project.yml') return 'project';
    if (relative === '' || relative.startsWith('../') || path.isAbsolute(relative)) return undefined;
    if (this.manifests.some((manifest) => path.relative(manifest, file) === '')) return 'manifest';
    const inside = (folders: readonly string[]): boolean => folders.some((folder) => relative === folder || relative.startsWith(`${folder}/`) || folder === '.');
    if (inside([this.file.targetPath, this.file.packagesPath]) || /(?:^|\/)\./.test(relative)) return undefined;
    if (inside(this.file.modelPaths)) return ({ '.sql': 'sql', '.yml': 'yaml', '.yaml': 'yaml', '.md': 'docs', '': 'folder' } as const)[path.extname(file)];
    if (inside(this.file.macroPaths)) return ({ '.sql': 'macro', '': 'folder' } as const)[path.extname(file)];
    return undefined;
  }

  /**
   * Reads a file again, or lets go of one that is gone.
   * @returns whether anything known changed
   */
  async readOne(file: string): Promise<boolean> {
    const kind = this.kindOf(file);
    if (kind === 'manifest') return this.readManifest();
    const text = this.textOf(file) ?? await this.files.read(file);
    switch (kind) {
      case 'sql': return put(this.sql, file, text === undefined ? undefined : scanSql(text));
      case 'docs': return put(this.docs, file, text === undefined ? undefined : scanDocs(text));
      case 'macro': return put(this.#macros, file, text === undefined ? undefined : /\bmacro\s+generate_schema_name\s*\(/.test(text));
      case 'yaml': return put(this.yaml, file, text === undefined ? undefined : this.#properties(file, text));
      default: return false;
    }
  }

  /** The last good manifest stays where the newer one is half-written. */
  async readManifest(): Promise<boolean> {
    const stats = await Promise.all(this.manifests.map(async (file) => ({ file, stat: await this.files.stat(file) })));
    const newest = stats.flatMap(({ file, stat }) => stat ? [{ file, ...stat }] : []).sort((one, other) => other.time - one.time)[0];
    if (!newest) return false;
    const stamp = `${newest.file} ${newest.time} ${newest.size}`;
    if (stamp === this.#manifest) return false;
    const relations = await readManifest(newest.file, this.file.name);
    if (!relations) return false;
    this.#manifest = stamp;
    const changed = JSON.stringify([...relations]) !== JSON.stringify([...this.relations ?? []]);
    this.relations = relations;
    return changed;
  }

  /** Where dbt and a Dagster project that keeps one of its own write the manifest. */
  get manifests(): string[] {
    return ['manifest.json', 'dagster/manifest.json'].map((name) => this.#inside(`${this.file.targetPath}/${name}`));
  }

  /** Whether the project decides by a macro of its own what a schema is called. */
  get namesSchemasItself(): boolean {
    return [...this.#macros.values()].includes(true);
  }

  #properties(file: string, text: string): ModelProperties[] {
    try {
      return parseProperties(text);
    } catch {
      return relocate(this.yaml.get(file) ?? [], text);
    }
  }

  #inside(relative: string): string {
    return this.files.path.resolve(this.root, ...relative.split('/'));
  }
}

/** Sets or deletes; whether the map differs now. */
function put<T>(map: Map<string, T>, key: string, value: T | undefined): boolean {
  const before = map.get(key);
  if (value === undefined) return map.delete(key);
  map.set(key, value);
  return plain(before) !== plain(value);
}

const plain = (value: unknown): string | undefined => JSON.stringify(value instanceof Map ? [...(value as Map<unknown, unknown>)] : value);

async function eachLimited<T>(items: readonly T[], run: (item: T) => Promise<unknown>): Promise<void> {
  const rest = items[Symbol.iterator]();
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (const item of rest) await run(item);
  }));
}
