import * as vscode from 'vscode';
import { DisposableStore, type Disposable, type Event } from '../base/events';
import { plainMarkdown } from '../base/markdown';
import { COMMANDS, CONTEXT } from '../contributions';
import type { Commands } from '../platform/commands';
import { runRemedy } from '../platform/remedy';
import { show, type Facts, type Shown } from './model';

const COLOURS = { none: undefined, warning: 'statusBarItem.warningBackground', error: 'statusBarItem.errorBackground' };

/** The status item. @param facts how things stand now  @param changed when to look again */
export function registerStatusItem({ commands, facts, changed }: { commands: Commands; facts: () => Facts; changed: readonly Event<void>[] }): Disposable {
  const store = new DisposableStore();
  const item = store.add(vscode.window.createStatusBarItem('attribution.status', vscode.StatusBarAlignment.Left, 10));
  item.name = vscode.l10n.t('Attribution');
  item.command = COMMANDS.showStatus;
  let shown: Shown | undefined;
  const update = (): void => {
    const next = show(facts());
    if (JSON.stringify(next) === JSON.stringify(shown)) return;
    shown = next;
    item.text = next.text;
    item.tooltip = new vscode.MarkdownString(next.tooltip.map(plainMarkdown).join('\n\n'));
    const colour = COLOURS[next.severity];
    item.backgroundColor = colour === undefined ? undefined : new vscode.ThemeColor(colour);
    item.accessibilityInformation = { label: `Attribution: ${next.tooltip.join(', ')}` };
    item.show();
    void vscode.commands.executeCommand('setContext', CONTEXT.health, next.health);
  };
  for (const event of changed) store.add(event(update));
  store.add(commands.register(COMMANDS.showStatus, async () => {
    const { actions, tooltip } = show(facts());
    const picked = await vscode.window.showQuickPick(
      actions.map(({ label, description, command, args }) => ({ label, ...(description === undefined ? {} : { description }), command, args })),
      { title: vscode.l10n.t('Attribution Workbench'), placeHolder: tooltip[0] ?? '' },
    );
    if (picked) await runRemedy(picked);
  }));
  update();
  return store;
}
