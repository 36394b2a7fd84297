import { type ApiKeyId, type InsightId, isUuid, type OrgId, type Uuid } from '@lethe/contracts';
import { and, desc, eq, gte, lt, or, type SQL } from 'drizzle-orm';
import {
  type ReadDatabase,
  type ReadScope,
  type ReadTransaction,
  readScoped,
  scopeCondition,
} from './read-scope.js';
import { atRestKey, type EventRow, event, readable, readableRaw } from './schema.js';

/** What a list is narrowed to. Times are milliseconds since 1970: from included, to excluded. */
export interface RequestFilter {
  readonly apiKeyId?: ApiKeyId | undefined;
  /** Requested or used. */
  readonly model?: string | undefined;
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  /** HTTP status: both ends included. */
  readonly status?: { readonly min: number; readonly max: number } | undefined;
  /** Older than this insight. */
  readonly before?: InsightId | undefined;
}

/** A payload as it lies in the database, with the key that opens its content key. */
export interface ReadablePayload {
  readonly orgId: OrgId;
  readonly insightId: InsightId;
  readonly apiKeyId: ApiKeyId;
  readonly wrappedContentKey: Buffer;
  readonly atRestKey: { readonly orgId: OrgId; readonly version: number; readonly wrapped: Buffer };
  readonly nonce: Buffer;
  readonly ciphertext: Buffer;
  readonly policyVersion: bigint;
  readonly transitKeyId: Uuid;
}

/** A raw request: where it lies, and what opens it. */
export interface ReadableRawRequest extends Omit<ReadablePayload, 'ciphertext'> {
  readonly objectKey: string;
  /** With the tag. */
  readonly ciphertextBytes: number;
}

export interface FoundRequest {
  readonly event: EventRow;
  readonly payload: ReadablePayload | undefined;
  readonly rawRequest: ReadableRawRequest | undefined;
}

const msMax = 2 ** 48 - 1;

/** The lowest UUIDv7 of a moment: insights are ordered, partitioned and filtered by the time their id carries. */
export const insightFloor = (ms: number): string => {
  const hex = Math.min(Math.max(Math.trunc(ms), 0), msMax)
    .toString(16)
    .padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
};

const filterConditions = (filter: RequestFilter): (SQL | undefined)[] => [
  filter.apiKeyId === undefined ? undefined : eq(event.apiKeyId, filter.apiKeyId),
  filter.model === undefined
    ? undefined
    : or(eq(event.modelRequested, filter.model), eq(event.modelUsed, filter.model)),
  filter.fromMs === undefined ? undefined : gte(event.insightId, insightFloor(filter.fromMs)),
  filter.toMs === undefined ? undefined : lt(event.insightId, insightFloor(filter.toMs)),
  filter.status === undefined
    ? undefined
    : and(gte(event.statusCode, filter.status.min), lt(event.statusCode, filter.status.max + 1)),
  filter.before === undefined ? undefined : lt(event.insightId, filter.before),
];

type SharedColumns = Omit<typeof readable.$inferSelect, 'ciphertext'>;

/** The views' columns are nullable to SQL, never in fact: they join NOT NULL columns. */
const toShared = (row: SharedColumns, wrapped: Buffer): Omit<ReadablePayload, 'ciphertext'> | undefined => {
  const { orgId, insightId, apiKeyId, transitKeyId } = row;
  const ids = [orgId, insightId, apiKeyId, transitKeyId];
  if (!ids.every(isUuid)) return undefined;
  if (row.wrappedContentKey === null || row.nonce === null) return undefined;
  if (row.atRestKeyVersion === null || row.policyVersion === null) return undefined;
  return {
    orgId: orgId as OrgId,
    insightId: insightId as InsightId,
    apiKeyId: apiKeyId as ApiKeyId,
    transitKeyId: transitKeyId as Uuid,
    wrappedContentKey: row.wrappedContentKey,
    nonce: row.nonce,
    policyVersion: row.policyVersion,
    atRestKey: { orgId: orgId as OrgId, version: row.atRestKeyVersion, wrapped },
  };
};

const readPayload = async (
  tx: ReadTransaction,
  orgId: string,
  insightId: InsightId,
): Promise<ReadablePayload | undefined> => {
  const [row] = await tx
    .select({ item: readable, key: atRestKey.wrappedKey })
    .from(readable)
    .innerJoin(
      atRestKey,
      and(eq(atRestKey.orgId, readable.orgId), eq(atRestKey.version, readable.atRestKeyVersion)),
    )
    .where(and(eq(readable.orgId, orgId), eq(readable.insightId, insightId)));
  if (row === undefined || row.item.ciphertext === null) return undefined;
  const shared = toShared(row.item, row.key);
  return shared === undefined ? undefined : { ...shared, ciphertext: row.item.ciphertext };
};

const readRawRequest = async (
  tx: ReadTransaction,
  orgId: string,
  insightId: InsightId,
): Promise<ReadableRawRequest | undefined> => {
  const [row] = await tx
    .select({ item: readableRaw, key: atRestKey.wrappedKey })
    .from(readableRaw)
    .innerJoin(
      atRestKey,
      and(eq(atRestKey.orgId, readableRaw.orgId), eq(atRestKey.version, readableRaw.atRestKeyVersion)),
    )
    .where(and(eq(readableRaw.orgId, orgId), eq(readableRaw.insightId, insightId)));
  if (row === undefined || row.item.objectKey === null || row.item.ciphertextBytes === null) return undefined;
  const { objectKey, ciphertextBytes } = row.item;
  const shared = toShared(row.item, row.key);
  return shared === undefined ? undefined : { ...shared, objectKey, ciphertextBytes };
};

/** Reads requests within a scope. Every method throws LetheError of a closed code. */
export const createRequestStore = (db: ReadDatabase) => ({
  /** Newest first, at most `limit`. */
  list: (scope: ReadScope, filter: RequestFilter, limit: number): Promise<readonly EventRow[]> =>
    readScoped(db, scope, (tx) =>
      tx
        .select()
        .from(event)
        .where(and(scopeCondition(scope), ...filterConditions(filter)))
        .orderBy(desc(event.insightId))
        .limit(limit),
    ),
  /** One request; its payload only when asked for, and only if telemetry allows it to be read. */
  find: (scope: ReadScope, insightId: InsightId, withPayload: boolean): Promise<FoundRequest | undefined> =>
    readScoped(db, scope, async (tx) => {
      const [found] = await tx
        .select()
        .from(event)
        .where(and(scopeCondition(scope), eq(event.insightId, insightId)));
      if (found === undefined) return undefined;
      if (!withPayload || found.orgId === null)
        return { event: found, payload: undefined, rawRequest: undefined };
      return {
        event: found,
        payload: await readPayload(tx, found.orgId, insightId),
        rawRequest: await readRawRequest(tx, found.orgId, insightId),
      };
    }),
  /** The key of a payload that the organization has and that could be read, whoever asks. */
  keyOfPayload: (orgId: OrgId, insightId: InsightId): Promise<ApiKeyId | undefined> =>
    readScoped(db, { kind: 'organization', orgId }, async (tx) => {
      const [row] = await tx
        .select({ apiKeyId: readable.apiKeyId })
        .from(readable)
        .where(and(eq(readable.orgId, orgId), eq(readable.insightId, insightId)));
      return isUuid(row?.apiKeyId) ? row.apiKeyId : undefined;
    }),
});
export type RequestStore = ReturnType<typeof createRequestStore>;
