import type { Files } from './files';

/** Folders that never hold a project of the user's own: packages, environments, what builds leave behind. */
const SKIPPED = new Set(['dbt_packages', 'dbt_modules', 'node_modules', 'target', 'venv', 'env', 'site-packages', '__pycache__', 'dist', 'build']);
const DEEPEST = 10;

/**
 * Folders with a dbt_project.yml below (and including) `root`, in the order of their paths. Installed packages are none,
 * whatever folder they are installed to; hidden folders are not looked into.
 * @param packagesOf the folder (absolute) that a project installs its packages to
 */
export async function findProjects(files: Files, root: string, packagesOf: (projectRoot: string) => Promise<string | undefined>): Promise<string[]> {
  const found: string[] = [];
  const visit = async (folder: string, depth: number, packages: readonly string[]): Promise<void> => {
    const entries = await files.list(folder);
    let skipped = packages;
    if (entries.some(({ name, folder: isFolder }) => !isFolder && name === 'dbt_project.yml')) {
      found.push(folder);
      const own = await packagesOf(folder);
      if (own !== undefined) skipped = [...packages, own];
    }
    if (depth === DEEPEST) return;
    const inside = entries.filter(({ name, folder: isFolder }) => isFolder && !name.startsWith('.') && !SKIPPED.has(name)).map(({ name }) => files.path.join(folder, name));
    await Promise.all(inside.filter((path) => !skipped.includes(path)).map((path) => visit(path, depth + 1, skipped)));
  };
  await visit(root, 0, []);
  return found.sort();
}

/** Files below a folder whose name ends with one of the endings. Hidden folders, and those of `except`, are left out. */
export async function filesBelow(files: Files, folder: string, endings: readonly string[], except: readonly string[]): Promise<string[]> {
  const entries = await files.list(folder);
  const nested = await Promise.all(entries.map(async ({ name, folder: isFolder }) => {
    const path = files.path.join(folder, name);
    if (isFolder) return name.startsWith('.') || except.includes(path) ? [] : filesBelow(files, path, endings, except);
    return endings.some((ending) => name.endsWith(ending)) ? [path] : [];
  }));
  return nested.flat();
}
