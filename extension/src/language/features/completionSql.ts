/** What can be written in SQL outside Jinja: relations, columns, words. */
import { CompletionItemKind, type CompletionItem } from 'vscode-languageserver';
import type { Span } from '../analysis/types';
import type { Column, Columns } from '../project/types';
import { literal, modelRelations, snippet, tableOffers, type Offer, type Subject } from './completionItems';
import { TAG_SNIPPETS } from './completionJinja';
import { summary } from './describe';
import type { FileRequest } from './request';
import { columnsOfCte, columnsOfModel, ctesAt, named, scopeAt, type Scope } from './scope';
import { wordAt } from './jinjaCursor';
import { sqlCursor, type SqlCursor } from './sqlCursor';
import { AFTER_RELATION, FUNCTIONS, identifier, IN_EXPRESSION, STARTS, TYPES } from './completionWords';

/** The offers at an offset outside Jinja, with the stretch of text that they replace; undefined where nothing is offered. */
export function completeSql(request: FileRequest, offset: number): { offers: readonly Offer[]; span: Span } | undefined {
  const document = request.sql;
  const cursor = document && sqlCursor(document, offset);
  if (!cursor) return undefined;
  if (cursor.previous === '::') return { offers: TYPES.map((label) => ({ label, kind: CompletionItemKind.TypeParameter })), span: cursor.word };
  switch (cursor.place) {
    case 'name': return undefined;
    case 'start': return { offers: [...words(STARTS, 1), ...TAG_SNIPPETS], span: cursor.word };
    case 'after': return { offers: [...words(AFTER_RELATION, 1), ...TAG_SNIPPETS], span: cursor.word };
    case 'relation': return relations(request, cursor, offset);
    case 'using': return { offers: commonColumns(request, cursor, offset), span: cursor.word };
    case 'column': return { offers: cursor.qualifier ? qualified(request, cursor, offset) : unqualified(request, cursor, offset), span: cursor.word };
  }
}

/**
 * Columns for a string that a macro is given: `{{ cents('orders.am') }}`.
 * @param written what stands in the string before the cursor
 * @param tag where the call's tag begins: its select says what can be named
 */
export function columnsInString(request: FileRequest, offset: number, written: string, tag: number): { offers: readonly Offer[]; span: Span } | undefined {
  const [whole, qualifier] = /^(?:(\w+)\.)?\w*$/.exec(written) ?? [];
  if (whole === undefined) return undefined;
  const scope = scopeAt(request, tag);
  const relations = qualifier === undefined ? scope.relations : [named(scope, { name: qualifier, quoted: false })];
  const columns = new Map(relations.flatMap((relation) => relation?.columns().columns ?? []).map((column) => [column.name, column]));
  const offers = [...columns.values()].map((column, index): Offer => ({ label: column.name, kind: CompletionItemKind.Field, sortText: String(index).padStart(4, '0'), ...(column.type === undefined ? {} : { detail: column.type }) }));
  return offers.length === 0 ? undefined : { offers, span: wordAt(request.text, offset) };
}

function words(labels: readonly string[], order: number): Offer[] {
  return labels.map((label) => ({ label, kind: CompletionItemKind.Keyword, sortText: `${order}${label}` }));
}

// ---- relations

function relations(request: FileRequest, cursor: SqlCursor, offset: number): { offers: readonly Offer[]; span: Span } {
  const { project } = request;
  const { qualifier } = cursor;
  const tables = tableOffers(project, qualifier?.name).map(({ source, offer }): Offer => ({
    ...offer, filterText: qualifier ? `${source}.${offer.label}` : offer.label, sortText: `3${offer.label}`, insertText: `{{ source('${source}', '${offer.label}') }}`,
  }));
  if (qualifier) return { offers: tables, span: { start: qualifier.span.start, end: cursor.word.end } };
  const ctes = ctesAt(request, offset).map(({ name }): Offer => ({ label: name, kind: CompletionItemKind.Struct, detail: 'CTE', sortText: `0${name}`, ...written(cursor, name) }));
  const taken = new Set(ctes.map(({ label }) => label));
  const own = project.modelOfFile(request.file)?.name;
  const models = modelRelations(project).map((offer) => {
    if (offer.label === own) return { ...offer, sortText: `4${offer.label}` };
    return taken.has(offer.label) ? { ...offer, label: `${offer.label} (ref)`, filterText: offer.label, data: { model: offer.label } satisfies Subject } : offer;
  });
  return { offers: [...ctes, ...models, ...tables, ...words(['lateral', 'select'], 6), ...TAG_SNIPPETS], span: cursor.word };
}

// ---- columns

/** Text and filter of a name, quoted where it must be or where the quote is written. */
function written(cursor: SqlCursor, name: string): Pick<CompletionItem, 'insertText' | 'filterText'> {
  const plain = identifier(name);
  const text = cursor.quoted && plain === name ? `"${name}"` : plain;
  return text === name ? {} : { insertText: text, filterText: cursor.quoted ? text : name };
}

function columnOffer(cursor: SqlCursor, column: Column, relation: string | undefined, order: string): Offer {
  const detail = [column.type ?? '', relation ?? ''].filter(Boolean).join(' · ');
  return {
    label: column.name, kind: CompletionItemKind.Field, sortText: order, ...(detail === '' ? {} : { detail }), ...(column.description === undefined ? {} : { documentation: { kind: 'markdown', value: summary(column.description) } }), ...written(cursor, column.name),
  };
}

