import { existsSync } from 'node:fs';
import path from 'node:path';
import { HumanError, messageOf } from '../base/errors';
import { COMMANDS } from '../contributions';
import { run, type Ran } from './processes';

/** A Python that runs, and what it has. */
export interface Interpreter {
  path: string;
  /** `3.11.7` */
  version: string;
  /** versions of dbt-core, its adapter for PostgreSQL, and Dagster; undefined where they are not installed */
  dbt?: string;
  postgres?: string;
  dagster?: string;
  /** where it was found, in words */
  origin: string;
}

/** What the Python is needed for. */
export type Need = 'dbt' | 'dagster';

export interface Surroundings {
  /** the setting `attribution.python.interpreter`; empty where it is not set */
  setting: string;
  /** where environments may lie: workspace folders, the dbt and the Dagster project */
  folders: readonly string[];
  env: NodeJS.ProcessEnv;
  platform?: NodeJS.Platform;
}

interface Candidate {
  path: string;
  origin: string;
}

/** The places to look at, in their order. What somebody asked for by setting is the only one. */
export function candidates({ setting, folders, env, platform = process.platform }: Surroundings): Candidate[] {
  const windows = platform === 'win32';
  const paths = windows ? path.win32 : path.posix;
  const program = windows ? 'python.exe' : 'python';
  const inside = (root: string): string => windows ? paths.join(root, 'Scripts', program) : paths.join(root, 'bin', program);
  const first = folders[0] ?? '';
  if (setting !== '') {
    const chosen = setting.replaceAll('${workspaceFolder}', first).replace(/^~(?=[\\/])/, (windows ? env.USERPROFILE : env.HOME) ?? '~');
    const named = !/[\\/]/.test(chosen);
    return [{ path: named || paths.isAbsolute(chosen) ? chosen : paths.join(first, chosen), origin: 'the setting attribution.python.interpreter' }];
  }
  const found: Candidate[] = folders.flatMap((folder) => ['.venv', 'venv'].map((name) => ({ path: inside(paths.join(folder, name)), origin: paths.join(folder, name) })));
  const byVariable = (name: string, make: (root: string) => string = inside): void => {
    const root = env[name];
    if (root) found.push({ path: make(paths.isAbsolute(root) ? root : paths.join(first, root)), origin: name });
  };
  byVariable('UV_PROJECT_ENVIRONMENT');
  byVariable('VIRTUAL_ENV');
  // Conda on Windows keeps python.exe at the top
  byVariable('CONDA_PREFIX', (root) => windows ? paths.join(root, program) : inside(root));
  for (const name of windows ? ['python.exe', 'py.exe'] : ['python3', 'python']) found.push({ path: name, origin: 'PATH' });
  return found.filter(({ path: one }, index) => found.findIndex(({ path: other }) => other === one) === index);
}

/** Reads versions without importing anything; the folder it runs in is not looked into, for a folder `dbt` is no dbt. */
const PROBE = `
import sys
sys.path[:] = [place for place in sys.path if place]
import json
from importlib.metadata import PackageNotFoundError, version
def of(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return None
print(json.dumps({"executable": sys.executable, "version": ".".join(map(str, sys.version_info[:3])), "dbt": of("dbt-core"), "postgres": of("dbt-postgres"), "dagster": of("dagster")}))
`;

/** The environments that Poetry keeps elsewhere, which it alone knows, for folders with its lock file. */
async function poetryEnvironments({ folders, env, platform = process.platform }: Surroundings, ran?: Ran): Promise<Candidate[]> {
  const found = await Promise.all(folders.filter((folder) => existsSync(path.join(folder, 'poetry.lock'))).map(async (folder) => {
    const done = await run('poetry', ['env', 'info', '--path'], { cwd: folder, env, timeout: 20_000 }, ran).catch(() => undefined);
    const root = done?.code === 0 ? done.stdout.trim() : '';
    return root === '' ? [] : [{ path: platform === 'win32' ? path.join(root, 'Scripts', 'python.exe') : path.join(root, 'bin', 'python'), origin: `Poetry, for ${folder}` }];
  }));
  return found.flat();
}

type Probed = { interpreter: Interpreter } | { problem: string };

