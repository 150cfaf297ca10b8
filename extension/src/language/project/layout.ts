import path from 'node:path';
import { pathKey } from '../../dbt/files';
import { parseYaml } from '../analysis/document';
import { foldersIn, listBelow, readText } from './disk';
import type { IndexedFile } from './index';
import { configOfPath, foldersBelow, readSettings, rolesOf, type ProjectSettings } from './settings';
import type { FileRole, Model, Variable } from './types';

interface Part {
  root: string;
  settings: ProjectSettings;
  roleOf: (relative: string) => FileRole | undefined;
}

/** Entries of packages.yml and dependencies.yml that install something. */
const INSTALLS = /^\s*-\s*(?:package|git|local|tarball|private)\s*:/gm;

/** Where a project and its packages have their files: what dbt_project.yml says, and what the folders hold. */
export class Layout {
  #own: Part;
  #text: string | undefined;
  #packages = new Map<string, Part>();
  #missing = false;
  #variables: ReadonlyMap<string, Variable> = new Map();

  constructor(readonly root: string, private readonly overlay: (file: string) => string | undefined) {
    this.#own = partOf(root, undefined);
    this.readSettings();
  }

  get settings(): ProjectSettings {
    return this.#own.settings;
  }

  get variables(): ReadonlyMap<string, Variable> {
    return this.#variables;
  }

  get packages(): ReadonlySet<string> {
    return new Set(this.#packages.keys());
  }

  /** Whether packages.yml names more than are installed. */
  get packagesMissing(): boolean {
    return this.#missing;
  }

  get projectFile(): string {
    return path.join(this.root, 'dbt_project.yml');
  }

  /** Manifests and the catalog, the heaviest last. */
  get manifests(): string[] {
    return ['manifest.json', path.join('dagster', 'manifest.json'), 'catalog.json'].map((name) => path.join(this.root, this.settings.targetPath, name));
  }

  /**
   * Reads dbt_project.yml. The last good one stays where this one is half-written.
   * @returns whether files may lie elsewhere now
   */
  readSettings(): boolean {
    const text = this.overlay(this.projectFile) ?? readText(this.projectFile);
    if (text === undefined || text === this.#text) return false;
    const document = parseYaml(text);
    if (document.errors.length > 0 && this.#text !== undefined) return false;
    this.#text = text;
    const before = folders(this.settings);
    const settings = readSettings(document, path.basename(this.root));
    this.#own = { root: this.root, settings, roleOf: rolesOf(settings) };
    this.#variables = new Map(settings.variables.map(({ name, span, value, comment }) => [name, { name, value, location: { file: this.projectFile, span }, ...(comment === undefined ? {} : { comment }) }]));
    return before !== folders(settings);
  }

  /** Looks which packages are installed. */
  readPackages(): void {
    this.#packages = new Map(foldersIn(path.join(this.root, this.settings.packagesPath)).map((root) => {
      const part = partOf(root, readText(path.join(root, 'dbt_project.yml')));
      return [part.settings.name, part];
    }));
    const wanted = ['packages.yml', 'dependencies.yml'].reduce((sum, name) => sum + (readText(path.join(this.root, name))?.match(INSTALLS)?.length ?? 0), 0);
    this.#missing = this.#packages.size < wanted;
  }

  /** Every file there is now, by its key. */
  list(): Map<string, IndexedFile> {
    const found = new Map<string, IndexedFile>();
    const add = ({ root, settings, roleOf }: Part, from: string | undefined): void => {
      const except = new Set([settings.targetPath, settings.packagesPath].map((folder) => path.join(root, folder)));
      const { modelPaths, macroPaths, seedPaths, snapshotPaths, analysisPaths, testPaths } = settings;
      // Of a package's tests only the generic ones are anybody else's
      const tests = from === undefined ? [...analysisPaths, ...testPaths] : testPaths.map((folder) => `${folder}/generic`);
      for (const folder of new Set([...modelPaths, ...macroPaths, ...seedPaths, ...snapshotPaths, ...tests])) {
        for (const file of listBelow(path.join(root, folder), except)) {
          const relative = file.slice(root.length + 1);
          const role = roleOf(path.sep === '/' ? relative : relative.replaceAll('\\', '/'));
          if (role !== undefined) found.set(path.sep === '/' ? file : pathKey(file), { file, role, ...(from === undefined ? {} : { package: from }) });
        }
      }
    };
    add(this.#own, undefined);
    for (const [name, part] of this.#packages) add(part, name);
    found.set(pathKey(this.projectFile), { file: this.projectFile, role: 'project' });
    return found;
  }

  /** What a file is by its place, whether or not it is there. */
  place(file: string): IndexedFile | undefined {
    for (const [name, part] of this.#packages) {
      const role = roleIn(part, file);
      if (role !== undefined && role !== 'project' && role !== 'packages') return { file, role, package: name };
    }
    const role = roleIn(this.#own, file);
    return role === undefined ? undefined : { file, role };
  }

  isManifest(key: string): boolean {
    return this.manifests.some((manifest) => pathKey(manifest) === key);
  }

  /** What dbt_project.yml sets for a node. */
  configOf({ kind, name, file, package: from }: Model): Record<string, unknown> {
    const { root, settings } = (from === undefined ? undefined : this.#packages.get(from)) ?? this.#own;
    const paths = { model: settings.modelPaths, seed: settings.seedPaths, snapshot: settings.snapshotPaths }[kind];
    const below = foldersBelow(paths, path.relative(root, file).replaceAll('\\', '/'));
    return configOfPath(this.settings.configs[kind], [settings.name, ...below, name]);
  }
}

function partOf(root: string, text: string | undefined): Part {
  const settings = readSettings(text === undefined ? undefined : parseYaml(text), path.basename(root));
  return { root, settings, roleOf: rolesOf(settings) };
}

function roleIn({ root, roleOf }: Part, file: string): FileRole | undefined {
  const relative = path.relative(root, file).replaceAll('\\', '/');
  return relative === '..' || relative.startsWith('../') || path.isAbsolute(relative) ? undefined : roleOf(relative);
}

function folders({ modelPaths, macroPaths, seedPaths, snapshotPaths, analysisPaths, testPaths, targetPath, packagesPath, name }: ProjectSettings): string {
  return JSON.stringify([modelPaths, macroPaths, seedPaths, snapshotPaths, analysisPaths, testPaths, targetPath, packagesPath, name]);
}
