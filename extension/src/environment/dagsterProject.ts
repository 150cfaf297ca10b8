/** Finds the folder in which `dagster dev` is started. */
import fs from 'node:fs/promises';
import path from 'node:path';

const SKIPPED = /^(\.|node_modules$|dbt_packages$|target$|venv$|__pycache__$)/;
const DEPTH = 2;

/**
 * The first folder, from the workspace folder down to two levels below, whose pyproject.toml has a `[tool.dagster]` or
 * `[tool.dg…]` table, or that has a workspace.yaml; shallow folders first, then by name. Undefined where there is none.
 * @param chosen the setting `attribution.dagster.projectDirectory`, which wins; relative to the first folder
 */
export async function findDagsterProject(folders: readonly string[], chosen: string): Promise<string | undefined> {
  const [first] = folders;
  if (chosen !== '') return first === undefined ? chosen : path.resolve(first, chosen.replaceAll('${workspaceFolder}', first));
  let level = [...folders];
  for (let depth = 0; depth <= DEPTH; depth++) {
    const next: string[] = [];
    for (const folder of level) {
      if (await isDagsterProject(folder)) return folder;
      next.push(...(await childrenOf(folder)));
    }
    level = next;
  }
  return undefined;
}

async function isDagsterProject(folder: string): Promise<boolean> {
  const read = (name: string): Promise<string> => fs.readFile(path.join(folder, name), 'utf8').catch(() => '');
  if (/^\s*\[tool\.(dagster|dg)\b/m.test(await read('pyproject.toml'))) return true;
  return /^load_from:/m.test(await read('workspace.yaml'));
}

async function childrenOf(folder: string): Promise<string[]> {
  const entries = await fs.readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory() && !SKIPPED.test(entry.name)).map(({ name }) => path.join(folder, name)).sort();
}
