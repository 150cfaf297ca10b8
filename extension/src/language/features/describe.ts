/** What is shown of a thing, as Markdown: in hovers and beside completions. Nothing in it is trusted by VS Code, so no link of it runs a command. */
import path from 'node:path';
import type { Column, DocBlock, Macro, Model, Project, SourceTable, Variable } from '../project/types';

/** Longest list of columns in a hover; the rest is counted. */
const MOST_COLUMNS = 40;
/** Longest list of columns that one is made of. */
const MOST_INPUTS = 6;
const MOST_TEXT = 4_000;

/** Code on one line, whatever it holds. */
export function code(text: string): string {
  const plain = text.replace(/\s+/g, ' ').trim();
  const longest = Math.max(0, ...(plain.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  return longest > 0 ? `${fence} ${plain} ${fence}` : `${fence}${plain}${fence}`;
}

/** A block of code. */
export function block(text: string, language: string): string {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
}

/** A description is Markdown by dbt's rules; HTML, images and links of other schemes than http are shown as text. */
export function description(text: string | undefined): string {
  if (text === undefined) return '';
  const short = text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)} …` : text;
  return short.trim().replace(/</g, '&lt;').replace(/!\[/g, '\\!\\[').replace(/\]\((?!https?:)/gi, ']\\(');
}

/** The first sentence of a description, or its part before a colon, without line ends. */
export function summary(text: string | undefined): string {
  const flat = (text ?? '').replace(/\s+/g, ' ').trim();
  return /^.{10,160}?[.:;](?=\s|$)/.exec(flat)?.[0].replace(/[:;]$/, '') ?? (flat.length > 160 ? `${flat.slice(0, 160)} …` : flat);
}

/** What a description says about its rows: `Grain: one row per purchase`. */
export function grain(text: string | undefined): string | undefined {
  const flat = (text ?? '').replace(/\s+/g, ' ');
  return /\bgrain:\s*([^:.;]+)/i.exec(flat)?.[1]?.trim() ?? /\bone row (?:per|for each|for every) [^:.;,(]+/i.exec(flat)?.[0].trim();
}

/** The grain, where the description does not call it by its name already. */
function unsaidGrain(text: string | undefined): string | undefined {
  return /\bgrain\b/i.test(text ?? '') ? undefined : grain(text);
}

/** Folder below the model path: `staging`, `marts/finance`; '' where there is none. */
export function layerOf(project: Project, model: Model): string {
  const inside = path.relative(project.root, path.dirname(model.file)).split(/[\\/]/);
  const folders = inside[0] === 'dbt_packages' || inside[0] === 'dbt_modules' ? inside.slice(3) : inside.slice(1);
  return folders.join('/');
}

function place(project: Project, file: string): string {
  return code(path.relative(project.root, file).replaceAll('\\', '/'));
}

const counted = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;

/** `model · marts · incremental` */
function modelLine(project: Project, model: Model): string {
  const materialized = model.config['materialized'];
  return [model.kind, layerOf(project, model), typeof materialized === 'string' ? materialized : model.kind === 'model' ? 'view' : '', model.package ?? ''].filter(Boolean).join(' · ');
}

/** A model, seed or snapshot with its columns (names, types), grain, tests and neighbours. */
export function describeModel(project: Project, model: Model, columns: readonly Column[]): string {
  const properties = model.properties;
  const rows = unsaidGrain(properties?.description);
  const neighbours = [counted(project.parents(model.name).length, 'parent')];
  // Who waits for a word does not wait for every file to be read
  if (project.complete) neighbours.push(counted(project.children(model.name).length, 'child').replace('childs', 'children'));
  return joined([
    `**${code(model.name)}** — ${description(modelLine(project, model))}`,
    description(properties?.description),
    rows === undefined ? '' : `Grain: ${description(rows)}`,
    columnTable(columns),
    properties && properties.tests.length > 0 ? `Tests: ${properties.tests.map(code).join(', ')}` : '',
    [...neighbours, place(project, model.file)].join(' · '),
  ]);
}

export function describeSource(project: Project, source: SourceTable, columns: readonly Column[]): string {
  const rows = unsaidGrain(source.properties.description);
  return joined([
    `**${code(`${source.source}.${source.table}`)}** — source table`,
    description(source.properties.description),
    rows === undefined ? '' : `Grain: ${description(rows)}`,
    columnTable(columns),
    source.properties.tests.length > 0 ? `Tests: ${source.properties.tests.map(code).join(', ')}` : '',
    place(project, source.properties.file),
  ]);
}

/** `name(a, b=1)` as it is called, with its package. */
export function macroSignature(macro: Macro): string {
  const name = macro.package === undefined || macro.name.includes('.') ? macro.name : `${macro.package}.${macro.name}`;
  return `${name}(${macro.definition.parameters.map((one) => (one.default === undefined ? one.name : `${one.name}=${one.default}`)).join(', ')})`;
}

export function describeMacro(project: Project, macro: Macro): string {
  const documented = macro.argumentDocs.filter((one) => one.description !== undefined || one.type !== undefined);
  return joined([
    block(macroSignature(macro), 'python'),
    description(macro.description),
    documented.map((one) => `- ${code(one.name)}${one.type === undefined ? '' : ` ${code(one.type)}`}${one.description === undefined ? '' : ` — ${description(one.description).replace(/\n+/g, ' ')}`}`).join('\n'),
    `macro · ${place(project, macro.file)}`,
  ]);
}

export function describeVariable(project: Project, variable: Variable): string {
  return joined([
    variable.value === undefined ? `**${code(variable.name)}** — variable` : block(`${variable.name}: ${JSON.stringify(variable.value)}`, 'yaml'),
    description(variable.comment),
    variable.location ? `variable · ${place(project, variable.location.file)}` : 'variable · not in dbt_project.yml: its default holds',
  ]);
}

export function describeDoc(project: Project, doc: DocBlock): string {
  return joined([description(doc.text), `docs block ${code(doc.name)} · ${place(project, doc.location.file)}`]);
}

/**
 * A column of a relation.
 * @param expression what makes it @param model whose SQL says so @param inputs columns of models and sources that it is made of, where its relation is one of the file
 */
export function describeColumn(column: Column, relation: string | undefined, expression?: string, model?: string, inputs: readonly string[] = []): string {
  const from = inputs.length > 0 ? inputs : column.from && column.from.relation !== relation ? [`${column.from.relation}.${column.from.column}`] : [];
  return joined([
    `**${code(relation === undefined ? column.name : `${relation}.${column.name}`)}**${column.type === undefined ? '' : ` ${code(column.type)}`} — column`,
    description(column.description),
    expression === undefined ? '' : block(expression, 'sql'),
    model === undefined || model === relation || model === column.from?.relation ? '' : `Made in ${code(model)}`,
    from.length > 0 ? `From ${from.slice(0, MOST_INPUTS).map(code).join(', ')}${from.length > MOST_INPUTS ? ', …' : ''}` : '',
    column.tests.length > 0 ? `Tests: ${column.tests.map(code).join(', ')}` : '',
  ]);
}

/** Names and types of columns as a list. */
export function columnTable(columns: readonly Column[]): string {
  if (columns.length === 0) return '';
  const lines = columns.slice(0, MOST_COLUMNS).map((column) => `- ${code(column.name)}${column.type === undefined ? '' : ` ${code(column.type)}`}${column.description === undefined ? '' : ` — ${description(summary(column.description))}`}`);
  if (columns.length > MOST_COLUMNS) lines.push(`- … and ${columns.length - MOST_COLUMNS} more`);
  return lines.join('\n');
}

export function joined(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('\n\n');
}
