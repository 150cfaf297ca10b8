/** Items of completion lists: made once for each state of the project, given their range when they are asked for. */
import { CompletionItemKind, InsertTextFormat, MarkupKind, type CompletionItem, type Range } from 'vscode-languageserver';
import type { Macro, Model, Project } from '../project/types';
import { describeDoc, describeMacro, describeModel, describeSource, describeVariable, description, layerOf, macroSignature, summary } from './describe';

/** What an item stands for, so that its documentation can be made when it is looked at. */
export type Subject = { model: string } | { source: string } | { macro: string } | { variable: string } | { doc: string };

/** An item without its place. */
export type Offer = Omit<CompletionItem, 'textEdit'>;

/** Items with one range, which replaces what is written there. */
export function placed(offers: readonly Offer[], range: Range): CompletionItem[] {
  return offers.map((offer) => ({ ...offer, textEdit: { range, newText: offer.insertText ?? offer.label } }));
}

/** Items whose range is the list's own. */
export function unplaced(offers: readonly Offer[]): CompletionItem[] {
  return offers.map(({ insertText, ...offer }) => (insertText === undefined || insertText === offer.label ? offer : { ...offer, textEditText: insertText }));
}

/** An item whose text has places to fill in. */
export function snippet(offer: Offer, text: string): Offer {
  return { ...offer, insertText: text, insertTextFormat: InsertTextFormat.Snippet };
}

/** An item that writes its name alone. */
export function bare(offer: Offer): Offer {
  const copy = { ...offer };
  delete copy.insertText;
  delete copy.insertTextFormat;
  return copy;
}

/** Text that a snippet takes literally. */
export function literal(text: string): string {
  return text.replace(/[\\$}]/g, '\\$&');
}

/** The text of a snippet for a client that knows none: its defaults, without places. */
export function withoutPlaces(text: string): string {
  return text.replace(/\$\{\d+\|([^,|]*)[^|]*\|\}/g, '$1').replace(/\$\{\d+:((?:[^\\}]|\\.)*)\}/g, '$1').replace(/(?<!\\)\$(\d+|\{\d+\})/g, '').replace(/\\([\\$}])/g, '$1');
}

interface Lists {
  version: number;
  macros?: readonly Offer[];
}

/** What holds while models are named and described as they are. */
interface Named {
  named: number;
  models: readonly Offer[];
  packages: readonly string[];
}

const kept = new WeakMap<Project, Lists>();

function listsOf(project: Project): Lists {
  const lists = kept.get(project);
  if (lists?.version === project.version) return lists;
  const fresh = { version: project.version };
  kept.set(project, fresh);
  return fresh;
}

const keptNames = new WeakMap<Project, Named>();

function namesOf(project: Project): Named {
  const known = keptNames.get(project);
  if (known?.named === project.named) return known;
  const all = [...project.models];
  const fresh = {
    models: all.filter(([, model]) => !project.versionOf(model)).map(([name, model]) => modelOffer(project, name, model)),
    packages: [...new Set(all.flatMap(([, model]) => model.package ?? []))].sort(),
    // Going through all may have been what read some of them
    named: project.named,
  };
  keptNames.set(project, fresh);
  return fresh;
}

const modelKinds = { model: CompletionItemKind.File, seed: CompletionItemKind.Value, snapshot: CompletionItemKind.Event } as const;
const modelOffers = new WeakMap<Model, Offer>();

function modelOffer(project: Project, name: string, model: Model): Offer {
  const found = modelOffers.get(model);
  if (found?.label === name) return found;
  const offer: Offer = {
    label: name, kind: modelKinds[model.kind], detail: [model.kind, layerOf(project, model), model.package ?? ''].filter(Boolean).join(' · '),
    // There are thousands of them: nothing is sent that the label tells
    ...(model.package === undefined ? {} : { sortText: `~${name}` }),
  };
  modelOffers.set(model, offer);
  return offer;
}

/** Every model, seed and snapshot that `ref` finds, the project's own first. */
export function allModels(project: Project): readonly Offer[] {
  return namesOf(project).models;
}

const relationOffers = new WeakMap<Offer, Offer>();

/** Every model as a relation: its name writes a whole `ref`. */
export function modelRelations(project: Project): Offer[] {
  return allModels(project).map((offer) => {
    let relation = relationOffers.get(offer);
    if (!relation) {
      relation = { ...offer, sortText: `2${offer.sortText ?? ''}`, insertText: `{{ ref('${offer.label}') }}` };
      relationOffers.set(offer, relation);
    }
    return relation;
  });
}

