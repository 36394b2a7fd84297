import { createBrotliDecompress, createGunzip, createInflate, gzipSync } from 'node:zlib';
import { type BodyEnd, type BodySink, UpstreamError, type UpstreamResponse } from '../types.js';

const inflaters = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
} as const;
type Inflater = ReturnType<(typeof inflaters)[keyof typeof inflaters]>;

const chunkSize = 32 * 1024;

/** More zeros than an inflater looks back on, as a gzip member. */
const zeros = gzipSync(Buffer.alloc(96 * 1024));

/**
 * The response without its content-encoding: some providers compress although they were asked not to, and the bytes
 * must be readable to be metered. Throws UpstreamError when they would not be.
 */
export const decoded = (response: UpstreamResponse): UpstreamResponse => {
  const encoding = response.header('content-encoding')?.trim().toLowerCase();
  if (encoding === undefined || encoding === '' || encoding === 'identity') return response;
  const make = Object.hasOwn(inflaters, encoding) ? inflaters[encoding as keyof typeof inflaters] : undefined;
  if (make === undefined) {
    response.abort();
    throw new UpstreamError('malformed', true);
  }
  return new DecodedResponse(response, make({ chunkSize }), make === createGunzip);
};

/**
 * An inflater keeps the last 32 KiB of what it has put out. After whole gzip answers they are overwritten, by a member
 * of zeros behind the last one; for other encodings and for cut answers Node offers no way, and they are freed as
 * they are.
 */
class DecodedResponse implements UpstreamResponse {
  readonly #encoded: UpstreamResponse;
  readonly #inflater: Inflater;
  readonly #isGzip: boolean;
  readonly headers: UpstreamResponse['headers'];
  #aborted = false;
  /** The encoded bytes that are being decoded, and what to call when they are. */
  #feeding: Buffer | undefined;
  #onFed: () => void = () => undefined;
  #delivered = 0;
  #contentBytes = Number.POSITIVE_INFINITY;

  constructor(encoded: UpstreamResponse, inflater: Inflater, isGzip: boolean) {
    this.#encoded = encoded;
    this.#inflater = inflater;
    this.#isGzip = isGzip;
    this.headers = encoded.headers.filter(
      ([name]) => name !== 'content-encoding' && name !== 'content-length',
    );
  }

  get status(): number {
    return this.#encoded.status;
  }

  header(name: string): string | undefined {
    return this.headers.find(([candidate]) => candidate === name)?.[1];
  }

  async pipe(sink: BodySink): Promise<BodyEnd> {
    const drained = this.#drainInto(sink);
    const end = await this.#encoded.pipe({ data: (buffer, start, stop) => this.#feed(buffer, start, stop) });
    if (end === 'complete') await this.#fed();
    if (end === 'complete') this.#finish();
    else this.#inflater.destroy();
    const whole = await drained;
    if (this.#aborted) return 'aborted';
    return end === 'complete' && whole ? 'complete' : 'cut';
  }

  resume(): void {
    this.#inflater.resume();
  }

  release(buffer: Buffer): void {
    buffer.fill(0);
  }

  abort(): void {
    this.#aborted = true;
    this.#encoded.abort();
    this.#inflater.destroy();
  }

  /** One encoded buffer at a time, so that a slow sink slows the provider. */
  #feed(buffer: Buffer, start: number, end: number): 'pause' | 'continue' {
    if (this.#inflater.destroyed) return 'continue';
    this.#feeding = buffer;
    this.#inflater.write(buffer.subarray(start, end), () => this.#release());
    return 'pause';
  }

  #release(): void {
    if (this.#feeding === undefined) return;
    this.#encoded.release(this.#feeding);
    this.#feeding = undefined;
    this.#encoded.resume();
    this.#onFed();
  }

  /** Resolves when all that came has been decoded. */
  #fed(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#feeding === undefined) resolve();
      else this.#onFed = resolve;
    });
  }

  #finish(): void {
    // What comes out from here on is not the answer's.
    this.#contentBytes = this.#delivered + this.#inflater.readableLength;
    if (this.#isGzip && this.#inflater.bytesWritten > 0) this.#inflater.end(zeros);
    else this.#inflater.end();
  }

  /** Resolves once nothing more comes: true when the encoding ended as it should. */
  #drainInto(sink: BodySink): Promise<boolean> {
    return new Promise((resolve) => {
      let ended = false;
      this.#inflater.on('data', (chunk: Buffer) => {
        const isContent = this.#delivered < this.#contentBytes;
        this.#delivered += chunk.length;
        const verdict = isContent ? sink.data(chunk, 0, chunk.length) : 'continue';
        if (verdict === 'continue') chunk.fill(0);
        if (verdict === 'pause') this.#inflater.pause();
      });
      this.#inflater.on('end', () => {
        ended = true;
      });
      this.#inflater.on('error', () => this.#encoded.abort());
      this.#inflater.on('close', () => {
        this.#release();
        resolve(ended);
      });
    });
  }
}
