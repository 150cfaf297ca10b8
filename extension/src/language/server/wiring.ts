/** Which feature answers which request: a line each. What is absent is not advertised to the client. */
import type {
  CodeAction, CodeActionContext, CompletionItem, CompletionList, Diagnostic, DocumentHighlight, DocumentSymbol, FoldingRange, Hover, Location, LocationLink, Range,
  SemanticTokens, SemanticTokensLegend, SignatureHelp, SymbolInformation, WorkspaceEdit, WorkspaceSymbol,
} from 'vscode-languageserver';
import type { Span } from '../analysis/types';
import { codeActions } from '../features/codeActions';
import { columnLineage } from '../features/columnLineage';
import { completion, completionResolve } from '../features/completion';
import { definition } from '../features/definition';
import { foldingRange } from '../features/folding';
import { documentHighlight } from '../features/highlights';
import { diagnostics } from '../features/diagnostics';
import { hover } from '../features/hover';
import { references } from '../features/references';
import { prepareRename, rename } from '../features/rename';
import type { RenameSupport } from '../features/renameEdits';
import type { FileRequest, PlaceRequest, ProjectRequest } from '../features/request';
import type { ColumnLineage } from '../protocol';
import { modelAt } from '../features/target';
import { semanticTokens, SEMANTIC_LEGEND } from '../features/semanticTokens';
import { signatureHelp } from '../features/signature';
import { documentSymbol, workspaceSymbol } from '../features/symbols';

type Answer<T> = T | Promise<T>;

export interface Features {
  /** `snippets`: the client knows places to fill in; `shared`: it takes one range for all items */
  completion?: (request: PlaceRequest, trigger: string | undefined, snippets: boolean, shared: boolean) => Answer<CompletionItem[] | CompletionList | null>;
  /** fills in what the list left out (documentation, …); `request` is the one that the list answered */
  completionResolve?: (item: CompletionItem, request: PlaceRequest) => Answer<CompletionItem>;
  hover?: (request: PlaceRequest) => Answer<Hover | null>;
  signatureHelp?: (request: PlaceRequest) => Answer<SignatureHelp | null>;
  /** of an open file; asked again after each change of it or of the project */
  diagnostics?: (request: FileRequest) => Answer<Diagnostic[]>;
  /** `open`: the client's command that shows a file */
  codeAction?: (request: FileRequest, range: Span, context: CodeActionContext, open?: string) => Answer<CodeAction[]>;
  definition?: (request: PlaceRequest, links: boolean) => Answer<Location[] | LocationLink[] | null>;
  references?: (request: PlaceRequest, includeDeclaration: boolean) => Answer<Location[] | null>;
  prepareRename?: (request: PlaceRequest) => Answer<{ range: Range; placeholder: string } | null>;
  /** @throws HumanError with why it cannot be renamed so */
  rename?: (request: PlaceRequest, newName: string, support: RenameSupport) => Answer<WorkspaceEdit | null>;
  documentSymbol?: (request: FileRequest) => Answer<DocumentSymbol[]>;
  workspaceSymbol?: (request: ProjectRequest, query: string) => Answer<WorkspaceSymbol[] | SymbolInformation[]>;
  foldingRange?: (request: FileRequest) => Answer<FoldingRange[]>;
  semanticTokens?: { legend: SemanticTokensLegend; full: (request: FileRequest) => Answer<SemanticTokens> };
  documentHighlight?: (request: PlaceRequest) => Answer<DocumentHighlight[] | null>;
  /** of our own client */
  columnLineage?: (request: PlaceRequest) => Answer<ColumnLineage | null>;
  modelAt?: (request: PlaceRequest) => Answer<string | null>;
}

export const FEATURES: Features = {
  completion, completionResolve, hover, signatureHelp,
  definition, references, prepareRename, rename, documentHighlight, documentSymbol, workspaceSymbol, foldingRange,
  semanticTokens: { legend: SEMANTIC_LEGEND, full: semanticTokens },
  diagnostics, codeAction: codeActions, columnLineage, modelAt,
};
