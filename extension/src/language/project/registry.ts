/** Things by name where several files may say the same name: the first one counts until it goes. */
export class Registry<T> {
  readonly #all = new Map<string, T[]>();
  /** the one that counts, by name */
  readonly first = new Map<string, T>();
  /** grows with each change */
  revision = 0;

  /** @param before whether the one goes before the other; otherwise whoever came first */
  constructor(private readonly before: (one: T, other: T) => boolean = () => false) {}

  add(name: string, value: T): void {
    const all = this.#all.get(name);
    if (!all) this.#all.set(name, [value]);
    else {
      const at = all.findIndex((other) => this.before(value, other));
      all.splice(at < 0 ? all.length : at, 0, value);
    }
    this.#publish(name);
  }

  remove(name: string, value: T): void {
    const all = this.#all.get(name);
    const at = all?.indexOf(value) ?? -1;
    if (!all || at < 0) return;
    all.splice(at, 1);
    if (all.length === 0) this.#all.delete(name);
    this.#publish(name);
  }

  all(name: string): readonly T[] {
    return this.#all.get(name) ?? [];
  }

  #publish(name: string): void {
    this.revision++;
    const first = this.#all.get(name)?.[0];
    if (first === undefined) this.first.delete(name);
    else if (this.first.get(name) !== first) this.first.set(name, first);
  }
}
