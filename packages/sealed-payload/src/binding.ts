import { SealedPayloadError } from './error.js';

/** What a content key protects: the truncated payload, or the raw request body. */
export type PayloadKind = 'payload' | 'raw';

/** What a sealed payload is bound to. It opens only when every part is presented again unchanged. */
export interface PayloadBinding {
  /** 16 bytes. */
  readonly orgId: Uint8Array;
  /** 16 bytes. */
  readonly insightId: Uint8Array;
  readonly kind: PayloadKind;
  /** Unsigned, 64 bits. */
  readonly policyVersion: bigint;
}

/** What a wrapped key is for: the column it lives in. */
export type WrapPurpose = 'payload_content_key' | 'raw_content_key' | 'at_rest_key' | 'transit_private_key';

/** What a wrapped key is bound to. */
export interface WrapBinding {
  readonly purpose: WrapPurpose;
  /** 16 bytes. */
  readonly orgId: Uint8Array;
  /** 1 to 64 bytes: the insight, or the id of the key that is being wrapped. */
  readonly objectId: Uint8Array;
  /** Version of the wrapping key, a non-negative safe integer. */
  readonly keyVersion: number;
}

const ID_BYTES = 16;
const OPAQUE_ID_BYTES_MAX = 64;
const U64_MAX = 2n ** 64n - 1n;
const KINDS: readonly unknown[] = ['payload', 'raw'] satisfies PayloadKind[];
const PURPOSES: readonly unknown[] = [
  'payload_content_key',
  'raw_content_key',
  'at_rest_key',
  'transit_private_key',
] satisfies WrapPurpose[];

/** Associated data of the content itself. */
export function contentAad(binding: PayloadBinding, transitKeyId: Uint8Array): Buffer {
  return lengthPrefixed(['lethe/content/v1', ...bindingParts(binding, transitKeyId)]);
}

/** Associated data of the content key when it is sealed to a transit key. */
export function contentKeyAad(binding: PayloadBinding, transitKeyId: Uint8Array): Buffer {
  return lengthPrefixed(['lethe/content-key/v1', ...bindingParts(binding, transitKeyId)]);
}

/** HPKE's info: which transit key of which organization this is about. */
export function transitInfo(orgId: Uint8Array, transitKeyId: Uint8Array): Buffer {
  return lengthPrefixed(['lethe/transit/v1', id(orgId), opaqueId(transitKeyId)]);
}

/** Associated data of a wrapped key. */
export function wrapAad({ purpose, orgId, objectId, keyVersion }: WrapBinding): Buffer {
  if (!PURPOSES.includes(purpose) || !Number.isSafeInteger(keyVersion)) {
    throw new SealedPayloadError('bad_binding');
  }
  return lengthPrefixed([
    'lethe/key-wrap/v1',
    purpose,
    id(orgId),
    opaqueId(objectId),
    unsigned(BigInt(keyVersion)),
  ]);
}

/**
 * Joins parts so that no two lists of parts give the same bytes: each part follows its length (4 bytes, big-endian).
 * Plain concatenation would let a byte wander from one part into the next.
 */
export function lengthPrefixed(parts: readonly (string | Uint8Array)[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part) => {
      const bytes = typeof part === 'string' ? Buffer.from(part, 'utf8') : part;
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
}

function bindingParts(binding: PayloadBinding, transitKeyId: Uint8Array): (string | Uint8Array)[] {
  const { orgId, insightId, kind, policyVersion } = binding;
  if (!KINDS.includes(kind)) throw new SealedPayloadError('bad_binding');
  return [id(orgId), id(insightId), kind, unsigned(policyVersion), opaqueId(transitKeyId)];
}

function id(bytes: Uint8Array): Uint8Array {
  return sized(bytes, ID_BYTES, ID_BYTES);
}

function opaqueId(bytes: Uint8Array): Uint8Array {
  return sized(bytes, 1, OPAQUE_ID_BYTES_MAX);
}

function sized(bytes: Uint8Array, bytesMin: number, bytesMax: number): Uint8Array {
  const fits = bytes instanceof Uint8Array && bytes.length >= bytesMin && bytes.length <= bytesMax;
  if (!fits) throw new SealedPayloadError('bad_binding');
  return bytes;
}

function unsigned(value: bigint): Buffer {
  if (typeof value !== 'bigint' || value < 0n || value > U64_MAX) throw new SealedPayloadError('bad_binding');
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}
