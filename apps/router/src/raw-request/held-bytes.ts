/** How much raw content one router holds in memory at once. What does not fit is not kept; nothing waits for room. */
export class HeldBytes {
  #bytes = 0;

  constructor(private readonly bytesMax: number) {}

  get bytes(): number {
    return this.#bytes;
  }

  /** Takes room for so many bytes, which its return gives back; undefined when there is none. */
  take(bytes: number): (() => void) | undefined {
    if (this.#bytes + bytes > this.bytesMax) return undefined;
    this.#bytes += bytes;
    let given = false;
    return () => {
      if (given) return;
      given = true;
      this.#bytes -= bytes;
    };
  }
}
