import * as vscode from 'vscode';
import type { Remedy } from '../base/errors';

/** Does what a button offers. Files come as `file:` addresses, a line as their fragment; VS Code takes them as its own Uri only. */
export function runRemedy({ command, args = [] }: { command: string; args?: Remedy['args'] | undefined }): Thenable<unknown> {
  return vscode.commands.executeCommand(command, ...args.map((arg) => (typeof arg === 'string' && arg.startsWith('file:') ? vscode.Uri.parse(arg, true) : arg)));
}
