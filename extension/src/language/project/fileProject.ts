import path from 'node:path';
import { pathKey } from '../../dbt/files';
import { parseSql, parseYaml } from '../analysis/document';
import { parseJinja } from '../analysis/jinja';
import type { Span, SqlDocument, YamlDocument } from '../analysis/types';
import { readStart, readText, stampOf } from './disk';
import { NO_FACTS, type Facts } from './facts';
import { ProjectIndex, type IndexedFile } from './index';
import { LateMap } from './lateMap';
import { Layout } from './layout';
import { ManifestColumns } from './manifest';
import { ParsedFiles } from './parsed';
import { pythonFacts } from './pythonFacts';
import { headerOf } from './seeds';
import { sqlFacts } from './sqlFacts';
import { Unread } from './unread';
import type { DocBlock, FileRole, Location, Macro, Model, Project, SourceTable, Use, UseKind, Variable } from './types';
import { usesInScalars, yamlFacts } from './yamlFacts';

/** Text of parsed files that is kept (UTF-16 units). */
const KEPT = 1024 * 1024;

interface Known extends IndexedFile {
  key: string;
  /** whether it was read since it last changed */
  read: boolean;
  /** of the file on the disk when it was read */
  stamp?: string | undefined;
}

/**
 * One dbt project from its files. Names are known from listing; what files say is read in the order of `step`, or at
 * once when somebody asks for it.
 */
export class FileProject implements Project {
  readonly #layout: Layout;
  readonly #index: ProjectIndex;
  /** some models YAML alone names: versions by their plain name, snapshots */
  readonly #models: ReadonlyMap<string, Model>;
  readonly #files = new Map<string, Known>();
  readonly #unread: Unread<Known>;
  readonly #dirty = new Set<string>();
  /** facts of open YAML files when they were last without error */
  readonly #lastGood = new Map<string, Facts>();
  #relist = false;
  readonly #parsed: ParsedFiles;
  readonly #manifest: ManifestColumns;
  #version = 1;
  readonly #revisions = new Map<string, number>();

