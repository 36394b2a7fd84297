export type { PayloadBinding, PayloadKind, WrapBinding, WrapPurpose } from './binding.js';
export { SealedPayloadError, type SealedPayloadErrorCode } from './error.js';
export { unwrapKey, WRAPPED_KEY_BYTES, wrapKey } from './key-wrap.js';
export { decodePayload, encodePayload } from './payload-codec.js';
export {
  type BinaryMarker,
  type DroppedCounts,
  type PayloadDocument,
  payloadDocument,
  type Truncation,
} from './payload-document.js';
export {
  generateTransitKeyPair,
  openPayload,
  type SealedContent,
  type SealedContentKey,
  type SealedPayload,
  sealPayload,
  type TransitPrivateKey,
  type TransitPublicKey,
  unsealContentKey,
} from './seal.js';
export { PART_BYTES_MIN, type PayloadLimits, TOTAL_BYTES_MIN, truncatePayload } from './truncate.js';
export { truncateText } from './truncate-text.js';
