import { and, desc, eq, gte, lt, type SQL } from 'drizzle-orm';
import type { AuditDatabase, Reader } from './database.js';
import { event, leaf } from './schema.js';

/** What a list of events is narrowed by; times are points, `from` included and `to` excluded. */
export interface EventFilter {
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  readonly eventType?: string | undefined;
  readonly actorId?: string | undefined;
  readonly targetKind?: string | undefined;
  readonly targetId?: string | undefined;
  readonly outcome?: 'success' | 'refused' | undefined;
  /** Only events before this index. */
  readonly beforeIndex?: number | undefined;
}

export interface StoredEvent {
  readonly index: number;
  readonly body: Buffer;
}

const columns = { index: leaf.idx, body: event.body };

const conditionsOf = (filter: EventFilter): (SQL | undefined)[] => [
  filter.from && gte(event.eventTime, filter.from),
  filter.to && lt(event.eventTime, filter.to),
  filter.eventType === undefined ? undefined : eq(event.eventType, filter.eventType),
  filter.actorId === undefined ? undefined : eq(event.actorId, filter.actorId),
  filter.targetKind === undefined ? undefined : eq(event.targetKind, filter.targetKind),
  filter.targetId === undefined ? undefined : eq(event.targetId, filter.targetId),
  filter.outcome && eq(event.outcome, filter.outcome),
  filter.beforeIndex === undefined ? undefined : lt(leaf.idx, filter.beforeIndex),
];

/** The newest events the reader may see, newest first, at most `limit`. Rejects with StoreError. */
export const listEvents = (
  database: AuditDatabase,
  reader: Reader,
  filter: EventFilter,
  limit: number,
): Promise<StoredEvent[]> =>
  database.readAs(reader, (transaction) =>
    transaction
      .select(columns)
      .from(leaf)
      .innerJoin(event, eq(event.eventId, leaf.eventId))
      .where(and(...conditionsOf(filter), reader === 'all' ? undefined : eq(leaf.orgId, reader.orgId)))
      .orderBy(desc(leaf.idx))
      .limit(limit),
  );

/** One event the reader may see, or undefined. Rejects with StoreError. */
export const findEvent = async (
  database: AuditDatabase,
  reader: Reader,
  eventId: string,
): Promise<StoredEvent | undefined> => {
  const rows = await database.readAs(reader, (transaction) =>
    transaction
      .select(columns)
      .from(leaf)
      .innerJoin(event, eq(event.eventId, leaf.eventId))
      .where(eq(event.eventId, eventId)),
  );
  return rows[0];
};