async function probe({ path: program, origin }: Candidate, env: NodeJS.ProcessEnv, ran?: Ran): Promise<Probed> {
  try {
    const { code, stdout, stderr } = await run(program, ['-c', PROBE], { env, timeout: 20_000 }, ran);
    if (code !== 0) return { problem: `does not run (${stderr.trim().split('\n').at(-1) || `exit code ${code}`})` };
    const { executable, version, ...packages } = JSON.parse(stdout) as Record<'executable' | 'version' | 'dbt' | 'postgres' | 'dagster', string | null>;
    const has = Object.fromEntries(Object.entries(packages).filter(([, value]) => value !== null));
    return { interpreter: { path: executable || program, version: version ?? '', origin, ...has } };
  } catch (error) {
    return { problem: error instanceof HumanError && /it is not there/.test(error.message) ? 'not there' : messageOf(error) };
  }
}

function lacks(interpreter: Interpreter, needs: readonly Need[]): string | undefined {
  const missing = needs.filter((need) => interpreter[need] === undefined);
  return missing.length === 0 ? undefined : `Python ${interpreter.version} without ${missing.map((need) => need === 'dbt' ? 'dbt' : 'Dagster').join(' and ')}`;
}

/** Finds the Python of the workspace, and remembers it. Runs programs of the workspace: only where it is trusted. */
export class PythonEnvironment {
  readonly #probed = new Map<string, Promise<Probed>>();

  /** @param surroundings asked again at every look */
  constructor(private readonly surroundings: () => Surroundings, private readonly ran?: Ran) {}

  /**
   * The first Python that has what is needed.
   * @throws HumanError that lists every place that was looked at, and offers to choose or to set up
   */
  async find(...needs: Need[]): Promise<Interpreter> {
    const surroundings = this.surroundings();
    const looked: string[] = [];
    for await (const candidate of this.#candidates(surroundings)) {
      const probed = await this.#look(candidate, surroundings.env);
      const problem = 'problem' in probed ? probed.problem : lacks(probed.interpreter, needs);
      if ('interpreter' in probed && problem === undefined) return probed.interpreter;
      looked.push(`${candidate.path === candidate.origin || candidate.origin === 'PATH' ? `${candidate.path} (${candidate.origin})` : candidate.path}: ${problem ?? ''}`);
    }
    const what = needs.length === 0 ? 'No Python' : `No Python with ${needs.map((need) => need === 'dbt' ? 'dbt' : 'Dagster').join(' and ')}`;
    throw new HumanError(`${what} was found. Looked at ${looked.join('; ')}. Set the project up, or choose an interpreter.`, [
      { title: 'Set Up', command: COMMANDS.setUp }, { title: 'Select Interpreter', command: COMMANDS.selectInterpreter },
    ]);
  }

  /** Every Python that runs, for somebody to choose from. */
  async list(): Promise<Interpreter[]> {
    const surroundings = { ...this.surroundings(), setting: '' };
    const all: Candidate[] = [];
    for await (const candidate of this.#candidates(surroundings)) all.push(candidate);
    const probed = await Promise.all(all.map((candidate) => this.#look(candidate, surroundings.env)));
    const found = probed.flatMap((one) => 'interpreter' in one ? [one.interpreter] : []);
    return found.filter(({ path: one }, index) => found.findIndex(({ path: other }) => other === one) === index);
  }

  /** After something was installed, or a setting changed. */
  forget(): void {
    this.#probed.clear();
  }

  /** Poetry is asked only when nothing nearer fits, and before the PATH. */
  async *#candidates(surroundings: Surroundings): AsyncGenerator<Candidate> {
    const all = candidates(surroundings);
    yield* all.filter(({ origin }) => origin !== 'PATH');
    if (surroundings.setting === '') yield* await poetryEnvironments(surroundings, this.ran);
    yield* all.filter(({ origin }) => origin === 'PATH');
  }

  async #look(candidate: Candidate, env: NodeJS.ProcessEnv): Promise<Probed> {
    const known = this.#probed.get(candidate.path) ?? probe(candidate, env, this.ran);
    this.#probed.set(candidate.path, known);
    const result = await known;
    // What is not there may come: only what was found is remembered
    if ('problem' in result) this.#probed.delete(candidate.path);
    return result;
  }
}
