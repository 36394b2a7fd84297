import { fromBinary } from '@bufbuild/protobuf';
import { SealedPayloadSchema } from '../gen/es/lethe/payload/v1/sealed_payload_pb.js';
import { SealedPayload as SealedPayloadWire } from '../gen/ts/lethe/payload/v1/sealed_payload.js';
import { type ApiKeyId, type InsightId, type OrgId, type Uuid, uuidBytes, uuidText } from '../ids/uuid.js';

/** Largest payload record on the topic: ciphertext and its overhead. */
export const payloadRecordBytesMax = 1024 * 1024;

/** Largest ciphertext of a raw request body, tag included: what an object store takes in one put. */
export const rawRequestBytesMax = 64 * 1024 * 1024;
const objectKeyPattern = /^[0-9a-f]{32}$/;

/** True for the key of an object that a router wrote: 32 hex digits, random, and never a caller's text. */
export const isRawObjectKey = (text: unknown): text is string =>
  typeof text === 'string' && objectKeyPattern.test(text);

/** Where the raw request body lies, and its own content key, sealed to the same transit key. */
export interface RawRequestReference {
  readonly objectKey: string;
  readonly contentKey: { readonly enc: Buffer; readonly ct: Buffer };
  readonly nonce: Buffer;
  /** With the tag. */
  readonly ciphertextBytes: number;
}

/** A sealed payload as the services hold it: ids, and ciphertext that nobody but accounting can open. */
export interface SealedPayloadRecord {
  readonly insightId: InsightId;
  readonly orgId: OrgId;
  readonly apiKeyId: ApiKeyId;
  readonly policyVersion: bigint;
  readonly transitKeyId: Uuid;
  readonly contentKey: { readonly enc: Buffer; readonly ct: Buffer };
  readonly nonce: Buffer;
  readonly ciphertext: Buffer;
  readonly rawRequest?: RawRequestReference | undefined;
}

export type PayloadReject = 'malformed' | 'too_large' | 'unknown_field' | 'bad_id' | 'bad_length';
export type PayloadDecoded =
  | { readonly ok: true; readonly payload: SealedPayloadRecord }
  | { readonly ok: false; readonly reject: PayloadReject };

/** One sealed payload to its wire bytes. */
export const encodeSealedPayload = (payload: SealedPayloadRecord): Buffer =>
  Buffer.from(
    SealedPayloadWire.encode({
      insightId: uuidBytes(payload.insightId),
      orgId: uuidBytes(payload.orgId),
      apiKeyId: uuidBytes(payload.apiKeyId),
      policyVersion: payload.policyVersion,
      transitKeyId: uuidBytes(payload.transitKeyId),
      contentKey: payload.contentKey,
      nonce: payload.nonce,
      ciphertext: payload.ciphertext,
      rawRequest:
        payload.rawRequest === undefined
          ? undefined
          : { ...payload.rawRequest, ciphertextBytes: BigInt(payload.rawRequest.ciphertextBytes) },
    }).finish(),
  );

type WireRecord = ReturnType<typeof fromBinary<typeof SealedPayloadSchema>>;
type WireKey = NonNullable<WireRecord['contentKey']>;

const sealedKeyOf = (key: WireKey | undefined): RawRequestReference['contentKey'] | undefined =>
  key?.enc.length === 32 && key.ct.length === 48
    ? { enc: Buffer.from(key.enc), ct: Buffer.from(key.ct) }
    : undefined;

const rawRequestOf = (raw: NonNullable<WireRecord['rawRequest']>): RawRequestReference | 'bad_length' => {
  const contentKey = sealedKeyOf(raw.contentKey);
  const bytes = raw.ciphertextBytes;
  const isSized = bytes >= 16n && bytes <= BigInt(rawRequestBytesMax) && raw.nonce.length === 12;
  if (contentKey === undefined || !isSized || !isRawObjectKey(raw.objectKey)) return 'bad_length';
  return {
    objectKey: raw.objectKey,
    contentKey,
    nonce: Buffer.from(raw.nonce),
    ciphertextBytes: Number(bytes),
  };
};

const hasUnknown = ({ $unknown, contentKey, rawRequest }: WireRecord): boolean =>
  [$unknown, contentKey?.$unknown, rawRequest?.$unknown, rawRequest?.contentKey?.$unknown].some(
    (unknown) => unknown !== undefined,
  );

/** Wire bytes to a sealed payload; an allow-list like telemetry's. */
export const decodeSealedPayload = (bytes: Uint8Array): PayloadDecoded => {
  if (bytes.length > payloadRecordBytesMax) return { ok: false, reject: 'too_large' };
  let record: WireRecord;
  try {
    record = fromBinary(SealedPayloadSchema, bytes);
  } catch {
    return { ok: false, reject: 'malformed' };
  }
  if (hasUnknown(record)) return { ok: false, reject: 'unknown_field' };
  const ids = [record.insightId, record.orgId, record.apiKeyId, record.transitKeyId].map(uuidText);
  const [insightId, orgId, apiKeyId, transitKeyId] = ids;
  if (
    insightId === undefined ||
    orgId === undefined ||
    apiKeyId === undefined ||
    transitKeyId === undefined
  ) {
    return { ok: false, reject: 'bad_id' };
  }
  const contentKey = sealedKeyOf(record.contentKey);
  const rawRequest = record.rawRequest === undefined ? undefined : rawRequestOf(record.rawRequest);
  if (
    contentKey === undefined ||
    rawRequest === 'bad_length' ||
    record.nonce.length !== 12 ||
    record.ciphertext.length < 16
  ) {
    return { ok: false, reject: 'bad_length' };
  }
  return {
    ok: true,
    payload: {
      insightId,
      orgId,
      apiKeyId,
      transitKeyId,
      policyVersion: record.policyVersion,
      contentKey,
      nonce: Buffer.from(record.nonce),
      ciphertext: Buffer.from(record.ciphertext),
      ...(rawRequest === undefined ? {} : { rawRequest }),
    },
  };
};
