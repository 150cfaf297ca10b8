import path from 'node:path';
import { resolveDocs } from '../../dbt/jinja';
import type { Described, Facts } from './facts';
import { Registry } from './registry';
import type { ColumnDoc, DocBlock, FileRole, Location, Macro, Model, Properties, SourceTable, Use, UseKind } from './types';

/** A file of the project or of one of its packages. */
export interface IndexedFile {
  file: string;
  role: FileRole;
  package?: string;
}

/** What the index asks back, because it is read only when somebody wants to know. */
export interface Needs {
  /** reads the YAML that could describe this thing */
  properties(name: string): void;
  /** reads the SQL of a file */
  facts(file: string): void;
  docs(): void;
  /** what dbt_project.yml sets for a node */
  projectConfig(model: Model): Record<string, unknown>;
}

interface DescribedEntry {
  package: string | undefined;
  described: Described;
  properties: Properties;
}

/** What one file put into the index, to take out again. */
interface Contribution {
  config?: Record<string, unknown>;
  models?: Model[];
  described?: [string, DescribedEntry][];
  sources?: [string, SourceTable][];
  macros?: [string, Macro][];
  docs?: DocBlock[];
  exposures?: [string, Location][];
  uses?: Use[];
}

const ownFirst = (one: { package?: string | undefined }, other: { package?: string | undefined }): boolean => one.package === undefined && other.package !== undefined;

