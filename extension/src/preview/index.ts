import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../base/events';
import { COMMANDS, PANELS } from '../contributions';
import type { Dagster } from '../dagster/types';
import { nameOf } from '../dagster/words';
import type { Model, Projects } from '../dbt/types';
import { pickFollowing } from '../platform/pick';
import { filterOf, queryOf } from './arguments';
import { PreviewPanel, newPanel, newQueryPanel, type PanelOptions } from './panel';
import type { QuerySubject } from './protocol';

export interface PreviewOptions extends PanelOptions {
  dagster: Dagster;
}

/** Assets of one run come one after another. */
const SETTLE_MS = 300;
const LAYERS = ['marts', 'intermediate', 'staging'];

/** The rows of any model in a grid: the command, panels that outlive a reload and follow what Dagster materializes. */
export function registerPreview(options: PreviewOptions): Disposable {
  const { commands, projects, dagster } = options;
  const store = new DisposableStore();
  const panels = new Map<string, PreviewPanel>();

  const adopt = (model: string, panel: vscode.WebviewPanel, filter?: Record<string, string>): void => {
    panels.set(model, new PreviewPanel(model, panel, options, () => panels.delete(model), filter));
  };
  const queries = new Map<string, PreviewPanel>();
  store.add({ dispose: () => [...panels.values(), ...queries.values()].forEach((panel) => panel.dispose()) });

  const adoptQuery = (query: QuerySubject, panel: vscode.WebviewPanel): void => {
    queries.set(query.title, new PreviewPanel(query.title, panel, options, () => queries.delete(query.title), undefined, query));
  };
  // The rows of a query, for features that make one
  store.add(commands.register(COMMANDS.previewQuery, (given) => {
    const query = queryOf(given);
    if (!query) return;
    const open = queries.get(query.title);
    if (open) open.ask(query);
    else adoptQuery(query, newQueryPanel(query.title));
  }));
  store.add(vscode.window.registerWebviewPanelSerializer(PANELS.query, {
    deserializeWebviewPanel: (panel, state) => {
      const query = typeof state === 'object' && state !== null && 'query' in state ? queryOf(state.query) : undefined;
      if (!query || queries.has(query.title)) panel.dispose();
      else adoptQuery(query, panel);
      return Promise.resolve();
    },
  }));

  store.add(commands.register(COMMANDS.previewModel, async (given) => {
    await projects.ready;
    const model = modelOf(given, projects) ?? modelInEditor(projects) ?? await pick(projects);
    if (model === undefined) return;
    const open = panels.get(model);
    const filter = filterOf(given);
    if (open) open.reveal(filter);
    else adopt(model, newPanel(model), filter);
  }));

  store.add(vscode.window.registerWebviewPanelSerializer(PANELS.preview, {
    deserializeWebviewPanel: (panel, state) => {
      const model = modelOf(state, projects);
      if (model === undefined || panels.has(model)) panel.dispose();
      else adopt(model, panel);
      return Promise.resolve();
    },
  }));

  const materialized = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  store.add({ dispose: () => clearTimeout(timer) });
  store.add(dagster.onDidMaterialize((key) => {
    materialized.add(nameOf(key));
    clearTimeout(timer);
    timer = setTimeout(() => {
      for (const model of materialized) {
        const panel = panels.get(model);
        // A hidden page starts anew when it is shown
        if (panel?.visible) void panel.open(vscode.l10n.t('{0} was materialized: read again at the same place.', model));
      }
      materialized.clear();
    }, SETTLE_MS);
  }));
  return store;
}

/** A model's name, from whatever the command was given: a name, a model, an asset, a file, a panel's state. */
function modelOf(given: unknown, projects: Projects): string | undefined {
  if (typeof given === 'string') return given === '' ? undefined : nameOf(given);
  if (given instanceof vscode.Uri) return projects.modelOfFile(given.fsPath)?.name;
  if (typeof given !== 'object' || given === null) return undefined;
  for (const property of ['model', 'name', 'key', 'asset']) {
    const value: unknown = (given as Record<string, unknown>)[property];
    const name = typeof value === 'string' || (typeof value === 'object' && value !== null) ? modelOf(value, projects) : undefined;
    if (name !== undefined) return name;
  }
  return undefined;
}

function modelInEditor(projects: Projects): string | undefined {
  const editor = vscode.window.activeTextEditor;
  return editor && projects.modelOfFile(editor.document.uri.fsPath)?.name;
}

async function pick(projects: Projects): Promise<string | undefined> {
  // What the watchers have not told yet comes in while the list is open
  void projects.scan();
  return (await pickFollowing(() => itemsOf(projects), projects.onDidChange, vscode.l10n.t('Whose rows?')))?.label;
}

function itemsOf(projects: Projects): vscode.QuickPickItem[] {
  const models = projects.all.flatMap((project) => [...project.models.values()]);
  const rank = ({ layer }: Model): number => (LAYERS.includes(layer) ? LAYERS.indexOf(layer) : LAYERS.length);
  models.sort((a, b) => rank(a) - rank(b) || a.layer.localeCompare(b.layer) || a.name.localeCompare(b.name));
  return models.flatMap((model, index): vscode.QuickPickItem[] => [
    ...(models[index - 1]?.layer === model.layer ? [] : [{ label: model.layer || vscode.l10n.t('others'), kind: vscode.QuickPickItemKind.Separator }]),
    { label: model.name, ...(model.relation.schema === model.layer ? {} : { description: model.relation.schema }), ...(model.description ? { detail: model.description.split('\n')[0] ?? '' } : {}) },
  ]);
}
