/**
 * Words for people where 'vscode.l10n' cannot be reached: the pages, and what host and pages share. The host hands the
 * bundle of VS Code's language to each page; without one, English is what it is.
 */
let bundle: Readonly<Record<string, string>> = {};

/** @param words translations by their English, as `vscode.l10n.bundle` has them */
export function useWords(words: Readonly<Record<string, string>>): void {
  bundle = words;
}

/** Like `vscode.l10n.t`: the message in the person's language, `{0}` and so on filled in. */
export function t(message: string, ...values: readonly (string | number)[]): string {
  return (bundle[message] ?? message).replace(/\{(\d+)\}/g, (placeholder, index: string) => String(values[Number(index)] ?? placeholder));
}
