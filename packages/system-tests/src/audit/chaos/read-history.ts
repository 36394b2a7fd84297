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
  // Another replica may have answered a moment ago what this one is about to learn.
  const acknowledgedSize = Math.max(0, ...acknowledged.map(({ checkpoint }) => sizeOf(checkpoint)));
  const newest = await waitFor(
    async () => {
      const note = await fetchCheckpoint(replica.rest).catch(() => '');
      return sizeOf(note) >= acknowledgedSize && note;
    },
    withinMs,
    50,
  );
  const size = sizeOf(newest);
  const read = async () => {
    const [checkpoints, events] = await Promise.all([
      world.topics.records('lethe.audit.checkpoints.v1'),
      world.topics.records('lethe.audit.events.v1'),
    ]);
    return {
      checkpoints: checkpoints.map(({ value }) => value.toString()),
      events: events.map(({ value }) => value),
    };
  };
  // What is not published by then is the checker's to complain of.
  await waitFor(
    async () => {
      const { checkpoints, events } = await read();
      const distinct = new Set(events.map((event) => event.toString('base64')));
      return distinct.size >= size && sizeOf(checkpoints.at(-1) ?? '') >= size;
    },
    withinMs,
    200,
  ).catch(() => undefined);
  const published = await read();
  return {
    log,
    acknowledged,
    entries: await fetchEntries(replica.rest, world.identities.operatorToken, size),
    published: [...published.checkpoints, newest],
    publishedEvents: published.events,
  };
};
