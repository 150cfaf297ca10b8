import type { Disposable } from '../base/events';

interface Text {
  readonly isDirty: boolean;
  getText(): string;
}

/** Changes of files and of what editors hold of them, gathered for a moment and told together. */
export class Edits implements Disposable {
  readonly #edited = new Map<string, Text>();
  readonly #changed = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param together how long changes are gathered (milliseconds)
   * @param overlay takes what an editor holds of a file; undefined where that is what is saved
   * @param update takes the files that changed
   */
  constructor(private readonly together: number, private readonly overlay: (file: string, text: string | undefined) => unknown, private readonly update: (files: string[]) => unknown) {}

  typed(file: string, document: Text): void {
    this.#edited.set(file, document);
    this.#soon();
  }

  changed(file: string): void {
    this.#changed.add(file);
    this.#soon();
  }

  /** An editor is closed: what was typed last is gone with it. */
  closed(file: string): void {
    this.#edited.delete(file);
    this.overlay(file, undefined);
  }

  dispose(): void {
    clearTimeout(this.#timer);
  }

  #soon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const edited = [...this.#edited];
      const changed = [...this.#changed];
      this.#edited.clear();
      this.#changed.clear();
      for (const [file, document] of edited) this.overlay(file, document.isDirty ? document.getText() : undefined);
      if (changed.length > 0) this.update(changed);
    }, this.together);
  }
}
