import { isUuid } from '@lethe/contracts';
import { and, eq, gte, lt } from 'drizzle-orm';
import { shredsHistory } from '../anchor/anchor-codec.js';
import type { Tombstone } from '../anchor/anchors.js';
import type { AuditDatabase } from './database.js';
import { event, leaf } from './schema.js';

/** The tombstones that events from one index to another (excluded) ask for. Rejects with StoreError. */
export const readTombstonesToBury = async (
  database: AuditDatabase,
  fromIndex: number,
  toIndex: number,
): Promise<Tombstone[]> => {
  const rows = await database.readAs('all', (transaction) =>
    transaction
      .select({ orgId: event.orgId, eventTime: event.eventTime, eventId: event.eventId, body: event.body })
      .from(event)
      .innerJoin(leaf, eq(leaf.eventId, event.eventId))
      .where(
        and(
          eq(event.eventType, 'zdr.enabled'),
          eq(event.outcome, 'success'),
          gte(leaf.idx, fromIndex),
          lt(leaf.idx, toIndex),
        ),
      ),
  );
  return rows.flatMap(({ orgId, eventTime, eventId, body }) =>
    orgId !== null && isUuid(orgId) && isUuid(eventId)
      ? [{ orgId, enabledAtMs: eventTime.getTime(), eventId, shredHistory: shredsHistory(body) }]
      : [],
  );
};
