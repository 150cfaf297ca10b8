/** Where a record stands in a raw CSV file: the dialect of the attribution rules (section 1), streaming. */
const [COMMA, QUOTE, LF, CR] = [0x2c, 0x22, 0x0a, 0x0d];
const MARK = [0xef, 0xbb, 0xbf];

/** Lines from 0, both included, as VS Code counts them: LF, CRLF and a bare CR each end one. */
export interface Lines {
  first: number;
  last: number;
}

type Place = 'record-start' | 'field-start' | 'field' | 'quoted' | 'after-quote';

/** Takes a file in chunks of any size and stops at the record that is sought. */
export class RecordLines {
  #place: Place = 'record-start';
  #line = 0;
  #first = 0;
  /** records that have begun; the header is the first, and its number is 0 */
  #begun = -1;
  #afterCr = false;
  #bytes = 0;
  #found: Lines | undefined;

  /** @param number from 1, after the header */
  constructor(private readonly number: number) {}

  /** @returns the lines once they are known */
  add(chunk: Uint8Array): Lines | undefined {
    for (let index = 0; index < chunk.length && !this.#found; index++) this.#byte(chunk[index] ?? 0);
    return this.#found;
  }

  /** At the end of the file; undefined: it has no such record. */
  end(): Lines | undefined {
    if (!this.#found && this.#place !== 'record-start') this.#endRecord(this.#line);
    return this.#found;
  }

  #byte(byte: number): void {
    if (this.#bytes < MARK.length && byte === MARK[this.#bytes++]) return;
    this.#bytes = MARK.length;
    const wasCr = this.#afterCr;
    this.#afterCr = byte === CR;
    // The second half of a CRLF
    if (byte === LF && wasCr) return;
    const isEnd = byte === LF || byte === CR;
    const line = this.#line;
    if (isEnd) this.#line++;
    if (this.#place === 'record-start') {
      if (isEnd) return;
      this.#begun++;
      this.#first = line;
    }
    this.#place = this.#next(byte, isEnd);
    if (this.#place === 'record-start') this.#endRecord(line);
  }

  #next(byte: number, isEnd: boolean): Place {
    if (this.#place === 'quoted') return byte === QUOTE ? 'after-quote' : 'quoted';
    if (isEnd) return 'record-start';
    if (byte === COMMA) return 'field-start';
    if (byte === QUOTE && (this.#place === 'after-quote' || this.#place === 'field-start' || this.#place === 'record-start')) return 'quoted';
    return 'field';
  }

  #endRecord(line: number): void {
    if (this.#begun === this.number) this.#found = { first: this.#first, last: line };
  }
}
