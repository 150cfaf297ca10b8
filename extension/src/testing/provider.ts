import path from 'node:path';
import * as vscode from 'vscode';
import { Cancelled, HumanError, messageOf } from '../base/errors';
import { DisposableStore, type Disposable } from '../base/events';
import { CONTEXT } from '../contributions';
import type { Asset, AssetCheck, Dagster } from '../dagster/types';
import { nameOf } from '../dagster/words';
import type { DbtSession } from '../dbt/session';
import { projectOfFile } from '../dbt/place';
import { placesOf } from '../dbt/testPlaces';
import type { DbtProject, Projects } from '../dbt/types';
import { messageAt, report } from './diagnostics';
import { lineOf, sumOf, toldBy } from './output';
import { finishedOf, holderOf, labelOf, LIST_ARGS, mayHaveTests, testsOf, type DbtTest, type Finished } from './tests';

export interface ExplorerOptions {
  projects: Projects;
  dagster: Dagster;
  session: Pick<DbtSession, 'invoke'>;
}

type Subject = { kind: 'test'; project: DbtProject; test: DbtTest } | { kind: 'check'; asset: string; name: string };
type Requested<K extends Subject['kind']> = readonly (readonly [vscode.TestItem, Extract<Subject, { kind: K }>])[];

/** Saved files that come together are listed together (milliseconds). */
const SETTLE = 800;
/** What dbt itself writes into a project's folder. */
const WRITTEN_BY_DBT = /^(?:target|dbt_packages|logs)[\\/]/;
const CHECKS = 'checks';

/**
 * dbt's tests, by their models, and Dagster's own asset checks in the Test Explorer. A file with tests stands there as soon
 * as it is open, which needs no dbt; dbt is asked for the tests when the view is opened, or tests are to run, first.
 * Only tests are given verdicts: VS Code makes those of what holds them.
 */
