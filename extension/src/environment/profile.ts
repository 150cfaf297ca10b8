import fs from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { HumanError, type Remedy } from '../base/errors';
import { COMMANDS } from '../contributions';
import type { Connection, DbtProject } from '../dbt/types';
import type { Environment } from './envFile';
import { run, type Ran } from './processes';
import type { PythonEnvironment } from './python';

export interface ProfileOptions {
  python: PythonEnvironment;
  environment: Environment;
  /** absolute path of attribution_profile.py */
  script: string;
  /** the setting `attribution.dbt.profilesDirectory`; empty: dbt's own default */
  profilesDirectory: () => string;
  /** the setting `attribution.dbt.target`; empty: the profile's default */
  target: () => string;
  /** told the schema of the target, of which dbt makes the names of schemas */
  onSchema?: (projectRoot: string, schema: string) => void;
  ran?: Ran;
}

interface Answer {
  connection?: Record<'host' | 'user' | 'password' | 'database' | 'schema' | 'sslmode' | 'profile' | 'target', string | null> & { port: number };
  error?: { kind: 'no_dbt' | 'no_profiles' | 'adapter' | 'dbt'; message: string };
  profiles_file?: string | null;
}

/** Importing dbt on a cold disk takes its time. */
const TIMEOUT = 60_000;

/**
 * Connections as dbt resolves them. Python runs once for each project, and again only when profiles.yml, `.env`,
 * dbt_project.yml or a setting changed. Passwords come by standard output and stay in memory.
 */
export class Profiles {
  readonly #known = new Map<string, { stamp: string; file: string | undefined; answer: Answer }>();
  readonly #asking = new Map<string, Promise<Answer>>();

  constructor(private readonly options: ProfileOptions) {}

  /**
   * The connection of a project's target.
   * @throws HumanError in dbt's words, with what to do about it
   */
  async connection(project: DbtProject): Promise<Connection> {
    const { connection, error, profiles_file: file } = await this.#answer(project);
    if (!connection) throw this.#inWords(error ?? { kind: 'dbt', message: 'dbt gave no connection.' }, project, file);
    this.options.onSchema?.(project.root, connection.schema ?? '');
    return {
      host: connection.host ?? '', port: connection.port, user: connection.user ?? '', password: connection.password ?? '', dbname: connection.database ?? '',
      ...(connection.sslmode ? { sslmode: connection.sslmode } : {}),
      profile: connection.profile ?? '', target: connection.target ?? '',
    };
  }

  /** Asks dbt again the next time, whatever changed. */
  forget(): void {
    this.#known.clear();
  }

  async #answer(project: DbtProject): Promise<Answer> {
    const known = this.#known.get(project.root);
    if (known?.stamp === await this.#stamp(project, known?.file)) return known.answer;
    const asking = this.#asking.get(project.root) ?? this.#ask(project).finally(() => this.#asking.delete(project.root));
    this.#asking.set(project.root, asking);
    return asking;
  }

  async #ask(project: DbtProject): Promise<Answer> {
    const { python, environment, script, ran } = this.options;
    const interpreter = await python.find('dbt');
    // Looked at before dbt reads: a change in between is seen the next time
    const before = await this.#stamp(project, undefined);
    const input = JSON.stringify({ project_dir: project.root, profiles_dir: this.#profilesDirectory(project), target: this.options.target() || null });
    const { code, stdout, stderr } = await run(interpreter.path, [script], { cwd: path.dirname(script), env: { ...environment.variables, PYTHONUTF8: '1', PYTHONDONTWRITEBYTECODE: '1' }, input, timeout: TIMEOUT }, ran);
    const line = stdout.trimEnd().split('\n').at(-1) ?? '';
    let answer: Answer;
    try {
      answer = JSON.parse(line) as Answer;
    } catch {
      throw new HumanError(`dbt's profile could not be read with ${interpreter.path}: ${code === 0 ? 'it gave no answer' : stderr.trim().split('\n').at(-1) ?? ''}.`, [{ title: 'Select Interpreter', command: COMMANDS.selectInterpreter }]);
    }
    const file = answer.profiles_file ?? undefined;
    if (before === await this.#stamp(project, undefined)) this.#known.set(project.root, { stamp: await this.#stamp(project, file), file, answer });
    return answer;
  }

  #profilesDirectory({ root }: DbtProject): string | null {
    const chosen = this.options.profilesDirectory();
    return chosen === '' ? null : path.resolve(root, chosen);
  }

  async #stamp(project: DbtProject, profilesFile: string | undefined): Promise<string> {
    const files = [path.join(project.root, 'dbt_project.yml'), this.options.environment.file, profilesFile];
    const stats = await Promise.all(files.map((file) => stampOf(file)));
    return JSON.stringify([stats, this.options.profilesDirectory(), this.options.target()]);
  }

  #inWords({ kind, message }: { kind: string; message: string }, project: DbtProject, file: string | null | undefined): HumanError {
    const setting = (name: string): Remedy => ({ title: 'Open Setting', command: 'workbench.action.openSettings', args: [name] });
    const open: Remedy[] = file ? [{ title: 'Open profiles.yml', command: 'vscode.open', args: [pathToFileURL(file).toString()] }] : [];
    const setUp: Remedy = { title: 'Set Up', command: COMMANDS.setUp };
    const where = `the dbt project ${project.name}`;
    if (kind === 'no_profiles') {
      return new HumanError(`${message} It says how ${where} reaches its database. Set the project up, create the file, or name its folder in the setting attribution.dbt.profilesDirectory.`, [setUp, setting('attribution.dbt.profilesDirectory')]);
    }
    const adapter = kind === 'adapter' ? message : /Could not find adapter type (\w+)/.exec(message)?.[1];
    if (adapter !== undefined && adapter !== 'postgres') {
      return new HumanError(`The target of ${where} is a database of type ${adapter}. Only PostgreSQL can be looked into: choose another target in profiles.yml or in the setting attribution.dbt.target.`, [...open, setting('attribution.dbt.target')]);
    }
    if (kind === 'no_dbt' || adapter === 'postgres') return new HumanError(`${message} Set the project up, or choose an interpreter that has dbt-postgres.`, [setUp, { title: 'Select Interpreter', command: COMMANDS.selectInterpreter }]);
    const words = wordsOfDbt(message);
    const next = /target named/.test(words) ? 'Choose one of them in the setting attribution.dbt.target or in profiles.yml.'
      : /env_var|Env var required/.test(words) ? 'Set the variable in the workspace\'s .env file.' : 'Correct profiles.yml.';
    return new HumanError(`dbt cannot resolve the profile of ${where}: ${words} ${next}`, [...(/target named/.test(words) ? [setting('attribution.dbt.target')] : []), ...open]);
  }
}

async function stampOf(file: string | undefined): Promise<string> {
  if (file === undefined) return '';
  return fs.stat(file).then(({ mtimeMs, size }) => `${mtimeMs} ${size}`, () => 'none');
}

/** dbt's message on one line, without the headings that say nothing. */
export function wordsOfDbt(message: string): string {
  const words = message.split('\n').map((line) => line.trim()).filter((line) => line !== '' && !/^(?:Runtime|Compilation|Parsing|Database) Error$/.test(line)).join(' ').replace(': - ', ': ').replaceAll(' - ', ', ');
  return /[.!?:]$/.test(words) ? words : `${words}.`;
}
