import { LetheError } from '@lethe/service-kit';
import type { Edit, RequestBody, SplicedBody } from './types.js';

/**
 * The body with its edits made: slices of its own chunks and the inserts, in order, no copy of content. Edits may come
 * in any order but must not overlap; inserts at one offset keep their order.
 */
export const splice = (
  body: Pick<RequestBody, 'chunks' | 'bytesTotal'>,
  edits: readonly Edit[],
): SplicedBody => {
  if (edits.length === 1 && body.chunks.length === 1)
    return spliceOnce(body.chunks[0] as Buffer, edits[0] as Edit);
  const ordered = edits.length < 2 ? edits : [...edits].sort((a, b) => a.start - b.start || a.end - b.end);
  const buffers: Buffer[] = [];
  let bytesTotal = 0;
  const push = (buffer: Buffer): void => {
    if (buffer.length === 0) return;
    buffers.push(buffer);
    bytesTotal += buffer.length;
  };
  const kept = new ChunkReader(body.chunks);
  for (const edit of ordered) {
    if (edit.start < kept.offset || edit.end < edit.start || edit.end > body.bytesTotal) {
      throw new LetheError('gateway.internal');
    }
    kept.read(edit.start, push);
    push(edit.insert);
    kept.read(edit.end, undefined);
  }
  kept.read(body.bytesTotal, push);
  return { buffers, bytesTotal };
};

/** Most bodies are one chunk of which only the model's name changes. */
const spliceOnce = (chunk: Buffer, { start, end, insert }: Edit): SplicedBody => {
  if (start < 0 || end < start || end > chunk.length) throw new LetheError('gateway.internal');
  const before = chunk.subarray(0, start);
  const after = chunk.subarray(end);
  const isWhole = before.length > 0 && insert.length > 0 && after.length > 0;
  const parts = [before, insert, after];
  return {
    buffers: isWhole ? parts : parts.filter(({ length }) => length > 0),
    bytesTotal: before.length + insert.length + after.length,
  };
};

class ChunkReader {
  offset = 0;
  readonly #chunks: readonly Buffer[];
  #index = 0;
  #within = 0;

  constructor(chunks: readonly Buffer[]) {
    this.#chunks = chunks;
  }

  /** Goes on to offset `until`, handing the slices passed over to `take`. */
  read(until: number, take: ((slice: Buffer) => void) | undefined): void {
    while (this.offset < until) {
      const chunk = this.#chunks[this.#index] as Buffer;
      const end = Math.min(chunk.length, this.#within + until - this.offset);
      take?.(chunk.subarray(this.#within, end));
      this.offset += end - this.#within;
      this.#within = end;
      if (end === chunk.length) {
        this.#index++;
        this.#within = 0;
      }
    }
  }
}
