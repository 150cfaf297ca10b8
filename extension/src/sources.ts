import fs from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { HumanError } from './base/errors';
import { DisposableStore, Emitter, type Disposable } from './base/events';
import { type Setting } from './contributions';
import type { Headers } from './dagster/client';
import { Services } from './dagster/server';
import { DagsterSource } from './dagster/state';
import { DbtSession } from './dbt/session';
import type { Connection, DbtProject } from './dbt/types';
import { WorkspaceProjects } from './dbt/watch';
import { findDagsterProject } from './environment/dagsterProject';
import { Environment } from './environment/envFile';
import { DbtPreparer } from './environment/prepare';
import { Profiles } from './environment/profile';
import { PythonEnvironment } from './environment/python';
import { ConfigSetting } from './platform/config';
import type { Log } from './platform/log';
import { PostgresWarehouse } from './warehouse/postgres';
import { stackCredentials, storedCredentials } from './warehouse/role';

const HEADERS = 'attribution.dagster.headers';

/** Everything outside, made from settings. Nothing is executed and nothing connects before the folder is trusted. */
export class Sources implements Disposable {
  readonly #store = new DisposableStore();
  readonly #changed = this.#store.add(new Emitter<void>());
  /** the target was resolved, or the Dagster project was found */
  readonly onDidChange = this.#changed.event;
  readonly #moved = this.#store.add(new Emitter<void>());
  /** another Dagster is meant from now on */
  readonly onDidChangeAddress = this.#moved.event;
  readonly projects: WorkspaceProjects;
  readonly environment: Environment;
  readonly python: PythonEnvironment;
  readonly profiles: Profiles;
  readonly preparer: DbtPreparer;
  readonly session: DbtSession;
  readonly dagster: DagsterSource;
  readonly warehouse: PostgresWarehouse;
  readonly #url: ConfigSetting<'attribution.dagster.url'>;
  readonly #projectDirectory: ConfigSetting<'attribution.dagster.projectDirectory'>;
  #dagsterProject: string | undefined;
  #target: string | undefined;