  /** @param overlay the unsaved text of a file, where an editor holds it */
  constructor(readonly root: string, private readonly overlay: (file: string) => string | undefined, changed: () => void = () => undefined) {
    this.#layout = new Layout(root, overlay);
    this.#unread = new Unread<Known>(overlay, (known) => this.#read(known));
    this.#parsed = new ParsedFiles(KEPT, (file) => overlay(file) !== undefined);
    this.#index = new ProjectIndex({
      properties: (name) => this.#unread.needNamed(name),
      facts: (file) => this.#unread.needFile(file),
      docs: () => this.#unread.need('docs', ({ role }) => role === 'docs'),
      projectConfig: (model) => this.#layout.configOf(model),
    }, () => this.name);
    this.#models = new LateMap(this.#index.models.first, (name) => this.#unread.needNamed(name), () => {
      this.#unread.need('models', ({ role, key, file }) => role === 'properties' && /\b(?:versions|relation)["']?\s*:/.test(this.#unread.text(key, file)));
    });
    this.#manifest = new ManifestColumns(() => {
      this.#version++;
      changed();
    });
    this.list();
  }

  get name(): string {
    return this.#layout.settings.name;
  }

  get models(): ReadonlyMap<string, Model> {
    this.#flush();
    return this.#models;
  }

  modelVersion(name: string, version: string): Model | undefined {
    this.#flush();
    return this.#index.modelVersion(name, version);
  }

  versionOf(model: Model): ReturnType<Project['versionOf']> {
    return this.#index.versionOf(model);
  }

  versions(model: Model): readonly string[] | undefined {
    return this.#index.versions(model);
  }

  get sources(): ReadonlyMap<string, SourceTable> {
    this.#flush();
    this.#unread.need('sources', ({ role, key, file }) => role === 'properties' && /^["']?sources["']?\s*:/m.test(this.#unread.text(key, file)));
    return this.#index.sources.first;
  }

  get macros(): ReadonlyMap<string, Macro> {
    this.#flush();
    this.#unread.need('macros', ({ role }) => role === 'macro');
    return this.#index.macros.first;
  }

  get docs(): ReadonlyMap<string, DocBlock> {
    this.#flush();
    this.#unread.need('docs', ({ role }) => role === 'docs');
    return this.#index.docs.first;
  }

  get exposures(): ReadonlyMap<string, Location> {
    this.#flush();
    return this.#index.exposures.first;
  }

  get variables(): ReadonlyMap<string, Variable> {
    this.#flush();
    return this.#layout.variables;
  }

  get packages(): ReadonlySet<string> {
    return this.#layout.packages;
  }

  get packagesMissing(): boolean {
    return this.#layout.packagesMissing;
  }

  get named(): number {
    this.#flush();
    return this.#index.named;
  }

  /** Number of its files. */
  get size(): number {
    return this.#files.size;
  }

  get version(): number {
    return this.#version;
  }

  revision(file: string): number {
    return this.#revisions.get(pathKey(file)) ?? 0;
  }

  get complete(): boolean {
    return this.#unread.size === 0;
  }

  uses(kind: UseKind, name: string): readonly Use[] {
    this.#needAll();
    return this.#index.uses(kind, name);
  }

  parents(model: string): readonly string[] {
    this.#flush();
    const { file, relation } = this.#models.get(model) ?? {};
    if (file === undefined) return [];
    if (relation) return relation.kind === 'ref' && this.#models.has(relation.name) ? [relation.name] : [];
    this.#unread.needFile(file);
    return this.#index.refsOf(file).filter((name) => this.#models.has(name));
  }

  children(model: string): readonly string[] {
    const names = this.uses('ref', model).flatMap(({ role, file }) => (role === 'calls' ? this.#index.modelOfFile(file)?.name ?? [] : []));
    return [...new Set(names)];
  }

  sql(file: string): SqlDocument | undefined {
    const parsed = this.#parse(file);
    if (!parsed) return undefined;
    return (parsed.sql ??= parseSql(parsed.text));
  }

  yaml(file: string): YamlDocument | undefined {
    const parsed = this.#parse(file);
    if (!parsed) return undefined;
    return (parsed.yaml ??= parseYaml(parsed.text));
  }

  modelOfFile(file: string): Model | undefined {
    this.#flush();
    const known = this.#files.get(pathKey(file));
    return known && this.#index.modelOfFile(known.file);
  }

  roleOf(file: string): FileRole | undefined {
    return this.#files.get(pathKey(file))?.role ?? this.#layout.place(file)?.role;
  }

  packageOf(file: string): string | undefined {
    return this.#layout.place(file)?.package;
  }

  seedColumns(file: string): readonly { name: string; span: Span }[] {
    return headerOf(this.overlay(file) ?? readStart(file) ?? '');
  }

  manifestColumns(model: string): readonly { name: string; type?: string; description?: string }[] | undefined {
    return this.#manifest.columns(this.#layout.manifests, this.name, model);
  }

  // ---- Keeping current

  /** Looks at the folders again: what is new is listed, what is gone is let go of. */
  list(): void {
    this.#layout.readPackages();
    const found = this.#layout.list();
    for (const [key, known] of this.#files) {
      // What an editor holds need not be on the disk yet
      const still = found.get(key) ?? (this.overlay(known.file) === undefined ? undefined : this.#layout.place(known.file));
      if (still?.role !== known.role || still.package !== known.package) this.#forget(known);
    }
    for (const [key, file] of found) if (!this.#files.has(key)) this.#add({ ...file, key, read: false });
    this.#unread.order();
    this.#version++;
  }

  /** Reads the next file that nobody read yet. @returns whether there are more */
  step(): boolean {
    this.#flush();
    const next = this.#unread.next();
    if (next) this.#read(next);
    return this.#unread.size > 0;
  }

  /** Whether the file is one of the project, by its place. */
  concerns(file: string): boolean {
    return this.#layout.place(file) !== undefined || this.#layout.isManifest(pathKey(file));
  }

  /** A file changed, on the disk or in an editor; it may be gone, or be a folder. */
  changed(file: string): void {
    const key = pathKey(file);
    this.#version++;
    this.#revisions.set(key, this.#version);
    this.#parsed.delete(key);
    this.#unread.changed(key);
    if (this.#layout.isManifest(key)) this.#manifest.changed();
    else if (path.extname(file) === '' || this.#layout.place(file)?.role === 'packages') this.#relist = true;
    else if (this.#files.has(key) || this.#layout.place(file)) this.#dirty.add(file);
  }

  /** An editor holds a file from now on. Nothing is different where its text is the one that was read. */
  opened(file: string, text: string): void {
    if (!this.#isOnDisk(file, text, ({ read, stamp }) => !read || stamp === stampOf(file))) this.changed(file);
  }

  /** An editor holds a file no longer. @param text the last that it held: nothing is different where the disk has the same */
  closed(file: string, text: string): void {
    if (!this.#isOnDisk(file, text, () => true)) this.changed(file);
  }

  #isOnDisk(file: string, text: string, current: (known: Known) => boolean): boolean {
    const known = this.#files.get(pathKey(file));
    // Of YAML that is open the last good state is kept: it is read anew
    if (!known || known.role === 'properties' || known.role === 'project' || this.#dirty.has(file) || !current(known)) return false;
    if (readText(file) !== text) return false;
    // It may have been parsed before the disk changed, and not read
    const parsed = this.#parsed.get(known.key);
    if (parsed && parsed.text !== text) return false;
    if (known.read) known.stamp = stampOf(file);
    return true;
  }

  /**
   * Compares the disk with what was read, for clients that tell nothing of it; a part of it with each step.
   * @returns whether anything changed
   */
  *compare(): Generator<undefined, boolean> {
    const before = this.#version;
    const files = new Set(this.#files.keys());
    this.list();
    let changed = files.size !== this.#files.size || [...this.#files.keys()].some((key) => !files.has(key));
    if (!changed) this.#version = before;
    yield;
    for (const [at, known] of [...this.#files.values()].entries()) {
      if (at % 100 === 99) yield;
      if (!known.read || known.package !== undefined || stampOf(known.file) === known.stamp) continue;
      this.changed(known.file);
      changed = true;
    }
    return changed;
  }

  // ---- Reading

  /** Reads again what changed. */
  #flush(): void {
    if (this.#relist) {
      this.#relist = false;
      this.list();
    }
    if (this.#dirty.size === 0) return;
    const files = [...this.#dirty];
    this.#dirty.clear();
    for (const file of files) {
      const key = pathKey(file);
      const known = this.#files.get(key);
      if (known?.role === 'project') {
        if (this.#layout.readSettings()) this.list();
        this.#read(known);
        continue;
      }
      if (this.overlay(file) === undefined && stampOf(file) === undefined) {
        if (known) this.#forget(known);
        continue;
      }
      if (known) {
        if (known.read) this.#read(known);
        continue;
      }
      const place = this.#layout.place(file);
      if (!place) continue;
      const added: Known = { ...place, key, read: false };
      this.#add(added);
      this.#read(added);
    }
  }

  #add(known: Known): void {
    this.#files.set(known.key, known);
    this.#unread.add(known);
    this.#index.list(known);
    // Their names are inside: a snapshot is called as its block is
    if (known.role === 'snapshot') this.#read(known);
    // Nothing to read in it
    if (known.role === 'seed') this.#unread.delete(known.key);
  }

  #forget(known: Known): void {
    this.#files.delete(known.key);
    this.#unread.delete(known.key);
    this.#unread.forgetText(known.key);
    this.#parsed.delete(known.key);
    this.#index.remove(known.file);
  }

  #read(known: Known): void {
    known.read = true;
    known.stamp = stampOf(known.file);
    this.#unread.delete(known.key);
    const facts = known.role === 'seed' ? NO_FACTS : this.#factsOf(known);
    this.#unread.forgetText(known.key);
    this.#index.put(known, facts);
  }

  #factsOf({ file, key, role }: Known): Facts {
    const open = this.overlay(file) !== undefined;
    if (role === 'properties' || role === 'project') {
      const document = open ? this.yaml(file) : parseYaml(this.#unread.text(key, file));
      if (!document) return NO_FACTS;
      if (role === 'properties') return this.#tolerant(key, open, document, yamlFacts(document, parseJinja));
      return { uses: [...usesInScalars(document, parseJinja), ...this.#layout.settings.variables.map(({ name, span }) => ({ kind: 'var' as const, name, span, role: 'declares' as const }))] };
    }
    if (file.endsWith('.py')) return pythonFacts(this.#unread.text(key, file));
    const text = open ? this.overlay(file) ?? '' : this.#unread.text(key, file);
    // What an editor holds is parsed whole for it anyway
    return sqlFacts(text, open ? this.sql(file)?.jinja ?? parseJinja(text) : parseJinja(text));
  }

  /** While a file is half-written, what it described before is not gone. */
  #tolerant(key: string, open: boolean, { errors }: YamlDocument, facts: Facts): Facts {
    if (errors.length === 0) {
      // Only who types leaves a file half-written
      if (open) this.#lastGood.set(key, facts);
      else this.#lastGood.delete(key);
      return facts;
    }
    const now = new Set((facts.described ?? []).map(({ kind, name }) => `${kind} ${name}`));
    const before = (this.#lastGood.get(key)?.described ?? []).filter(({ kind, name }) => !now.has(`${kind} ${name}`));
    return { ...facts, described: [...facts.described ?? [], ...before] };
  }

  #parse(file: string): { text: string; sql?: SqlDocument; yaml?: YamlDocument } | undefined {
    const key = pathKey(file);
    const known = this.#parsed.get(key);
    if (known) return known;
    const text = this.overlay(file) ?? this.#unread.looked(key) ?? readText(file);
    if (text === undefined) return undefined;
    const parsed = { text };
    this.#parsed.set(key, parsed);
    return parsed;
  }

  #needAll(): void {
    this.#flush();
    this.#unread.need('all', () => true);
  }
}
