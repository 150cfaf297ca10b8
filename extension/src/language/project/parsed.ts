import type { SqlDocument, YamlDocument } from '../analysis/types';

/** A parsed file, with the text that it was parsed from. */
export interface Parsed {
  text: string;
  sql?: SqlDocument;
  yaml?: YamlDocument;
}

/** The files parsed last, by how long their texts are together. Those that editors hold are kept whatever comes. */
export class ParsedFiles {
  readonly #files = new Map<string, Parsed>();
  #length = 0;

  /** @param most UTF-16 units of text that are kept; trees are some ten times as large */
  constructor(private readonly most: number, private readonly isOpen: (file: string) => boolean) {}

  get(file: string): Parsed | undefined {
    const found = this.#files.get(file);
    if (found) {
      this.#files.delete(file);
      this.#files.set(file, found);
    }
    return found;
  }

  set(file: string, parsed: Parsed): void {
    this.delete(file);
    this.#files.set(file, parsed);
    this.#length += parsed.text.length;
    for (const [oldest, { text }] of this.#files) {
      if (this.#length <= this.most || oldest === file) break;
      if (this.isOpen(oldest)) continue;
      this.#files.delete(oldest);
      this.#length -= text.length;
    }
  }

  delete(file: string): void {
    const found = this.#files.get(file);
    if (!found) return;
    this.#files.delete(file);
    this.#length -= found.text.length;
  }

  clear(): void {
    this.#files.clear();
    this.#length = 0;
  }
}
