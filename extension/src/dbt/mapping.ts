/**
 * Where a model's text is in its compiled SQL, and back. What stands between Jinja tags comes out as it was written: such
 * pieces are found again in the compiled SQL, in order, as many characters of them as can be. Loops and branches may repeat
 * or drop pieces, macros put text between them.
 */

/** A piece that is the same on both sides; offsets in UTF-16 units. */
interface Anchor {
  source: number;
  compiled: number;
  length: number;
}

export interface Mapped {
  start: number;
  end: number;
  /** whether the place is there as it was written; else the range is what was made of it, or what made it */
  exact: boolean;
}

const TAG = /\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}|\{#[\s\S]*?#\}/g;
/** A line that stands everywhere tells little: the first places of it are enough. */
const MOST_PLACES = 24;
/** In texts above this each piece is looked for behind the one before it, and taken at its first place. */
const FINE = 50_000;

export class Mapping {
  readonly #anchors: Anchor[];

  constructor(private readonly source: string, private readonly compiled: string) {
    this.#anchors = chain(candidates(source, compiled));
  }

  /** Where a place of the source is in the compiled SQL. */
  toCompiled(offset: number): Mapped {
    return this.#map(offset, 'source', 'compiled', this.compiled);
  }

  /** Where a place of the compiled SQL comes from: a Jinja tag, where it made the place. */
  toSource(offset: number): Mapped {
    return this.#map(offset, 'compiled', 'source', this.source);
  }

  #map(offset: number, from: 'source' | 'compiled', to: 'source' | 'compiled', text: string): Mapped {
    let low = 0;
    let high = this.#anchors.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#anchors[middle]?.[from] ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    const before = this.#anchors[low - 1];
    const after = this.#anchors[low];
    // The end of a piece still is its own, unless something follows at once that is known better
    if (before && offset < before[from] + before.length + (after?.[from] === offset ? 0 : 1) && offset - before[from] <= before.length) {
      const at = before[to] + offset - before[from];
      return { start: at, end: at, exact: true };
    }
    let start = before ? before[to] + before.length : 0;
    let end = after ? after[to] : text.length;
    while (start < end && /\s/.test(text.charAt(start))) start++;
    while (end > start && /\s/.test(text.charAt(end - 1))) end--;
    return { start, end, exact: false };
  }
}

/** Every place where a piece of the source's own text stands in the compiled SQL. */
function candidates(source: string, compiled: string): Anchor[] {
  const found: Anchor[] = [];
  const most = source.length > FINE ? 1 : MOST_PLACES;
  let from = 0;
  const add = (at: number, text: string): boolean => {
    if (text.length < 2) return false;
    let place = compiled.indexOf(text, from);
    if (place < 0) return false;
    if (most === 1) from = place;
    for (let places = 1; place >= 0; places++) {
      found.push({ source: at, compiled: place, length: text.length });
      place = places < most ? compiled.indexOf(text, place + 1) : -1;
    }
    return true;
  };
  for (const piece of pieces(source)) {
    const [at, text] = trimmed(piece.at, piece.text);
    if (add(at, text) || source.length > FINE) continue;
    // A part of it was changed, as dbt does to the `with` of a model above ephemeral ones
    let line = at;
    for (const one of text.split('\n')) {
      add(...trimmed(line, one));
      line += one.length + 1;
    }
  }
  return found;
}

function* pieces(source: string): Generator<{ at: number; text: string }> {
  let at = 0;
  for (const tag of source.matchAll(TAG)) {
    if (tag.index > at) yield { at, text: source.slice(at, tag.index) };
    at = tag.index + tag[0].length;
  }
  if (at < source.length) yield { at, text: source.slice(at) };
}

function trimmed(at: number, text: string): [number, string] {
  const start = text.length - text.trimStart().length;
  return [at + start, text.trim()];
}

/** The candidates that follow one another on both sides and have the most characters together. */
function chain(all: Anchor[]): Anchor[] {
  const ordered = all.map((anchor, index) => ({ ...anchor, index, total: 0, previous: -1 })).sort((one, other) => one.source - other.source || one.compiled - other.compiled);
  const ends = [...new Set(ordered.map(({ compiled, length }) => compiled + length))].sort((one, other) => one - other);
  // The best chain that ends at or before a place of the compiled SQL (a tree of prefix maxima)
  const best = new Int32Array(ends.length + 1).fill(-1);
  const rank = (place: number): number => {
    let low = 0;
    let high = ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ends[middle] ?? 0) <= place) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const totalOf = (position: number): number => ordered[position]?.total ?? 0;
  let last = -1;
  // Pieces of one place of the source exclude one another: all are looked up before any is entered
  for (let from = 0; from < ordered.length;) {
    let to = from;
    while (to < ordered.length && ordered[to]?.source === ordered[from]?.source) to++;
    for (let position = from; position < to; position++) {
      const one = ordered[position];
      if (!one) continue;
      for (let node = rank(one.compiled); node > 0; node -= node & -node) {
        const candidate = best[node] ?? -1;
        if (candidate >= 0 && totalOf(candidate) > (one.previous < 0 ? 0 : totalOf(one.previous))) one.previous = candidate;
      }
      one.total = one.length + (one.previous < 0 ? 0 : totalOf(one.previous));
      if (last < 0 || one.total > totalOf(last)) last = position;
    }
    for (let position = from; position < to; position++) {
      const one = ordered[position];
      if (!one) continue;
      for (let node = rank(one.compiled + one.length); node <= ends.length; node += node & -node) {
        if (one.total > totalOf(best[node] ?? -1)) best[node] = position;
      }
    }
    from = to;
  }
  const chosen: Anchor[] = [];
  for (let one = ordered[last]; one; one = ordered[one.previous]) chosen.push({ source: one.source, compiled: one.compiled, length: one.length });
  return chosen.reverse();
}
