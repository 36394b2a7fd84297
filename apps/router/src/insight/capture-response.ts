import { isGrantFor, type PayloadGrant } from '@lethe/zdr-policy';

/**
 * LAYER 1. The bounded copy of a response, made only against a grant for this very request: without one there is no
 * object to copy into, so no response text is ever buffered. Stops retaining at its bound, never stops streaming.
 */
export class ResponseCapture {
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #truncated = false;

  private constructor(private readonly bytesMax: number) {}

  /** Undefined when the grant is not one for this request. */
  static forGrant(grant: PayloadGrant, requestId: string, bytesMax: number): ResponseCapture | undefined {
    return isGrantFor(grant, requestId) ? new ResponseCapture(bytesMax) : undefined;
  }

  /** Copies response bytes; a tap of the relay. */
  readonly tap = (buffer: Buffer, start: number, end: number): void => {
    const room = this.bytesMax - this.#bytes;
    if (end - start > room) this.#truncated = true;
    const take = Math.min(end - start, room);
    if (take <= 0) return;
    this.#chunks.push(Buffer.from(buffer.subarray(start, start + take)));
    this.#bytes += take;
  };

  get truncated(): boolean {
    return this.#truncated;
  }

  /** The captured bytes in one Buffer of the caller's, who overwrites it. */
  take(): Buffer {
    const joined = Buffer.concat(this.#chunks, this.#bytes);
    this.wipe();
    return joined;
  }

  wipe(): void {
    for (const chunk of this.#chunks) chunk.fill(0);
    this.#chunks.length = 0;
    this.#bytes = 0;
  }
}
