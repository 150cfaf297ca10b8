import fs from 'node:fs';
import path from 'node:path';
import { DISK, pathKey } from '../../dbt/files';
import { findProjects } from '../../dbt/finder';
import { parseYaml } from '../analysis/document';
import { readText, stampOf } from './disk';
import { FileProject } from './fileProject';
import { readSettings } from './settings';

/** How long files are read before requests get their turn (milliseconds). */
const SLICE = 4;
/** While the client is talking, reading waits until it has said nothing for so long (milliseconds). */
const QUIET = 25;
/** … but not longer than this altogether. */
const LONGEST = 60;
/** Of larger projects the models' columns are worked out when somebody asks: a project takes memory for what it holds ready. */
const MOST_PREPARED = 2000;
/** After a change that several others usually follow (milliseconds). */
const TOGETHER = 50;

/** All dbt projects that the client's folders and open files lie in. Each file belongs to the deepest one. */
export class Workspace {
  readonly #projects = new Map<string, FileProject>();
  readonly #roots = new Set<string>();
  readonly #open = new Map<string, () => string>();
  /** projects by folder of a file, so that a request need not walk up again */
  readonly #byFolder = new Map<string, FileProject | undefined>();
  #reading = false;
  #heard = performance.now();
  #comparing = false;
  #closed = false;
  #finding: NodeJS.Timeout | undefined;

  /** models whose answers are not prepared yet */
  readonly #unprepared = new WeakMap<FileProject, Iterator<string, undefined>>();

  /**
   * @param changed something that a person sees may be different now
   * @param prepare works out what answers about a model need, once everything is read
   */
  constructor(private readonly changed: (project: FileProject) => void, private readonly log: (message: string) => void, private readonly prepare: (project: FileProject, model: string) => void = () => undefined) {}

