import { sql } from 'drizzle-orm';
import type { AppendableEvent } from '../append/read-event.js';
import type { AuditDatabase } from '../store/database.js';
import { atStoreEdge, StoreError } from '../store/store-error.js';

/**
 * Gives the event its index: dense from 0, one at a time, in the transaction that stores it; an event that is there
 * already keeps the index it has. Resolves after the commit. Rejects with StoreError, `event_id_taken` when another
 * event has that id; after `unavailable` the outcome is unknown and the same call may be made again.
 */
export const sequenceEvent = (database: AuditDatabase, event: AppendableEvent): Promise<bigint> =>
  atStoreEdge(async () => {
    const rows = await database.db.execute<{ idx: string }>(sql`
      select audit.append_event(
        ${event.eventId}::uuid,
        ${event.orgId ?? null}::uuid,
        ${event.body}::bytea,
        ${event.type},
        to_timestamp(${event.timeMs}::double precision / 1000),
        ${event.actorId},
        ${event.targetKind},
        ${event.targetId},
        ${event.outcome}
      )::text as idx`);
    const idx = rows[0]?.idx;
    if (idx === undefined) throw new StoreError('unavailable', '');
    return BigInt(idx);
  });
