import fs from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { registerAssets } from './assets';
import { Cancelled, HumanError, messageOf } from './base/errors';
import { Emitter } from './base/events';
import { registerCompiled } from './compiled';
import { COMMANDS, CONTEXT } from './contributions';
import { PACKAGE_FILES } from './dbt/projectFile';
import { registerJourney } from './journey';
import { showParseErrors } from './environment/diagnostics';
import { registerLanguage } from './language';
import { registerLenses } from './lenses';
import { registerLineage } from './lineage';
import { Commands } from './platform/commands';
import { ConfigSetting } from './platform/config';
import { createLog } from './platform/log';
import { registerPreview } from './preview';
import { registerQueries } from './queries';
import { registerRuns } from './runs';
import { Sources } from './sources';
import { registerStatus } from './status';
import { registerTesting } from './testing';
import type { Facts } from './status/model';

/** Settings → sources → features. Nothing here waits: what takes time begins afterwards, and only where the folder is trusted. */
export function activate(context: vscode.ExtensionContext): void {
  const log = createLog();
  const commands = new Commands(log);
  const autoStart = new ConfigSetting('attribution.dagster.autoStart');
  const pageSize = new ConfigSetting('attribution.preview.pageSize');
  const neutralizeFormulas = new ConfigSetting('attribution.preview.neutralizeFormulas');
  const sources = new Sources(context, log);
  const { projects, dagster, warehouse } = sources;
  const changed = new Emitter<void>();
  let problem: Facts['problem'];
  context.subscriptions.push(log, autoStart, pageSize, neutralizeFormulas, changed, sources);
  log.info(`Attribution Workbench ${(context.extension.packageJSON as { version: string }).version}, VS Code ${vscode.version}, ${process.platform}`);

  const setProblem = (error: unknown): void => {
    if (error instanceof Cancelled) return;
    problem = error === undefined ? undefined : { message: messageOf(error), remedies: error instanceof HumanError ? error.remedies : [] };
    changed.fire();
  };
  const start = async (): Promise<void> => {
    setProblem(undefined);
    try {
      await dagster.start();
      // Shows the server, its role and the target before somebody asks
      await warehouse.query('select 1').catch((error: unknown) => log.warn(messageOf(error)));
    } catch (error) {
      setProblem(error);
      throw error;
    }
  };

  context.subscriptions.push(
    commands.register(COMMANDS.showLog, () => log.show()),
    registerStatus({
      commands,
      changed: [changed.event, sources.onDidChange, projects.onDidChange, dagster.onDidChange, warehouse.onDidChange],
      facts: () => ({
        trusted: vscode.workspace.isTrusted, projects: projects.all.map(({ name }) => name), dagster: dagster.state, warehouse: warehouse.state, running: dagster.runs.length,
        ...(problem ? { problem } : {}), ...(sources.target === undefined ? {} : { target: sources.target }),
      }),
      ground: {
        get root() {
          return sources.root;
        },
        get hasStack() {
          return sources.hasStack;
        },
        start,
        stop: () => dagster.stop(),
        reload: async () => {
          await sources.preparer.prepare();
          await dagster.reload();
        },
        installPackages: async (said, signal) => {
          const naming = projects.all.filter(({ root }) => PACKAGE_FILES.some((name) => fs.existsSync(path.join(root, name))));
          if (naming.length === 0) throw new HumanError(vscode.l10n.t('There is no packages.yml: write into it which packages the dbt project needs, beside dbt_project.yml.'));
          for (const { root } of naming) await sources.session.invoke(root, ['deps'], ({ level, message }) => level === 'info' && said(message), signal);
        },
        interpreters: () => sources.python.list(),
        forget: () => {
          sources.python.forget();
          sources.profiles.forget();
        },
        headers: () => sources.headers(),
        setHeaders: (headers) => sources.setHeaders(headers),
      },
    }),
    registerRuns({ commands, dagster, projects }),
    registerAssets({ commands, dagster, projects }),
    registerJourney({ context, commands, warehouse, projects, dagster, rawDataDirectory: () => sources.environment.variables['RAW_DATA_DIR'] }),
    registerPreview({ context, commands, warehouse, projects, dagster, pageSize, neutralizeFormulas }),
    registerLenses({ projects, dagster }),
    registerLanguage({ module: context.asAbsolutePath('dist/language-server.js'), commands, log, projects, dagster }),
    registerLineage({ extensionUri: context.extensionUri, commands, projects, dagster }),
    registerCompiled({ commands, session: sources.session, projects }),
    registerQueries({ commands, session: sources.session, projects, warehouse }),
    registerTesting({ commands, projects, dagster, warehouse, session: sources.session }),
    showParseErrors(sources.preparer.onDidPrepare),
  );

  const begin = async (): Promise<void> => {
    await projects.ready;
    const setActive = (): unknown => vscode.commands.executeCommand('setContext', CONTEXT.active, vscode.workspace.isTrusted && projects.all.length > 0);
    context.subscriptions.push(projects.onDidChange(() => void setActive()));
    await setActive();
    if (!vscode.workspace.isTrusted || !autoStart.value) return;
    if (!(await sources.hasDagster())) {
      dagster.off(vscode.l10n.t('no Dagster project in this folder'));
      return;
    }
    await start().catch((error: unknown) => commands.show(error, 'start'));
  };
  const move = async (): Promise<void> => {
    if (dagster.state.kind === 'stopped') return;
    await dagster.stop();
    await start();
  };
  context.subscriptions.push(
    vscode.workspace.onDidGrantWorkspaceTrust(() => void begin()),
    sources.onDidChangeAddress(() => void move().catch((error: unknown) => commands.show(error, 'start'))),
  );
  void begin();
}
