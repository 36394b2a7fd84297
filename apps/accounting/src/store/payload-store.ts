import type { ApiKeyId, InsightId, OrgId, Uuid } from '@lethe/contracts';
import type postgres from 'postgres';
import { constraintOf, sqlStateOf, storeErrorOf } from './store-error.js';
import type { IngestReject } from './telemetry-store.js';

/** The database's own refusal: the organization is sealed, or nobody ever opened it. */
export class GateRefusedError extends Error {
  constructor(readonly reason: 'org_sealed' | 'org_unknown') {
    super('the gate of the organization refused');
    this.name = 'GateRefusedError';
  }
}

/** What the database knows about one payload record, read under the organization's lock. */
export interface PayloadEvidence {
  readonly keyCopy: { readonly orgId: OrgId; readonly logging: boolean } | undefined;
  readonly transitKey: { readonly wrappedPrivate: Buffer; readonly wrappedBy: Buffer } | undefined;
  readonly atRestKey: { readonly version: number; readonly wrapped: Buffer } | undefined;
}

/** One row of payload.item. */
export interface PayloadItem {
  readonly orgId: OrgId;
  readonly insightId: InsightId;
  readonly apiKeyId: ApiKeyId;
  readonly wrappedContentKey: Buffer;
  readonly atRestKeyVersion: number;
  readonly nonce: Buffer;
  readonly ciphertext: Buffer;
  readonly policyVersion: bigint;
  readonly transitKeyId: Uuid;
}

/** One row of payload.raw_request. */
export interface RawRequestRow {
  readonly orgId: OrgId;
  readonly insightId: InsightId;
  readonly objectKey: string;
  readonly wrappedContentKey: Buffer;
  readonly atRestKeyVersion: number;
  readonly nonce: Buffer;
  readonly ciphertextBytes: number;
}

/** A refused record, and whether the alarm counts it (under which organization; undefined: one nobody opened). */
export interface PayloadRefusal extends IngestReject {
  readonly tripwire: boolean;
  readonly orgId: OrgId | undefined;
}

/** The functions layer 3 may execute, inside one READ COMMITTED transaction. */
export interface PayloadTransaction {
  /** Takes the organization's shared lock until commit. Throws GateRefusedError. */
  checkGate(orgId: OrgId): Promise<void>;
  evidence(ids: { orgId: OrgId; apiKeyId: ApiKeyId; transitKeyId: Uuid }): Promise<PayloadEvidence>;
  /** False: the insight is here already. Throws GateRefusedError. */
  put(item: PayloadItem): Promise<boolean>;
  /** In the transaction of its payload. False: another request has the object. Throws GateRefusedError. */
  putRawRequest(row: RawRequestRow): Promise<boolean>;
  /** False: this reference was recorded before. */
  refuse(refusal: PayloadRefusal): Promise<boolean>;
  advanceOffset(topic: string, partition: number, nextOffset: bigint): Promise<void>;
}

const refusedByGate = 'ZDR02';
const nobody = '00000000-0000-0000-0000-000000000000';

interface EvidenceRow {
  readonly key_org_id: OrgId | null;
  readonly key_logging: boolean | null;
  readonly transit_wrapped: Buffer | null;
  readonly transit_wrapped_by: Buffer | null;
  readonly at_rest_version: number | null;
  readonly at_rest_wrapped: Buffer | null;
}

const toEvidence = (row: EvidenceRow): PayloadEvidence => ({
  keyCopy: row.key_org_id === null ? undefined : { orgId: row.key_org_id, logging: row.key_logging === true },
  transitKey:
    row.transit_wrapped === null || row.transit_wrapped_by === null
      ? undefined
      : { wrappedPrivate: row.transit_wrapped, wrappedBy: row.transit_wrapped_by },
  atRestKey:
    row.at_rest_version === null || row.at_rest_wrapped === null
      ? undefined
      : { version: row.at_rest_version, wrapped: row.at_rest_wrapped },
});

const bind = (tx: postgres.TransactionSql): PayloadTransaction => ({
  async checkGate(orgId) {
    await tx`select payload.check_gate(${orgId})`;
  },
  async evidence({ orgId, apiKeyId, transitKeyId }) {
    const [row] = await tx<EvidenceRow[]>`
      select * from payload.evidence(${orgId}, ${apiKeyId}, ${transitKeyId})`;
    return row === undefined
      ? { keyCopy: undefined, transitKey: undefined, atRestKey: undefined }
      : toEvidence(row);
  },
  async put(item) {
    const [row] = await tx<{ inserted: boolean }[]>`
      select payload.put(${item.orgId}, ${item.insightId}, ${item.apiKeyId}, ${item.wrappedContentKey},
        ${item.atRestKeyVersion}, ${item.nonce}, ${item.ciphertext}, ${item.policyVersion.toString()},
        ${item.transitKeyId}) as inserted`;
    return row?.inserted === true;
  },
  async putRawRequest(row) {
    const [put] = await tx<{ inserted: boolean }[]>`
      select payload.put_raw_request(${row.orgId}, ${row.insightId}, ${row.objectKey}, ${row.wrappedContentKey},
        ${row.atRestKeyVersion}, ${row.nonce}, ${row.ciphertextBytes}) as inserted`;
    return put?.inserted === true;
  },
  async refuse(refusal) {
    const [row] = await tx<{ first: boolean }[]>`
      select payload.refuse(${refusal.topic}, ${refusal.partition}, ${refusal.offset.toString()}, ${refusal.sizeBytes},
        ${refusal.code}, ${refusal.hmac}, ${refusal.tripwire}, ${refusal.orgId ?? nobody}) as first`;
    return row?.first === true;
  },
  async advanceOffset(topic, partition, nextOffset) {
    await tx`select payload.advance_offset(${topic}, ${partition}, ${nextOffset.toString()})`;
  },
});

const mapError = (error: unknown): Error => {
  if (sqlStateOf(error) === refusedByGate)
    return new GateRefusedError(constraintOf(error, ['org_sealed', 'org_unknown'] as const) ?? 'org_sealed');
  return storeErrorOf(error);
};

/** Writes payload with the role that may execute the payload functions and nothing else. */
export const createPayloadStore = (sql: postgres.Sql) => ({
  /** The next offset to read; undefined before the first batch. Throws StoreError. */
  async nextOffset(topic: string, partition: number): Promise<bigint | undefined> {
    try {
      const [row] = await sql<{ next_offset: string | null }[]>`
        select payload.next_offset(${topic}, ${partition}) as next_offset`;
      return row === undefined || row.next_offset === null ? undefined : BigInt(row.next_offset);
    } catch (error) {
      throw storeErrorOf(error);
    }
  },
  /** Runs `work` in one READ COMMITTED transaction. Throws GateRefusedError or StoreError; then nothing of it stays. */
  async transaction<T>(work: (tx: PayloadTransaction) => Promise<T>): Promise<T> {
    const ran: { value: T }[] = [];
    try {
      await sql.begin('isolation level read committed', async (tx) => {
        ran.push({ value: await work(bind(tx)) });
      });
    } catch (error) {
      throw mapError(error);
    }
    return (ran[0] as { value: T }).value;
  },
});
export type PayloadStore = ReturnType<typeof createPayloadStore>;
