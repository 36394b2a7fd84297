import { decodeSealedPayload, type OrgId, type SealedPayloadRecord } from '@lethe/contracts';
import type { StoredRecord } from '@lethe/event-log';
import {
  GateRefusedError,
  type PayloadEvidence,
  type PayloadStore,
  type PayloadTransaction,
} from '../store/payload-store.js';
import { StoreError } from '../store/store-error.js';
import { rewrapContentKeys } from '../vault/rewrap.js';
import { rejectDigest, type WrappingKeys } from '../vault/wrapping-keys.js';
import { decideIngestion, isTripwire, mayTurnSoon, type RefusalCode } from './decide-ingestion.js';

/** What happened to one record; `first` false: it had been counted before (a redelivery). */
export interface PayloadOutcome {
  readonly code: RefusalCode | 'accepted' | 'duplicate';
  readonly orgId: OrgId | undefined;
  readonly first: boolean;
}

/** How far a run came. `waiting`: the next record may be accepted as soon as a setting on its way has arrived. */
export interface RunResult {
  readonly outcomes: readonly PayloadOutcome[];
  readonly waiting: boolean;
}

/** A record of the payload topic, decoded. A run is consecutive records of one organization, or one broken record. */
export type DecodedRecord =
  | { readonly stored: StoredRecord; readonly payload: SealedPayloadRecord; readonly reject?: undefined }
  | { readonly stored: StoredRecord; readonly payload?: undefined; readonly reject: RefusalCode };

export interface IngestPayloadDeps {
  readonly store: PayloadStore;
  readonly keys: WrappingKeys;
  readonly topic: string;
  /** True while a refusal that may turn should be waited for. */
  readonly mayWait: (record: StoredRecord) => boolean;
}

export const decodeRecord = (stored: StoredRecord): DecodedRecord => {
  const decoded = decodeSealedPayload(stored.value);
  return decoded.ok ? { stored, payload: decoded.payload } : { stored, reject: decoded.reject };
};

/** What the steps of one run share: the service's own means, and the run's transaction. */
interface Run extends IngestPayloadDeps {
  readonly tx: PayloadTransaction;
}
type PayloadRecord = DecodedRecord & { readonly payload: SealedPayloadRecord };

const refuse = async (run: Run, record: DecodedRecord, code: RefusalCode): Promise<PayloadOutcome> => {
  const { stored, payload } = record;
  const first = await run.tx.refuse({
    topic: run.topic,
    partition: stored.partition,
    offset: stored.offset,
    ordinal: 0,
    sizeBytes: stored.value.length,
    code,
    hmac: rejectDigest(run.keys, stored.key, stored.value),
    tripwire: isTripwire(code),
    orgId: code === 'org_unknown' ? undefined : payload?.orgId,
  });
  return { code, orgId: payload?.orgId, first };
};

type Kept = 'accepted' | 'duplicate' | 'content_key_invalid' | 'raw_request_invalid';

/** Puts an accepted payload and its raw request; their content keys change wrapping and nothing else. */
const keep = async (
  { tx, keys }: Run,
  payload: SealedPayloadRecord,
  evidence: PayloadEvidence,
): Promise<Kept> => {
  const { transitKey, atRestKey } = evidence;
  if (transitKey === undefined || atRestKey === undefined) return 'content_key_invalid';
  const rewrapped = await rewrapContentKeys(keys, payload, {
    transitKey,
    atRestKey: { orgId: payload.orgId, version: atRestKey.version, wrapped: atRestKey.wrapped },
  });
  if (rewrapped === undefined) return 'content_key_invalid';
  const { rawRequest } = payload;
  const atRestKeyVersion = atRestKey.version;
  if (!(await tx.put({ ...payload, wrappedContentKey: rewrapped.payload, atRestKeyVersion })))
    return 'duplicate';
  if (rawRequest === undefined) return 'accepted';
  if (rewrapped.raw === undefined) return 'raw_request_invalid';
  const { orgId, insightId } = payload;
  const raw = { ...rawRequest, orgId, insightId, wrappedContentKey: rewrapped.raw, atRestKeyVersion };
  return (await tx.putRawRequest(raw)) ? 'accepted' : 'raw_request_invalid';
};

