/** Completion: which kind of place the cursor is in, and the list for it. */
import { InsertTextFormat, MarkupKind, type CompletionItem, type CompletionList } from 'vscode-languageserver';
import { lineStart } from '../analysis/positions';
import type { Span } from '../analysis/types';
import { completeJinja, isNaming } from './completionJinja';
import { documentationOf, placed, subjectOf, unplaced, withoutPlaces, type Offer } from './completionItems';
import { completeLiteral } from './completionLiterals';
import { columnsInString, completeSql } from './completionSql';
import { completeYaml } from './completionYaml';
import { jinjaCursor, type JinjaCursor } from './jinjaCursor';
import type { PlaceRequest } from './request';
import { columnsOfModel, columnsOfSource } from './scope';
import type { ResourceKind } from './configKeys';

interface Found {
  offers: readonly Offer[];
  span: Span;
}

/**
 * What can be written at a place, with exact ranges to replace; null where nothing is to be offered (comments, strings, running text).
 * @param trigger the character that was typed, where that is why the client asks
 * @param snippets whether the client knows places to fill in
 * @param shared whether it takes one range for all items, which keeps long lists small
 */
export function completion(request: PlaceRequest, trigger: string | undefined, snippets: boolean, shared = false): CompletionList | null {
  const found = find(request, trigger);
  if (!found || found.offers.length === 0) return null;
  const range = request.lines.range(found.span);
  // Without a line of its own a client cannot replace it
  if (range.start.line !== range.end.line) return null;
  const fit = fitting(found.offers, request.text.slice(found.span.start, request.offset));
  const offers = snippets ? fit : fit.map(plain);
  // What a sign brings has nothing chosen in it: VS Code asks again at the first letter, be it typed before the list is there, and chooses then
  const isIncomplete = trigger !== undefined;
  if (shared) return { isIncomplete, itemDefaults: { editRange: range }, items: unplaced(offers) };
  // A word that ends at the cursor is what any client replaces by itself, and thousands of ranges take longer than all the names
  const word = offers.length > LONG && found.span.end === request.offset && /^\w*$/.test(request.text.slice(found.span.start, found.span.end));
  return { isIncomplete, items: word ? offers as CompletionItem[] : placed(offers, range) };
}

/** Lists up to this length are sent whole. */
const SHORT = 100;
/** Above this length the items carry no range where a client does not take one for all. */
const LONG = 2000;

/** Of a long list, what a client would show for the letters that are there: those letters in their order, others between them. */
function fitting(offers: readonly Offer[], typed: string): readonly Offer[] {
  const letters = typed.toLowerCase();
  if (offers.length <= SHORT || letters === '') return offers;
  return offers.filter(({ label, filterText }) => {
    const words = (filterText ?? label).toLowerCase();
    let at = 0;
    for (const letter of letters) {
      at = words.indexOf(letter, at) + 1;
      if (at === 0) return false;
    }
    return true;
  });
}

/** Adds the documentation of what an item stands for. */
export function completionResolve(item: CompletionItem, { project }: PlaceRequest): CompletionItem {
  const subject = subjectOf(item);
  const text = subject && documentationOf(project, subject);
  return text === undefined ? item : { ...item, documentation: { kind: MarkupKind.Markdown, value: text } };
}

function plain({ insertTextFormat, ...offer }: Offer): Offer {
  return insertTextFormat === InsertTextFormat.Snippet ? { ...offer, insertText: withoutPlaces(offer.insertText ?? offer.label) } : offer;
}

/** Nothing but the dash of an item, on a line of its own. */
const DASH = /^ *(?:- +)+$/;

function find(request: PlaceRequest, trigger: string | undefined): Found | undefined {
  const { text, offset, role, sql, project } = request;
  // A space asks for what an item may be, and for nothing elsewhere
  if (trigger === ' ' && !(request.yaml && DASH.test(text.slice(lineStart(text, offset), offset)) && /^[ \r]*(?:\n|$)/.test(text.slice(offset)))) return undefined;
  if (sql?.jinja.tags.some((tag) => tag.kind === 'comment' && tag.span.start + 1 < offset && (tag.closed ? offset < tag.span.end : offset <= tag.span.end))) return undefined;
  const cursor = jinjaCursor(text, offset);
  if (cursor) return inJinja(request, cursor);
  // These mean something inside a tag alone
  if (trigger === '|' || trigger === '{' || trigger === '%') return undefined;
  if (request.yaml) return completeYaml({ project, text, offset, role, columnsOfModel: (name) => columnsOfModel(project, name).columns, columnsOfSource: (key) => columnsOfSource(project, key).columns });
  if (!sql || role === 'docs') return undefined;
  // A quote that closes asks for nothing
  if ((trigger === "'" || trigger === '"') && sql.sql.tokens.some(({ start, end }) => start + 1 < offset && end === offset)) return undefined;
  return completeLiteral(request, offset) ?? completeSql(request, offset);
}

const RESOURCES: Readonly<Partial<Record<string, ResourceKind>>> = { snapshot: 'snapshot', test: 'test', seed: 'seed' };

function inJinja(request: PlaceRequest, cursor: JinjaCursor): Found {
  const { project, text, offset, role, file } = request;
  const call = cursor.calls.at(-1);
  if (cursor.string && cursor.kind === 'expression' && call && !isNaming(call.name)) {
    const found = columnsInString(request, offset, text.slice(cursor.string.start, offset), cursor.start);
    if (found) return found;
  }
  return completeJinja({
    project, text, offset, cursor, locals: localNames(request), resource: RESOURCES[role ?? ''] ?? 'model',
    ownColumns: () => {
      const own = project.modelOfFile(file);
      return own ? columnsOfModel(project, own.name).columns.map(({ name }) => name) : [];
    },
  });
}

/** Names that are bound above the cursor, in the macro that it is in or outside of all. */
function localNames({ sql, offset }: PlaceRequest): string[] {
  if (!sql) return [];
  const { variables, definitions } = sql.jinja;
  const names = new Set<string>();
  for (const { name, span, binds } of variables) {
    if (!binds || span.start >= offset) continue;
    const inside = definitions.find((one) => one.span.start <= span.start && span.end <= one.span.end);
    if (!inside || (inside.span.start <= offset && offset <= inside.span.end)) names.add(name);
  }
  return [...names];
}
