import type { GuardReason } from '../domain/zdr.js';
import { auditRow } from '../outbox/calls.js';
import type { Queryable } from '../store/database.js';
import { appendToOutbox } from '../store/outbox.js';
import { lockVersion, notifyChanged } from '../store/version.js';
import { insertGuard } from '../store/zdr-guards.js';
import type { Deps } from './change.js';
import { selfCaller } from './zdr-census.js';

/** A router that claims to know more than this is not believed to the last version: the repair has to go beyond it. */
const versionsAheadMax = 1_000_000_000n;

/** Stops all grants, over all replicas, and leaves one event. The caller holds the version lock. */
export const raiseGuardIn = async (
  tx: Queryable,
  guard: { readonly reason: GuardReason; readonly seenVersion: bigint },
  at: { readonly version: bigint; readonly now: Date },
): Promise<void> => {
  const { version, now } = at;
  const limit = version + versionsAheadMax;
  const seenVersion = guard.seenVersion > limit ? limit : guard.seenVersion;
  if (!(await insertGuard(tx, { reason: guard.reason, seenVersion, raisedAt: now }))) return;
  const row = auditRow(
    {
      type: 'zdr.guard_raised',
      orgId: undefined,
      target: { kind: 'deployment', id: 'deployment' },
      outcome: 'success',
      after: {
        reason: guard.reason,
        config_version: version.toString(),
        seen_version: seenVersion.toString(),
      },
    },
    selfCaller(),
    now,
  );
  await appendToOutbox(tx, [row], { version, now });
};

/** The same in a transaction of its own. */
export const raiseGuard = async (
  deps: Pick<Deps, 'database' | 'clock' | 'changed'>,
  reason: GuardReason,
  seenVersion: bigint,
): Promise<void> => {
  await deps.database.transaction(async (tx) => {
    const version = await lockVersion(tx);
    await raiseGuardIn(tx, { reason, seenVersion }, { version, now: new Date(deps.clock()) });
    await notifyChanged(tx);
  });
  deps.changed();
};
