import { and, asc, desc, eq, gte, inArray, lt, type SQL, sql } from 'drizzle-orm';
import { type StoredFacts, storedFacts } from '../append/event-codec.js';
import type { AuditDatabase, Reader, Transaction } from './database.js';
import { type ProofParts, unpackNodes } from './log-nodes.js';
import { event, leaf } from './schema.js';
import { atStoreEdge, StoreError } from './store-error.js';

/** What a list of events is narrowed by; times are points, `from` included and `to` excluded. */
export interface EventFilter {
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  readonly eventType?: string | undefined;
  readonly actorId?: string | undefined;
  readonly targetKind?: string | undefined;
  readonly targetId?: string | undefined;
  readonly outcome?: 'success' | 'refused' | undefined;
  readonly orgId?: string | undefined;
  /** Only events before this index: that of a cursor, or the size of what is released. */
  readonly beforeIndex?: number | undefined;
  /** Only events from this index on. */
  readonly fromIndex?: number | undefined;
}

export interface StoredEvent {
  readonly index: number;
  readonly body: Buffer;
}

const columns = { index: leaf.idx, body: event.body };
/** What events are found by, which no hash covers. */
const copies = {
  orgId: event.orgId,
  leafOrgId: leaf.orgId,
  type: event.eventType,
  timeMs: sql<number>`(extract(epoch from ${event.eventTime}) * 1000)::float8`,
  actorId: event.actorId,
  targetKind: event.targetKind,
  targetId: event.targetId,
  outcome: event.outcome,
};

type FoundEvent = StoredEvent & Omit<StoredFacts, 'orgId'> & Record<'orgId' | 'leafOrgId', string | null>;

/** The event, unless it was found by something that is not its own. Throws StoreError `log_forked`. */
const own = ({ index, body, ...found }: FoundEvent): StoredEvent => {
  const said = storedFacts(body);
  const isOwn =
    said !== undefined &&
    found.orgId === (said.orgId ?? null) &&
    found.leafOrgId === found.orgId &&
    found.type === said.type &&
    found.timeMs === said.timeMs &&
    found.actorId === said.actorId &&
    found.targetKind === said.targetKind &&
    found.targetId === said.targetId &&
    found.outcome === said.outcome;
  if (!isOwn) throw new StoreError('log_forked', '');
  return { index, body };
};

const conditionsOf = (filter: EventFilter): (SQL | undefined)[] => [
  filter.from && gte(event.eventTime, filter.from),
  filter.to && lt(event.eventTime, filter.to),
  filter.eventType === undefined ? undefined : eq(event.eventType, filter.eventType),
  filter.actorId === undefined ? undefined : eq(event.actorId, filter.actorId),
  filter.targetKind === undefined ? undefined : eq(event.targetKind, filter.targetKind),
  filter.targetId === undefined ? undefined : eq(event.targetId, filter.targetId),
  filter.outcome && eq(event.outcome, filter.outcome),
  filter.orgId === undefined ? undefined : eq(leaf.orgId, filter.orgId),
  filter.beforeIndex === undefined ? undefined : lt(leaf.idx, filter.beforeIndex),
  filter.fromIndex === undefined ? undefined : gte(leaf.idx, filter.fromIndex),
];

/** Runs one read and holds each event to its own bytes. Rejects with StoreError. */
const readFound = async (
  database: AuditDatabase,
  reader: Reader,
  read: (transaction: Transaction) => Promise<FoundEvent[]>,
): Promise<StoredEvent[]> => (await database.readAs(reader, read)).map(own);

/** From which end of the log events are listed. */
export type ListOrder = 'newest_first' | 'oldest_first';

/** The first events from one end that the reader may see, at most `limit`. Rejects with StoreError. */
export const listEvents = (
  database: AuditDatabase,
  reader: Reader,
  filter: EventFilter,
  limit: number,
  order: ListOrder = 'newest_first',
): Promise<StoredEvent[]> =>
  readFound(database, reader, (transaction) =>
    transaction
      .select({ ...columns, ...copies })
      .from(leaf)
      .innerJoin(event, eq(event.eventId, leaf.eventId))
      .where(and(...conditionsOf(filter), reader === 'all' ? undefined : eq(leaf.orgId, reader.orgId)))
      .orderBy(order === 'newest_first' ? desc(leaf.idx) : asc(leaf.idx))
      .limit(limit),
  );

