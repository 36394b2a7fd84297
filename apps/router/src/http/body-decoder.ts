import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  deflateRawSync,
  deflateSync,
  gzipSync,
} from 'node:zlib';
import { LetheError } from '@lethe/service-kit';

type Encoding = 'gzip' | 'deflate' | 'br';
type Inflater =
  | ReturnType<typeof createGunzip>
  | ReturnType<typeof createInflate>
  | ReturnType<typeof createInflateRaw>
  | ReturnType<typeof createBrotliDecompress>;

interface Opened {
  readonly inflater: Inflater;
  /** Encoded, for it to overwrite itself with. Absent: it cannot be used twice. */
  readonly zeros?: Buffer;
}

const chunkSize = 64 * 1024;
/** More than an inflater looks back on. */
const manyZeros = Buffer.alloc(96 * 1024);
const zeros = { gzip: gzipSync(manyZeros), zlib: deflateSync(manyZeros), raw: deflateRawSync(manyZeros) };

/** Reads a content-encoding header; undefined for identity. Throws LetheError for anything that is not offered. */
export const contentEncoding = (header: string | undefined): Encoding | undefined => {
  const name = header?.trim().toLowerCase() ?? '';
  if (name === '' || name === 'identity') return undefined;
  if (name === 'gzip' || name === 'x-gzip') return 'gzip';
  if (name === 'deflate' || name === 'br') return name;
  throw new LetheError('caller.unsupported_encoding');
};

/** `deflate` means the zlib format, but some clients send the bare one: its first byte tells. */
const openInflater = (encoding: Encoding, first: number): Opened => {
  if (encoding === 'br') return { inflater: createBrotliDecompress({ chunkSize }) };
  if (encoding === 'gzip') return { inflater: createGunzip({ chunkSize }), zeros: zeros.gzip };
  return (first & 0x0f) === 8
    ? { inflater: createInflate({ chunkSize }), zeros: zeros.zlib }
    : { inflater: createInflateRaw({ chunkSize }), zeros: zeros.raw };
};

/** What was decoded before bytes turned out broken is never put out; Node keeps it where nothing public leads. */
const wipeOutput = (inflater: Inflater): void => {
  const output: unknown = Reflect.get(inflater, '_outBuffer');
  if (output instanceof Buffer) output.fill(0);
};

interface DecoderEvents {
  readonly onData: (chunk: Buffer) => void;
  readonly onEnd: () => void;
  readonly onError: () => void;
}

/**
 * Decodes one request body. Every chunk it was given is overwritten once it has been read or was dropped, and after a
 * whole body so is what the inflater remembers of it. Freed as they are, since Node leaves no other way: the inflater of
 * a body that was cut off or broken, and brotli's.
 */
export class BodyDecoder {
  readonly #encoding: Encoding;
  readonly #events: DecoderEvents;
  readonly #waiting = new Set<Buffer>();
  #inflater: Inflater | undefined;
  #zeros: Buffer | undefined;
  #closed = false;

  constructor(encoding: Encoding, events: DecoderEvents) {
    this.#encoding = encoding;
    this.#events = events;
  }

  write(chunk: Buffer): void {
    if (this.#closed || chunk.length === 0) return;
    this.#inflater ??= this.#open(chunk[0] as number);
    this.#waiting.add(chunk);
    this.#inflater.write(chunk, () => {
      chunk.fill(0);
      this.#waiting.delete(chunk);
    });
  }

  end(): void {
    const inflater = this.#inflater;
    if (inflater === undefined) this.#events.onEnd();
    else if (this.#zeros === undefined) inflater.end();
    else inflater.flush(constants.Z_FINISH, () => this.#endAfter(inflater));
  }

  /** Stops at once and overwrites what waits. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#inflater !== undefined) this.#overwrite(this.#inflater);
    for (const chunk of this.#waiting) chunk.fill(0);
    this.#waiting.clear();
  }

  /** All is decoded; the last of it may still be on its way out. */
  #endAfter(inflater: Inflater): void {
    if (this.#closed || inflater.destroyed) return;
    if (inflater.readableLength === 0) this.#events.onEnd();
    else setImmediate(() => this.#endAfter(inflater));
  }

  #overwrite(inflater: Inflater): void {
    const isAtWork = this.#waiting.size > 0 || inflater.readableEnded || inflater.destroyed;
    if (this.#zeros === undefined || isAtWork || !('reset' in inflater)) {
      inflater.destroy();
      return;
    }
    inflater.reset();
    inflater.end(this.#zeros);
  }

  #open(first: number): Inflater {
    const { inflater, zeros: own } = openInflater(this.#encoding, first);
    this.#zeros = own;
    inflater.on('data', (chunk: Buffer) => {
      if (this.#closed) chunk.fill(0);
      else this.#events.onData(chunk);
    });
    inflater.on('end', () => {
      if (!this.#closed) this.#events.onEnd();
    });
    inflater.on('error', () => {
      wipeOutput(inflater);
      if (!this.#closed) this.#events.onError();
    });
    return inflater;
  }
}
