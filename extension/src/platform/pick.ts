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
  const wordsOf = (some: readonly T[]): string => JSON.stringify(some.map(({ label, detail, description }) => [label, detail, description]));
  const show = (): void => {
    const next = items();
    // A list that is set anew forgets what is being chosen from it
    if (wordsOf(next) === wordsOf(pick.items)) return;
    const active = pick.activeItems[0]?.label;
    pick.items = next;
    const same = pick.items.find(({ label }) => label === active);
    if (same) pick.activeItems = [same];
  };
  show();
  return new Promise((resolve) => {
    const following = onDidChange(show);
    pick.onDidAccept(() => {
      const [chosen] = pick.selectedItems;
      // The list changed under the hand: what was meant is not known, and can be chosen again
      if (!chosen) return;
      resolve(chosen);
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
