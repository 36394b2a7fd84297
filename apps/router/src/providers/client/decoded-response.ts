import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { type BodyEnd, type BodySink, UpstreamError, type UpstreamResponse } from '../types.js';

const inflaters = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
} as const;
type Inflater = ReturnType<(typeof inflaters)[keyof typeof inflaters]>;

const chunkSize = 32 * 1024;

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
  return new DecodedResponse(response, make({ chunkSize }));
};

class DecodedResponse implements UpstreamResponse {
  readonly #encoded: UpstreamResponse;
  readonly #inflater: Inflater;
  readonly headers: UpstreamResponse['headers'];
  #aborted = false;

  constructor(encoded: UpstreamResponse, inflater: Inflater) {
    this.#encoded = encoded;
    this.#inflater = inflater;
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
    if (end === 'complete') this.#inflater.end();
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
    this.#inflater.write(buffer.subarray(start, end), () => {
      this.#encoded.release(buffer);
      this.#encoded.resume();
    });
    return 'pause';
  }

  /** Resolves once nothing more comes: true when the encoding ended as it should. */
  #drainInto(sink: BodySink): Promise<boolean> {
    return new Promise((resolve) => {
      let ended = false;
      this.#inflater.on('data', (chunk: Buffer) => {
        const verdict = sink.data(chunk, 0, chunk.length);
        if (verdict === 'continue') chunk.fill(0);
        if (verdict === 'pause') this.#inflater.pause();
      });
      this.#inflater.on('end', () => {
        ended = true;
      });
      this.#inflater.on('error', () => this.#encoded.abort());
      this.#inflater.on('close', () => resolve(ended));
    });
  }
}
