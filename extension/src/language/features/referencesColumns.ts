/** Where a column is made, read and passed on: within the file that makes it, and in the files that read it through ref and source. */
import { modelsOfFile, queryOfModel } from '../analysis/columns';
import { WRITES_ROWS } from '../analysis/macroRows';
import type { ColumnReference, Select, SelectItem, SqlDocument } from '../analysis/types';
import type { FileRequest } from './request';
import type { Mention, Target } from './target';
import { carried, isNamed, Makers, type Maker, type Scope } from './targetColumns';
import { columnAliases, folded, readsOf, selectsOf } from './targetScopes';

/** A place that names a column, with what rename has to know of it. */
export interface ColumnMention extends Mention {
  select?: Select;
  item?: SelectItem;
  /**
   * made: an item's own name (alias or implied) · read · carried: an item that hands on the column under its name, of which
   * both ends belong to the column · enters: it reads another column of that name, and makes this one · leaves: the other
   * way round, in a file that only reads the column · described: YAML
   */
  role: 'made' | 'read' | 'carried' | 'enters' | 'leaves' | 'described';
  /** it is one column with another one, made elsewhere (a union, using) */
  shared?: Maker;
}

interface Read {
  select: Select;
  reference: ColumnReference;
  from: readonly Maker[];
  item?: SelectItem;
  made?: Maker;
}

/**
 * Every place of the column under the cursor; of one that is handed on, those of the column it hands on too.
 * @param here whether only the file asked about counts
 */
export function columnPlaces(request: FileRequest, target: Target & { kind: 'column' }, here = false): ColumnMention[] {
  const starts = [...(target.item ? [target.item] : []), ...target.from];
  const found = new Map<string, ColumnMention>();
  for (const search of searches(request, starts, here)) for (const mention of search.mentions.values()) found.set(`${mention.file} ${mention.span.start}`, mention);
  return [...found.values()];
}

function searches(request: FileRequest, starts: readonly Maker[], here: boolean): ColumnSearch[] {
  const done: ColumnSearch[] = [];
  for (const start of starts) {
    if (done.some((search) => search.owns(start))) continue;
    const search = new ColumnSearch(request, start, here);
    search.run();
    done.push(search);
  }
  return done;
}

/** Follows one column, from what makes it. */
export class ColumnSearch {
  readonly mentions = new Map<string, ColumnMention>();
  readonly #makers: Makers;
  readonly #name: string;
  /** makers that are this column */
  readonly #own = new Set<string>();
  /** makers that hand it on in other files */
  readonly #passed = new Set<string>();
  readonly #reads = new Map<string, readonly Read[]>();
  /** models and sources that have the column, and were looked for */
  readonly #had = new Set<string>();
  #pieced = false;
  /** names of models by the one whose rows they have */
  #others: Map<string, string[]> | undefined;

  /** @param here whether only the file asked about is looked into */
  constructor(private readonly request: FileRequest, private readonly start: Maker, private readonly here = false) {
    this.#makers = new Makers(request.project);
    this.#name = start.name;
  }

  owns(maker: Maker): boolean {
    return this.#own.has(maker.key);
  }

  /** whether Jinja pieces together the name of something that is this column */
  get pieced(): boolean {
    return this.#pieced;
  }

