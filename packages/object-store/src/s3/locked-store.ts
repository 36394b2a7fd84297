import type { Client } from 'minio';
import type { S3StoreConfig } from '../config.js';
import { checkKey, checkPut, isObjectKey, type LockedStore, ObjectStoreError } from '../port.js';
import { collectBody } from './bodies.js';
import { Exchange } from './exchange.js';
import { openSession } from './session.js';

const answerTimeoutMs = 15_000;
const bodyBytesMax = 1_048_576;
const pageVersions = 1_000;
// Whoever may put can hide a key behind versions; beyond this many pages for one look nothing is believed.
const pagesMax = 64;

interface Version {
  readonly key: string;
  readonly versionId: string;
}

/** What the client says of a version; its types leave some out. */
interface Listed {
  readonly name?: string;
  readonly versionId?: unknown;
  readonly isDeleteMarker?: unknown;
}

interface Lock {
  readonly mode?: unknown;
  readonly validity?: unknown;
}

interface Page {
  readonly versions: readonly Version[];
  /** Where the next one begins; undefined after the last. */
  readonly next?: { readonly keyMarker: string; readonly versionIdMarker?: string };
}

/** A place in a listing as the client wants it, which escapes nothing; some servers give it escaped and some do not. */
const escaped = (marker: string): string => {
  try {
    return encodeURIComponent(decodeURIComponent(marker));
  } catch {
    return encodeURIComponent(marker);
  }
};

const readPage = async (
  client: Client,
  bucket: string,
  options: { prefix: string; after?: string | undefined; next: Page['next']; limit: number },
): Promise<Page> => {
  const { prefix, after, next, limit } = options;
  const from = next ?? (after !== undefined && { keyMarker: escaped(after) });
  const answer = await client.listObjectsQuery(bucket, prefix, '', {
    Delimiter: '',
    MaxKeys: limit,
    IncludeVersion: true,
    ...from,
  });
  const { keyMarker, versionIdMarker, isTruncated } = answer;
  // Marks of removal hide nothing here: they are passed over.
  const versions = (answer.objects as readonly Listed[]).flatMap(
    ({ name = '', versionId, isDeleteMarker }) =>
      isObjectKey(name) && typeof versionId === 'string' && isDeleteMarker !== true
        ? [{ key: name, versionId }]
        : [],
  );
  if (!isTruncated || keyMarker === undefined) return { versions };
  return {
    versions,
    next: {
      keyMarker: escaped(keyMarker),
      ...(versionIdMarker !== undefined && { versionIdMarker: escaped(versionIdMarker) }),
    },
  };
};

/** A bucket of S3 with versions and a lock in compliance mode; `unlocked` when it is not one. */
export const openLockedStore = (config: S3StoreConfig): LockedStore => {
  const { bucket } = config;
  const session = openSession(config);
  let closed = false;
  let checked = false;

  const exchange = (isObject = false): Exchange => {
    if (closed) throw new ObjectStoreError('closed');
    return new Exchange(session, config, { isObject });
  };
  const call = <T>(work: (client: Client) => Promise<T>): Promise<T> => exchange().run(answerTimeoutMs, work);

  const checkLock = async (): Promise<void> => {
    if (checked) return;
    // Of its overloads the types find the one with a callback.
    const lock = await call((client) => client.getObjectLockConfig(bucket) as unknown as Promise<Lock>);
    if (lock.mode !== 'COMPLIANCE' || !(Number(lock.validity) > 0)) throw new ObjectStoreError('unlocked');
    checked = true;
  };

  return {
    keep: async (key, body) => {
      checkPut(key, body);
      await checkLock();
      const headers = { 'Content-Type': 'application/octet-stream', 'If-None-Match': '*' };
      try {
        await call((client) => client.putObject(bucket, key, body, body.length, headers));
        return true;
      } catch (error) {
        if (error instanceof ObjectStoreError && error.code === 'exists') return false;
        throw error;
      }
    },
    list: async ({ prefix, after, limit }) => {
      await checkLock();
      if (after !== undefined) checkKey(after);
      const first = new Map<string, string>();
      let next: Page['next'];
      for (let pages = 0; ; pages += 1) {
        if (pages === pagesMax) throw new ObjectStoreError('unavailable');
        // One more than asked for shows that the last key has no older version.
        const wanted = pages === 0 ? Math.min(pageVersions, limit + 1) : pageVersions;
        const page = await call((client) => readPage(client, bucket, { prefix, after, next, limit: wanted }));
        // The newest comes first, so the oldest stays.
        for (const { key, versionId } of page.versions) first.set(key, versionId);
        next = page.next;
        if (next === undefined || first.size > limit) break;
      }
      return [...first].slice(0, limit).map(([key, versionId]) => ({ key, versionId }));
    },
    read: async ({ key, versionId }) => {
      checkKey(key);
      const one = exchange(true);
      const body = await one.run(answerTimeoutMs, (client) => client.getObject(bucket, key, { versionId }));
      return await collectBody(body, { exchange: one, bytesMax: bodyBytesMax, limitMs: answerTimeoutMs });
    },
    close: async () => {
      closed = true;
      session.end();
    },
  };
};
