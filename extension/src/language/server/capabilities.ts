import { FileOperationPatternKind, TextDocumentSyncKind, type FileOperationRegistrationOptions, type ServerCapabilities } from 'vscode-languageserver';
import type { Features } from './wiring';

/** What the client should tell of files that it creates, renames or deletes; folders too. */
const FILES: FileOperationRegistrationOptions = { filters: [{ scheme: 'file', pattern: { glob: '**/*.{sql,py,yml,yaml,md,csv}' } }, { scheme: 'file', pattern: { glob: '**', matches: FileOperationPatternKind.folder } }] };

/** After what the client asks for completion by itself: quotes and parentheses of calls, braces of Jinja, the dot of an alias, the space behind the dash of an item in YAML. Never a comma: Enter after it begins a line. */
const COMPLETION_TRIGGERS = ['\'', '"', '.', '(', '{', '%', ' '];

/** Tells the client which requests are answered. */
export function capabilitiesOf(features: Features): ServerCapabilities {
  const has = (feature: unknown): boolean => feature !== undefined;
  return {
    textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental, save: { includeText: false } },
    workspace: { workspaceFolders: { supported: true, changeNotifications: true }, fileOperations: { didCreate: FILES, didRename: FILES, didDelete: FILES } },
    ...(features.completion ? { completionProvider: { triggerCharacters: COMPLETION_TRIGGERS, resolveProvider: has(features.completionResolve) } } : {}),
    ...(features.signatureHelp ? { signatureHelpProvider: { triggerCharacters: ['(', ','], retriggerCharacters: [')'] } } : {}),
    hoverProvider: has(features.hover),
    definitionProvider: has(features.definition),
    referencesProvider: has(features.references),
    documentHighlightProvider: has(features.documentHighlight),
    documentSymbolProvider: has(features.documentSymbol),
    workspaceSymbolProvider: has(features.workspaceSymbol),
    foldingRangeProvider: has(features.foldingRange),
    ...(features.codeAction ? { codeActionProvider: { codeActionKinds: ['quickfix', 'refactor', 'source'] } } : {}),
    ...(features.rename ? { renameProvider: { prepareProvider: has(features.prepareRename) } } : {}),
    ...(features.semanticTokens ? { semanticTokensProvider: { legend: features.semanticTokens.legend, full: true } } : {}),
  };
}
