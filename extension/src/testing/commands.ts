import fs from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { Cancelled, HumanError } from '../base/errors';
import { COMMANDS } from '../contributions';
import type { Model, Projects } from '../dbt/types';
import { qualifiedName } from '../warehouse/identifiers';
import type { Warehouse } from '../warehouse/types';
import { insertionOf, unitTestOf, unitTestsIn, type Frozen } from './freeze';

/** A test with more rows of one table than this says nothing to its reader. */
const ROWS = 500;
const CLIENT = 'client_id';

export interface FreezeOptions {
  projects: Projects;
  warehouse: Warehouse;
}

/**
 * Writes what a model makes of a client's rows now as a unit test into the model's YAML, and shows it there.
 * @throws HumanError where there is no such model, no row, or too many
 */
export async function freezeJourney(clientId: string, { projects, warehouse }: FreezeOptions): Promise<void> {
  const model = await pickModel(projects);
  const sql = await textOf(vscode.Uri.file(model.file));
  const target = await placeOf(model);
  const taken = unitTestsIn(target.text).map((test) => test.name);
  const name = await vscode.window.showInputBox({
    title: vscode.l10n.t('Freeze as a Unit Test of {0}', model.name), prompt: vscode.l10n.t('What the test is called: best after what this journey shows'), value: free('frozen_journey', taken),
    validateInput: (value) => (!/^[a-z_][a-z0-9_]*$/i.test(value) ? vscode.l10n.t('Letters, digits and underscores, no digit first') : taken.includes(value) ? vscode.l10n.t('{0} has a unit test of this name', path.basename(target.uri.fsPath)) : undefined),
  });
  if (name === undefined) throw new Cancelled();
  const parents = model.refs.flatMap((ref) => projects.modelNamed(ref) ?? []);
  const frozen = await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, cancellable: true, title: vscode.l10n.t('Reading the rows of {0}', model.name) }, async (_, token) => {
    const abort = new AbortController();
    token.onCancellationRequested(() => abort.abort());
    const all: Frozen[] = [];
    for (const one of [...parents, model]) all.push(await rowsOf(one, clientId, warehouse, abort.signal));
    return all;
  });
  const expect = frozen.pop();
  if (!expect || expect.rows.length === 0) throw new HumanError(vscode.l10n.t('{0} has no row of this client, so there is nothing to expect. Materialize it, or choose another model.', model.name));
  const test = unitTestOf({
    name, model: model.name, incremental: /materialized\s*=\s*['"]incremental/.test(sql), given: frozen, expect, sql,
    description: vscode.l10n.t('A real journey, frozen on {0}: ids are masked, the expected rows are those of the table.', new Date().toISOString().slice(0, 10)),
  });
  await write(target, test);
}

/** Models with rows of clients, made of models with rows of clients; those that credit first. */
async function pickModel(projects: Projects): Promise<Model> {
  const hasClients = (model: Model | undefined): boolean => model?.columns.some(({ name }) => name === CLIENT) ?? false;
  const models = projects.all.flatMap(({ models: all }) => [...all.values()])
    .filter((model) => hasClients(model) && model.refs.length > 0 && model.refs.every((ref) => hasClients(projects.modelNamed(ref))));
  const rank = ({ layer }: Model): number => ['marts', 'intermediate'].indexOf(layer) + 1 || 3;
  models.sort((one, other) => rank(one) - rank(other) || one.name.localeCompare(other.name));
  if (models.length === 0) throw new HumanError(vscode.l10n.t('No model of this project documents a column {0} and is made of models that do.', CLIENT));
  const picked = await vscode.window.showQuickPick(models.map((model) => ({ label: model.name, description: vscode.l10n.t('made of {0}', model.refs.join(', ')), model })), {
    title: vscode.l10n.t('Freeze as a Unit Test'), placeHolder: vscode.l10n.t('Which model is tested?'),
  });
  if (!picked) throw new Cancelled();
  return picked.model;
}

async function rowsOf({ name, relation }: Model, clientId: string, warehouse: Warehouse, signal: AbortSignal): Promise<Frozen> {
  const { columns, rows } = await warehouse.query(`select * from ${qualifiedName(relation)} where client_id = $1 limit ${ROWS + 1}`, [clientId], { signal });
  if (rows.length > ROWS) throw new HumanError(vscode.l10n.t('{0} has more than {1} rows of this client: too many for a test that somebody is to read. Choose a client with a shorter journey.', name, ROWS));
  const time = columns.findIndex(({ type }) => type.startsWith('timestamp'));
  return { model: name, columns, rows: time < 0 ? rows : [...rows].sort((one, other) => ((one[time] ?? '') < (other[time] ?? '') ? -1 : 1)) };
}

interface Target {
  uri: vscode.Uri;
  text: string;
}

/** The YAML that has unit tests of the model already, else the one that describes it, else a new one beside it. */
async function placeOf(model: Model): Promise<Target> {
  const folder = path.dirname(model.file);
  const files = (await fs.readdir(folder)).filter((file) => /\.ya?ml$/.test(file)).map((file) => vscode.Uri.file(path.join(folder, file)));
  for (const uri of files) {
    const text = await textOf(uri);
    if (unitTestsIn(text).some((test) => test.model === model.name)) return { uri, text };
  }
  const uri = model.yaml ? vscode.Uri.file(model.yaml.file) : vscode.Uri.file(path.join(folder, `${model.name}.yml`));
  return { uri, text: await textOf(uri).catch(() => '') };
}

const textOf = async (uri: vscode.Uri): Promise<string> => (await vscode.workspace.openTextDocument(uri)).getText();

function free(name: string, taken: readonly string[]): string {
  for (let number = 1; ; number++) if (!taken.includes(`${name}_${number}`)) return `${name}_${number}`;
}

async function write({ uri, text }: Target, test: string): Promise<void> {
  const insertion = insertionOf(text, test);
  const edit = new vscode.WorkspaceEdit();
  if (text === '') edit.createFile(uri, { ignoreIfExists: true });
  edit.insert(uri, new vscode.Position(insertion.line, 0), insertion.text);
  if (!(await vscode.workspace.applyEdit(edit))) throw new HumanError(vscode.l10n.t('{0} could not be changed. Is it read-only?', uri.fsPath));
  const document = await vscode.workspace.openTextDocument(uri);
  await document.save();
  const editor = await vscode.window.showTextDocument(document, vscode.ViewColumn.One);
  const first = insertion.line + insertion.text.split('\n').findIndex((line) => line.includes('- name:'));
  editor.selection = new vscode.Selection(first, 0, first, 0);
  editor.revealRange(new vscode.Range(first, 0, first + 12, 0), vscode.TextEditorRevealType.AtTop);
  void vscode.window.showInformationMessage(vscode.l10n.t('The unit test was written to {0}.', vscode.workspace.asRelativePath(uri)));
}

/** What the command is given. @throws HumanError where it names no client */
export function clientOf(given: unknown): string {
  const id = typeof given === 'string' ? given : (given as { clientId?: unknown } | null | undefined)?.clientId;
  if (typeof id === 'string' && id !== '') return id;
  throw new HumanError(vscode.l10n.t('Open the journey that is to be frozen, and use its button.'), [{ title: vscode.l10n.t('Find Client…'), command: COMMANDS.findClient }]);
}
