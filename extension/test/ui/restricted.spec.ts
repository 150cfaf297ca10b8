import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from './fixtures';

test.use({ trust: 'restricted' });

test('an untrusted folder executes nothing, connects to nothing, and says so', async ({ workbench }) => {
  const local = path.join(workbench.folder, '.local', 'dagster.json');
  const before = fs.existsSync(local);
  await expect(workbench.status('Attribution: restricted')).toBeVisible({ timeout: 30_000 });
  const offered = await workbench.offered('Attribution: ');
  expect(offered.filter((title) => title.startsWith('Attribution:')).sort()).toEqual(['Attribution: Focus on Assets View', 'Attribution: Restart Language Server', 'Attribution: Show Log', 'Attribution: Show Status']);
  const view = await workbench.tree('Assets');
  await expect(view).toContainText('This folder is not trusted');
  await workbench.shoot('restricted');
  expect(fs.existsSync(local)).toBe(before);
});
