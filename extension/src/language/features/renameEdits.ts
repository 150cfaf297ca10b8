/** What a rename changes, as text edits by file and files that get another name. */
import { RenameFile, TextDocumentEdit, TextEdit, type WorkspaceEdit } from 'vscode-languageserver';
import { HumanError } from '../../base/errors';
import { RESERVED } from '../analysis/sqlWords';
import type { Span } from '../analysis/types';
import { linesOf } from './references';
import type { FileRequest } from './request';

export interface Edit {
  file: string;
  span: Span;
  text: string;
}

export interface Changes {
  edits: readonly Edit[];
  /** files that get another name once the edits are done */
  files?: readonly { from: string; to: string }[];
}

/** What the client can do beyond changing texts. */
export interface RenameSupport {
  documentChanges: boolean;
  renameFiles: boolean;
}

/** The answer of the protocol. A client that cannot rename files gets the texts alone, and its person renames the file. */
export function workspaceEdit(request: FileRequest, { edits, files = [] }: Changes, support: RenameSupport): WorkspaceEdit {
  const byFile = new Map<string, Map<string, Edit>>();
  for (const edit of edits) {
    const known = byFile.get(edit.file) ?? new Map<string, Edit>();
    known.set(`${edit.span.start} ${edit.span.end}`, edit);
    byFile.set(edit.file, known);
  }
  const texts = [...byFile].flatMap(([file, found]): [string, TextEdit[]][] => {
    const lines = linesOf(request, file);
    const uri = file === request.file ? request.uri : request.uriOf(file);
    const sorted = [...found.values()].sort((one, other) => one.span.start - other.span.start || one.span.end - other.span.end);
    return lines ? [[uri, sorted.map(({ span, text }) => TextEdit.replace(lines.range(span), text))]] : [];
  });
  if (!support.documentChanges) return { changes: Object.fromEntries(texts) };
  const moved = support.renameFiles ? files.map(({ from, to }) => RenameFile.create(from === request.file ? request.uri : request.uriOf(from), request.uriOf(to))) : [];
  return { documentChanges: [...texts.map(([uri, changes]) => TextDocumentEdit.create({ uri, version: null }, changes)), ...moved] };
}

/** A name as SQL takes it without quotes. @throws HumanError */
export function checkIdentifier(name: string, what: string): void {
  if (!/^[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*$/.test(name)) throw new HumanError(`"${name}" cannot be the name of ${what}: use letters, digits and underscores, and begin with no digit.`);
  if (name.length > 63) throw new HumanError(`"${name}" is longer than the 63 characters that PostgreSQL keeps of a name. Choose a shorter one.`);
  if (RESERVED.has(name.toLowerCase())) throw new HumanError(`"${name}" is a reserved word of SQL. Choose another name for ${what}.`);
}

/** A name as Jinja takes it. @throws HumanError */
export function checkJinjaName(name: string, what: string): void {
  if (!/^[A-Za-z_]\w*$/.test(name)) throw new HumanError(`"${name}" cannot be the name of ${what}: use letters, digits and underscores, and begin with no digit.`);
  if (JINJA_WORDS.has(name)) throw new HumanError(`"${name}" is a word of Jinja. Choose another name for ${what}.`);
}

const JINJA_WORDS = new Set(['and', 'or', 'not', 'in', 'is', 'if', 'elif', 'else', 'for', 'set', 'macro', 'call', 'filter', 'import', 'from', 'include', 'extends', 'block', 'do', 'true', 'false', 'none', 'True', 'False', 'None', 'loop', 'self', 'super', 'caller', 'varargs', 'kwargs']);
