import type { Tombstone } from '../outbox/audit-reader.js';
import { insertTombstone, knownAsZdr } from '../store/zdr-log.js';
import { type Deps, makeChange } from './change.js';
import { selfCaller } from './zdr-census.js';
import { raiseGuardIn } from './zdr-guard.js';

const perChangeMax = 100;

/**
 * Compares what the anchors of the log know with the configuration. An organization that the configuration has
 * forgotten is recorded, each once, and is ZDR to routers from then on; all grants stop until it is repaired. Returns
 * how many were found.
 */
export const recordRollbacks = async (deps: Deps, tombstones: readonly Tombstone[]): Promise<number> => {
  let found = 0;
  for (let from = 0; from < tombstones.length; from += perChangeMax) {
    const some = tombstones.slice(from, from + perChangeMax);
    const known = await deps.database.read((db) =>
      knownAsZdr(
        db,
        some.map(({ orgId }) => orgId),
      ),
    );
    const unknown = some.filter(({ orgId }) => !known.has(orgId));
    if (unknown.length > 0) found += await record(deps, unknown);
  }
  return found;
};

const record = (deps: Deps, unknown: readonly Tombstone[]): Promise<number> =>
  makeChange(
    deps,
    selfCaller(),
    async (change) => {
      // Another replica may have been faster.
      const known = new Set(
        await knownAsZdr(
          change.tx,
          unknown.map(({ orgId }) => orgId),
        ),
      );
      let found = 0;
      for (const { orgId, enabledAt, eventId, shredHistory } of unknown) {
        if (known.has(orgId)) continue;
        known.add(orgId);
        found += 1;
        await insertTombstone(change.tx, {
          orgId,
          enabledAt,
          eventId,
          shredHistory,
          detectedAt: change.now,
        });
        change.audit({
          type: 'zdr.rollback_detected',
          orgId,
          target: { kind: 'organization', id: orgId },
          before: { zdr: true, enabled_at: enabledAt.toISOString(), tombstone_event_id: eventId },
          after: { zdr: false, config_version: change.version.toString() },
        });
      }
      if (found > 0) {
        const at = { version: change.version, now: change.now };
        await raiseGuardIn(change.tx, { reason: 'anchors_ahead', seenVersion: change.version }, at);
      }
      return found;
    },
    'urgent',
  );
