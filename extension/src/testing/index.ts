import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../base/events';
import { COMMANDS } from '../contributions';
import type { Commands } from '../platform/commands';
import { clientOf, freezeJourney, type FreezeOptions } from './commands';
import { TestExplorer, type ExplorerOptions } from './provider';

export interface TestingOptions extends ExplorerOptions, FreezeOptions {
  commands: Commands;
}

/** Tests: dbt's and Dagster's in the Test Explorer, the rows that one failed on, and a journey frozen as a new one. */
export function registerTesting(options: TestingOptions): Disposable {
  const store = new DisposableStore();
  const explorer = store.add(new TestExplorer(options));
  store.add(options.commands.register(COMMANDS.showFailingRows, (given) => {
    const { project, name, sql } = explorer.failingRowsOf(testOf(given));
    return vscode.commands.executeCommand(COMMANDS.previewQuery, { project: project.root, title: name, sql });
  }));
  store.add(options.commands.register(COMMANDS.freezeJourney, (given) => freezeJourney(clientOf(given), options)));
  return store;
}

/** A test item, or what the menu of its message hands over. */
function testOf(given: unknown): vscode.TestItem {
  return (given as { test?: vscode.TestItem }).test ?? (given as vscode.TestItem);
}
