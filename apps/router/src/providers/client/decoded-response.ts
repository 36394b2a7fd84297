import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  deflateSync,
  gzipSync,
} from 'node:zlib';
import { type BodyEnd, type BodySink, UpstreamError, type UpstreamResponse } from '../types.js';

type Inflater =
  | ReturnType<typeof createGunzip>
  | ReturnType<typeof createInflate>
  | ReturnType<typeof createBrotliDecompress>;

interface Encoding {
  readonly make: (options: { readonly chunkSize: number }) => Inflater;
  /** More zeros than its inflater looks back on, encoded. Absent: the inflater cannot be used twice. */
  readonly zeros?: Buffer;
}

const chunkSize = 32 * 1024;
const manyZeros = Buffer.alloc(96 * 1024);
const gzip: Encoding = { make: createGunzip, zeros: gzipSync(manyZeros) };
const encodings: ReadonlyMap<string, Encoding> = new Map([
  ['gzip', gzip],
  ['x-gzip', gzip],
  ['deflate', { make: createInflate, zeros: deflateSync(manyZeros) }],
  ['br', { make: createBrotliDecompress }],
]);

/**
 * The response without its content-encoding: some providers compress although they were asked not to, and the bytes
 * must be readable to be metered. Throws UpstreamError when they would not be.
 */
export const decoded = (response: UpstreamResponse): UpstreamResponse => {
  const name = response.header('content-encoding')?.trim().toLowerCase();
  if (name === undefined || name === '' || name === 'identity') return response;
  const encoding = encodings.get(name);
  if (encoding === undefined) {
    response.abort();
    throw new UpstreamError('malformed', true);
  }
  return new DecodedResponse(response, encoding);
};

/**
 * An inflater keeps what it has put out last. It is overwritten at the end of an answer, by zeros that go the same way.
 * Two are freed as they are, since Node leaves no other way: one that has met broken bytes, and brotli's.
 */
class DecodedResponse implements UpstreamResponse {
  readonly #encoded: UpstreamResponse;
  readonly #inflater: Inflater;
  readonly #zeros: Buffer | undefined;
  readonly headers: UpstreamResponse['headers'];
  #aborted = false;
  /** The encoded bytes that are being decoded, and what to call when they are. */
  #feeding: Buffer | undefined;
  #onFed: () => void = () => undefined;
  #onTaken: () => void = () => undefined;
  /** All of the answer has come out: what follows is not for the sink. */
  #isOver = false;

  constructor(encoded: UpstreamResponse, { make, zeros }: Encoding) {
    this.#encoded = encoded;
    this.#inflater = make({ chunkSize });
    this.#zeros = zeros;
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
    const closed = this.#drainInto(sink);
    const end = await this.#encoded.pipe({ data: (buffer, start, stop) => this.#feed(buffer, start, stop) });
    await this.#fed();
    const isWhole = end === 'complete' && (await this.#finish());
    await this.#taken();
    this.#overwrite();
    await closed;
    if (this.#aborted) return 'aborted';
    return isWhole ? 'complete' : 'cut';
  }

  resume(): void {
    this.#inflater.resume();
  }

  release(buffer: Buffer): void {
    buffer.fill(0);
  }

  abort(): void {
    if (this.#isOver) return;
    this.#aborted = true;
    this.#encoded.abort();
    // What waits to be taken is not dropped as it is.
    this.#inflater.resume();
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

  /** Resolves once all of the answer has been taken: true when the encoding ended as it should. */
  #finish(): Promise<boolean> {
    return new Promise((resolve) => {
      this.#inflater.on('close', () => resolve(false));
      if (this.#inflater.destroyed) resolve(false);
      else if (this.#zeros === undefined) this.#inflater.once('end', () => resolve(true)).end();
      else this.#inflater.flush(constants.Z_FINISH, () => resolve(!this.#inflater.destroyed));
    });
  }

  /** Resolves when the sink has had all that was put out. */
  #taken(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#inflater.readableLength === 0 || this.#inflater.destroyed) resolve();
      else this.#onTaken = resolve;
    });
  }

  #overwrite(): void {
    const inflater = this.#inflater;
    this.#isOver = true;
    if (inflater.destroyed) return;
    if (this.#zeros === undefined || !('reset' in inflater)) {
      inflater.destroy();
      return;
    }
    inflater.reset();
    inflater.end(this.#zeros);
    inflater.resume();
  }

  /** Resolves when the inflater is gone. */
  #drainInto(sink: BodySink): Promise<void> {
    return new Promise((resolve) => {
      const inflater = this.#inflater;
      inflater.on('data', (chunk: Buffer) => {
        const isForSink = !this.#isOver && !this.#aborted;
        const verdict = isForSink ? sink.data(chunk, 0, chunk.length) : 'continue';
        if (verdict === 'continue') chunk.fill(0);
        if (verdict === 'pause' && !this.#aborted) inflater.pause();
        if (inflater.readableLength === 0) this.#onTaken();
      });
      inflater.on('error', () => this.#encoded.abort());
      inflater.on('close', () => {
        this.#release();
        this.#onTaken();
        resolve();
      });
    });
  }
}