/** undefined: wait before this record. */
const ingestOne = async (run: Run, record: PayloadRecord): Promise<PayloadOutcome | undefined> => {
  const { payload, stored } = record;
  const evidence = await run.tx.evidence(payload);
  const decision = decideIngestion(payload.orgId, evidence);
  if (decision !== 'accepted') {
    if (mayTurnSoon(decision) && run.mayWait(stored)) return undefined;
    return refuse(run, record, decision);
  }
  const code = await keep(run, payload, evidence);
  // The payload is kept without a raw request that does not fit, and the record stands among the refused ones.
  if (code === 'content_key_invalid' || code === 'raw_request_invalid') return refuse(run, record, code);
  return { code, orgId: payload.orgId, first: code === 'accepted' };
};

const advance = ({ tx, topic }: Run, last: StoredRecord): Promise<void> =>
  tx.advanceOffset(topic, last.partition, last.offset + 1n);

const refuseAll = (
  deps: IngestPayloadDeps,
  records: readonly DecodedRecord[],
  code: RefusalCode,
): Promise<RunResult> =>
  deps.store.transaction(async (tx) => {
    const run: Run = { ...deps, tx };
    const outcomes: PayloadOutcome[] = [];
    for (const record of records) outcomes.push(await refuse(run, record, code));
    await advance(run, (records.at(-1) as DecodedRecord).stored);
    return { outcomes, waiting: false };
  });

const ingestOpen = (
  deps: IngestPayloadDeps,
  orgId: OrgId,
  records: readonly DecodedRecord[],
): Promise<RunResult> =>
  deps.store.transaction(async (tx) => {
    const run: Run = { ...deps, tx };
    await tx.checkGate(orgId);
    const outcomes: PayloadOutcome[] = [];
    let waiting = false;
    for (const record of records) {
      const outcome =
        record.payload === undefined
          ? await refuse(run, record, record.reject)
          : await ingestOne(run, record);
      waiting = outcome === undefined;
      if (outcome === undefined) break;
      outcomes.push(outcome);
    }
    const last = records[outcomes.length - 1];
    if (last !== undefined) await advance(run, last.stored);
    return { outcomes, waiting };
  });

/**
 * LAYER 3. Each run is one READ COMMITTED transaction: the organization's lock and gate, this service's own copies
 * and keys, the re-wrapped content key, the row and the offset. The content is never decrypted here.
 */
export const createPayloadIngestion = (deps: IngestPayloadDeps) => {
  /** Ingests the beginning of a run of one organization, at least one record unless `waiting`. Throws StoreError. */
  const ingestRun = async (records: readonly DecodedRecord[]): Promise<RunResult> => {
    const head = records[0] as DecodedRecord;
    if (head.payload === undefined) return refuseAll(deps, records, head.reject);
    try {
      return await ingestOpen(deps, head.payload.orgId, records);
    } catch (error) {
      if (error instanceof GateRefusedError) {
        if (mayTurnSoon(error.reason) && deps.mayWait(head.stored)) return { outcomes: [], waiting: true };
        return refuseAll(deps, records, error.reason);
      }
      if (!(error instanceof StoreError) || error.kind !== 'refused_value') throw error;
      // One record's values were refused: alone it is rejected, in company each is tried by itself.
      return records.length === 1
        ? refuseAll(deps, records, 'store_refused')
        : ingestRun(records.slice(0, 1));
    }
  };
  return { ingestRun };
};
export type PayloadIngestion = ReturnType<typeof createPayloadIngestion>;

/** Cuts a batch into runs: consecutive records of one organization, at most `recordsMax`; a broken record is its own. */
export const runsOf = (records: readonly DecodedRecord[], recordsMax: number): DecodedRecord[][] => {
  const runs: DecodedRecord[][] = [];
  for (const record of records) {
    const open = runs.at(-1);
    const head = open?.[0];
    const joins =
      open !== undefined &&
      open.length < recordsMax &&
      record.payload !== undefined &&
      head?.payload?.orgId === record.payload.orgId;
    if (joins) open.push(record);
    else runs.push([record]);
  }
  return runs;
};
