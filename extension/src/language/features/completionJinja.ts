/** What can be written inside a Jinja tag, in SQL, YAML and Markdown alike. */
import { CompletionItemKind } from 'vscode-languageserver';
import type { Span } from '../analysis/types';
import type { Project } from '../project/types';
import { allModels, bare, docOffers, macroOffers, modelsOfPackage, packagesWithModels, snippet, sourceOffers, tableOffers, variableOffers, type Offer } from './completionItems';
import { CONFIG_KEYS, configKeysOf, type ConfigKey, type ResourceKind } from './configKeys';
import { FILTERS, GLOBALS, STATEMENTS, TESTS } from './jinjaWords';
import type { JinjaCursor, OpenCall } from './jinjaCursor';

export interface JinjaPlace {
  project: Project;
  text: string;
  offset: number;
  cursor: JinjaCursor;
  /** names that set, for and macro parameters bind here */
  locals: readonly string[];
  /** what `config()` configures here */
  resource: ResourceKind;
  /** names of the columns that this file's own query makes */
  ownColumns: () => readonly string[];
}

/** The offers at a cursor inside a tag, with the stretch of text that they replace. */
export function completeJinja(place: JinjaPlace): { offers: readonly Offer[]; span: Span } {
  const { cursor } = place;
  if (cursor.string) return { offers: inString(place), span: cursor.string };
  const known = cursor.path !== undefined && Object.hasOwn(GLOBALS, cursor.path) && GLOBALS[cursor.path]?.members !== undefined;
  // A package's macros are offered by their whole name
  if (cursor.path !== undefined && !known) return { offers: ofPackage(place, cursor.path), span: { start: cursor.word.start - cursor.path.length - 1, end: cursor.word.end } };
  const closed = halfClosed(place.text, cursor);
  // Right behind the braces a space is missing
  const offers = cursor.word.start === cursor.start ? inCode(place).map((offer): Offer => ({ ...offer, insertText: ` ${offer.insertText ?? offer.label}` })) : inCode(place);
  if (closed === undefined) return { offers, span: cursor.word };
  return { offers: cursor.kind === 'statement' ? offers : offers.map((offer) => ({ ...offer, insertText: `${offer.insertText ?? offer.label} }}` })), span: { start: cursor.word.start, end: closed } };
}

/** @returns where the half ends that an editor closes by itself behind the first word of a tag (`{%}`, `{{}}`); undefined where the tag is closed as a person does, or not at all */
function halfClosed(text: string, { kind, previous, calls, word }: JinjaCursor): number | undefined {
  if (previous !== '' || calls.length > 0) return undefined;
  const rest = text.slice(word.end, word.end + 80).split('\n')[0] ?? '';
  const half = kind === 'statement' ? /^(?:%\}|\})(?=\s*$)/.exec(rest)?.[0] : /^\}\}?/.exec(rest)?.[0];
  return half === undefined ? undefined : word.end + half.length;
}

/** Calls whose strings name something of their own. */
const NAMING = /^(?:(?:builtins\.)?(?:ref|source)|var|has_var|env_var|doc|(?:adapter\.)?dispatch|config(?:\.\w+)?|log|return|load_result|statement|run_query|exceptions\.\w+|modules\.[\w.]+|dbt_utils\.(?:star|date_spine|union_relations))$/;

/** Whether the strings of a call are no SQL. */
export function isNaming(call: string): boolean {
  return NAMING.test(call);
}

