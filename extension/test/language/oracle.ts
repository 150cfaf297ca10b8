/** Asks a language server about a generated project, and holds each answer to what the generator knows. */
import path from 'node:path';
import type { CompletionItem, Diagnostic } from 'vscode-languageserver/node';
import type { Found, LanguageClient } from './client';
import type { Dice, Mark, MarkKind, Place, Span } from './draft';
import type { GeneratedModel, GeneratedProject } from './project';

/** One question: how long its answer took in milliseconds, and what was wrong with it. */
export interface Asked { milliseconds: number; wrong: string | undefined }

export type Question = (model: GeneratedModel) => Promise<Asked | undefined>;

type FiledMark = Mark & { file: string };

/** No whole file, no whole query: a place that a person can see at a glance. */
const LONGEST_PLACE = 400;
/** How many files a person has open. */
const MOST_OPEN = 20;
const PACKAGE = 'metrics_utils';

export class Oracle {
  private readonly opened = new Set<string>();
  private readonly byTarget = new Map<string, FiledMark[]>();

  constructor(readonly project: GeneratedProject, private readonly root: string, private readonly client: LanguageClient, private readonly dice: Dice) {
    for (const mark of project.marks) {
      const key = `${mark.kind} ${mark.name}`;
      this.byTarget.set(key, [...(this.byTarget.get(key) ?? []), mark]);
    }
  }

  file(name: string): string {
    return path.join(this.root, ...name.split('/'));
  }

  /** Holds the file open, as few as a person does, and waits until the server has seen it; @returns its path */
  async open(name: string, most = MOST_OPEN): Promise<string> {
    const file = this.file(name);
    if (this.opened.has(name)) return file;
    for (const oldest of [...this.opened].slice(0, Math.max(0, this.opened.size - most + 1))) this.close(oldest);
    this.opened.add(name);
    this.client.open(file, this.project.files.get(name));
    await this.client.hover(file, 0);
    return file;
  }

  private close(name: string): void {
    this.opened.delete(name);
    this.client.close(this.file(name));
  }

  closeAll(): void {
    for (const name of [...this.opened]) this.close(name);
  }

  // ---- questions

  definition = (kinds: readonly MarkKind[]): Question => async (model) => {
    const mark = this.mark(model, kinds, ({ target }) => target !== undefined);
    if (!mark?.target) return undefined;
    const file = await this.open(model.file);
    const { answer, milliseconds } = await timed(() => this.client.definition(file, this.inside(mark.span)));
    return { milliseconds, wrong: said(`the definition of ${mark.kind} ${mark.name} in ${model.file}`, this.misplaced(answer, mark.target)) };
  };

  /** From opening a model on: the first definition in it. */
  opening: Question = async (model) => {
    const mark = this.mark(model, ['ref', 'table'], ({ target }) => target !== undefined);
    if (!mark?.target) return undefined;
    this.closeAll();
    const file = this.file(model.file);
    const { answer, milliseconds } = await timed(() => {
      this.client.open(file, model.text);
      return this.client.definition(file, this.inside(mark.span));
    });
    this.client.close(file);
    return { milliseconds, wrong: said(`the definition of ${mark.kind} ${mark.name} in ${model.file}, just opened`, this.misplaced(answer, mark.target)) };
  };

  hover = (kinds: readonly MarkKind[]): Question => async (model) => {
    const mark = this.mark(model, kinds, ({ kind, target }) => target !== undefined || kind === 'cte');
    if (!mark) return undefined;
    const file = await this.open(model.file);
    const { answer, milliseconds } = await timed(() => this.client.hover(file, this.inside(mark.span)));
    const missing = this.words(mark).filter((word) => !answer.includes(word));
    return { milliseconds, wrong: missing.length === 0 ? undefined : `The hover of ${mark.kind} ${mark.name} in ${model.file} lacks ${missing.join(', ')}: ${JSON.stringify(answer)}` };
  };

  /** What is named is typed anew, up to a part of it; what is offered for that must be all that begins so, and put the name there. */
  nameCompletion = (kind: 'ref' | 'source' | 'table' | 'macro' | 'variable'): Question => async (model) => {
    const mark = this.mark(model, [kind], ({ target }) => target !== undefined);
    if (!mark) return undefined;
    const file = await this.open(model.file);
    const typed = mark.name.slice(0, this.dice.below(mark.name.length));
    const start = mark.span.start;
    return this.edited(file, mark.span, typed, async () => {
      const { answer: { items, isIncomplete }, milliseconds } = await timed(() => this.client.completion(file, start + typed.length));
      const known = this.names(kind, model, mark).filter((name) => name.startsWith(typed));
      const labels = new Set(items.map(labelOf));
      // A model may be left out of its own: it cannot read itself
      const missing = known.filter((name) => !labels.has(name) && name !== model.name);
      const chosen = items.find((item) => labelOf(item) === mark.name);
      const wrong = !chosen || (!isIncomplete && missing.length > 0) ? `lacks ${missing.slice(0, 3).join(', ')} (${items.length} items)`
        : kind === 'macro' ? undefined
          : this.surplus(items, kind, typed, known) ?? this.unapplied(file, chosen, start + typed.length, model.text);
      return { milliseconds, wrong: said(`the completion of ${kind} ${mark.name} after ${JSON.stringify(typed)} in ${model.file}`, wrong) };
    });
  };

