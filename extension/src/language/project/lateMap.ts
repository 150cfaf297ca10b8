/** A map that some entries come into only when somebody asks for them. */
export class LateMap<T> implements ReadonlyMap<string, T> {
  /**
   * @param missing brings in what could have a name that is not there
   * @param listed brings in everything, before all of it is looked at
   */
  constructor(private readonly map: ReadonlyMap<string, T>, private readonly missing: (name: string) => void, private readonly listed: () => void) {}

  get(name: string): T | undefined {
    const found = this.map.get(name);
    if (found !== undefined) return found;
    this.missing(name);
    return this.map.get(name);
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  get size(): number {
    return this.#whole().size;
  }

  keys(): MapIterator<string> {
    return this.#whole().keys();
  }

  values(): MapIterator<T> {
    return this.#whole().values();
  }

  entries(): MapIterator<[string, T]> {
    return this.#whole().entries();
  }

  [Symbol.iterator](): MapIterator<[string, T]> {
    return this.entries();
  }

  forEach(visit: (value: T, name: string, map: ReadonlyMap<string, T>) => void): void {
    for (const [name, value] of this.#whole()) visit(value, name, this);
  }

  #whole(): ReadonlyMap<string, T> {
    this.listed();
    return this.map;
  }
}
