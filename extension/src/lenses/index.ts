import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../base/events';
import { CONTEXT } from '../contributions';
import type { Dagster } from '../dagster/types';
import { modelsDescribedIn } from '../dbt/projects';
import type { Projects } from '../dbt/types';
import { ConfigSetting } from '../platform/config';
import type { Shown } from './model';
import { Lenses } from './provider';

/** Changes that come together are drawn together (milliseconds). */
const TOGETHER = 100;
/** "2 min ago" ages by the minute. */
const AGEING = 60_000;

/** Lenses on models and asset definitions, and the context key that names the model in the active editor. */
export function registerLenses({ projects, dagster }: { projects: Projects; dagster: Dagster }): Disposable {
  const store = new DisposableStore();
  const settings = {
    materialize: store.add(new ConfigSetting('attribution.lenses.materialize')),
    preview: store.add(new ConfigSetting('attribution.lenses.preview')),
    journeys: store.add(new ConfigSetting('attribution.lenses.journeys')),
    checks: store.add(new ConfigSetting('attribution.lenses.checks')),
    state: store.add(new ConfigSetting('attribution.lenses.state')),
  };
  // Where nothing may be executed, nothing is offered
  const on = (setting: { value: boolean }): boolean => setting.value && vscode.workspace.isTrusted;
  const shown = (): Shown => ({ materialize: on(settings.materialize), preview: on(settings.preview), journeys: on(settings.journeys), checks: on(settings.checks), state: on(settings.state) });
  const lenses = store.add(new Lenses(projects, dagster, shown));

  let waiting: NodeJS.Timeout | undefined;
  const soon = (): void => {
    waiting ??= setTimeout(() => {
      waiting = undefined;
      lenses.refresh();
    }, TOGETHER);
  };
  const ageing = setInterval(() => lenses.refresh(), AGEING);
  store.add({ dispose: () => {
    clearTimeout(waiting);
    clearInterval(ageing);
  } });
  for (const setting of Object.values(settings)) store.add(setting.onDidChange(soon));
  store.add(vscode.workspace.onDidGrantWorkspaceTrust(soon));
  store.add(dagster.onDidChange(soon));
  store.add(projects.onDidChange(soon));
  store.add(vscode.languages.registerCodeLensProvider({ scheme: 'file', pattern: '**/*.{sql,yml,yaml,py}' }, lenses));
  store.add(followActiveModel(projects));
  return store;
}

/** Keeps the context key `attribution.model` at the model that the active editor shows. */
function followActiveModel(projects: Projects): Disposable {
  const store = new DisposableStore();
  let known: string | undefined;
  const update = (): void => {
    const file = vscode.window.activeTextEditor?.document.uri.fsPath;
    const described = file === undefined ? [] : modelsDescribedIn(projects, file);
    const model = file === undefined ? undefined : projects.modelOfFile(file)?.name ?? (described.length === 1 ? described[0]?.name : undefined);
    if (model === known) return;
    known = model;
    void vscode.commands.executeCommand('setContext', CONTEXT.model, model);
  };
  store.add(vscode.window.onDidChangeActiveTextEditor(update));
  store.add(projects.onDidChange(update));
  update();
  return store;
}