  /** Another item of a select list: after `alias.` the columns of that relation and nothing else. */
  columnCompletion = (qualified = true): Question => async (model) => {
    if (model.scopes.length === 0) return undefined;
    const { offset, alias, columns } = this.dice.pick(model.scopes);
    const file = await this.open(model.file);
    const wanted = this.dice.pick(columns);
    const letters = wanted.slice(0, this.dice.below(/^[a-z0-9_]+$/.test(wanted) ? wanted.length : 1));
    const typed = `,\n        ${qualified ? `${alias}.` : ''}${letters}`;
    return this.edited(file, { start: offset, end: offset }, typed, async () => {
      const { answer: { items }, milliseconds } = await timed(() => this.client.completion(file, offset + typed.length));
      const labels = new Set(items.map(labelOf).filter((label) => label.startsWith(letters)));
      const missing = columns.filter((name) => name.startsWith(letters) && !labels.has(name));
      const surplus = qualified ? [...labels].filter((label) => !columns.includes(label)) : [];
      const what = `the columns of ${alias} after ${JSON.stringify(typed.trimStart())} in ${model.file}`;
      return { milliseconds, wrong: missing.length + surplus.length === 0 ? undefined : `Wrong: ${what}: missing ${missing.join(', ') || 'none'}; too many ${surplus.join(', ') || 'none'}` };
    });
  };

  references = (kinds: readonly MarkKind[]): Question => async (model) => {
    const mark = this.mark(model, kinds, ({ target }) => target !== undefined);
    if (!mark) return undefined;
    const file = await this.open(model.file);
    const { answer, milliseconds } = await timed(() => this.client.references(file, this.inside(mark.span)));
    const wanted = (this.byTarget.get(`${mark.kind} ${mark.name}`) ?? []).map(({ file: where, span }) => this.lineOf(where, span));
    const got = new Set(answer.map(({ file: where, range }) => `${path.relative(this.root, where).split(path.sep).join('/')}:${range.start.line}`));
    const missing = wanted.filter((place) => !got.has(place));
    // A definition or a description may be among them
    const described = this.project.described.get(mark.name);
    const allowed = new Set([...wanted, ...[mark.target, described].flatMap((place) => (place ? [this.lineOf(place.file, place.span)] : []))]);
    const surplus = [...got].filter((place) => !allowed.has(place));
    const wrong = missing.length + surplus.length === 0 ? undefined : `missing ${missing.slice(0, 3).join(', ') || 'none'}; too many ${surplus.slice(0, 3).join(', ') || 'none'}`;
    return { milliseconds, wrong: said(`the references of ${mark.kind} ${mark.name}, asked in ${model.file}`, wrong) };
  };

  /** A ref that becomes unknown is told at its exact place, and nothing else is. */
  unknownRef: Question = async (model) => {
    const mark = this.mark(model, ['ref'], () => true);
    if (!mark) return undefined;
    const file = await this.open(model.file);
    await this.client.diagnostics(file);
    const name = `${mark.name}_x`;
    return this.edited(file, mark.span, name, async () => {
      const { answer, milliseconds } = await timed(() => this.client.diagnostics(file));
      const problems = answer.filter(serious);
      const end = mark.span.start + name.length;
      const exact = problems.length === 1 && problems.every(({ range, message }) => {
        const { start, end: stop } = range;
        return textOf(message).includes(name) && this.isAt(file, start, mark.span.start) && this.isAt(file, stop, end);
      });
      return { milliseconds, wrong: exact ? undefined : `Wrong: one unknown ref ${name} in ${model.file}: ${JSON.stringify(problems)}` };
    });
  };

  /** Nothing is wrong with a model as it was generated. */
  noProblem: Question = async (model) => {
    const file = await this.open(model.file, Infinity);
    const { answer, milliseconds } = await timed(() => this.client.diagnostics(file));
    const problems = answer.filter(serious);
    return { milliseconds, wrong: problems.length === 0 ? undefined : `Wrong: nothing is wrong in ${model.file}, but ${JSON.stringify(problems.map(({ message, range }) => [message, range.start.line]))}` };
  };

  // ---- pieces

  private mark(model: GeneratedModel, kinds: readonly MarkKind[], wanted: (mark: Mark) => boolean): Mark | undefined {
    const marks = model.marks.filter((mark) => kinds.includes(mark.kind) && wanted(mark));
    return marks.length === 0 ? undefined : this.dice.pick(marks);
  }

  private inside({ start, end }: Span): number {
    return start + this.dice.below(end - start);
  }

