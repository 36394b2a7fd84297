import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib';
import { LetheError } from '@lethe/service-kit';

type Encoding = 'gzip' | 'deflate' | 'br';
type Inflater = ReturnType<typeof createGunzip> | ReturnType<typeof createBrotliDecompress>;

const chunkSize = 64 * 1024;

/** Reads a content-encoding header; undefined for identity. Throws LetheError for anything that is not offered. */
export const contentEncoding = (header: string | undefined): Encoding | undefined => {
  const name = header?.trim().toLowerCase() ?? '';
  if (name === '' || name === 'identity') return undefined;
  if (name === 'gzip' || name === 'x-gzip') return 'gzip';
  if (name === 'deflate' || name === 'br') return name;
  throw new LetheError('caller.unsupported_encoding');
};

/** `deflate` means the zlib format, but some clients send the bare one: its first byte tells. */
const inflaterFor = (encoding: Encoding, first: number): Inflater => {
  if (encoding === 'br') return createBrotliDecompress({ chunkSize });
  if (encoding === 'gzip') return createGunzip({ chunkSize });
  return (first & 0x0f) === 8 ? createInflate({ chunkSize }) : createInflateRaw({ chunkSize });
};

interface DecoderEvents {
  readonly onData: (chunk: Buffer) => void;
  readonly onEnd: () => void;
  readonly onError: () => void;
}

/** Decodes one request body. Every chunk it was given is overwritten once it has been read or was dropped. */
export class BodyDecoder {
  readonly #encoding: Encoding;
  readonly #events: DecoderEvents;
  readonly #waiting = new Set<Buffer>();
  #inflater: Inflater | undefined;
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
    if (this.#inflater === undefined) this.#events.onEnd();
    else this.#inflater.end();
  }

  /** Stops at once and overwrites what waits. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#inflater?.destroy();
    for (const chunk of this.#waiting) chunk.fill(0);
    this.#waiting.clear();
  }

  #open(first: number): Inflater {
    const inflater = inflaterFor(this.#encoding, first);
    inflater.on('data', (chunk: Buffer) => {
      if (this.#closed) chunk.fill(0);
      else this.#events.onData(chunk);
    });
    inflater.on('end', () => {
      if (!this.#closed) this.#events.onEnd();
    });
    inflater.on('error', () => {
      if (!this.#closed) this.#events.onError();
    });
    return inflater;
  }
}