function inString(place: JinjaPlace): readonly Offer[] {
  const { project, cursor } = place;
  const call = cursor.calls.at(-1);
  if (!call) return [];
  switch (call.name) {
    case 'ref':
    case 'builtins.ref':
      if (call.keyword !== undefined || call.argument > 1) return [];
      if (call.argument === 1) return modelsOfPackage(project, call.texts[0] ?? '');
      return [...allModels(project), ...packagesWithModels(project).map((name): Offer => ({ label: name, kind: CompletionItemKind.Module, detail: 'package', sortText: `~~${name}` }))];
    case 'source':
    case 'builtins.source':
      return call.argument === 0 ? sourceOffers(project) : call.argument === 1 ? tableOffers(project, call.texts[0]).map(({ offer }) => offer) : [];
    case 'var':
    case 'has_var':
      return call.argument === 0 ? variableOffers(project) : [];
    case 'doc':
      return call.argument < 2 ? docOffers(project) : [];
    case 'adapter.dispatch':
    case 'dispatch':
      return call.argument === 0 && call.keyword !== 'macro_namespace'
        ? macroOffers(project).filter(({ label }) => !label.includes('.')).map(bare)
        : [project.name, ...project.packages].map((name): Offer => ({ label: name, kind: CompletionItemKind.Module, detail: 'package' }));
    case 'config':
      return configValues(place, call);
    case 'config.get':
    case 'config.require':
      return call.argument === 0 ? Object.entries(CONFIG_KEYS).map(([name, key]) => ({ label: name, kind: CompletionItemKind.Property, detail: key.form, documentation: key.description })) : [];
    default:
      return [];
  }
}

/** Values of a setting inside quotes. */
function configValues(place: JinjaPlace, call: OpenCall): readonly Offer[] {
  if (call.keyword === undefined) return [];
  const key = CONFIG_KEYS[call.keyword];
  if (call.brackets.includes('{')) {
    if (call.key !== undefined) return call.keyword === 'indexes' && call.key === 'columns' ? columns(place) : values(key?.keys?.[call.key]?.values ?? (call.key === 'type' ? ['btree', 'hash', 'gin', 'gist', 'brin'] : []));
    const keys = call.keyword === 'indexes' ? ['columns', 'unique', 'type'] : Object.keys(key?.keys ?? {});
    return keys.map((label) => ({ label, kind: CompletionItemKind.Property, ...(key?.keys?.[label] ? { documentation: key.keys[label].description } : {}) }));
  }
  return settingValues(place.project, call.keyword, () => columns(place));
}

function columns(place: JinjaPlace): Offer[] {
  return place.ownColumns().map((label) => ({ label, kind: CompletionItemKind.Field }));
}

/** Settings whose values are columns of the model itself. */
const OF_COLUMNS = new Set(['unique_key', 'updated_at', 'event_time', 'check_cols', 'merge_update_columns', 'merge_exclude_columns']);
/** Settings whose values are names of the project's own making: what is used elsewhere is offered. */
const OF_NAMES = new Set(['schema', 'tags', 'group', 'database', 'target_schema']);

/** Values that a setting takes, those of the project's own macros included. */
export function settingValues(project: Project, name: string, ownColumns: () => readonly Offer[]): readonly Offer[] {
  if (OF_COLUMNS.has(name)) return ownColumns();
  if (OF_NAMES.has(name)) return values([...usedValues(project, name)].sort());
  const known = CONFIG_KEYS[name]?.values ?? [];
  const own: string[] = [];
  for (const { definition } of project.macros.values()) {
    if (name === 'materialized' && definition.kind === 'materialization') own.push(definition.name);
    const strategy = name === 'incremental_strategy' && definition.kind === 'macro' ? /^get_incremental_(\w+)_sql$/.exec(definition.name)?.[1] : undefined;
    if (strategy !== undefined && !['append', 'merge', 'delete_insert', 'microbatch', 'default', 'insert_overwrite'].includes(strategy)) own.push(strategy);
  }
  return values([...new Set([...known, ...own])]);
}

function usedValues(project: Project, name: string): Set<string> {
  const found = new Set<string>();
  for (const { config, package: of } of project.models.values()) {
    if (of !== undefined) continue;
    for (const value of [config[name]].flat()) if (typeof value === 'string' && value !== '') found.add(value);
  }
  return found;
}

/** Values in the order in which they are given. */
export function values(labels: readonly string[]): Offer[] {
  return labels.map((label, index) => ({ label, kind: CompletionItemKind.EnumMember, sortText: String(index).padStart(4, '0') }));
}

