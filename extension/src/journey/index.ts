import path from 'node:path';
import * as vscode from 'vscode';
import { DEFAULT_RULES, rulesOf, type Rules } from '../attribution/rules';
import { HumanError } from '../base/errors';
import { DisposableStore, type Disposable } from '../base/events';
import { COMMANDS, PANELS } from '../contributions';
import type { Dagster } from '../dagster/types';
import { nameOf } from '../dagster/words';
import type { Projects } from '../dbt/types';
import type { Commands } from '../platform/commands';
import type { ReadingWarehouse } from '../warehouse/types';
import { targetOf, targetOfLink } from './arguments';
import { pickClient } from './commands';
import { JourneyPanels } from './panel';
import { JourneyQueries } from './query';
import { findRecord } from './records';
import { findClients } from './search';

export interface JourneyOptions {
  context: vscode.ExtensionContext;
  commands: Commands;
  warehouse: ReadingWarehouse;
  projects: Projects;
  dagster: Dagster;
  /** RAW_DATA_DIR as the project's environment has it; undefined where it is not set */
  rawDataDirectory: () => string | undefined;
}

/** Models that a journey shows. */
const SHOWN = new Set(['stg_events', 'stg_clients', 'rejected_records', 'int_touchpoints', 'first_touch_attribution', 'last_touch_attribution', 'multi_touch_attribution']);
/** Assets of one run come one after another. */
const SETTLE = 500;

/** The journey of a client: commands, links, panels that outlive a reload and follow what Dagster materializes. */
export function registerJourney({ context, commands, warehouse, projects, dagster, rawDataDirectory }: JourneyOptions): Disposable {
  const store = new DisposableStore();
  const project = (): ReturnType<typeof projectOf> => projectOf(projects);
  const rules = (): Rules => rulesOf(project()?.vars ?? { ...DEFAULT_RULES });
  const rawFolders = (): string[] => {
    const checkouts = [...(project() ? [path.join(project()?.root ?? '', '..')] : []), ...(vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri.fsPath)];
    const named = rawDataDirectory() ?? '';
    return [...(named === '' ? [] : checkouts.map((folder) => path.resolve(folder, named))), ...checkouts.map((folder) => path.join(folder, 'data', 'raw'))];
  };
  const openRecord = (sourceFile: string, recordNumber: number): Promise<void> => Promise.resolve(vscode.window.withProgress(
    { location: vscode.ProgressLocation.Window, title: vscode.l10n.t('Looking for record {0} of {1}', recordNumber, sourceFile) }, async () => {
      const { file, first, last } = await findRecord(warehouse, sourceFile, recordNumber, rawFolders());
      const selection = new vscode.Range(first, 0, last, Number.MAX_SAFE_INTEGER);
      await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(file), { selection, preview: true } satisfies vscode.TextDocumentShowOptions);
    }));
  const panels = store.add(new JourneyPanels({ extensionUri: context.extensionUri, id: context.extension.id, commands, queries: new JourneyQueries(warehouse, rules), openRecord }));
  const findClient = async (): Promise<void> => {
    const target = await pickClient((prefix, filter, signal) => findClients(warehouse, prefix, filter, rules().windowDays, { signal }));
    if (target) panels.open(target);
  };

  store.add(commands.register(COMMANDS.openJourney, (given) => {
    const target = targetOf(given);
    if (!target) return findClient();
    panels.open(target);
    return undefined;
  }));
  store.add(commands.register(COMMANDS.findClient, findClient));
  store.add(vscode.window.registerUriHandler({
    handleUri: (uri) => {
      const target = targetOfLink(uri.path, uri.query);
      if (target) panels.open(target);
      else void commands.show(new HumanError(vscode.l10n.t('This link names no client: {0}', uri.toString())), COMMANDS.openJourney);
    },
  }));
  store.add(vscode.window.registerWebviewPanelSerializer(PANELS.journey, {
    deserializeWebviewPanel: (panel, state) => {
      const target = targetOf(state);
      if (target) panels.restore(panel, target);
      else panel.dispose();
      return Promise.resolve();
    },
  }));

  const materialized = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  store.add(dagster.onDidMaterialize((key) => {
    const model = nameOf(key);
    if (!SHOWN.has(model)) return;
    materialized.add(model);
    clearTimeout(timer);
    timer = setTimeout(() => {
      panels.refresh([...materialized]);
      materialized.clear();
    }, SETTLE);
  }));
  store.add({ dispose: () => clearTimeout(timer) });
  return store;
}

/** The project that credits: the one with the mart, else the first. */
const projectOf = (projects: Projects): Projects['all'][number] | undefined =>
  projects.all.find(({ models }) => models.has('first_touch_attribution')) ?? projects.all[0];
