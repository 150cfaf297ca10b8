import * as vscode from 'vscode';
import { Cancelled, HumanError, messageOf } from '../base/errors';
import type { Disposable } from '../base/events';
import type { CommandId } from '../contributions';
import type { Log } from './log';
import { runRemedy } from './remedy';

/** Registers commands inside one error boundary: a HumanError is shown with its remedies, anything else with a way to the log. */
export class Commands {
  constructor(private readonly log: Log) {}

  register(id: CommandId, run: (...args: unknown[]) => unknown): Disposable {
    return vscode.commands.registerCommand(id, async (...args: unknown[]) => {
      try {
        return await run(...args);
      } catch (error) {
        // The command must not wait until somebody reads its message
        void this.show(error, id);
        return undefined;
      }
    });
  }

  /** Shows an error of something that a person asked for. */
  async show(error: unknown, what: string): Promise<void> {
    if (error instanceof Cancelled || (error instanceof Error && error.name === 'AbortError')) return;
    if (error instanceof HumanError) {
      this.log.warn(`${what}: ${error.message}`);
      const picked = await vscode.window.showErrorMessage(error.message, ...error.remedies.map(({ title }) => title));
      const remedy = error.remedies.find(({ title }) => title === picked);
      if (remedy) await runRemedy(remedy);
      return;
    }
    this.log.error(`${what}: ${error instanceof Error ? (error.stack ?? error.message) : messageOf(error)}`);
    const showLog = vscode.l10n.t('Show Log');
    const picked = await vscode.window.showErrorMessage(vscode.l10n.t('Attribution: {0}', messageOf(error)), showLog);
    if (picked === showLog) this.log.show();
  }
}
