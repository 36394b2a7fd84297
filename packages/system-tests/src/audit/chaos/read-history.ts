import { waitFor } from '../../wait-for.js';
import type { Acknowledged, History } from '../checker/complaints.js';
import { readCheckpoint } from '../checker/note.js';
import { fetchCheckpoint, fetchEntries } from '../checker/read-log.js';
import type { AuditWorld } from '../world/audit-world.js';
import type { Replica } from '../world/replica.js';

/** Everything that was shown of a world's log, once all of it is published. */
export const readHistory = async (
  world: AuditWorld,
  replica: Replica,
  acknowledged: readonly Acknowledged[],
  withinMs = 30_000,
): Promise<History> => {
  const log = { origin: world.origin, publicKey: world.publicKey };
  const sizeOf = (note: string): number => readCheckpoint(note, log)?.size ?? -1;
  const newest = await fetchCheckpoint(replica.rest);
  const size = sizeOf(newest);
  const published = await waitFor(
    async () => {
      const notes = (await world.topics.records('lethe.audit.checkpoints.v1')).map(({ value }) =>
        value.toString(),
      );
      return sizeOf(notes.at(-1) ?? '') >= size && notes;
    },
    withinMs,
    200,
  );
  const events = await world.topics.records('lethe.audit.events.v1');
  return {
    log,
    acknowledged,
    entries: await fetchEntries(replica.rest, world.identities.operatorToken, size),
    published: [...published, newest],
    publishedEvents: events.map(({ value }) => value),
  };
};
