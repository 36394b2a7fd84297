import { LetheError } from '@lethe/service-kit';
import type { ChunkList } from './chunk-list.js';
import { parseSmallObject, smallObjectBytesMax } from './small-json.js';
import type { RequestBody, TopLevelField, TopLevelScan } from './types.js';

const backslash = 0x5c;

/** The text at [start, end), or undefined when something in it is escaped. */
const textBetween = (bytes: Buffer, start: number, end: number): string | undefined => {
  for (let at = start; at < end; at++) if (bytes[at] === backslash) return undefined;
  return bytes.toString('utf8', start, end);
};

/** A whole request body, checked, in memory until wipe(). */
export class BufferedBody<Name extends string> implements RequestBody<Name> {
  readonly #list: ChunkList;

  constructor(
    list: ChunkList,
    readonly scan: TopLevelScan<Name>,
  ) {
    this.#list = list;
  }

  get bytesTotal(): number {
    return this.#list.bytesTotal;
  }

  get chunks(): readonly Buffer[] {
    return this.#list.buffers;
  }

  readString(name: Name, bytesMax: number): string | undefined {
    const field = this.scan.field(name);
    if (field?.kind !== 'string' || field.valueEnd - field.valueStart - 2 > bytesMax) return undefined;
    const [chunk] = this.chunks;
    // Mostly it lies whole in the first chunk, and needs no copy.
    if (chunk !== undefined && field.valueEnd <= chunk.length)
      return textBetween(chunk, field.valueStart + 1, field.valueEnd - 1);
    const bytes = this.#copy(field);
    const text = textBetween(bytes, 1, bytes.length - 1);
    bytes.fill(0);
    return text;
  }

  readBytes(name: Name, bytesMax: number): Buffer | undefined {
    const field = this.scan.field(name);
    if (field === undefined || field.valueEnd - field.valueStart > bytesMax) return undefined;
    return this.#copy(field);
  }

  readObject(name: Name): Readonly<Record<string, unknown>> | undefined {
    const field = this.scan.field(name);
    if (field === undefined || field.kind === 'null') return undefined;
    if (field.kind !== 'object' || field.valueEnd - field.valueStart > smallObjectBytesMax) {
      throw new LetheError('caller.invalid_type', name);
    }
    const bytes = this.#copy(field);
    try {
      return parseSmallObject(bytes, name);
    } finally {
      bytes.fill(0);
    }
  }

  wipe(): void {
    this.#list.wipe();
  }

  #copy({ valueStart, valueEnd }: TopLevelField<Name>): Buffer {
    // Not from Node's shared pool: what is copied here must be gone after one fill().
    const copy = Buffer.allocUnsafeSlow(valueEnd - valueStart);
    let base = 0;
    for (const chunk of this.chunks) {
      if (base >= valueEnd) break;
      const end = base + chunk.length;
      if (end > valueStart) {
        const from = Math.max(valueStart, base);
        chunk.copy(copy, from - valueStart, from - base, Math.min(valueEnd, end) - base);
      }
      base = end;
    }
    return copy;
  }
}
