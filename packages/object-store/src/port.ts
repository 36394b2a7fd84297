/** One object as a listing shows it. */
export interface ObjectInfo {
  readonly key: string;
  readonly bytes: number;
  /** Milliseconds since 1970, by the store's clock. */
  readonly storedAtMs: number;
}

export interface ObjectWriter {
  /**
   * Stores the body whole under the key, or nothing. Resolves when the store has acknowledged it. One attempt: on
   * ObjectStoreError the object may or may not be there, but never in part. Replaces nothing: a key that is taken
   * rejects with `exists`. Puts may run side by side.
   */
  put(key: string, body: Buffer): Promise<void>;
  /** Cuts the connections at once: what the server has not read is reset, not flushed. A later put reconnects. */
  sever(): void;
  /** Lets running puts finish, then disconnects. Later calls reject with `closed`. */
  close(): Promise<void>;
}

export interface WriterOptions {
  /**
   * Asked synchronously before any bytes are handed to a socket. When false the connections are reset instead and
   * running puts reject with `severed`. Without it every write is allowed.
   */
  readonly mayWrite?: () => boolean;
  /** How long a put may take in all. Default 15000. */
  readonly putTimeoutMs?: number;
}

export interface ObjectReader {
  /**
   * The body in pieces, undefined when there is none. A store that fails in the middle rejects with ObjectStoreError
   * at the piece it could not give: what was read so far is not the object. Leaving the loop ends the transfer.
   */
  read(key: string): Promise<AsyncIterable<Buffer> | undefined>;
  stat(key: string): Promise<ObjectInfo | undefined>;
  /** Objects whose keys sort after `after` (bytewise; absent = from the first), in order, at most `limit` (1 to 1000). */
  list(options: { readonly after?: string | undefined; readonly limit: number }): Promise<ObjectInfo[]>;
  /** Resolves when the object is gone; also when it was not there. */
  remove(key: string): Promise<void>;
  close(): Promise<void>;
}

/** What was kept first under a key. */
export interface KeptObject {
  readonly key: string;
  readonly versionId: string;
}

/**
 * A bucket where nothing can be changed or removed, whoever asks. What was put first under a key is what the key
 * means: later versions and marks of removal, which no lock prevents, are passed over. Methods reject with
 * ObjectStoreError; `unlocked` when the bucket is not such a one.
 */
export interface LockedStore {
  /** Resolves, once the body is kept, to true; to false when there is an object under the key already. */
  keep(key: string, body: Buffer): Promise<boolean>;
  /** The keys with this prefix after `after`, in order, at most `limit`. */
  list(options: {
    readonly prefix: string;
    readonly after?: string | undefined;
    readonly limit: number;
  }): Promise<KeptObject[]>;
  /** At most 1 MiB. */
  read(kept: KeptObject): Promise<Buffer>;
  close(): Promise<void>;
}

/** Keys are 1 to 128 characters of this shape: no caller's text fits, and every store means the same by it. */
const keyShape = /^[0-9a-z](?:[0-9a-z._/-]{0,126}[0-9a-z])?$/;

export const isObjectKey = (key: string): boolean =>
  keyShape.test(key) && !/[./-]{2}|\/[._-]|[._-]\//.test(key);

/** No store takes more than this in one put. */
export const objectBytesMax = 67_108_864;

const messages = {
  unavailable: 'the object store is not available',
  timeout: 'the object store did not answer in time',
  severed: 'the connection to the object store was cut on purpose',
  object_too_large: 'an object exceeds the limit of the store',
  bad_key: 'the object store takes no such key',
  denied: 'the object store refused access',
  missing_bucket: 'the object store was not prepared',
  exists: 'the object store holds an object under this key already',
  truncated: 'the object store gave less than the whole object',
  full: 'the object store takes no more',
  unlocked: 'the bucket does not lock what is put into it',
  closed: 'the object store client is closed',
} as const;

export type ObjectStoreErrorCode = keyof typeof messages;

/** Every error of this package. The message is a constant of its code; no cause, key, value or server text is carried. */
export class ObjectStoreError extends Error {
  constructor(readonly code: ObjectStoreErrorCode) {
    super(messages[code]);
    this.name = 'ObjectStoreError';
  }
}

/** Throws ObjectStoreError `bad_key`. */
export const checkKey = (key: string): void => {
  if (!isObjectKey(key)) throw new ObjectStoreError('bad_key');
};

/** Throws ObjectStoreError `bad_key` or `object_too_large`. */
export const checkPut = (key: string, body: Buffer): void => {
  checkKey(key);
  if (body.length > objectBytesMax) throw new ObjectStoreError('object_too_large');
};

/** The options of a listing within their bounds; throws ObjectStoreError `bad_key`. */
export const listingOf = (options: {
  readonly after?: string | undefined;
  readonly limit: number;
}): { after: string; limit: number } => {
  if (options.after !== undefined) checkKey(options.after);
  return { after: options.after ?? '', limit: Math.min(Math.max(Math.trunc(options.limit) || 1, 1), 1_000) };
};
