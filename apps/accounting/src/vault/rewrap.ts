import { type SealedPayloadRecord, uuidBytes } from '@lethe/contracts';
import { unsealContentKey, unwrapKey, type WrapBinding, wrapKey } from '@lethe/sealed-payload';
import { transitWrap, type WrappedAtRestKey, withAtRestKey } from './make-keys.js';
import type { WrappingKeys } from './wrapping-keys.js';

/** What a content key is wrapped for at rest: one payload of one organization. */
export const contentKeyWrap = (
  item: Pick<SealedPayloadRecord, 'orgId' | 'insightId'>,
  atRestKeyVersion: number,
): WrapBinding => ({
  purpose: 'payload_content_key',
  orgId: uuidBytes(item.orgId),
  objectId: uuidBytes(item.insightId),
  keyVersion: atRestKeyVersion,
});

/** The content key of a record whose transit key fits. Throws SealedPayloadError. The caller wipes it. */
const unseal = (keys: WrappingKeys, record: SealedPayloadRecord, wrappedPrivate: Buffer): Buffer => {
  const transitKeyId = uuidBytes(record.transitKeyId);
  const privateKey = unwrapKey(wrappedPrivate, keys.transit, transitWrap(record.orgId, record.transitKeyId));
  try {
    return unsealContentKey(
      record.contentKey,
      { transitKeyId, privateKey },
      {
        orgId: uuidBytes(record.orgId),
        insightId: uuidBytes(record.insightId),
        kind: 'payload',
        policyVersion: record.policyVersion,
      },
    );
  } finally {
    privateKey.fill(0);
  }
};

/**
 * Moves a content key from the transit key to the at-rest key. The content stays closed. undefined: the record does
 * not open with this organization's transit key, because it was altered or copied from elsewhere.
 */
export const rewrapContentKey = (
  keys: WrappingKeys,
  record: SealedPayloadRecord,
  by: { readonly wrappedPrivate: Buffer; readonly atRestKey: WrappedAtRestKey },
): Buffer | undefined => {
  let contentKey: Buffer;
  try {
    contentKey = unseal(keys, record, by.wrappedPrivate);
  } catch {
    return undefined;
  }
  try {
    return withAtRestKey(keys, by.atRestKey, (atRestKey) =>
      wrapKey(contentKey, atRestKey, contentKeyWrap(record, by.atRestKey.version)),
    );
  } finally {
    contentKey.fill(0);
  }
};
