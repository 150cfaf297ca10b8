import * as vscode from 'vscode';
import type { Event } from '../base/events';

/**
 * A quick pick whose items follow their source while it is open.
 * @param items what there is to choose, asked again at every change
 * @returns undefined where nothing was chosen
 */
export function pickFollowing<T extends vscode.QuickPickItem>(items: () => readonly T[], onDidChange: Event<void>, placeholder: string): Promise<T | undefined> {
  const pick = vscode.window.createQuickPick<T>();
  pick.placeholder = placeholder;
  pick.matchOnDetail = true;
  // The row under the cursor stays where rows come and go
  pick.keepScrollPosition = true;
  const show = (): void => {
    const active = pick.activeItems[0]?.label;
    pick.items = items();
    const same = pick.items.find(({ label }) => label === active);
    if (same) pick.activeItems = [same];
  };
  show();
  return new Promise((resolve) => {
    const following = onDidChange(show);
    pick.onDidAccept(() => {
      resolve(pick.selectedItems[0]);
      pick.hide();
    });
    pick.onDidHide(() => {
      resolve(undefined);
      following.dispose();
      pick.dispose();
    });
    pick.show();
  });
}