/**
 * The oldest events the reader may see between two indexes (the first included, the last not), oldest first, at most
 * `limit`. Rejects with StoreError.
 */
export const listOldestEvents = (
  database: AuditDatabase,
  reader: Reader,
  filter: EventFilter,
  { fromIndex, limit }: { readonly fromIndex: number; readonly limit: number },
): Promise<StoredEvent[]> =>
  readFound(database, reader, (transaction) =>
    transaction
      .select({ ...columns, ...copies })
      .from(leaf)
      .innerJoin(event, eq(event.eventId, leaf.eventId))
      .where(
        and(
          ...conditionsOf(filter),
          gte(leaf.idx, fromIndex),
          reader === 'all' ? undefined : eq(leaf.orgId, reader.orgId),
        ),
      )
      .orderBy(asc(leaf.idx))
      .limit(limit),
  );

interface EventRow {
  readonly idx: string;
  readonly body: Buffer;
  readonly org_id: string | null;
  readonly leaf_org_id: string | null;
  readonly event_type: string;
  readonly time_ms: number;
  readonly actor_id: string;
  readonly target_kind: string;
  readonly target_id: string;
  readonly outcome: 'success' | 'refused';
  readonly hashes: Buffer;
}

/**
 * One event the reader may see, with what a proof of it needs in a tree of `size`, in one round trip; undefined when
 * there is none. Rejects with StoreError.
 */
export const readEventParts = (
  { sql: client }: AuditDatabase,
  reader: Reader,
  { eventId, size }: { readonly eventId: string; readonly size: number },
): Promise<ProofParts | undefined> =>
  atStoreEdge(async () => {
    const [row] = await client<EventRow[]>`
      select idx::text as idx, body, org_id, leaf_org_id, event_type, time_ms, actor_id, target_kind, target_id, outcome,
        hashes
      from audit.read_event(${reader === 'all' ? reader : reader.orgId}, ${eventId}::uuid, ${String(size)}::bigint)`;
    if (row === undefined) return undefined;
    const found = own({
      index: Number(row.idx),
      body: row.body,
      orgId: row.org_id,
      leafOrgId: row.leaf_org_id,
      type: row.event_type,
      timeMs: row.time_ms,
      actorId: row.actor_id,
      targetKind: row.target_kind,
      targetId: row.target_id,
      outcome: row.outcome,
    });
    return { ...found, nodes: unpackNodes(row.hashes) };
  });

/** What is in the log of some event ids, whoever's they are. */
export interface KnownEvent extends StoredEvent {
  readonly eventId: string;
  readonly orgId: string | null;
}

/** Those of the ids that the log holds. Rejects with StoreError. */
export const readKnown = (database: AuditDatabase, eventIds: readonly string[]): Promise<KnownEvent[]> =>
  database.readAs('all', (transaction) =>
    transaction
      .select({ ...columns, eventId: event.eventId, orgId: event.orgId })
      .from(leaf)
      .innerJoin(event, eq(event.eventId, leaf.eventId))
      .where(inArray(leaf.eventId, [...eventIds])),
  );

/** The bytes of `count` events from an index on, whoever's they are; fewer when some are missing. Rejects with StoreError. */
export const readBodies = async (
  database: AuditDatabase,
  firstIndex: number,
  count: number,
): Promise<Buffer[]> => {
  const rows = await database.readAs('all', (transaction) =>
    transaction
      .select(columns)
      .from(leaf)
      .innerJoin(event, eq(event.eventId, leaf.eventId))
      .where(and(gte(leaf.idx, firstIndex), lt(leaf.idx, firstIndex + count)))
      .orderBy(asc(leaf.idx)),
  );
  return rows.map(({ body }) => body);
};