  constructor(private readonly context: vscode.ExtensionContext, private readonly log: Log) {
    const setting = <K extends Setting>(key: K): ConfigSetting<K> => this.#store.add(new ConfigSetting(key));
    const interpreter = setting('attribution.python.interpreter');
    const environmentFile = setting('attribution.environmentFile');
    const profilesDirectory = setting('attribution.dbt.profilesDirectory');
    const target = setting('attribution.dbt.target');
    const url = (this.#url = setting('attribution.dagster.url'));
    this.#projectDirectory = setting('attribution.dagster.projectDirectory');
    const timeout = setting('attribution.preview.timeout');
    const profilesFolder = (): string => profilesDirectory.value || this.#stackProfiles();

    this.projects = this.#store.add(new WorkspaceProjects());
    this.environment = new Environment({ file: () => environmentFile.value, folder: () => this.root });
    // Programs are told in the log by their names and arguments, never with what they are given or say
    const ran = (program: string, args: readonly string[], milliseconds: number, code: number | null): void => {
      this.log.debug(`${program} ${args.filter((arg) => !arg.includes('\n')).join(' ')}: exit code ${code ?? 'none'} after ${Math.round(milliseconds)} ms`);
    };
    this.python = new PythonEnvironment(() => ({ setting: interpreter.value, folders: this.#folders(), env: this.environment.variables }), ran);
    this.profiles = new Profiles({
      python: this.python, environment: this.environment, script: context.asAbsolutePath(path.join('dist', 'python', 'attribution_profile.py')), profilesDirectory: profilesFolder,
      target: () => target.value, onSchema: (root, schema) => this.projects.setTargetSchema(root, schema), ran,
    });
    this.preparer = new DbtPreparer({
      python: this.python, environment: this.environment, dagsterProject: () => this.#dagsterProject, dbtProject: () => this.#project()?.root,
      profilesDirectory: profilesFolder, memory: context.workspaceState, ran,
    });
    this.session = this.#store.add(new DbtSession({
      python: this.python, environment: this.environment, script: context.asAbsolutePath(path.join('dist', 'python', 'dbt_session.py')), folder: path.join(context.globalStorageUri.fsPath, 'dbt'),
      profilesDirectory: profilesFolder, target: () => target.value, allow: () => this.#requireTrust(), log: (line) => log.info(line),
    }));
    const services = new Services({
      program: context.asAbsolutePath(path.join('dist', 'services.mjs')), log: (line) => log.info(line),
      request: async () => {
        this.#requireTrust();
        const { root } = this;
        if (!(await this.hasDagster()) || root === undefined || this.#dagsterProject === undefined) {
          throw new HumanError(vscode.l10n.t('No Dagster project was found in this folder. Name its folder in the setting attribution.dagster.projectDirectory, or give the address of a running Dagster in attribution.dagster.url.'), [
            { title: vscode.l10n.t('Open Settings'), command: 'workbench.action.openSettings', args: ['attribution.dagster'] },
          ]);
        }
        const { path: program } = await this.python.find('dbt', 'dagster');
        const env = Object.fromEntries(Object.entries(this.environment.variables).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
        return { root, python: program, dagsterProject: this.#dagsterProject, env };
      },
    });
    this.dagster = this.#store.add(new DagsterSource({
      url: () => (vscode.workspace.isTrusted ? url.value : ''), services, headers: () => this.headers(), prepare: async (signal) => (await this.preparer.prepare(signal)).changed,
      lockFolder: context.globalStorageUri.fsPath, log: (line) => log.warn(line),
    }));
    this.#store.add(vscode.window.onDidChangeWindowState(({ focused }) => (this.dagster.attentive = focused)));
    this.warehouse = this.#store.add(new PostgresWarehouse({
      connection: () => this.#connection(),
      previewCredentials: async (connection) => (await stackCredentials(this.local, connection)) ?? storedCredentials(context.secrets, connection),
      timeout, schemaPrefix: () => {
        const prefix = this.#project()?.vars['schema_prefix'];
        return typeof prefix === 'string' ? prefix : '';
      },
    }));
    for (const changed of [this.#url, this.#projectDirectory]) this.#store.add(changed.onDidChange(() => this.#moved.fire()));
    for (const changed of [interpreter, environmentFile, profilesDirectory, target]) {
      this.#store.add(changed.onDidChange(() => {
        this.python.forget();
        this.profiles.forget();
        void this.warehouse.reset();
      }));
    }
  }

  /** Name of the resolved dbt target. */
  get target(): string | undefined {
    return this.#target;
  }

  /** The workspace folder with the local stack; the first one where there is none. */
  get root(): string | undefined {
    const folders = this.#workspaceFolders();
    return folders.find((folder) => fs.existsSync(path.join(folder, 'stack', 'main.mjs'))) ?? folders[0];
  }

  /** Whether the workspace has this product's own stack. */
  get hasStack(): boolean {
    return this.root !== undefined && fs.existsSync(path.join(this.root, 'stack', 'main.mjs'));
  }

  /** The stack's local folder. */
  get local(): string {
    return this.environment.variables['ATTRIBUTION_LOCAL_DIR'] ?? path.join(this.root ?? '', '.local');
  }

  /** Whether there is a Dagster to start, or one to connect to. Looks at the folder anew. */
  async hasDagster(): Promise<boolean> {
    this.#dagsterProject = await findDagsterProject(this.#workspaceFolders(), this.#projectDirectory.value);
    return this.#url.value !== '' || this.#dagsterProject !== undefined;
  }

  /** Headers for a Dagster behind a proxy, from secret storage. */
  async headers(): Promise<Headers> {
    return JSON.parse((await this.context.secrets.get(HEADERS)) ?? '{}') as Headers;
  }

  async setHeaders(headers: Headers): Promise<void> {
    if (Object.keys(headers).length === 0) await this.context.secrets.delete(HEADERS);
    else await this.context.secrets.store(HEADERS, JSON.stringify(headers));
  }

  dispose(): void {
    this.#store.dispose();
  }

  async #connection(): Promise<Connection> {
    this.#requireTrust();
    await this.projects.ready;
    const project = this.#project();
    if (!project) throw new HumanError(vscode.l10n.t('No dbt project was found in this folder, so there is no database to ask. Open the folder that has dbt_project.yml.'));
    const connection = await this.profiles.connection(project);
    if (this.#target !== connection.target) {
      this.#target = connection.target;
      this.#changed.fire();
    }
    return connection;
  }

  #requireTrust(): void {
    if (vscode.workspace.isTrusted) return;
    throw new HumanError(vscode.l10n.t('This folder is not trusted, so nothing is executed and nothing connects.'), [{ title: vscode.l10n.t('Manage Workspace Trust'), command: 'workbench.trust.manage' }]);
  }

  /** The project that Dagster builds is the one beside it; the first where there are several. */
  #project(): DbtProject | undefined {
    const { root } = this;
    return this.projects.all.find((project) => root !== undefined && project.root.startsWith(root + path.sep)) ?? this.projects.all[0];
  }

  /** With a local folder of its own the stack keeps the profile there. */
  #stackProfiles(): string {
    const { ATTRIBUTION_LOCAL_DIR: local } = this.environment.variables;
    return local !== undefined && this.hasStack ? local : '';
  }

  #workspaceFolders(): string[] {
    return (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file').map(({ uri }) => uri.fsPath);
  }

  #folders(): string[] {
    const projects = this.projects.all.map(({ root }) => root);
    return [...new Set([...this.#workspaceFolders(), ...(this.#dagsterProject === undefined ? [] : [this.#dagsterProject]), ...projects, ...projects.map((root) => path.dirname(root))])];
  }
}

