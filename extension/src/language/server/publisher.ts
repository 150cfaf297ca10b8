import type { Diagnostic } from 'vscode-languageserver';
import type { FileProject } from '../project/fileProject';
import type { OpenDocument, OpenDocuments } from './documents';

/** From this length on (UTF-16 units) a document's diagnostics wait until typing pauses. */
const LARGE = 100_000;
const PAUSE = 200;
/** From this length on a request that follows a change at once (completion, most often) goes first. */
const MIDDLE = 10_000;
const SHORTLY = 3;
/** Other open files follow a change this long after it (milliseconds). */
const OTHERS = 120;

interface Options {
  documents: OpenDocuments;
  projectOf(file: string): FileProject | undefined;
  find(document: OpenDocument): Promise<Diagnostic[]>;
  send(uri: string, version: number, diagnostics: Diagnostic[]): void;
  failed(error: unknown): void;
}

/** Keeps the diagnostics of open files current: of the changed one at once, of the others soon. Says nothing before the project was read. */
export class Publisher {
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #soon = new Map<string, NodeJS.Immediate>();
  /** of what each open file was told last: versions of the file and of its project */
  readonly #told = new Map<string, string>();
  #others: NodeJS.Timeout | undefined;

  constructor(private readonly options: Options) {}

  /** What an editor holds is different. */
  changed(document: OpenDocument): void {
    const { uri } = document;
    if (document.text.length >= LARGE) this.#whenQuiet(document, PAUSE);
    else if (document.text.length >= MIDDLE) this.#whenQuiet(document, SHORTLY);
    else if (!this.#soon.has(uri)) {
      this.#soon.set(uri, setImmediate(() => {
        this.#soon.delete(uri);
        void this.#publish(document);
      }));
    }
    this.#later();
  }

  /** A file of a project changed, or the project was read. */
  projectChanged(project: FileProject): void {
    if (project.complete) this.#later(0);
  }

  closed(uri: string): void {
    clearTimeout(this.#timers.get(uri));
    this.#timers.delete(uri);
    // What is not open is not told of; by its version nobody takes this for the answer to opening it again
    this.#told.delete(uri);
    this.options.send(uri, 0, []);
  }

  dispose(): void {
    clearTimeout(this.#others);
    for (const timer of this.#timers.values()) clearTimeout(timer);
    for (const soon of this.#soon.values()) clearImmediate(soon);
  }

  #later(milliseconds = OTHERS): void {
    clearTimeout(this.#others);
    this.#others = setTimeout(() => void this.#publishAll(), milliseconds);
  }

  async #publishAll(): Promise<void> {
    const { documents } = this.options;
    for (const document of documents.all) {
      if (document.text.length >= LARGE) this.#whenQuiet(document, PAUSE);
      else {
        await this.#publish(document);
        // There may be dozens: what a person asks meanwhile goes first
        await new Promise(setImmediate);
      }
    }
  }

  #whenQuiet(document: OpenDocument, milliseconds: number): void {
    clearTimeout(this.#timers.get(document.uri));
    this.#timers.set(document.uri, setTimeout(() => void this.#publish(document), milliseconds));
  }

  async #publish(document: OpenDocument): Promise<void> {
    const current = (): boolean => this.options.documents.get(document.file) === document;
    const project = this.options.projectOf(document.file);
    if (!current() || (project && !project.complete)) return;
    const { version } = document;
    const state = `${version} ${project?.version ?? 0}`;
    if (this.#told.get(document.uri) === state) return;
    this.#told.set(document.uri, state);
    try {
      const diagnostics = await this.options.find(document);
      if (current() && document.version === version) this.options.send(document.uri, version, diagnostics);
    } catch (error) {
      this.options.failed(error);
    }
  }
}
