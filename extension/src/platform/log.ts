import * as vscode from 'vscode';

/** The extension's log: an output channel with levels. Secrets never go in. */
export type Log = vscode.LogOutputChannel;

export function createLog(): Log {
  return vscode.window.createOutputChannel('Attribution', { log: true });
}
