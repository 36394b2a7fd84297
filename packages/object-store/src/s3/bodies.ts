import type { Readable } from 'node:stream';
import { ObjectStoreError } from '../port.js';
import type { Exchange } from './exchange.js';

/** An object under way. */
interface Transfer {
  readonly exchange: Exchange;
  /** How long to wait for the next piece. */
  readonly limitMs: number;
}

/** Rejects with `timeout` when the next piece does not come; the time a slow reader takes does not count. */
const nextOf = async (
  source: AsyncIterator<Buffer>,
  limitMs: number,
  onTimeout: () => void,
): Promise<IteratorResult<Buffer>> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      onTimeout();
      reject(new ObjectStoreError('timeout'));
    }, limitMs);
  });
  try {
    return await Promise.race([source.next(), late]);
  } finally {
    clearTimeout(timer);
  }
};

/** The transfer as its pieces. One that nobody begins to read is ended after a while. */
export const piecesOf = (body: Readable, { exchange, limitMs }: Transfer): AsyncIterable<Buffer> => {
  const bytes = exchange.bodyBytes;
  const abort = (): void => exchange.abort();
  const unclaimed = setTimeout(() => {
    abort();
    body.destroy();
  }, limitMs);
  async function* pieces(): AsyncGenerator<Buffer, void, undefined> {
    clearTimeout(unclaimed);
    const source = (body as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
    let got = 0;
    try {
      for (
        let next = await nextOf(source, limitMs, abort);
        !next.done;
        next = await nextOf(source, limitMs, abort)
      ) {
        got += next.value.length;
        yield next.value;
      }
    } catch (error) {
      if (error instanceof ObjectStoreError) throw error;
      throw new ObjectStoreError('truncated');
    } finally {
      // Nothing to end when all of it came.
      if (got !== bytes) abort();
    }
    if (got !== bytes) throw new ObjectStoreError('truncated');
  }
  return pieces();
};

/** The whole body; rejects with `object_too_large` as soon as it is more than that. */
export const collectBody = async (
  body: Readable,
  { bytesMax, ...transfer }: Transfer & { readonly bytesMax: number },
): Promise<Buffer> => {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const piece of piecesOf(body, transfer)) {
    bytes += piece.length;
    if (bytes > bytesMax) throw new ObjectStoreError('object_too_large');
    parts.push(piece);
  }
  return Buffer.concat(parts);
};
