/** Rename of a column, from where it is made to everything that reads it. */
import path from 'node:path';
import { HumanError } from '../../base/errors';
import type { SqlDocument } from '../analysis/types';
import { linesOf } from './references';
import { ColumnSearch, type ColumnMention } from './referencesColumns';
import { columnMentionsInConfig, columnMentionsInYaml, columnTypesInProject } from './renameColumnsYaml';
import { checkIdentifier, type Changes, type Edit } from './renameEdits';
import type { FileRequest } from './request';
import type { Target } from './target';
import { Makers, type Maker } from './targetColumns';
import { bare, folded } from './targetScopes';

type Column = Target & { kind: 'column' };

/**
 * What makes the column that is renamed: of one that an item hands on from another model, the item itself.
 * @throws HumanError where no select list of the project makes it
 */
export function columnStart(request: FileRequest, { item, from, name }: Column): Maker {
  const { project } = request;
  const start = item ?? from[0];
  if (!start) throw new HumanError(`Where the column "${name}" is made is not to be told from the files. Rename it by hand.`);
  if (start.of !== undefined) {
    if (project.sources.has(start.of)) throw new HumanError(`The column "${name}" is the source ${start.of}'s: the database names it. Give it another name where a model reads it: ${name} as ….`);
    checkSeed(request, start, start.of);
    return start;
  }
  if (start.pieced) throw pieced(name);
  if (start.alias) throw new HumanError(`The column "${name}" is called as the alias of the function that makes it. Rename the alias.`);
  if (start.by !== undefined) throw new HumanError(`The column "${name}" is called so by the function ${start.by}. Name the function's columns behind its alias: as … (…).`);
  if (start.item && !start.item.nameSpan) throw new HumanError(`The column "${name}" is named nowhere: PostgreSQL calls it so. Name it with "as" where it is made.`);
  const owner = start.place && project.modelOfFile(start.place.file)?.package;
  if (owner !== undefined) throw packaged(name, owner);
  return start;
}

/** @throws HumanError where a column is of no seed whose first line can be changed */
function checkSeed(request: FileRequest, { name, place }: Maker, of: string): void {
  const seed = request.project.models.get(of);
  if (seed?.kind !== 'seed' || !place) throw new HumanError(`The column "${name}" of ${of} is made by what only dbt can run. Rename it by hand.`);
  if (seed.package !== undefined) throw packaged(name, seed.package);
  const written = linesOf(request, seed.file)?.text.slice(place.span.start, place.span.end);
  if (written === undefined) throw new HumanError(`The file of the seed ${of} is too large to be changed from here. Rename the column "${name}" by hand.`);
  // dbt quotes the names of seeds' columns
  if (written !== name || !/^[a-z_][\w$]*$/.test(written)) throw new HumanError(`The column "${written}" of the seed ${of} has capitals or signs in its name, which SQL must quote. Rename it by hand: in the CSV file's first line, and where it is read.`);
}

const packaged = (name: string, owner: string): HumanError => new HumanError(`The column "${name}" is made by the package ${owner}, which is not this project's to change.`);
const pieced = (name: string): HumanError => new HumanError(`Jinja pieces the name of the column "${name}" together. Rename it by hand.`);

export function columnChanges(request: FileRequest, target: Column, newName: string): Changes {
  checkIdentifier(newName, 'a column');
  const start = columnStart(request, target);
  const wanted = folded(newName);
  if (wanted === start.name) return { edits: [] };
  const search = new ColumnSearch(request, start);
  search.run();
  if (search.pieced) throw pieced(start.name);
  const edits: Edit[] = [];
  const makers = new Makers(request.project);
  if (start.of !== undefined && makers.ofModel(start.of, wanted).length > 0) throw new HumanError(`The seed ${start.of} has a column called "${wanted}" already. Choose another name.`);
  for (const mention of search.mentions.values()) {
    // Below a model that makes a column of that name of its own
    if (mention.carries) continue;
    const document = documentOf(request, mention.file);
    refuse(request, document, makers, mention, start.name, wanted);
    edits.push(...editsOf(document?.text ?? '', mention, document ? newName : wanted));
  }
  for (const model of search.models) {
    const named = [...columnMentionsInYaml(request, model, start.name), ...columnMentionsInConfig(request, model, start.name), ...columnTypesInProject(request, model, start.name)];
    edits.push(...named.map(({ file, span }) => ({ file, span, text: wanted })));
  }
  return { edits };
}

/** @param text of a SQL file */
function editsOf(text: string, { file, span, role, item }: ColumnMention, name: string): Edit[] {
  const inside = bare(text, span);
  const replaced: Edit = { file, span: inside, text: inside.start === span.start ? name : folded(name) };
  const named = (alias: string): Edit => ({ file, span: { start: item?.span.end ?? span.end, end: item?.span.end ?? span.end }, text: ` as ${alias}` });
  switch (role) {
    case 'enters': return [named(name)];
    case 'leaves': return [replaced, named(text.slice(span.start, span.end))];
    // `count(*)` has no alias yet
    case 'made': return item && item.nameSpan?.end !== item.span.end ? [named(name)] : [replaced];
    default: return [replaced];
  }
}

/** @throws HumanError where the new name would mean something else, or the column is one with another that keeps its name */
function refuse(request: FileRequest, document: SqlDocument | undefined, makers: Makers, { file, span, select, item, role, shared }: ColumnMention, old: string, wanted: string): void {
  const where = path.relative(request.project.root, file).replaceAll('\\', '/');
  if (shared) {
    const other = shared.place ? path.relative(request.project.root, shared.place.file).replaceAll('\\', '/') : shared.of ?? 'another relation';
    throw new HumanError(`In ${where} the column "${old}" is one with that of ${other} (by union or using), which would keep its name. Rename both by hand.`);
  }
  if (!select || !document) return;
  const scope = { project: request.project, file, document };
  if (item && role !== 'leaves' && makers.ofQuery(scope, select.query, wanted).length > 0) throw new HumanError(`A column called "${wanted}" is in the same select list in ${where}. Choose another name.`);
  const nowhere = { start: -1, end: -1 };
  // Behind a dot it is the column of that relation alone
  const bareRead = role !== 'made' && document.text[span.start - 1] !== '.';
  if (bareRead && makers.ofReference(scope, select, { name: wanted, quoted: true, span: nowhere }).length > 0) {
    throw new HumanError(`A relation that is read in ${where} has a column called "${wanted}" already. Choose another name.`);
  }
}

function documentOf({ file: own, sql, project }: FileRequest, file: string): SqlDocument | undefined {
  if (!file.endsWith('.sql')) return undefined;
  return file === own && sql ? sql : project.sql(file);
}
