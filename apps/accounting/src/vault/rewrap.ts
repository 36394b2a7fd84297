import { type SealedPayloadRecord, uuidBytes } from '@lethe/contracts';
import {
  type PayloadKind,
  type SealedContentKey,
  SealedPayloadError,
  unsealContentKey,
  type WrapBinding,
  wrapKey,
} from '@lethe/sealed-payload';
import { transitWrap, type WrappedAtRestKey, withAtRestKey } from './make-keys.js';
import type { WrappingKeys } from './wrapping-keys.js';

/** The wrapping key of a pair that the database has is not here: another process holds it, or is replacing it. */
export class WrappingKeyAwayError extends Error {
  readonly code = 'KEY_AWAY';
  constructor() {
    super('the wrapping key of a transit key is not here');
    this.name = 'WrappingKeyAwayError';
  }
}

/** What a content key is wrapped for at rest: the payload or the raw request of one insight of one organization. */
export const contentKeyWrap = (
  item: Pick<SealedPayloadRecord, 'orgId' | 'insightId'>,
  atRestKeyVersion: number,
  kind: PayloadKind = 'payload',
): WrapBinding => ({
  purpose: kind === 'payload' ? 'payload_content_key' : 'raw_content_key',
  orgId: uuidBytes(item.orgId),
  objectId: uuidBytes(item.insightId),
  keyVersion: atRestKeyVersion,
});

/** Unseals, wraps for rest, wipes. undefined: it does not open with this transit key. */
const move = (
  keys: WrappingKeys,
  record: SealedPayloadRecord,
  sealed: { readonly contentKey: SealedContentKey; readonly kind: PayloadKind },
  by: { readonly privateKey: Buffer; readonly atRestKey: WrappedAtRestKey },
): Buffer | undefined => {
  let contentKey: Buffer;
  try {
    contentKey = unsealContentKey(
      sealed.contentKey,
      { transitKeyId: uuidBytes(record.transitKeyId), privateKey: by.privateKey },
      {
        orgId: uuidBytes(record.orgId),
        insightId: uuidBytes(record.insightId),
        kind: sealed.kind,
        policyVersion: record.policyVersion,
      },
    );
  } catch {
    return undefined;
  }
  try {
    return withAtRestKey(keys, by.atRestKey, (atRestKey) =>
      wrapKey(contentKey, atRestKey, contentKeyWrap(record, by.atRestKey.version, sealed.kind)),
    );
  } finally {
    contentKey.fill(0);
  }
};

/** The content keys of one record, wrapped for rest. `raw` undefined: it has none, or one that does not open. */
export interface RewrappedKeys {
  readonly payload: Buffer;
  readonly raw: Buffer | undefined;
}

/**
 * Moves the content keys from the transit key to the at-rest key. The content stays closed. undefined: the record does
 * not open with this organization's transit key, because it was altered or copied from elsewhere. Rejects with
 * WrappingKeyAwayError or KeyServiceError.
 */
export const rewrapContentKeys = async (
  keys: WrappingKeys,
  record: SealedPayloadRecord,
  by: {
    readonly transitKey: { readonly wrappedPrivate: Buffer; readonly wrappedBy: Buffer };
    readonly atRestKey: WrappedAtRestKey;
  },
): Promise<RewrappedKeys | undefined> => {
  const { wrappedPrivate, wrappedBy } = by.transitKey;
  const binding = transitWrap(record.orgId, record.transitKeyId);
  let privateKey: Buffer | undefined;
  try {
    privateKey = await keys.transit.unwrap(wrappedBy, wrappedPrivate, binding);
  } catch (error) {
    if (error instanceof SealedPayloadError) return undefined;
    throw error;
  }
  if (privateKey === undefined) throw new WrappingKeyAwayError();
  try {
    const opener = { privateKey, atRestKey: by.atRestKey };
    const payload = move(keys, record, { contentKey: record.contentKey, kind: 'payload' }, opener);
    if (payload === undefined) return undefined;
    const sealedRaw = record.rawRequest?.contentKey;
    const raw =
      sealedRaw === undefined
        ? undefined
        : move(keys, record, { contentKey: sealedRaw, kind: 'raw' }, opener);
    return { payload, raw };
  } finally {
    privateKey.fill(0);
  }
};
