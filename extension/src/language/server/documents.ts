import type { TextDocumentContentChangeEvent, TextDocumentItem } from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { pathKey } from '../../dbt/files';
import { LineIndex } from '../analysis/positions';

/** A document that an editor holds. */
export class OpenDocument {
  #lines: LineIndex | undefined;

  constructor(readonly file: string, readonly uri: string, private document: TextDocument) {}

  get version(): number {
    return this.document.version;
  }

  get text(): string {
    return this.document.getText();
  }

  get lines(): LineIndex {
    return (this.#lines ??= new LineIndex(this.text));
  }

  change(changes: TextDocumentContentChangeEvent[], version: number): void {
    this.document = TextDocument.update(this.document, changes, version);
    this.#lines = undefined;
  }
}

/** The documents that an editor holds, by file. */
export class OpenDocuments {
  readonly #documents = new Map<string, OpenDocument>();

  get all(): OpenDocument[] {
    return [...this.#documents.values()];
  }

  open(file: string, { uri, languageId, version, text }: TextDocumentItem): OpenDocument {
    const document = new OpenDocument(file, uri, TextDocument.create(uri, languageId, version, text));
    this.#documents.set(pathKey(file), document);
    return document;
  }

  close(file: string): void {
    this.#documents.delete(pathKey(file));
  }

  get(file: string): OpenDocument | undefined {
    return this.#documents.get(pathKey(file));
  }
}
