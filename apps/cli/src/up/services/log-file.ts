import { closeSync, openSync, renameSync, statSync, writeSync } from 'node:fs';

const fileBytesMax = 10 * 1024 * 1024;

/** A file (0600) that a service's lines go to. Past `bytesMax` it is renamed to `.1` and begun anew: two files at most. */
export class LogFile {
  #descriptor: number | undefined;
  #bytes = 0;

  constructor(
    readonly path: string,
    private readonly bytesMax = fileBytesMax,
  ) {}

  /** Never throws: a log that cannot be written (a full disk) must not stop the service that speaks. */
  write(chunk: Buffer | string): void {
    try {
      if (this.#descriptor !== undefined && this.#bytes >= this.bytesMax) this.#turn();
      this.#descriptor ??= this.#open();
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      this.#bytes += writeSync(this.#descriptor, bytes);
    } catch {
      this.close();
    }
  }

  close(): void {
    if (this.#descriptor === undefined) return;
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    closeSync(descriptor);
  }

  #open(): number {
    const size = statSync(this.path, { throwIfNoEntry: false })?.size ?? 0;
    if (size >= this.bytesMax) renameSync(this.path, `${this.path}.1`);
    this.#bytes = size >= this.bytesMax ? 0 : size;
    return openSync(this.path, 'a', 0o600);
  }

  #turn(): void {
    this.close();
    renameSync(this.path, `${this.path}.1`);
  }
}
