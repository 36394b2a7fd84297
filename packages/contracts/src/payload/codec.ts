import { fromBinary } from '@bufbuild/protobuf';
import { SealedPayloadSchema } from '../gen/es/lethe/payload/v1/sealed_payload_pb.js';
import { SealedPayload as SealedPayloadWire } from '../gen/ts/lethe/payload/v1/sealed_payload.js';
import { type ApiKeyId, type InsightId, type OrgId, type Uuid, uuidBytes, uuidText } from '../ids/uuid.js';

/** Largest payload record on the topic: ciphertext and its overhead. */
export const payloadRecordBytesMax = 1024 * 1024;

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
      rawRequest: undefined,
    }).finish(),
  );

/** Wire bytes to a sealed payload; an allow-list like telemetry's. */
export const decodeSealedPayload = (bytes: Uint8Array): PayloadDecoded => {
  if (bytes.length > payloadRecordBytesMax) return { ok: false, reject: 'too_large' };
  let record: ReturnType<typeof fromBinary<typeof SealedPayloadSchema>>;
  try {
    record = fromBinary(SealedPayloadSchema, bytes);
  } catch {
    return { ok: false, reject: 'malformed' };
  }
  if (record.$unknown !== undefined || record.contentKey?.$unknown !== undefined)
    return { ok: false, reject: 'unknown_field' };
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
  const key = record.contentKey;
  if (
    key === undefined ||
    key.enc.length !== 32 ||
    key.ct.length !== 48 ||
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
      contentKey: { enc: Buffer.from(key.enc), ct: Buffer.from(key.ct) },
      nonce: Buffer.from(record.nonce),
      ciphertext: Buffer.from(record.ciphertext),
    },
  };
};