function qualified(request: FileRequest, cursor: SqlCursor, offset: number): Offer[] {
  const { qualifier } = cursor;
  if (!qualifier) return [];
  const found = named(scopeAt(request, offset), qualifier);
  const { columns } = found ? found.columns() : unnamed(request, qualifier.name, offset);
  return columns.map((column, index) => columnOffer(cursor, column, found?.origin, String(index).padStart(4, '0')));
}

/** Columns of a CTE or model that FROM does not name yet: `select orders.|` is written before `from orders`. */
function unnamed(request: FileRequest, name: string, offset: number): Columns {
  const cte = ctesAt(request, offset).find((one) => one.name.toLowerCase() === name.toLowerCase());
  return cte ? columnsOfCte(request, cte) : columnsOfModel(request.project, name);
}

function unqualified(request: FileRequest, cursor: SqlCursor, offset: number): Offer[] {
  const scope = scopeAt(request, offset);
  const clauseOnly = cursor.clause === 'limit' || cursor.clause === 'offset';
  const offers = clauseOnly ? [] : [...columnsInScope(scope, cursor), ...aliases(scope), ...(scope.relations.length === 0 && cursor.clause === 'select' ? columnsAhead(request, cursor, offset) : [])];
  return [...offers, ...outputs(scope, cursor), ...functions(), ...words(IN_EXPRESSION, 6), ...TAG_SNIPPETS];
}

/** How many CTEs are looked through for a select that reads nothing yet. */
const NEAR = 10;

/** What a select may read that has no FROM yet: the CTEs before it and their columns, those of the nearest first. */
function columnsAhead(request: FileRequest, cursor: SqlCursor, offset: number): Offer[] {
  const found = new Map<string, Offer>();
  const ctes = ctesAt(request, offset).sort((one, other) => other.span.start - one.span.start).slice(0, NEAR);
  for (const [order, cte] of ctes.entries()) {
    found.set(`cte ${cte.name}`, { label: cte.name, kind: CompletionItemKind.Variable, detail: 'CTE', sortText: `1${order}`, ...written(cursor, cte.name) });
    for (const [index, column] of columnsOfCte(request, cte).columns.entries()) {
      if (column.name !== '?column?' && !found.has(column.name)) found.set(column.name, columnOffer(cursor, column, cte.name, `0${order}${String(index).padStart(4, '0')}`));
    }
  }
  return [...found.values()];
}

function columnsInScope(scope: Scope, cursor: SqlCursor): Offer[] {
  const found = new Map<string, { column: Column; relations: string[] }>();
  for (const one of [...scope.relations, ...scope.outer]) {
    for (const column of one.columns().columns) {
      if (column.name === '?column?') continue;
      const entry = found.get(column.name);
      if (entry) {
        if (one.name !== undefined && !entry.relations.includes(one.name)) entry.relations.push(one.name);
      } else found.set(column.name, { column, relations: one.name === undefined ? [] : [one.name] });
    }
  }
  let order = 0;
  return [...found.values()].flatMap(({ column, relations }): Offer[] => {
    const place = String(order++).padStart(4, '0');
    if (relations.length < 2) return [columnOffer(cursor, column, relations[0], `0${place}`)];
    // The name alone would be ambiguous: it comes after the qualified ones
    return [
      ...relations.map((relation): Offer => ({ ...columnOffer(cursor, column, relation, `0${place}`), label: `${relation}.${column.name}`, filterText: column.name, insertText: `${identifier(relation)}.${identifier(column.name)}` })),
      columnOffer(cursor, column, relations.join(', '), `0${place}z`),
    ];
  });
}

function aliases({ relations, outer }: Scope): Offer[] {
  return [...relations, ...outer].flatMap(({ name, origin }): Offer[] => (name === undefined ? [] : [{
    label: name, kind: CompletionItemKind.Variable, detail: origin === undefined || origin === name ? 'relation' : `relation · ${origin}`, sortText: `1${name}`, ...(identifier(name) === name ? {} : { insertText: identifier(name), filterText: name }),
  }]));
}

/** Columns that the select itself makes, where SQL lets them be named. */
function outputs({ select, relations }: Scope, cursor: SqlCursor): Offer[] {
  if (cursor.clause !== 'by' || !select) return [];
  const known = new Set(relations.flatMap((one) => one.columns().columns.map(({ name }) => name)));
  return select.items.flatMap(({ name }): Offer[] => (name === undefined || name === '?column?' || known.has(name) ? [] : [{ label: name, kind: CompletionItemKind.Field, detail: 'made here', sortText: `0~${name}`, ...written(cursor, name) }]));
}

function functions(): Offer[] {
  return Object.entries(FUNCTIONS).map(([label, [signature, documentation]]) => snippet({ label, kind: CompletionItemKind.Function, detail: signature, documentation, sortText: `5${label}` }, `${literal(label)}($0)`));
}

/** Columns that both sides of a join have. */
function commonColumns(request: FileRequest, cursor: SqlCursor, offset: number): Offer[] {
  const relations = scopeAt(request, offset).relations.filter(({ relation }) => relation === undefined || relation.span.start < offset);
  const right = relations.at(-1);
  if (!right || relations.length < 2) return [];
  const left = new Set(relations.slice(0, -1).flatMap((one) => one.columns().columns.map(({ name }) => name)));
  return right.columns().columns.filter(({ name }) => left.has(name)).map((column, index) => columnOffer(cursor, column, undefined, String(index).padStart(4, '0')));
}

