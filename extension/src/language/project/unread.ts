import { pathKey } from '../../dbt/files';
import { readText } from './disk';
import type { IndexedFile } from './index';

interface Listed extends IndexedFile {
  /** the path as it is compared */
  key: string;
}

/** The files of a project that nobody read yet: in which order they are read, and which are read at once because somebody asks for a thing. */
export class Unread<F extends Listed> {
  readonly #files = new Map<string, F>();
  /** the order in which `next` gives them, from its end */
  #queue: F[] = [];
  /** texts that were looked into and are not parsed yet */
  readonly #texts = new Map<string, string>();
  /** what was asked for since something new was listed: asking again need not look again */
  readonly #asked = new Set<string>();
  /** YAML files that name a thing, by its name */
  #naming: Map<string, F[]> | undefined;

  /** @param overlay the unsaved text of a file @param read reads one now; it is no longer here then */
  constructor(private readonly overlay: (file: string) => string | undefined, private readonly read: (file: F) => void) {}

  get size(): number {
    return this.#files.size;
  }

  add(file: F): void {
    this.#files.set(file.key, file);
    this.#renew();
  }

  /** It is read, or gone. */
  delete(key: string): void {
    this.#files.delete(key);
  }

  /** What a file says may be different now. */
  changed(key: string): void {
    this.#texts.delete(key);
    this.#renew();
  }

  /** Settles the order: YAML first, it is what completion and hover tell most from; packages last. */
  order(): void {
    const rank = ({ role, package: from }: F): number => (role === 'properties' ? 4 : role === 'macro' ? 2 : role === 'docs' ? 3 : 1) + (from === undefined ? 4 : 0);
    this.#queue = [...this.#files.values()].sort((one, other) => rank(one) - rank(other));
  }

  next(): F | undefined {
    let next = this.#queue.pop();
    while (next && !this.#files.has(next.key)) next = this.#queue.pop();
    return next;
  }

  // ---- what somebody asks for

  /** Reads all that are wanted. @param what names the question, which is asked once */
  need(what: string, wanted: (file: F) => boolean): void {
    if (this.#files.size === 0 || this.#asked.has(what)) return;
    this.#asked.add(what);
    for (const file of [...this.#files.values()]) if (wanted(file)) this.read(file);
  }

  needFile(file: string): void {
    const found = this.#files.get(pathKey(file));
    if (found) this.read(found);
  }

  /** Reads the YAML that could describe a thing of this name. */
  needNamed(name: string): void {
    if (this.#files.size === 0) return;
    this.#naming ??= this.#namesInYaml();
    const naming = this.#naming.get(name);
    if (!naming) return;
    this.#naming.delete(name);
    for (const file of naming) if (this.#files.has(file.key)) this.read(file);
  }

  // ---- texts

  /** The text of any file; kept as long as nobody read the file; empty where it cannot be read. */
  text(key: string, file: string): string {
    const unsaved = this.overlay(file);
    if (unsaved !== undefined) return unsaved;
    let text = this.#texts.get(key);
    if (text === undefined) {
      text = readText(file) ?? '';
      if (this.#files.has(key)) this.#texts.set(key, text);
    }
    return text;
  }

  /** A text that was looked into before. */
  looked(key: string): string | undefined {
    return this.#texts.get(key);
  }

  forgetText(key: string): void {
    this.#texts.delete(key);
  }

  #renew(): void {
    this.#asked.clear();
    this.#naming = undefined;
  }

  #namesInYaml(): Map<string, F[]> {
    const found = new Map<string, F[]>();
    for (const file of this.#files.values()) {
      if (file.role !== 'properties') continue;
      for (const [, name = ''] of this.text(file.key, file.file).matchAll(/\bname["']?\s*:\s*["']?([\w.-]+)/g)) {
        const all = found.get(name);
        if (!all) found.set(name, [file]);
        else if (all.at(-1) !== file) all.push(file);
      }
    }
    return found;
  }
}
