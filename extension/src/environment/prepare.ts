import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { HumanError } from '../base/errors';
import { Emitter } from '../base/events';
import { COMMANDS } from '../contributions';
import { DISK } from '../dbt/files';
import { filesBelow } from '../dbt/finder';
import { parseProjectFile } from '../dbt/projectFile';
import type { Environment } from './envFile';
import { DbtParseError, hintOf, lineOf, summaryOf, wordsOfParse } from './parseError';
import { run, type Finished, type Ran } from './processes';
import type { PythonEnvironment } from './python';

export interface PrepareOptions {
  python: PythonEnvironment;
  environment: Environment;
  /** folder of the Dagster project; undefined where there is none */
  dagsterProject: () => string | undefined;
  /** folder of the dbt project that it builds */
  dbtProject: () => string | undefined;
  /** the setting `attribution.dbt.profilesDirectory`; empty: dbt's own default */
  profilesDirectory: () => string;
  /** remembers what was prepared when the window reloads; VS Code's workspace state fits */
  memory?: { get(key: string): unknown; update(key: string, value: unknown): unknown };
  ran?: Ran;
}

interface Prepared {
  /** of every file that dbt parses */
  sources: string;
  manifest: string;
}

/** A project of thousands of models parses in minutes. */
const TIMEOUT = 15 * 60_000;

/** Parses the dbt project for Dagster where it changed. An unchanged one costs a look at its files, and no process. */
export class DbtPreparer {
  #last: Promise<unknown> = Promise.resolve();
  readonly #prepared = new Emitter<DbtParseError | undefined>();
  /** after each look: why the project does not parse, or undefined where it does */
  readonly onDidPrepare = this.#prepared.event;
  readonly #memory: NonNullable<PrepareOptions['memory']>;

  constructor(private readonly options: PrepareOptions) {
    const known = new Map<string, unknown>();
    this.#memory = options.memory ?? { get: (key) => known.get(key), update: (key, value) => known.set(key, value) };
  }

  /**
   * One after the other, so that two runs that start together parse once.
   * @returns whether there is a new manifest, so that Dagster has to load its code again
   * @throws DbtParseError where the project does not parse (the last good manifest stays), HumanError, Cancelled
   */
  prepare(signal?: AbortSignal): Promise<{ changed: boolean }> {
    const next = this.#last.then(() => this.#prepare(signal));
    this.#last = next.then(() => this.#prepared.fire(undefined), (error: unknown) => {
      if (error instanceof DbtParseError) this.#prepared.fire(error);
    });
    return next;
  }

  async #prepare(signal: AbortSignal | undefined): Promise<{ changed: boolean }> {
    const dbtProject = this.options.dbtProject();
    if (dbtProject === undefined) return { changed: false };
    const key = `prepared:${dbtProject}`;
    const last = this.#memory.get(key) as Prepared | undefined;
    const before = await stampsOf(dbtProject);
    if (last !== undefined && before.manifest !== '' && last.sources === before.sources && last.manifest === before.manifest) return { changed: false };
    const done = await this.#parse(dbtProject, signal);
    if (done.code !== 0) throw await failure(dbtProject, done);
    // A file that changed while dbt read is another change
    const after = { sources: before.sources, manifest: (await stampsOf(dbtProject)).manifest };
    await this.#memory.update(key, after);
    return { changed: after.manifest !== (last ?? before).manifest };
  }

  async #parse(dbtProject: string, signal: AbortSignal | undefined): Promise<Finished> {
    const dagsterProject = this.options.dagsterProject();
    const { path: python } = await this.options.python.find('dbt');
    const profiles = this.options.profilesDirectory();
    const env: NodeJS.ProcessEnv = {
      ...this.options.environment.variables, ...(profiles === '' ? {} : { DBT_PROFILES_DIR: path.resolve(dbtProject, profiles) }),
      DBT_SEND_ANONYMOUS_USAGE_STATS: 'false', PYTHONUTF8: '1', NO_COLOR: '1',
    };
    const start = (args: readonly string[], cwd: string): Promise<Finished> => run(python, args, { cwd, env, signal, timeout: TIMEOUT }, this.options.ran);
    const own = dagsterProject === undefined ? undefined : await preparerOf(dagsterProject);
    if (own !== undefined && dagsterProject !== undefined) return start('module' in own ? ['-m', own.module] : ['-m', 'dagster_dbt.cli.app', 'project', 'prepare-and-package', '--file', own.file], dagsterProject);
    return start(['-m', 'dbt.cli.main', '--no-use-colors', '--quiet', 'parse', '--project-dir', dbtProject], dbtProject);
  }
}

