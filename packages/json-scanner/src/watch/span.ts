/** A range of a document that lies in chunks. Offsets are of the document. */
export class ByteSpan {
  readonly #chunks: readonly Buffer[];
  readonly start: number;
  readonly end: number;
  #index = 0;
  /** Offset of the chunk at #index. */
  #base = 0;

  constructor(chunks: readonly Buffer[], start: number, end: number) {
    this.#chunks = chunks;
    this.start = start;
    this.end = end;
  }

  /** The chunk that an offset lies in, and the chunk's own offset. Fast when asked for in order. */
  at(offset: number): { readonly chunk: Buffer; readonly base: number } {
    if (offset < this.#base) {
      this.#index = 0;
      this.#base = 0;
    }
    let chunk = this.#chunks[this.#index] as Buffer;
    while (offset >= this.#base + chunk.length) {
      this.#base += chunk.length;
      chunk = this.#chunks[++this.#index] as Buffer;
    }
    return { chunk, base: this.#base };
  }

  /** Copies [from, to) to the beginning of `target`. */
  copy(target: Buffer, from: number, to: number): void {
    for (let offset = from; offset < to; ) {
      const { chunk, base } = this.at(offset);
      offset += chunk.copy(target, offset - from, offset - base, Math.min(chunk.length, to - base));
    }
  }

  /** A short range as text. */
  text(from: number, to: number): string {
    if (from === to) return '';
    const { chunk, base } = this.at(from);
    if (to - base <= chunk.length) return chunk.toString('utf8', from - base, to - base);
    const joined = Buffer.alloc(to - from);
    this.copy(joined, from, to);
    const text = joined.toString('utf8');
    joined.fill(0);
    return text;
  }
}
