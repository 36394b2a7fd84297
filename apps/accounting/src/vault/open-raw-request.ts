import { uuidBytes } from '@lethe/contracts';
import { type ObjectReader, ObjectStoreError } from '@lethe/object-store';
import { openPayload, SealedPayloadError, unwrapKey } from '@lethe/sealed-payload';
import type { ReadableRawRequest } from '../store/request-store.js';
import { withAtRestKey } from './make-keys.js';
import { contentKeyWrap } from './rewrap.js';
import type { WrappingKeys } from './wrapping-keys.js';

/** Why a raw request could not be opened. `store_away` may pass; the others stay. */
export type RawRequestRefusal =
  | 'object_missing'
  | 'object_length'
  | 'object_not_authentic'
  | 'store_away'
  | 'busy';

/** How many bodies, of up to 64 MiB each, are held at a time. */
const openMax = 4;

type Opened =
  | { readonly ok: true; readonly body: Buffer }
  | { readonly ok: false; readonly refusal: RawRequestRefusal };

const refused = (refusal: RawRequestRefusal): Opened => ({ ok: false, refusal });

/** Exactly `bytes` bytes; undefined: the object has more or fewer. */
const collect = async (pieces: AsyncIterable<Buffer>, bytes: number): Promise<Buffer | undefined> => {
  const whole = Buffer.alloc(bytes);
  let at = 0;
  for await (const piece of pieces) {
    if (at + piece.length > bytes) return undefined;
    at += piece.copy(whole, at);
  }
  return at === bytes ? whole : undefined;
};

const decrypt = (keys: Pick<WrappingKeys, 'atRestRoot'>, item: ReadableRawRequest, ciphertext: Buffer) => {
  const contentKey = withAtRestKey(keys, item.atRestKey, (atRestKey) =>
    unwrapKey(item.wrappedContentKey, atRestKey, contentKeyWrap(item, item.atRestKey.version, 'raw')),
  );
  try {
    return openPayload({ nonce: item.nonce, ciphertext }, contentKey, {
      orgId: uuidBytes(item.orgId),
      insightId: uuidBytes(item.insightId),
      kind: 'raw',
      policyVersion: item.policyVersion,
      transitKeyId: uuidBytes(item.transitKeyId),
    });
  } finally {
    contentKey.fill(0);
  }
};

/**
 * Opens raw request bodies. The whole object is authenticated before a byte of it is given out: an altered, truncated
 * or swapped one is refused. The caller wipes the body.
 */
export const createRawRequestOpener = (
  keys: Pick<WrappingKeys, 'atRestRoot'>,
  objects: Pick<ObjectReader, 'read'>,
) => {
  let opening = 0;
  const open = async (item: ReadableRawRequest): Promise<Opened> => {
    let ciphertext: Buffer | undefined;
    try {
      const pieces = await objects.read(item.objectKey);
      if (pieces === undefined) return refused('object_missing');
      ciphertext = await collect(pieces, item.ciphertextBytes);
    } catch (error) {
      const cut = error instanceof ObjectStoreError && error.code === 'truncated';
      return refused(cut ? 'object_length' : 'store_away');
    }
    if (ciphertext === undefined) return refused('object_length');
    try {
      return { ok: true, body: decrypt(keys, item, ciphertext) };
    } catch (error) {
      if (error instanceof SealedPayloadError) return refused('object_not_authentic');
      throw error;
    }
  };
  return async (item: ReadableRawRequest): Promise<Opened> => {
    if (opening >= openMax) return refused('busy');
    opening += 1;
    try {
      return await open(item);
    } finally {
      opening -= 1;
    }
  };
};
export type OpenRawRequest = ReturnType<typeof createRawRequestOpener>;
