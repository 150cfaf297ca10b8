/** Verdicts of tests as the Test Explorer shows them. */
import * as vscode from 'vscode';
import { differenceOf, type Difference } from './difference';
import type { Finished } from './tests';

/** What became of a test, shown in the Test Explorer. */
export function report(run: vscode.TestRun, item: vscode.TestItem, outcome: Finished['outcome'], words: string, duration: number | undefined): void {
  if (outcome === 'skipped') run.skipped(item);
  else if (outcome === 'failed') run.failed(item, messagesAt(item, words), duration);
  else if (outcome === 'errored') run.errored(item, messageAt(item, words), duration);
  // The Test Explorer knows no warnings, and dbt goes on after one
  else run.passed(item, duration);
}

/** What a failed test says: of a unit test how many rows differ and dbt's table of them, then both sides to compare. */
function messagesAt(item: vscode.TestItem, words: string): vscode.TestMessage[] {
  const difference = differenceOf(words);
  const message = messageAt(item, difference ? `${inWords(difference)}\n\n${words}` : words);
  if (!difference) {
    message.contextValue = 'failingRows';
    return [message];
  }
  // One of its own: beside the line VS Code shows the first, and of two sides it shows no words
  const sides = messageAt(item, inWords(difference));
  [sides.expectedOutput, sides.actualOutput] = [difference.expected, difference.actual];
  return [message, sides];
}

/** A message at the line of a test's definition. */
export function messageAt(item: vscode.TestItem, words: string): vscode.TestMessage {
  const message = new vscode.TestMessage(words === '' ? vscode.l10n.t('It failed without a word.') : words);
  if (item.uri && item.range) message.location = new vscode.Location(item.uri, item.range);
  return message;
}

/** "The rows differ: 1 changed, 2 missing". */
function inWords({ changed, missing, unexpected }: Difference): string {
  const parts = [
    changed > 0 && vscode.l10n.t('{0} changed', changed), missing > 0 && vscode.l10n.t('{0} missing', missing), unexpected > 0 && vscode.l10n.t('{0} unexpected', unexpected),
  ].filter((part) => part !== false);
  return vscode.l10n.t('The rows differ from the expected ones: {0}', parts.join(', '));
}
