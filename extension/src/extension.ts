import type * as vscode from 'vscode';
import { Commands } from './platform/commands';
import { createLog } from './platform/log';
import { COMMANDS } from './contributions';

export function activate(context: vscode.ExtensionContext): void {
  const log = createLog();
  const commands = new Commands(log);
  context.subscriptions.push(log, commands.register(COMMANDS.showLog, () => log.show()));
}