  get projects(): readonly FileProject[] {
    return [...this.#projects.values()];
  }

  /** Number of files of all projects. */
  get size(): number {
    let size = 0;
    for (const project of this.#projects.values()) size += project.size;
    return size;
  }

  /** The client said something: what it waits for goes first. */
  heard(): void {
    this.#heard = performance.now();
  }

  /** Takes in a folder of the client's: a project in the folder itself is there at once, those below it soon. */
  addRoot(folder: string): void {
    this.#roots.add(folder);
    if (isProject(folder)) this.#add(folder);
    else {
      // A folder inside a project
      const above = projectRootOf(path.join(folder, 'any'));
      if (above !== undefined) this.#add(above);
    }
    this.#find();
  }

  removeRoot(folder: string): void {
    this.#roots.delete(folder);
    const wanted = [...this.#roots, ...[...this.#open.keys()].map((file) => path.dirname(file))];
    for (const root of this.#projects.keys()) {
      if (!wanted.some((one) => isWithin(one, root) || isWithin(root, one))) this.#projects.delete(root);
    }
    this.#byFolder.clear();
  }

  /** The deepest project that a file belongs to; looks for one above it where none is known. */
  projectOf(file: string): FileProject | undefined {
    const folder = path.dirname(file);
    if (this.#byFolder.has(folder)) return this.#byFolder.get(folder);
    const root = projectRootOf(file);
    const project = root === undefined ? undefined : this.#add(root);
    this.#byFolder.set(folder, project);
    return project;
  }

  /** An editor holds the file from now on; `text` says what it holds at any time. */
  opened(file: string, text: () => string): void {
    const again = this.#open.has(pathKey(file));
    this.#open.set(pathKey(file), text);
    const project = this.projectOf(file);
    if (again) project?.changed(file);
    else project?.opened(file, text());
  }

  /** What an editor holds is different. */
  edited(file: string): void {
    this.projectOf(file)?.changed(file);
  }

  closed(file: string): void {
    const text = this.#open.get(pathKey(file))?.();
    this.#open.delete(pathKey(file));
    if (text !== undefined) this.projectOf(file)?.closed(file, text);
  }

  /** Files or folders changed, came or went on the disk. */
  touched(files: readonly string[]): void {
    const told = new Set<FileProject>();
    for (const file of files) {
      if (path.basename(file) === 'dbt_project.yml' || !path.extname(file)) this.#byFolder.clear();
      if (path.basename(file) === 'dbt_project.yml' && !this.#projects.has(path.dirname(file))) this.#find();
      for (const project of this.#projects.values()) {
        if (!isWithin(file, project.root) && !project.concerns(file)) continue;
        project.changed(file);
        told.add(project);
      }
    }
    for (const [root] of this.#projects) {
      // Gone with everything in it
      if (!fs.existsSync(root)) {
        this.#projects.delete(root);
        this.#byFolder.clear();
      }
    }
    for (const project of told) this.changed(project);
    this.#read();
  }

  /** For clients that do not watch files: compares the disk with what was read, a part at a time. */
  compare(): void {
    if (this.#comparing) return;
    // A project may have come where there was none
    for (const [folder, project] of this.#byFolder) if (!project) this.#byFolder.delete(folder);
    const parts = this.projects.map((project) => ({ project, rest: project.compare() }));
    const step = (): void => {
      const part = parts.at(-1);
      this.#comparing = part !== undefined && !this.#closed;
      if (!part || this.#closed) return;
      const { done, value } = this.#safely('Comparing', part.project, () => part.rest.next()) ?? { done: true, value: false };
      if (done) {
        parts.pop();
        if (value) this.touched([path.join(part.project.root, 'dbt_project.yml')]);
      }
      setImmediate(step);
    };
    step();
  }

  dispose(): void {
    this.#closed = true;
    clearTimeout(this.#finding);
  }

  #add(root: string): FileProject {
    const known = this.#projects.get(root);
    if (known) return known;
    const project: FileProject = new FileProject(root, (file) => this.#open.get(pathKey(file))?.(), () => this.changed(project));
    this.#projects.set(root, project);
    this.#byFolder.clear();
    this.#read();
    return project;
  }

  /** Looks for projects below the roots, without blocking. */
  #find(): void {
    clearTimeout(this.#finding);
    this.#finding = setTimeout(() => {
      const packagesOf = (root: string): Promise<string> => Promise.resolve(packagesFolder(root));
      void Promise.all([...this.#roots].map(async (root) => {
        for (const found of await findProjects(DISK, root, packagesOf)) if (!this.#closed) this.#add(found);
      })).catch((error: unknown) => this.log(`Looking for dbt projects: ${String(error)}`));
    }, TOGETHER);
    this.#finding.unref();
  }

  /** Does a piece of work; one that fails is told and does not keep the others from being done. */
  #safely<T>(what: string, project: FileProject, work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      this.log(`${what} ${project.root}: ${error instanceof Error ? error.stack ?? error.message : String(error)}`);
      return undefined;
    }
  }

  /** The next piece of work on a project. @returns whether there is more */
  #step(project: FileProject): boolean {
    if (!project.complete) {
      if (!project.step()) this.changed(project);
      return true;
    }
    let models = this.#unprepared.get(project);
    if (!models) {
      models = project.models.size > MOST_PREPARED ? [][Symbol.iterator]() : project.models.keys();
      this.#unprepared.set(project, models);
    }
    const { value } = models.next();
    if (value !== undefined) this.prepare(project, value);
    return value !== undefined;
  }

  /** Reads what is unread and prepares answers, a slice at a time. */
  #read(): void {
    if (this.#reading) return;
    this.#reading = true;
    let read: number | undefined;
    const slice = (): void => {
      if (this.#closed) return;
      read ??= performance.now();
      const wait = this.#heard + QUIET - performance.now();
      if (wait > 0 && performance.now() - read < LONGEST) {
        setTimeout(slice, wait);
        return;
      }
      const end = performance.now() + SLICE;
      const busy = this.projects.filter((project) => {
        let more = true;
        while (more && performance.now() < end) more = this.#safely('Reading', project, () => this.#step(project)) ?? true;
        return more;
      });
      this.#reading = busy.length > 0;
      read = performance.now();
      if (this.#reading) setImmediate(slice);
    };
    setImmediate(slice);
  }
}

/** Whether a folder has the file of a project: among what dbt compiled, the hooks of `dbt_project.yml` are in a folder of that name. */
function isProject(folder: string): boolean {
  return stampOf(path.join(folder, 'dbt_project.yml')) !== undefined;
}

/** The folder of the deepest project above a file, packages left out: they belong to who installed them. */
export function projectRootOf(file: string): string | undefined {
  const above: string[] = [];
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    if (isProject(folder)) above.push(folder);
    if (path.dirname(folder) === folder) break;
  }
  return above.find((root) => !above.some((outer) => outer !== root && isWithin(root, packagesFolder(outer))));
}

function packagesFolder(root: string): string {
  const text = readText(path.join(root, 'dbt_project.yml'));
  return path.join(root, readSettings(text === undefined || !text.includes('packages-install-path') ? undefined : parseYaml(text), '').packagesPath);
}

/** Whether a path is the folder, or lies in it. */
export function isWithin(file: string, folder: string, platform: path.PlatformPath = path): boolean {
  const one = pathKey(file, platform);
  const other = pathKey(folder, platform);
  return one === other || one.startsWith(other.endsWith(platform.sep) ? other : other + platform.sep);
}