  private isAt(file: string, position: { line: number; character: number }, offset: number): boolean {
    const before = this.client.text(file).slice(0, offset).split('\n');
    return position.line === before.length - 1 && position.character === before.at(-1)?.length;
  }

  private lineOf(name: string, { start }: Span): string {
    return `${name}:${(this.project.files.get(name) ?? '').slice(0, start).split('\n').length - 1}`;
  }

  private misplaced(answer: Found[], target: Place): string | undefined {
    const [place] = answer;
    if (!place || answer.length > 1) return `${answer.length} places`;
    if (place.file !== this.file(target.file)) return `it is in ${target.file}, not in ${place.file}`;
    // The whole file is meant
    if (target.span.end === 0) return undefined;
    const text = this.project.files.get(target.file) ?? '';
    const offset = ({ line, character }: { line: number; character: number }): number => text.split('\n').slice(0, line).reduce((sum, { length }) => sum + length + 1, character);
    const [start, end] = [offset(place.range.start), offset(place.range.end)];
    const covers = start < target.span.end && end >= target.span.start && end - start < LONGEST_PLACE;
    return covers ? undefined : `it is at ${target.span.start}, not at ${start} to ${end} of ${target.file}`;
  }

  private words({ kind, name }: Mark): string[] {
    const bare = name.replace(/^.*\./, '');
    if (kind === 'ref') {
      const model = this.project.models.find((one) => one.name === name);
      return [name, ...(model?.description === undefined ? [] : [model.description]), ...(model?.certain ? model.columns.slice(0, 3).map((column) => column.name) : [])];
    }
    if (kind === 'table') return [name, `The table ${name}`];
    if (kind === 'macro') return [bare, `What ${bare} does`];
    return [bare];
  }

  private names(kind: 'ref' | 'source' | 'table' | 'macro' | 'variable', model: GeneratedModel, mark: Mark): readonly string[] {
    if (kind === 'ref') return this.project.modelNames;
    if (kind === 'source') return [...new Set(this.project.sources.map(({ source }) => source))];
    if (kind === 'macro') return [mark.name];
    if (kind === 'variable') return [...this.project.variables.keys()];
    const before = model.marks[model.marks.indexOf(mark) - 1];
    return this.project.sources.filter(({ source }) => source === before?.name).map(({ table }) => table);
  }

  /** Anything that is offered and no such name at all. */
  private surplus(items: CompletionItem[], kind: string, typed: string, known: string[]): string | undefined {
    // A package may stand before a model of it
    const strangers = items.map(labelOf).filter((label) => label.startsWith(typed) && !known.includes(label) && label !== PACKAGE);
    return strangers.length === 0 ? undefined : `${strangers.slice(0, 3).join(', ')} is no ${kind}`;
  }

  /** Choosing the item must give the text as it was. */
  private unapplied(file: string, item: CompletionItem, offset: number, wanted: string): string | undefined {
    const text = this.client.text(file);
    const got = apply(text, item, offset);
    return got === wanted ? undefined : `choosing it gives ${JSON.stringify(got.slice(Math.max(0, offset - 60), offset + 60))}`;
  }

  /** Types over a stretch, asks, and takes it back. */
  private async edited(file: string, span: Span, text: string, ask: () => Promise<Asked>): Promise<Asked> {
    const before = this.client.text(file).slice(span.start, span.end);
    this.client.edit(file, span.start, span.end, text);
    try {
      return await ask();
    } finally {
      this.client.edit(file, span.start, span.start + text.length, before);
    }
  }
}

/** Errors and warnings: hints are no claims that something is wrong. */
export const serious = ({ severity }: Diagnostic): boolean => (severity ?? 1) <= 2;

export const labelOf = ({ label }: CompletionItem): string => label.replace(/^"(.*)"$/, '$1');

/** The text after a person chose the item. */
export function apply(text: string, item: CompletionItem, offset: number): string {
  const edit = item.textEdit;
  if (!edit) {
    const word = /[\w$]*$/.exec(text.slice(0, offset))?.[0] ?? '';
    return text.slice(0, offset - word.length) + (item.insertText ?? item.label) + text.slice(offset);
  }
  const range = 'range' in edit ? edit.range : edit.insert;
  const at = ({ line, character }: { line: number; character: number }): number => text.split('\n').slice(0, line).reduce((sum, { length }) => sum + length + 1, character);
  return text.slice(0, at(range.start)) + edit.newText + text.slice(at(range.end));
}

async function timed<T>(work: () => Promise<T>): Promise<{ answer: T; milliseconds: number }> {
  const start = performance.now();
  const answer = await work();
  return { answer, milliseconds: performance.now() - start };
}

const said = (what: string, wrong: string | undefined): string | undefined => (wrong === undefined ? undefined : `Wrong: ${what}: ${wrong}`);

export const textOf = (message: Diagnostic['message']): string => (typeof message === 'string' ? message : message.value);