  /** models whose rows have the column, the one that makes it first */
  get models(): readonly string[] {
    return [...this.#had].filter((name) => !name.includes('.'));
  }

  run(): void {
    const { start } = this;
    this.#own.add(start.key);
    if (start.of !== undefined) {
      this.#declare(start);
      this.#has(start.of);
      return;
    }
    const file = start.place?.file;
    const document = file === undefined ? undefined : this.#document(file);
    if (file === undefined || !document) return;
    if (!start.item && start.place) this.#add({ file, span: start.place.span, declares: true, role: 'made' });
    this.#grow({ project: this.request.project, file, document });
    for (const model of modelsOfFile(this.request.project, file, document)) if (this.#makes(model)) this.#has(model);
  }

  /** What else is this column in the file that makes it: handed on downwards and upwards, and the other branches of unions. */
  #grow(scope: Scope): void {
    const reads = this.#readsOf(scope);
    // What a function calls so is another column than the one that an item makes of it
    const local = ({ place, of, by }: Maker): boolean => place?.file === scope.file && of === undefined && by === this.start.by;
    const unions = scope.document.sql.queries.filter(({ selects }) => selects.length > 1).map((union) => this.#makers.ofQuery(scope, union, this.#name));
    // What belongs together whatever it is: both ends of an item that hands it on, sides of using, branches of unions
    const groups = [...reads.map(({ from, made }) => (made ? [made, ...from] : from)), ...unions].map((group) => group.filter(local));
    reach(this.#own, groups.flatMap(([first, ...others]) => (first ? others.flatMap((other): Step[] => [[first.key, other.key], [other.key, first.key]]) : [])));
    this.#pieced ||= groups.some((group) => group.some((maker) => maker.pieced && this.owns(maker)));
    for (const span of columnAliases(scope.document)) {
      const alias = this.#makers.alias(scope, span);
      if (alias.name === this.#name && this.owns(alias)) this.#add({ file: scope.file, span, declares: true, role: 'made' });
    }
    for (const { select, reference, from, item, made } of reads) {
      const ours = from.some((maker) => this.owns(maker));
      const makes = made !== undefined && this.owns(made);
      if (!ours && !makes) continue;
      const shared = ours ? from.find((maker) => !this.owns(maker)) : undefined;
      this.#add({
        file: scope.file, span: reference.span, select, declares: makes && !ours, role: !makes ? 'read' : ours ? 'carried' : 'enters', ...(item ? { item } : {}), ...(shared ? { shared } : {}),
      });
    }
    for (const select of selectsOf(scope.document)) {
      for (const item of select.items) {
        const maker = item.name === this.#name ? this.#makers.item(scope, select, item) : undefined;
        if (maker?.place && this.owns(maker) && !carried(item, select)) this.#add({ ...maker.place, select, item, declares: true, role: 'made' });
      }
    }
  }

  /** Whether the rows of a model have this column: by its own select list or by a star. */
  #makes(model: string): boolean {
    return this.#makers.ofModel(model, this.#name).some((maker) => this.owns(maker));
  }

  /** A model or source that has the column: who describes it, who reads it. */
  #has(name: string): void {
    if (this.#had.has(name) || this.request.cancelled()) return;
    this.#had.add(name);
    const { project } = this.request;
    const source = project.sources.get(name);
    const properties = source?.properties ?? project.models.get(name)?.properties;
    for (const column of properties?.columns ?? []) {
      if (properties && (isNamed(column.name, this.#name) || folded(column.name) === this.#name)) this.#add({ file: properties.file, span: column.nameSpan, declares: true, role: 'described' });
    }
    for (const other of this.#sameRows(name)) this.#has(other);
    if (this.here) {
      // However the column comes here, what is read here says itself whose it is
      if (this.request.sql && this.request.file !== this.start.place?.file) this.#readIn(this.request.file);
      return;
    }
    const files = new Set(project.uses(source ? 'source' : 'ref', name).flatMap(({ file, role }) => (role === 'calls' && file.endsWith('.sql') ? file : [])));
    for (const file of files) {
      if (this.request.cancelled()) return;
      if (file !== this.start.place?.file || this.start.of !== undefined) this.#readIn(file);
    }
  }

  /** Models whose rows are those of this one: by the name without its version, snapshots in YAML. */
  #sameRows(name: string): readonly string[] {
    const { project } = this.request;
    if (!this.#others) {
      this.#others = new Map();
      for (const { name: other, file, relation } of project.models.values()) {
        // The latest version has two names: its file's, and the plain one
        const from = relation?.name ?? (file.endsWith('.sql') && !file.endsWith(`${other}.sql`) ? project.modelOfFile(file)?.name : undefined);
        if (from !== undefined && from !== other) this.#others.set(from, [...this.#others.get(from) ?? [], other]);
      }
    }
    const [, plain, version] = /^(.+)_v(\w+)$/.exec(name) ?? [];
    const whole = plain !== undefined && version !== undefined && project.modelVersion(plain, version)?.name === name ? [plain] : [];
    return [...this.#others.get(name) ?? [], ...whole];
  }

  #readIn(file: string): void {
    const { project } = this.request;
    const text = file === this.request.file ? this.request.text : this.request.linesOf(file)?.text;
    if (text === undefined) return;
    const named = text.toLowerCase().includes(this.#name.toLowerCase());
    if (!named && !text.includes('*') && !WRITES_ROWS.test(text)) return;
    const document = this.#document(file);
    if (!document) return;
    if (named) this.#follow({ project, file, document });
    for (const model of modelsOfFile(project, file, document)) if (queryOfModel(document, model) && this.#makes(model)) this.#has(model);
  }

  /** Reads of the column in another file, and what hands it on there. */
  #follow(scope: Scope): void {
    const reads = this.#readsOf(scope);
    // Only downwards: what is handed on here belongs to whoever reads it here
    for (const { from, made } of reads) if (made && from.some((maker) => this.owns(maker))) this.#passed.add(made.key);
    reach(this.#passed, reads.flatMap(({ from, made }) => (made ? from.map(({ key }): Step => [key, made.key]) : [])));
    for (const { select, reference, from, item, made } of reads) {
      const ours = from.some((maker) => this.owns(maker));
      if (!ours && !from.some(({ key }) => this.#passed.has(key))) continue;
      const shared = ours ? from.find((maker) => !this.owns(maker)) : undefined;
      this.#add({
        file: scope.file, span: reference.span, select, declares: false, role: ours ? (made ? 'leaves' : 'read') : 'carried', ...(item ? { item } : {}), ...(shared ? { shared } : {}),
        ...(ours ? {} : { carries: true }),
      });
    }
  }

  #readsOf(scope: Scope): readonly Read[] {
    const known = this.#reads.get(scope.file);
    if (known) return known;
    const reads: Read[] = [];
    for (const { select, reference } of readsOf(scope.document)) {
      if (folded(reference.name, reference.quoted) !== this.#name) continue;
      const item = select.items.find((one) => one.nameSpan?.start === reference.span.start && carried(one, select) === reference);
      const made = item && this.#makers.item(scope, select, item);
      reads.push({ select, reference, from: this.#makers.ofReference(scope, select, reference), ...(item ? { item } : {}), ...(made ? { made } : {}) });
    }
    this.#reads.set(scope.file, reads);
    return reads;
  }

  #document(file: string): SqlDocument | undefined {
    return file === this.request.file && this.request.sql ? this.request.sql : this.request.project.sql(file);
  }

  #declare({ place }: Maker): void {
    if (place) this.#add({ ...place, declares: true, role: 'described' });
  }

  #add(mention: ColumnMention): void {
    const key = `${mention.file} ${mention.span.start}`;
    if (!this.mentions.has(key)) this.mentions.set(key, mention);
  }
}

type Step = [from: string, to: string];

/** Adds whatever the steps lead to from what is in the set. */
function reach(set: Set<string>, steps: readonly Step[]): void {
  const next = new Map<string, string[]>();
  for (const [from, to] of steps) {
    const known = next.get(from);
    if (known) known.push(to);
    else next.set(from, [to]);
  }
  // A set that grows while it is walked is walked to its end
  for (const key of set) for (const to of next.get(key) ?? []) set.add(to);
}
