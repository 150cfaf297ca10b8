import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { COMMANDS, VIEWS } from '../../src/contributions';

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

  test('has its view, which can be shown', async () => {
    await vscode.commands.executeCommand(`${VIEWS.assets}.focus`);
  });
});
