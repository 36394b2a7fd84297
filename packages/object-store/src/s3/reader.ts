import type { S3StoreConfig } from '../config.js';
import {
  checkKey,
  isObjectKey,
  listingOf,
  type ObjectInfo,
  type ObjectReader,
  ObjectStoreError,
} from '../port.js';
import { piecesOf } from './bodies.js';
import { isMissing, toObjectStoreError } from './errors.js';
import { Exchange } from './exchange.js';
import { openSession } from './session.js';

const answerTimeoutMs = 15_000;

/** The S3 adapter of ObjectReader. Needs the rights to get, list and delete objects of the bucket. */
export const openS3Reader = (config: S3StoreConfig): ObjectReader => {
  const { bucket } = config;
  const session = openSession(config);
  let closed = false;
  const exchange = (isObject = false): Exchange => {
    if (closed) throw new ObjectStoreError('closed');
    return new Exchange(session, config, { isObject });
  };
  const unlessMissing = async <T>(work: Promise<T>): Promise<T | undefined> => {
    try {
      return await work;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw toObjectStoreError(error);
    }
  };

  const page = async (after: string, limit: number): Promise<{ found: ObjectInfo[]; last?: string }> => {
    const answer = await exchange().run(answerTimeoutMs, (client) =>
      client.listObjectsV2Query(bucket, '', '', '', limit, after),
    );
    const found = answer.objects.flatMap(({ name, size, lastModified }) =>
      name !== undefined && lastModified !== undefined && isObjectKey(name)
        ? [{ key: name, bytes: size ?? 0, storedAtMs: lastModified.getTime() }]
        : [],
    );
    const last = answer.objects.at(-1)?.name;
    return { found, ...(answer.isTruncated && last !== undefined && { last }) };
  };

  return {
    read: async (key) => {
      checkKey(key);
      const call = exchange(true);
      const body = await unlessMissing(
        call.run(answerTimeoutMs, (client) => client.getObject(bucket, key), isMissing),
      );
      if (body === undefined) return undefined;
      return piecesOf(body, { exchange: call, limitMs: answerTimeoutMs });
    },
    stat: async (key) => {
      checkKey(key);
      const stat = await unlessMissing(
        exchange().run(answerTimeoutMs, (client) => client.statObject(bucket, key), isMissing),
      );
      return stat && { key, bytes: stat.size, storedAtMs: stat.lastModified.getTime() };
    },
    list: async (options) => {
      const { after, limit } = listingOf(options);
      const all: ObjectInfo[] = [];
      // What others put into the bucket under other names is passed over.
      for (let from: string | undefined = after; from !== undefined && all.length < limit; ) {
        const { found, last } = await page(from, limit - all.length);
        all.push(...found);
        from = last;
      }
      return all;
    },
    remove: async (key) => {
      checkKey(key);
      await unlessMissing(
        exchange().run(answerTimeoutMs, (client) => client.removeObject(bucket, key), isMissing),
      );
    },
    close: async () => {
      closed = true;
      session.end();
    },
  };
};