/**
 * How a Dagster project prepares dbt's manifest: a module `<package>/manifest.py` that can be run, or a file with a
 * DbtProject, which Dagster's own command prepares.
 */
export async function preparerOf(dagsterProject: string): Promise<{ module: string } | { file: string } | undefined> {
  const files = (await filesBelow(DISK, dagsterProject, ['.py'], ['.venv', 'venv', 'tests'].map((name) => path.join(dagsterProject, name)))).sort();
  for (const file of files.filter((one) => path.basename(one) === 'manifest.py')) {
    const text = await DISK.read(file) ?? '';
    if (!text.includes('__main__') || !text.includes('manifest.json')) continue;
    const parts = path.relative(dagsterProject, file).slice(0, -'.py'.length).split(path.sep);
    if (parts.every((part) => /^[A-Za-z_]\w*$/.test(part))) return { module: parts.join('.') };
  }
  for (const file of files) if (/\bDbtProject\s*\(/.test(await DISK.read(file) ?? '')) return { file };
  return undefined;
}

/** Times and sizes of everything that dbt parses, and of the manifests that there are. */
async function stampsOf(root: string): Promise<Prepared> {
  const text = await DISK.read(path.join(root, 'dbt_project.yml'));
  if (text === undefined) throw new HumanError(`There is no dbt_project.yml in ${root}.`, [{ title: 'Reload Project', command: COMMANDS.reloadProject }]);
  let target = 'target';
  try {
    target = parseProjectFile(text).targetPath;
  } catch {
    // dbt says better what is wrong with it
  }
  const targetFolder = path.resolve(root, target);
  const files = await filesBelow(DISK, root, ['.sql', '.yml', '.yaml', '.md', '.csv', '.py', '.txt'], [targetFolder, path.join(root, 'logs')]);
  const stamp = async (list: string[]): Promise<string[]> => (await Promise.all(list.sort().map(async (file) => {
    const stat = await DISK.stat(file);
    return stat ? [`${file} ${stat.time} ${stat.size}`] : [];
  }))).flat();
  const sources = createHash('sha256').update((await stamp(files)).join('\n')).digest('hex');
  return { sources, manifest: (await stamp(['manifest.json', 'dagster/manifest.json'].map((name) => path.join(targetFolder, name)))).join('\n') };
}

async function failure(root: string, { stdout, stderr }: Finished): Promise<HumanError> {
  if (/^Traceback|No module named/m.test(stderr)) {
    return new HumanError(`The dbt project could not be prepared: ${stderr.trim().split('\n').at(-1) ?? ''}. Set the project up, or choose another interpreter.`, [
      { title: 'Set Up', command: COMMANDS.setUp }, { title: 'Select Interpreter', command: COMMANDS.selectInterpreter },
    ]);
  }
  const words = wordsOfParse(`${stdout}\n${stderr}`);
  const hint = hintOf(words);
  const found = hint && await findFile(root, hint.file);
  const place = hint && found !== undefined ? { file: found, line: lineOf(hint, await fs.readFile(found, 'utf8')) } : undefined;
  return new DbtParseError(`The dbt project does not parse, so nothing was started: ${summaryOf(words)}`, words, place);
}

/** A file as dbt names it: relative to the project, or to one of its folders of models. */
async function findFile(root: string, name: string): Promise<string | undefined> {
  let folders = ['models'];
  try {
    folders = parseProjectFile(await DISK.read(path.join(root, 'dbt_project.yml')) ?? '').modelPaths;
  } catch {
    // The usual folder then
  }
  for (const folder of ['', ...folders, 'tests', 'macros', 'seeds', 'snapshots']) {
    const file = path.resolve(root, folder, name);
    if (await DISK.stat(file)) return file;
  }
  return undefined;
}