export class TestExplorer implements Disposable {
  readonly #store = new DisposableStore();
  readonly #controller: vscode.TestController;
  readonly #subjects = new WeakMap<vscode.TestItem, Subject>();
  /** the query of a test's failing rows, by its id, as the last run compiled it */
  readonly #failing = new Map<string, { project: DbtProject; name: string; sql: string }>();
  readonly #tests = new Map<string, DbtTest[]>();
  #opened = false;
  #discovering: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: ExplorerOptions) {
    const { projects, dagster } = options;
    const controller = (this.#controller = this.#store.add(vscode.tests.createTestController('attribution', vscode.l10n.t('dbt and Dagster'))));
    controller.resolveHandler = async (item) => {
      if (item === undefined && this.#isNew) await this.#first();
    };
    controller.refreshHandler = () => this.#discover();
    controller.createRunProfile(vscode.l10n.t('Run'), vscode.TestRunProfileKind.Run, (request, token) => this.#run(request, token), true);
    const files = this.#store.add(vscode.workspace.createFileSystemWatcher('**/*.{sql,yml,yaml}'));
    for (const event of [files.onDidChange, files.onDidCreate, files.onDidDelete]) this.#store.add(event(({ fsPath }) => this.#changed(fsPath)));
    // What a project holds is told by the files; what somebody types is nothing to dbt before it is saved
    let roots = '';
    this.#store.add(projects.onDidChange(() => {
      const now = projects.all.map(({ root }) => root).join('\n');
      if (now === roots) return;
      roots = now;
      this.#offerOpen();
      this.#soon();
    }));
    for (const event of [vscode.workspace.onDidOpenTextDocument, vscode.workspace.onDidSaveTextDocument]) this.#store.add(event((document) => this.#offer(document)));
    void projects.ready.then(() => this.#offerOpen());
    this.#store.add(dagster.onDidChange(() => this.#opened && this.#showChecks()));
    this.#store.add(vscode.workspace.onDidGrantWorkspaceTrust(() => {
      this.#offerOpen();
      this.#soon();
    }));
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#store.dispose();
  }

  /** The query whose rows a failed data test found. @throws HumanError where none ran since the window was opened */
  failingRowsOf(item: vscode.TestItem): { project: DbtProject; name: string; sql: string } {
    const found = this.#failing.get(item.id);
    if (!found) throw new HumanError(vscode.l10n.t('There are no failing rows of {0}: a data test has them once it ran and failed.', item.label));
    return found;
  }

  // ---- what there is

  #changed(file: string): void {
    const within = this.options.projects.all.map(({ root }) => path.relative(root, file)).find((relative) => !relative.startsWith('..') && !path.isAbsolute(relative));
    if (within !== undefined && !WRITTEN_BY_DBT.test(within)) this.#soon();
  }

  #soon(): void {
    if (!this.#opened) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#discover(), SETTLE);
  }

  /** Whether nothing was listed so far: also while dbt lists for the first time. */
  get #isNew(): boolean {
    return vscode.workspace.isTrusted && (!this.#opened || this.#discovering !== undefined);
  }

  /** A dbt that starts takes its seconds, and whoever waits for tests sees what for. */
  #first(): Promise<void> {
    const title = vscode.l10n.t('dbt lists the tests …');
    return (this.#discovering ??= Promise.resolve(vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title }, () => this.#discover()))
      .finally(() => (this.#discovering = undefined)));
  }

  #offerOpen(): void {
    for (const document of vscode.workspace.textDocuments) this.#offer(document);
  }

  /** An open file with tests can be run before dbt has said what they are: then it is asked. A model's own file runs its tests, which stand in YAML. */
  #offer(document: vscode.TextDocument): void {
    const { uri } = document;
    if (!this.#isNew || uri.scheme !== 'file') return;
    const { projects } = this.options;
    const project = projectOfFile(projects, uri.fsPath);
    if (!project) return;
    const file = relativeTo(project, uri.fsPath);
    if (WRITTEN_BY_DBT.test(file)) return;
    if (projects.modelOfFile(uri.fsPath) ?? mayHaveTests(file, document.getText())) this.#fileOf(this.#rootOf(project), file, uri);
  }

  async #discover(): Promise<void> {
    const { projects, session } = this.options;
    await projects.ready;
    if (!vscode.workspace.isTrusted) return;
    this.#opened = true;
    this.#controller.items.forEach(({ id }) => {
      if (id !== CHECKS && !projects.all.some(({ root }) => root === id)) this.#controller.items.delete(id);
    });
    for (const project of projects.all) {
      const root = this.#rootOf(project);
      root.busy = true;
      try {
        const { names } = await session.invoke(project.root, LIST_ARGS);
        const tests = testsOf(names, project.name);
        await this.#show(project, root, tests);
        this.#tests.set(project.root, tests);
        root.error = undefined;
      } catch (error) {
        // What was listed before stays: the project is being written
        if (!(error instanceof Cancelled)) root.error = messageOf(error);
      }
      root.busy = false;
    }
    this.#showChecks();
  }

  #rootOf({ root, name }: DbtProject): vscode.TestItem {
    const known = this.#controller.items.get(root);
    if (known) return known;
    const item = this.#controller.createTestItem(root, name, vscode.Uri.file(path.join(root, 'dbt_project.yml')));
    item.description = 'dbt';
    this.#controller.items.add(item);
    return item;
  }

  #fileOf(root: vscode.TestItem, file: string, uri: vscode.Uri): vscode.TestItem {
    const known = root.children.get(file);
    if (known) return known;
    const item = this.#controller.createTestItem(file, path.posix.basename(file), uri);
    item.description = path.posix.dirname(file);
    root.children.add(item);
    return item;
  }

  async #show(project: DbtProject, root: vscode.TestItem, tests: readonly DbtTest[]): Promise<void> {
    const places = new Map<string, number>();
    for (const [file, own] of groupBy(tests, (test) => test.file)) {
      if (!file.endsWith('.sql')) for (const [id, line] of placesOf(await textOf(uriOf(project, file)), own)) places.set(id, line);
    }
    const modelFile = (name: string): string | undefined => {
      const model = project.models.get(name);
      return model && relativeTo(project, model.file);
    };
    const holders = groupBy(tests, (test) => holderOf(test, modelFile));
    root.children.replace([...holders].map(([file, own]) => {
      const item = this.#fileOf(root, file, uriOf(project, file));
      item.children.replace(own.map((test) => {
        const child = item.children.get(test.id) ?? this.#controller.createTestItem(test.id, labelOf(test), uriOf(project, test.file));
        child.label = labelOf(test);
        if (test.kind === 'unit') child.description = vscode.l10n.t('unit test');
        const line = test.file.endsWith('.sql') ? 0 : places.get(test.id);
        if (line !== undefined) child.range = new vscode.Range(line, 0, line, 0);
        this.#subjects.set(child, { kind: 'test', project, test });
        return child;
      }));
      return item;
    }));
  }

  /** Checks that Dagster has beyond dbt's tests, which it shows as checks too. */
  #showChecks(): void {
    const ofDbt = new Set([...this.#tests.values()].flat().map(({ name }) => name));
    const assets = this.options.dagster.assets.map((asset) => ({ asset, checks: asset.checks.filter(({ name }) => !ofDbt.has(name)) })).filter(({ checks }) => checks.length > 0);
    // Before dbt said which tests are its own, all of them would be here
    if (ofDbt.size === 0 || assets.length === 0) {
      this.#controller.items.delete(CHECKS);
      return;
    }
    const root = this.#controller.items.get(CHECKS) ?? this.#controller.createTestItem(CHECKS, vscode.l10n.t('Asset checks'));
    root.description = 'Dagster';
    this.#controller.items.add(root);
    root.children.replace(assets.map(({ asset, checks }) => {
      const item = root.children.get(asset.key) ?? this.#controller.createTestItem(asset.key, nameOf(asset.key), asset.definition && vscode.Uri.file(asset.definition.file));
      item.children.replace(checks.map(({ name, description }) => {
        const child = item.children.get(`${asset.key} ${name}`) ?? this.#controller.createTestItem(`${asset.key} ${name}`, name, item.uri);
        child.description = description ?? '';
        this.#subjects.set(child, { kind: 'check', asset: asset.key, name });
        return child;
      }));
      return item;
    }));
  }

  // ---- a run

  async #run(request: vscode.TestRunRequest, token: vscode.CancellationToken): Promise<void> {
    if (this.#isNew) await this.#first();
    const run = this.#controller.createTestRun(request);
    const abort = new AbortController();
    const cancelling = token.onCancellationRequested(() => abort.abort());
    try {
      const items = this.#leaves(request);
      for (const item of items) run.enqueued(item);
      const of = <K extends Subject['kind']>(kind: K): Requested<K> => items.flatMap((item) => {
        const subject = this.#subjects.get(item);
        return subject?.kind === kind ? [[item, subject as Extract<Subject, { kind: K }>] as const] : [];
      });
      const tests = groupBy(of('test'), ([, { project }]) => project);
      await Promise.all([
        ...[...tests].map(([project, own]) => this.#runTests(run, project, own, request.include === undefined, abort.signal)),
        this.#runChecks(run, of('check'), abort.signal),
      ]);
    } finally {
      cancelling.dispose();
      run.end();
    }
  }

  #leaves({ include, exclude }: vscode.TestRunRequest): vscode.TestItem[] {
    const leaves: vscode.TestItem[] = [];
    const visit = (item: vscode.TestItem): void => {
      if (exclude?.includes(item)) return;
      if (this.#subjects.has(item)) leaves.push(item);
      else if (item.children.size === 0) leaves.push(...this.#testsIn(item.uri));
      item.children.forEach(visit);
    };
    if (include) include.forEach(visit);
    else this.#controller.items.forEach(visit);
    return [...new Set(leaves)];
  }

  /** The tests that a file defines, which was offered before they were listed. */
  #testsIn(uri: vscode.Uri | undefined): vscode.TestItem[] {
    const found: vscode.TestItem[] = [];
    this.#controller.items.forEach((root) => root.children.forEach(({ children }) => children.forEach((item) => {
      if (item.uri?.toString() === uri?.toString()) found.push(item);
    })));
    return found;
  }

  async #runTests(run: vscode.TestRun, project: DbtProject, tests: Requested<'test'>, all: boolean, signal: AbortSignal): Promise<void> {
    const items = new Map(tests.map(([item, { test }]) => [test.id, { item, test }]));
    const waiting = new Map(items);
    const outcomes: Finished['outcome'][] = [];
    const say = (words: string, item?: vscode.TestItem): void => run.appendOutput(`${words.replace(/\r?\n/g, '\r\n')}\r\n`, undefined, item);
    const selection = all ? [] : ['--select', ...new Set(tests.map(([, { test }]) => test.name))];
    try {
      const { results } = await this.options.session.invoke(project.root, ['test', ...selection], (event) => {
        const item = event.node && waiting.get(event.node.unique_id)?.item;
        if (item && event.name === 'NodeStart') run.started(item);
        const told = toldBy(event, (id) => items.has(id));
        if (told !== undefined) say(told);
        const finished = finishedOf(event);
        const done = finished && waiting.get(finished.id);
        if (!done) return;
        waiting.delete(finished.id);
        outcomes.push(finished.outcome);
        say(lineOf([done.test.model, done.item.label].filter((part) => part !== undefined).join(': '), finished), done.item);
        report(run, done.item, finished.outcome, finished.message, finished.duration);
      }, signal);
      say(`\n${sumOf([...outcomes, ...[...waiting].map(() => 'skipped' as const)])}`);
      for (const { uniqueId, status, sql } of results) {
        this.#failing.delete(uniqueId);
        const [, subject] = tests.find(([, { test }]) => test.id === uniqueId) ?? [];
        if (subject?.test.kind === 'data' && sql !== null && (status === 'fail' || status === 'warn')) this.#failing.set(uniqueId, { project, name: subject.test.name, sql });
      }
      void vscode.commands.executeCommand('setContext', CONTEXT.failingTests, [...this.#failing.keys()]);
      for (const { item } of waiting.values()) run.skipped(item);
    } catch (error) {
      for (const { item } of waiting.values()) {
        if (error instanceof Cancelled) run.skipped(item);
        else run.errored(item, messageAt(item, messageOf(error)));
      }
    }
  }

  async #runChecks(run: vscode.TestRun, checks: Requested<'check'>, signal: AbortSignal): Promise<void> {
    if (checks.length === 0) return;
    const { dagster } = this.options;
    const finish = (item: vscode.TestItem, outcome: AssetCheck['outcome'], words: string): void => report(run, item, outcome === 'running' || outcome === undefined ? 'skipped' : outcome, words, undefined);
    try {
      const started = Date.now();
      const launched = await dagster.launch({ assets: [...new Set(checks.map(([, { asset }]) => asset))], checksOnly: true, checks: checks.map(([, { name }]) => name) });
      for (const [item] of checks) run.started(item);
      const cancel = (): void => void dagster.cancel(launched.id).catch(() => undefined);
      if (signal.aborted) cancel();
      else signal.addEventListener('abort', cancel, { once: true });
      await launched.ended;
      await dagster.refresh();
      for (const [item, { asset, name }] of checks) {
        const check = checkOf(dagster.assets, asset, name);
        const isNew = check?.time !== undefined && check.time >= started - 1000;
        finish(item, signal.aborted || !isNew ? undefined : check.outcome, check?.description ?? vscode.l10n.t('The check did not pass: the run\'s log in Dagster says why.'));
      }
    } catch (error) {
      for (const [item] of checks) run.errored(item, messageAt(item, messageOf(error)));
    }
  }
}

const checkOf = (assets: readonly Asset[], key: string, name: string): AssetCheck | undefined => assets.find((asset) => asset.key === key)?.checks.find((check) => check.name === name);

const relativeTo = ({ root }: DbtProject, file: string): string => path.relative(root, file).replaceAll('\\', '/');

const uriOf = ({ root }: DbtProject, file: string): vscode.Uri => vscode.Uri.file(path.join(root, file));

/** As an editor has it, else as it is saved; nothing is opened for it, as every extension would look at what is. */
const textOf = async (uri: vscode.Uri): Promise<string> => {
  const open = vscode.workspace.textDocuments.find((document) => document.uri.toString() === uri.toString());
  if (open) return open.getText();
  return vscode.workspace.fs.readFile(uri).then((bytes) => Buffer.from(bytes).toString(), () => '');
};

function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}
