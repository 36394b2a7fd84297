import { uuidBytes } from '@lethe/contracts';
import { decodePayload, openPayload, type PayloadDocument, unwrapKey } from '@lethe/sealed-payload';
import type { ReadablePayload } from '../store/request-store.js';
import { withAtRestKey } from './make-keys.js';
import { contentKeyWrap } from './rewrap.js';
import type { WrappingKeys } from './wrapping-keys.js';

/** What an authorized reader gets to see. */
export type OpenedPayload = Pick<PayloadDocument, 'messages' | 'choices' | 'tools' | 'truncated'>;

/**
 * Opens a payload for reading: the one place where content is decrypted. undefined: the row or its key does not fit,
 * because it was altered. Keys and plaintext bytes are wiped.
 */
export const openForReading = (keys: WrappingKeys, item: ReadablePayload): OpenedPayload | undefined => {
  try {
    const contentKey = withAtRestKey(keys, item.atRestKey, (atRestKey) =>
      unwrapKey(item.wrappedContentKey, atRestKey, contentKeyWrap(item, item.atRestKey.version)),
    );
    let plaintext: Buffer | undefined;
    try {
      plaintext = openPayload(item, contentKey, {
        orgId: uuidBytes(item.orgId),
        insightId: uuidBytes(item.insightId),
        kind: 'payload',
        policyVersion: item.policyVersion,
        transitKeyId: uuidBytes(item.transitKeyId),
      });
      const { messages, choices, tools, truncated } = decodePayload(plaintext);
      return { messages, choices, tools, truncated };
    } finally {
      contentKey.fill(0);
      plaintext?.fill(0);
    }
  } catch {
    return undefined;
  }
};
