/** Rename of whatever has a name in the project's own files. */
import type { Range, WorkspaceEdit } from 'vscode-languageserver';
import { HumanError } from '../../base/errors';
import { columnChanges, columnStart } from './renameColumns';
import { workspaceEdit, type Changes, type RenameSupport } from './renameEdits';
import { aliasChanges, cteChanges, localChanges } from './renameLocals';
import { docChanges, macroChanges, modelChanges, renamedMacro, renamedModel, variableChanges } from './renameProject';
import { checkSource, sourceChanges } from './renameSources';
import type { PlaceRequest } from './request';
import { targetAt, type Target } from './target';
import { bare } from './targetScopes';

/** The word that a rename would change. @throws HumanError with why this one cannot be */
export function prepareRename(request: PlaceRequest): { range: Range; placeholder: string } | null {
  const target = targetAt(request);
  if (!target) return null;
  check(request, target);
  const span = target.kind === 'local' || target.kind === 'macro' ? target.span : bare(request.text, target.span);
  return { range: request.lines.range(span), placeholder: request.text.slice(span.start, span.end) };
}

/**
 * Gives what is under the cursor another name, everywhere. A column is renamed from the select that makes it through the CTEs and models
 * that hand it on by stars; a model that reads it and makes a column of that name keeps its own: `new as old`.
 * @throws HumanError with why it cannot be renamed so
 */
export function rename(request: PlaceRequest, newName: string, support: RenameSupport): WorkspaceEdit | null {
  const target = targetAt(request);
  if (!target) return null;
  check(request, target);
  const name = newName.trim();
  if (name === '') throw new HumanError('The new name is empty. Type one.');
  return workspaceEdit(request, changesOf(request, target, name), support);
}

function changesOf(request: PlaceRequest, target: Target, name: string): Changes {
  switch (target.kind) {
    case 'model': return modelChanges(request, target, name);
    case 'macro': return macroChanges(request, target, name);
    case 'variable': return variableChanges(request, target, name);
    case 'doc': return docChanges(request, target, name);
    case 'cte': return cteChanges(request, target, name);
    case 'relation': return aliasChanges(request, target, name);
    case 'local': return localChanges(request, target, name);
    case 'column': return columnChanges(request, target, name);
    case 'source': case 'table': return sourceChanges(request, target, name);
  }
}

/** What never can be renamed says so before a name is typed. */
function check(request: PlaceRequest, target: Target): void {
  switch (target.kind) {
    case 'model': return void renamedModel(request, target);
    case 'macro': return void renamedMacro(request, target);
    case 'column': return void columnStart(request, target);
    case 'source': case 'table': checkSource(request, target); break;
    default:
  }
}
