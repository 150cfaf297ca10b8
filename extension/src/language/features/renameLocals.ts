/** Rename of what one file knows by name: CTEs, aliases of relations, variables of Jinja. */
import { HumanError } from '../../base/errors';
import { outer } from '../analysis/columnsQuery';
import { isNamedByAlias } from '../analysis/functionColumns';
import type { Query, Relation, Select, Span, SqlDocument } from '../analysis/types';
import { GLOBALS } from '../project/globals';
import { get, items, scalar } from '../analysis/yamlValues';
import { mentionsOf } from './references';
import { columnChanges } from './renameColumns';
import { checkIdentifier, checkJinjaName, type Changes, type Edit } from './renameEdits';
import type { FileRequest } from './request';
import { macroName, type Target } from './target';
import { Makers } from './targetColumns';
import { bare, cteOf, folded, holds, nameOf, selectsOf, spelt, within } from './targetScopes';

type Of<K extends Target['kind']> = Target & { kind: K };

/** Its name in WITH, where it is read, and the qualifiers that mean it by this name. */
export function cteChanges(request: FileRequest, target: Of<'cte'>, name: string): Changes {
  const { document, cte } = target;
  checkIdentifier(name, 'a CTE');
  const wanted = folded(name);
  if (wanted === spelt(document.text, cte.nameSpan)) return unquotedOnly(request, target, name);
  for (const query of document.sql.queries) {
    if (query.ctes.some(({ nameSpan }) => spelt(document.text, nameSpan) === wanted)) throw new HumanError(`A CTE called "${name}" is already in this file. Choose another name.`);
  }
  for (const select of selectsOf(document)) {
    const own = select.from.filter((relation) => cteOf(document, select.query, relation) === cte);
    if (own.length > 0) refuseTaken(document, select, wanted, own.filter(({ alias }) => alias));
    if (select.from.some((relation) => relation.kind === 'name' && relation.path.length === 1 && relation.pathSpan && spelt(document.text, relation.pathSpan) === wanted)) {
      throw new HumanError(`This file reads a table called "${name}" already. Choose another name.`);
    }
  }
  return unquotedOnly(request, target, name);
}

/** Its alias, and the qualifiers that mean it; a relation without an alias gets one. */
export function aliasChanges(request: FileRequest, target: Of<'relation'>, name: string): Changes {
  const { document, relation, select } = target;
  checkIdentifier(name, 'an alias');
  if (folded(name) !== nameOf(document, relation)) refuseTaken(document, select, folded(name), []);
  if (relation.alias && isNamedByAlias(relation)) return aliasOfFunction(request, target, relation.alias.span, name);
  if (relation.alias) return unquotedOnly(request, target, name);
  const { edits } = unquotedOnly(request, target, name);
  const own = relation.pathSpan ?? relation.span;
  return { edits: [...edits.filter(({ span }) => !within(span, own)), { file: request.file, span: { start: relation.span.end, end: relation.span.end }, text: ` as ${name}` }] };
}

/** The alias of a function, and the column that is called so. */
function aliasOfFunction(request: FileRequest, target: Of<'relation'>, span: Span, name: string): Changes {
  const { edits } = unquotedOnly(request, target, name);
  const item = new Makers(request.project).alias({ project: request.project, file: request.file, document: target.document }, span);
  const column = columnChanges(request, { kind: 'column', name: item.name, item, from: [], span }, name);
  const known = new Set(edits.map(({ span: { start } }) => start));
  return { edits: [...edits, ...column.edits.filter((edit) => edit.file !== request.file || !known.has(edit.span.start))] };
}

/** Quoted names keep their quotes, and are what PostgreSQL makes of the new name. */
function unquotedOnly(request: FileRequest, target: Of<'cte' | 'relation'>, name: string): Changes {
  const { text } = target.document;
  return {
    edits: mentionsOf(request, target).map(({ file, span }) => {
      const inside = bare(text, span);
      return { file, span: inside, text: inside.start === span.start ? name : name.toLowerCase() };
    }),
  };
}

