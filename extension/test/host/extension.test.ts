import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { COMMANDS, VIEWS } from '../../src/contributions';
import { linkOf } from '../../src/journey/arguments';

const ID = 'attribution-workbench.attribution-workbench';

suite('the extension in VS Code', () => {
  test('is activated by a dbt project in the folder', async () => {
    const extension = vscode.extensions.getExtension(ID);
    assert.ok(extension);
    await extension.activate();
    assert.ok(extension.isActive);
  });

  test('registers every command that it contributes', async () => {
    const known = new Set(await vscode.commands.getCommands(true));
    assert.deepEqual(Object.values(COMMANDS).filter((command) => !known.has(command)), []);
  });

  test('a link of VS Code opens the journey of the client that it names', async () => {
    const clientId = 'a&b = 100% <"c"> +1';
    const opened = (): boolean => vscode.window.tabGroups.all.some(({ tabs }) => tabs.some(({ label }) => label === `Journey: ${clientId}`));
    await vscode.commands.executeCommand('vscode.open', vscode.Uri.parse(linkOf(vscode.env.uriScheme, ID, { clientId, purchaseId: null })));
    for (const end = Date.now() + 20_000; !opened() && Date.now() < end;) await new Promise((resolve) => setTimeout(resolve, 50));
    assert.ok(opened());
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  });

  test('has its view, which can be shown', async () => {
    await vscode.commands.executeCommand(`${VIEWS.assets}.focus`);
  });
});