/** Everything that files say, by name. Each file's part is put in and taken out by itself; nothing here reads a disk. */
export class ProjectIndex {
  readonly models = new Registry<Model>(ownFirst);
  readonly sources = new Registry<SourceTable>(ownFirst);
  readonly macros = new Registry<Macro>();
  readonly docs = new Registry<DocBlock>();
  readonly exposures = new Registry<Location>();
  readonly #described = new Registry<DescribedEntry>(ownFirst);
  readonly #uses = new Map<string, Use[]>();
  readonly #files = new Map<string, Contribution>();
  readonly #modelOfFile = new Map<string, Model>();
  /** what models ask when somebody asks them */
  readonly #ask: Ask = {
    properties: ({ kind, name, package: from }) => this.#propertiesOf(kind, name, from),
    config: (model) => {
      this.needs.facts(model.file);
      return { ...this.needs.projectConfig(model), ...model.properties?.config, ...this.ownConfig(model.file) };
    },
  };

  constructor(private readonly needs: Needs, private readonly projectName: () => string) {}

  /** Names a model by its file alone, before anything is read. */
  list(file: IndexedFile): void {
    const names = namesIn(file, undefined);
    if (names.length === 0) return;
    const contribution: Contribution = {};
    this.#files.set(file.file, contribution);
    for (const name of names) this.#addModel(contribution, file.role as Model['kind'], name, file.file, file.package);
  }

  /** Puts in what a file says, in place of what it said before. */
  put(file: IndexedFile, facts: Facts): void {
    const names = namesIn(file, facts);
    // Models that stay are the same objects: whoever goes through them all may be the one who makes a file be read
    const kept = this.#takeOut(file.file, (models) => file.role !== 'properties' && models.length === names.length && models.every(({ name }, at) => name === names[at]));
    const contribution: Contribution = { ...(kept ? { models: kept } : {}), ...(facts.config ? { config: facts.config } : {}) };
    this.#files.set(file.file, contribution);
    if (!kept) for (const name of names) this.#addModel(contribution, file.role as Model['kind'], name, file.file, file.package);
    for (const described of facts.described ?? []) this.#addDescribed(file, contribution, described);
    for (const definition of facts.definitions ?? []) {
      if (definition.kind === 'snapshot' || definition.kind === 'docs') continue;
      const bare = definition.kind === 'macro' ? definition.name : `${definition.kind}_${definition.name}`;
      const macro = new FileMacro(bare, file.file, definition, file.package, (name) => this.#propertiesOf('macro', name, file.package));
      (contribution.macros ??= []).push([file.package === undefined ? bare : `${file.package}.${bare}`, macro]);
    }
    if (facts.docs) contribution.docs = facts.docs.map(({ name, span, text }) => ({ name, text, location: { file: file.file, span } }));
    for (const [name, macro] of contribution.macros ?? []) this.macros.add(name, macro);
    for (const block of contribution.docs ?? []) this.docs.add(block.name, block);
    if (facts.exposures && file.package === undefined) contribution.exposures = facts.exposures.map(({ name, span }) => [name, { file: file.file, span }]);
    for (const [name, place] of contribution.exposures ?? []) this.exposures.add(name, place);
    // Packages are used, and not looked into
    if (file.package === undefined && facts.uses.length > 0) {
      const own = `${this.projectName()}.`;
      contribution.uses = facts.uses.map((use) => ({ ...use, name: use.kind === 'macro' && use.name.startsWith(own) ? use.name.slice(own.length) : use.name, file: file.file }));
      for (const use of contribution.uses) {
        const key = `${use.kind} ${use.name}`;
        const known = this.#uses.get(key);
        if (known) known.push(use);
        else this.#uses.set(key, [use]);
      }
    }
  }

  remove(file: string): void {
    this.#takeOut(file, () => false);
  }

  #takeOut(file: string, keeps: (models: readonly Model[]) => boolean): Model[] | undefined {
    const contribution = this.#files.get(file);
    if (!contribution) return undefined;
    this.#files.delete(file);
    const kept = contribution.models && keeps(contribution.models) ? contribution.models : undefined;
    if (!kept) for (const model of contribution.models ?? []) {
      this.models.remove(model.name, model);
      if (this.#modelOfFile.get(model.file) === model) this.#modelOfFile.delete(model.file);
    }
    for (const [name, entry] of contribution.described ?? []) this.#described.remove(name, entry);
    for (const [name, source] of contribution.sources ?? []) this.sources.remove(name, source);
    for (const [name, macro] of contribution.macros ?? []) this.macros.remove(name, macro);
    for (const block of contribution.docs ?? []) this.docs.remove(block.name, block);
    for (const [name, place] of contribution.exposures ?? []) this.exposures.remove(name, place);
    for (const key of new Set(contribution.uses?.map(({ kind, name }) => `${kind} ${name}`))) {
      const left = (this.#uses.get(key) ?? []).filter((use) => use.file !== file);
      if (left.length > 0) this.#uses.set(key, left);
      else this.#uses.delete(key);
    }
    return kept;
  }

  uses(kind: UseKind, name: string): readonly Use[] {
    return this.#uses.get(`${kind} ${name}`) ?? [];
  }

  /** The models that a file refers to, each once. */
  refsOf(file: string): string[] {
    return [...new Set((this.#files.get(file)?.uses ?? []).filter(({ kind, role }) => kind === 'ref' && role === 'calls').map(({ name }) => name))];
  }

  /** What the `config(…)` of a file says. */
  ownConfig(file: string): Record<string, unknown> {
    return this.#files.get(file)?.config ?? {};
  }

  /** The version of a model by its number or name. */
  modelVersion(name: string, version: string): Model | undefined {
    const model = this.models.first.get(name);
    const file = this.#propertiesOf('model', name, model?.package)?.described.versions?.find(({ v }) => v === version)?.file ?? `${name}_v${version}`;
    return this.models.first.get(file);
  }

  /** Of a file that is one version of a model: which one, of which model. */
  versionOf({ name, package: from }: Model): { model: string; version: string } | undefined {
    const described = this.described('model', name, from)?.described;
    const version = described?.versions?.find(({ file }) => file === name)?.v;
    return described && version !== undefined && described.name !== name ? { model: described.name, version } : undefined;
  }

  /** The versions that YAML gives a model, the latest first. */
  versions({ name, package: from }: Model): readonly string[] | undefined {
    return this.described('model', name, from)?.described.versions?.map(({ v }) => v);
  }

  /** Grows with the models that there are and with what YAML says of things, not with what a model's own file says. */
  get named(): number {
    return this.models.revision + this.#described.revision;
  }

  modelOfFile(file: string): Model | undefined {
    return this.#modelOfFile.get(file);
  }

  /** What YAML says of a thing: of the same package first. */
  described(kind: Described['kind'], name: string, from: string | undefined): { described: Described; properties: Properties } | undefined {
    const all = this.#described.all(`${kind} ${name}`);
    return all.find((entry) => entry.package === from) ?? all[0];
  }

  #propertiesOf(kind: Described['kind'], name: string, from: string | undefined): { described: Described; properties: Properties } | undefined {
    this.needs.properties(name);
    return this.described(kind, name, from);
  }

  #addModel(contribution: Contribution, kind: Model['kind'], name: string, file: string, from: string | undefined, relation?: Model['relation']): void {
    const model = new FileModel(kind, name, file, from, this.#ask, relation);
    (contribution.models ??= []).push(model);
    this.models.add(name, model);
    if (!this.#modelOfFile.has(file)) this.#modelOfFile.set(file, model);
  }

  #addDescribed(file: IndexedFile, contribution: Contribution, described: Described): void {
    const properties = propertiesOf(described, file.file, (text) => {
      this.needs.docs();
      return resolveDocs(text, { get: (name: string) => this.docs.first.get(name)?.text } as ReadonlyMap<string, string>);
    });
    if (described.kind === 'source' && described.source) {
      const { name, nameSpan, description } = described.source;
      const table: SourceTable = {
        source: name, table: described.name.slice(name.length + 1), properties, sourceNameSpan: nameSpan,
        ...(description === undefined ? {} : { sourceDescription: description }), ...(file.package === undefined ? {} : { package: file.package }),
      };
      (contribution.sources ??= []).push([described.name, table]);
      this.sources.add(described.name, table);
      return;
    }
    const entry: DescribedEntry = { package: file.package, described, properties };
    // Each version of a model is described by the entry of the whole
    for (const name of new Set([described.name, ...(described.versions ?? []).map((version) => version.file)])) {
      (contribution.described ??= []).push([`${described.kind} ${name}`, entry]);
      this.#described.add(`${described.kind} ${name}`, entry);
    }
    const latest = described.kind === 'model' ? described.versions?.[0]?.file : undefined;
    const target = latest === undefined ? undefined : this.models.all(latest).find((model) => model.package === file.package);
    if (target) this.#addModel(contribution, 'model', described.name, target.file, file.package);
    if (described.kind === 'snapshot' && described.relation) this.#addModel(contribution, 'snapshot', described.name, file.file, file.package, described.relation);
  }
}

/** What a file's models are called: by its blocks a snapshot, by its name anything else. */
function namesIn({ file, role }: IndexedFile, facts: Facts | undefined): string[] {
  if (role !== 'model' && role !== 'seed' && role !== 'snapshot') return [];
  const snapshots = role === 'snapshot' ? (facts?.definitions ?? []).filter(({ kind }) => kind === 'snapshot').map(({ name }) => name) : [];
  return snapshots.length > 0 ? snapshots : [path.basename(file, path.extname(file))];
}

interface Ask {
  properties(model: Model): { properties: Properties } | undefined;
  config(model: Model): Record<string, unknown>;
}

class FileModel implements Model {
  readonly package?: string;
  readonly relation?: NonNullable<Model['relation']>;

  constructor(
    readonly kind: Model['kind'], readonly name: string, readonly file: string, from: string | undefined,
    private readonly ask: Ask, relation: Model['relation'],
  ) {
    if (from !== undefined) this.package = from;
    if (relation) this.relation = relation;
  }

  get properties(): Properties | undefined {
    return this.ask.properties(this)?.properties;
  }

  get config(): Readonly<Record<string, unknown>> {
    return this.ask.config(this);
  }
}

class FileMacro implements Macro {
  readonly package?: string;

  constructor(readonly name: string, readonly file: string, readonly definition: Macro['definition'], from: string | undefined, private readonly ask: (name: string) => { described: Described; properties: Properties } | undefined) {
    if (from !== undefined) this.package = from;
  }

  get description(): string | undefined {
    return this.ask(this.name)?.properties.description ?? this.definition.comment;
  }

  get argumentDocs(): NonNullable<Described['arguments']> {
    return this.ask(this.name)?.described.arguments ?? [];
  }
}

/** What a file says, with each `doc('…')` replaced when somebody reads it: the blocks may change meanwhile. */
function propertiesOf({ span, nameSpan, tests, config, columns, description }: Described, file: string, resolve: (text: string) => string): Properties {
  return withDescription<Properties>({
    file, span, nameSpan, tests, config,
    columns: columns.map(({ description: ofColumn, ...column }) => withDescription<ColumnDoc>(column, ofColumn, resolve)),
  }, description, resolve);
}

function withDescription<T extends { description?: string }>(target: T, description: string | undefined, resolve: (text: string) => string): T {
  if (description === undefined) return target;
  if (!description.includes('{{')) target.description = description;
  else Object.defineProperty(target, 'description', { enumerable: true, get: () => resolve(description) });
  return target;
}