function inCode(place: JinjaPlace): readonly Offer[] {
  const { project, text, cursor } = place;
  const call = cursor.calls.at(-1);
  if (cursor.path !== undefined) return Object.entries(GLOBALS[cursor.path]?.members ?? {}).map(([label, documentation]) => ({ label, kind: CompletionItemKind.Property, detail: cursor.path ?? '', documentation }));
  if (/\d/.test(text.charAt(cursor.word.start))) return [];
  if (cursor.previous === '|') return Object.entries(FILTERS).map(([label, documentation]) => ({ label, kind: CompletionItemKind.Function, detail: 'filter', documentation }));
  if (cursor.previousWord === 'is' || (cursor.previousWord === 'not' && /\bis\s+not\s+\w*$/.test(text.slice(cursor.start, cursor.word.end)))) return TESTS.map((label) => ({ label, kind: CompletionItemKind.Keyword, detail: 'test' }));
  if (cursor.kind === 'statement' && cursor.previous === '') return statements(text, cursor);
  if (binding(text, cursor)) return [];
  if (/[\w'")\]}]/.test(cursor.previous) && !OPERATORS.has(cursor.previousWord)) return keywords(['if', 'else', 'and', 'or', 'not', 'in', 'is']);
  if (call?.name === 'config' && call.brackets === '') {
    return call.keyword === undefined ? configKeys(place, call) : [...(CONFIG_KEYS[call.keyword]?.form === 'boolean' ? values(['true', 'false']) : []), ...expressions(place)];
  }
  return [...(call ? [...unquoted(place, call), ...parameters(project, text, cursor, call)] : []), ...expressions(place)];
}

/** Calls whose arguments are names in quotes. */
const NAMED_IN_QUOTES = new Set(['ref', 'source', 'var', 'doc']);

/** What belongs between quotes, offered with them where none is written yet: `ref(`. */
function unquoted(place: JinjaPlace, call: OpenCall): Offer[] {
  if (!NAMED_IN_QUOTES.has(call.name) || call.brackets !== '' || call.keyword !== undefined) return [];
  return inString(place).map((offer) => ({ ...offer, insertText: `'${offer.label}'`, sortText: `0${offer.sortText ?? offer.label}` }));
}

const OPERATORS = new Set(['if', 'elif', 'else', 'and', 'or', 'not', 'in', 'do', 'call', 'filter', 'recursive']);

/** Whether a new name is written here: after `set`, `for`, `macro`, … or as a parameter of a definition. */
function binding(text: string, cursor: JinjaCursor): boolean {
  if (cursor.kind !== 'statement') return false;
  const written = text.slice(cursor.start, cursor.word.start);
  return /^\s*(set|for|macro|test|snapshot|materialization|docs)\s+(\w+\s*,\s*)*$/.test(written) || /^\s*(macro|test)\s+\w+\s*\(([^=]*|.*,\s*)$/.test(written) || /^\s*(materialization|docs|snapshot|macro|test)\s/.test(written) && cursor.calls.length === 0;
}

function called(text: string, word: Span): boolean {
  return /^\s*\(/.test(text.slice(word.end, word.end + 8));
}

function ofPackage({ project, text, cursor }: JinjaPlace, name: string): readonly Offer[] {
  const own = name === project.name;
  const offers = macroOffers(project).flatMap((offer): Offer[] => {
    if (offer.label.startsWith(`${name}.`)) return [offer];
    return own && !offer.label.includes('.') ? [{ ...offer, label: `${name}.${offer.label}`, insertText: `${name}.${offer.insertText ?? offer.label}` }] : [];
  });
  return named(offers, called(text, cursor.word));
}

/** Without the parentheses where they stand already. */
function named(offers: readonly Offer[], isCalled: boolean): readonly Offer[] {
  return isCalled ? offers.map(bare) : offers;
}

function statements(text: string, cursor: JinjaCursor): Offer[] {
  const rest = text.slice(cursor.word.end, text.indexOf('\n', cursor.word.end) < 0 ? undefined : text.indexOf('\n', cursor.word.end));
  const halved = halfClosed(text, cursor) !== undefined;
  const closed = !halved && /^[^{]*%\}/.test(rest);
  const alone = halved || /^\s*-?(%\}|$)/.test(rest);
  return Object.entries(STATEMENTS).map(([label, { description, head, end }]): Offer => {
    const offer: Offer = { label, kind: CompletionItemKind.Keyword, documentation: description, sortText: `${end === undefined ? 1 : 0}${label}` };
    if (!alone) return offer;
    if (closed) return head === '' ? offer : snippet(offer, label + head);
    return snippet(offer, `${label}${head} %}${end === undefined ? '' : `\n$0\n{% ${end} %}`}`);
  });
}

function keywords(labels: readonly string[]): Offer[] {
  return labels.map((label) => ({ label, kind: CompletionItemKind.Keyword, sortText: `8${label}` }));
}

function configKeys({ text, cursor, resource }: JinjaPlace, call: OpenCall): Offer[] {
  const assigned = /^\s*=(?!=)/.test(text.slice(cursor.word.end, cursor.word.end + 8));
  return configKeysOf(resource).filter(([name]) => !call.keywords.includes(name)).map(([name, key], index) => {
    const offer: Offer = { label: name, kind: CompletionItemKind.Property, detail: key.form, documentation: key.description, sortText: `0${String(index).padStart(2, '0')}` };
    return assigned ? offer : snippet(offer, `${name}=${valueSnippet(key)}`);
  });
}

function valueSnippet(key: ConfigKey): string {
  switch (key.form) {
    case 'text': return "'$1'";
    case 'list': return "['$1']";
    case 'mapping': return '{$1}';
    case 'boolean': return '${1|true,false|}';
    case 'number': return '$1';
  }
}

/** Names of the arguments that a call takes and that are not written yet. */
function parameters(project: Project, text: string, cursor: JinjaCursor, call: OpenCall): Offer[] {
  if (call.keyword !== undefined || call.brackets !== '') return [];
  const macro = project.macros.get(call.name);
  if (!macro) return [];
  const assigned = /^\s*=(?!=)/.test(text.slice(cursor.word.end, cursor.word.end + 8));
  return macro.definition.parameters.slice(call.argument).filter((one) => !call.keywords.includes(one.name)).map((one, at): Offer => ({
    label: `${one.name}=`, filterText: one.name, kind: CompletionItemKind.Property, sortText: `0${String(at).padStart(2, '0')}`,
    detail: one.default === undefined ? 'argument' : `argument, ${one.default} by default`, insertText: assigned ? one.name : `${one.name}=`,
  }));
}

/** Everything that a value can begin with. */
function expressions({ project, text, cursor, locals }: JinjaPlace): Offer[] {
  const isCalled = called(text, cursor.word);
  const offers: Offer[] = locals.map((label) => ({ label, kind: CompletionItemKind.Variable, detail: 'bound here', sortText: `1${label}` }));
  for (const [label, word] of Object.entries(GLOBALS)) {
    const offer: Offer = {
      label, kind: word.snippet === undefined ? CompletionItemKind.Constant : CompletionItemKind.Function, detail: word.signature, documentation: word.description, sortText: `${FIRST.has(label) ? 2 : 4}${label}`,
    };
    offers.push(word.snippet === undefined || isCalled ? offer : snippet(offer, label + word.snippet));
  }
  offers.push(...named(macroOffers(project), isCalled));
  offers.push(...keywords(['not', 'true', 'false', 'none']));
  return offers;
}

const FIRST = new Set(['ref', 'source', 'var', 'config', 'this', 'is_incremental']);

/** Whole tags, for SQL outside Jinja. */
export const TAG_SNIPPETS: readonly Offer[] = [
  ['ref', "{{ ref('$1') }}", 'Refers to a model'],
  ['source', "{{ source('$1', '$2') }}", 'Refers to a table of a source'],
  ['config', "{{ config(\n    materialized='$1',\n) }}", 'Settings of this model'],
  ['var', "{{ var('$1') }}", 'Value of a variable'],
  ['incremental', '{% if is_incremental() %}\n$0\n{% endif %}', 'What only an incremental run does'],
].map(([name = '', body = '', text = '']) => snippet({ label: `{{ ${name} }}`, filterText: name, kind: CompletionItemKind.Snippet, detail: text, sortText: `7${name}` }, body));