/** Models of one package; the project's own by its own name. */
export function modelsOfPackage(project: Project, name: string): Offer[] {
  return [...project.models].filter(([, model]) => (model.package ?? project.name) === name && !project.versionOf(model)).map(([label, model]) => modelOffer(project, label, model));
}

/** Names of installed packages that have models. */
export function packagesWithModels(project: Project): readonly string[] {
  return namesOf(project).packages;
}

/** Sources by name. */
export function sourceOffers(project: Project): Offer[] {
  const tables = new Map<string, { count: number; description: string | undefined }>();
  for (const { source, sourceDescription } of project.sources.values()) {
    tables.set(source, { count: (tables.get(source)?.count ?? 0) + 1, description: sourceDescription });
  }
  return [...tables].map(([label, { count, description: text }]) => ({
    label, kind: CompletionItemKind.Module, detail: `source · ${count} ${count === 1 ? 'table' : 'tables'}`, ...documented(text),
  }));
}

/** Tables of a source, with its name; of all sources where none is named. */
export function tableOffers(project: Project, source: string | undefined): { source: string; offer: Offer }[] {
  const found: { source: string; offer: Offer }[] = [];
  for (const [key, entry] of project.sources) {
    if (source !== undefined && entry.source !== source) continue;
    found.push({ source: entry.source, offer: { label: entry.table, kind: CompletionItemKind.Struct, detail: `table of ${entry.source}`, data: { source: key } satisfies Subject } });
  }
  return found;
}

export function variableOffers(project: Project): Offer[] {
  return [...project.variables.values()].map((variable) => ({
    label: variable.name, kind: CompletionItemKind.Variable, ...(variable.value === undefined ? {} : { detail: JSON.stringify(variable.value) }), data: { variable: variable.name } satisfies Subject,
  }));
}

export function docOffers(project: Project): Offer[] {
  return [...project.docs.values()].map(({ name, text }) => ({ label: name, kind: CompletionItemKind.Text, detail: summary(text), data: { doc: name } satisfies Subject }));
}

/** Macros that can be called, as they are called: the project's own by name, those of packages with the package in front. */
export function macroOffers(project: Project): readonly Offer[] {
  const lists = listsOf(project);
  lists.macros ??= [...project.macros].filter(([, macro]) => macro.definition.kind === 'macro').map(([key, macro]) => macroOffer(key, macro));
  return lists.macros;
}

function macroOffer(key: string, macro: Macro): Offer {
  const required = macro.definition.parameters.filter((one) => one.default === undefined);
  const places = required.map((one, index) => `\${${index + 1}:${literal(one.name)}}`).join(', ');
  return snippet({
    label: key, kind: CompletionItemKind.Function, detail: macroSignature(macro), sortText: `${key.includes('.') ? 5 : 3}${key}`, data: { macro: key } satisfies Subject,
  }, macro.definition.parameters.length === 0 ? `${key}()` : required.length === 0 ? `${key}($1)` : `${key}(${places})`);
}

function documented(text: string | undefined): { documentation?: CompletionItem['documentation'] & object } {
  return text === undefined ? {} : { documentation: { kind: MarkupKind.Markdown, value: description(text) } };
}

/** What an item stands for; of a model its label tells. */
export function subjectOf({ label, kind, data }: CompletionItem): Subject | undefined {
  if (data !== undefined) return data as Subject;
  return Object.values(modelKinds).some((one) => one === kind) ? { model: label } : undefined;
}

/** Documentation of an item, made when it is looked at; undefined where there is none to add. */
export function documentationOf(project: Project, subject: Subject): string | undefined {
  if ('model' in subject) {
    const model = project.models.get(subject.model);
    return model && describeModel(project, model, (model.properties?.columns ?? []).map((column) => ({ ...column, tests: [...column.tests] })));
  }
  if ('source' in subject) {
    const source = project.sources.get(subject.source);
    return source && describeSource(project, source, source.properties.columns);
  }
  if ('macro' in subject) {
    const macro = project.macros.get(subject.macro);
    return macro && describeMacro(project, macro);
  }
  if ('variable' in subject) {
    const variable = project.variables.get(subject.variable);
    return variable && describeVariable(project, variable);
  }
  const doc = project.docs.get(subject.doc);
  return doc && describeDoc(project, doc);
}
