/** Chunks below this are gathered, so that a body sent in single bytes costs no more memory than its bytes. */
const smallBytes = 2 * 1024;
const gatherBytes = 16 * 1024;

/** The bytes of one body in the order of their arrival, in Buffers that are its own and are overwritten once. */
export class ChunkList {
  readonly buffers: Buffer[] = [];
  bytesTotal = 0;
  #gathering: Buffer | undefined;
  #sliceStart = 0;
  #gatheredBytes = 0;

  /** Takes over a chunk: it is kept as it is, or copied and overwritten. */
  append(chunk: Buffer): void {
    this.bytesTotal += chunk.length;
    if (chunk.length >= smallBytes || this.buffers.length === 0) {
      this.#sliceStart = this.#gatheredBytes;
      this.buffers.push(chunk);
      return;
    }
    for (let taken = 0; taken < chunk.length; ) taken += this.#gather(chunk, taken);
    chunk.fill(0);
  }

  /** Overwrites every byte. Idempotent. */
  wipe(): void {
    for (const buffer of this.buffers) buffer.fill(0);
  }

  #gather(chunk: Buffer, from: number): number {
    if (this.#gathering === undefined || this.#gatheredBytes === gatherBytes) {
      this.#gathering = Buffer.allocUnsafeSlow(gatherBytes);
      this.#sliceStart = 0;
      this.#gatheredBytes = 0;
    }
    const opensSlice = this.#sliceStart === this.#gatheredBytes;
    const copied = chunk.copy(this.#gathering, this.#gatheredBytes, from);
    this.#gatheredBytes += copied;
    const slice = this.#gathering.subarray(this.#sliceStart, this.#gatheredBytes);
    if (opensSlice) this.buffers.push(slice);
    else this.buffers[this.buffers.length - 1] = slice;
    return copied;
  }
}
