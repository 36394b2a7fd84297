import type { S3StoreConfig } from '../config.js';
import { checkPut, ObjectStoreError, type ObjectWriter, type WriterOptions } from '../port.js';
import { Exchange } from './exchange.js';
import { openSession, readEndpoint, type Session } from './session.js';

const defaultPutTimeoutMs = 15_000;

/** The S3 adapter of ObjectWriter. Needs the right to put objects, and no other. */
export const openS3Writer = (config: S3StoreConfig, options: WriterOptions): ObjectWriter => {
  const { mayWrite, putTimeoutMs = defaultPutTimeoutMs } = options;
  readEndpoint(config.endpoint);
  const running = new Map<Promise<unknown>, Exchange>();
  let session: Session | undefined;
  let closed = false;

  const sever = (): void => {
    const severed = session;
    session = undefined;
    severed?.sockets.cut();
    for (const exchange of [...running.values()]) exchange.interrupt(new ObjectStoreError('severed'));
  };

  const send = async (exchange: Exchange, key: string, body: Buffer): Promise<void> => {
    await exchange.run(putTimeoutMs, (client) =>
      client.putObject(config.bucket, key, body, body.length, {
        'Content-Type': 'application/octet-stream',
        'If-None-Match': '*',
      }),
    );
  };

  return {
    put: async (key, body) => {
      checkPut(key, body);
      if (closed) throw new ObjectStoreError('closed');
      if (mayWrite?.() === false) {
        sever();
        throw new ObjectStoreError('severed');
      }
      if (session?.sockets.isCut) session = undefined;
      session ??= openSession(config, mayWrite);
      const exchange = new Exchange(session, config);
      const put = send(exchange, key, body);
      running.set(put, exchange);
      try {
        await put;
      } finally {
        running.delete(put);
      }
    },
    sever,
    close: async () => {
      closed = true;
      await Promise.allSettled(running.keys());
      session?.end();
      session = undefined;
    },
  };
};