/** @throws HumanError where a relation of the select, or of one around or inside it, has the name */
function refuseTaken(document: SqlDocument, select: Select, wanted: string, except: readonly Relation[]): void {
  const near = selectsOf(document).filter((other) => other === select || around(other, select) || around(select, other));
  if (near.some(({ from }) => from.some((relation) => !except.includes(relation) && nameOf(document, relation) === wanted))) throw new HumanError(`A relation of this query is called "${wanted}" already. Choose another name.`);
}

function around(outside: Select, inside: Select): boolean {
  for (let at = outer(inside); at; at = outer(at)) if (at === outside) return true;
  return holdsQuery(outside.query, inside.query);
}

const holdsQuery = (outside: Query, inside: Query): boolean => outside !== inside && within(inside.span, outside.span) && inside.parentSelect !== undefined;

/** A variable of Jinja within its scope; a macro's parameter in the calls that name it, too. */
export function localChanges(request: FileRequest, target: Of<'local'>, name: string): Changes {
  const { document: { jinja }, local } = target;
  if (name === local.name) return { edits: [] };
  checkJinjaName(name, 'a variable');
  if (GLOBALS.has(name)) throw new HumanError(`"${name}" is dbt's own in every template. Choose another name.`);
  const inScope = (span: { start: number; end: number }): boolean => within(span, local.scope);
  if (jinja.variables.some((one) => one.name === name && inScope(one.span))) throw new HumanError(`A variable called "${name}" is known here already. Choose another name.`);
  if (jinja.calls.some((call) => call.name === name && inScope(call.nameSpan))) throw new HumanError(`A macro called "${name}" is called here, and would be hidden. Choose another name.`);
  const edits: Edit[] = local.places.map(({ span }) => ({ file: request.file, span, text: name }));
  const definition = jinja.definitions.find(({ span, parameters }) => within(span, local.scope) && span.start === local.scope.start && parameters.some((one) => one.name === local.name));
  return { edits: definition ? [...edits, ...argumentEdits(request, definition, local.name, name)] : edits };
}

/** `name=` in calls of a macro, and the keys of a generic test's arguments. */
function argumentEdits(request: FileRequest, { name: bareName, kind }: SqlDocument['jinja']['definitions'][number], old: string, name: string): Edit[] {
  const { project } = request;
  const key = macroName(project, request.file, kind === 'macro' ? bareName : `${kind}_${bareName}`);
  if (key === undefined) return [];
  return project.uses('macro', key).flatMap(({ file, span, role }): Edit[] => {
    if (file.endsWith('.sql')) {
      const document = file === request.file ? request.sql : project.sql(file);
      const call = document?.jinja.calls.find(({ nameSpan }) => holds(nameSpan, span.start) && nameSpan.end === span.end);
      return (call?.arguments ?? []).flatMap((argument) => (argument.name === old && argument.nameSpan ? [{ file, span: argument.nameSpan, text: name }] : []));
    }
    return yamlArguments(project.yaml(file)?.root, file, span.start, role === 'declares', old, name);
  });
}

type Node = Parameters<typeof get>[0];

function yamlArguments(root: Node, file: string, at: number, declares: boolean, old: string, name: string): Edit[] {
  // The mapping that the macro's name stands in: of a test its key's, of a description its item
  const path: NonNullable<Node>[] = [];
  for (let node = root; node;) {
    path.push(node);
    const inside = (one: Node): boolean => one !== undefined && one.span.start <= at && at <= one.span.end;
    const own = node.entries?.find(({ keySpan, value }) => holds(keySpan, at) || inside(value));
    node = own ? (holds(own.keySpan, at) ? undefined : own.value) : node.items?.find(inside);
  }
  if (declares) {
    const item = path.findLast((node) => get(node, 'arguments') !== undefined);
    return items(get(item, 'arguments')).flatMap((argument): Edit[] => {
      const node = get(argument, 'name');
      return node && scalar(node) === old ? [{ file, span: node.textSpan ?? node.span, text: name }] : [];
    });
  }
  const test = path.findLast((node) => node.kind === 'mapping');
  const own = test?.entries?.find(({ keySpan }) => holds(keySpan, at))?.value ?? test;
  return [own, get(own, 'arguments')].flatMap((node) => (node?.entries ?? []).flatMap(({ key, keySpan }): Edit[] => (key === old ? [{ file, span: keySpan, text: name }] : [])));
}
