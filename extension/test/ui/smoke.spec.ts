import { expect, test } from './fixtures';

test('the window opens on the project, and the palette knows the extension', async ({ workbench }) => {
  await expect(workbench.page.locator('.explorer-folders-view .monaco-list-row').first()).toBeVisible();
  await workbench.command('Attribution: Show Log');
  await expect(workbench.page.locator('.part.panel')).toContainText('Attribution');
  await workbench.shoot('smoke');
});
