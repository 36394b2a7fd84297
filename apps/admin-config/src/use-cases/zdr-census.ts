import { createHash } from 'node:crypto';
import { newUuidV7, type OrgId } from '@lethe/contracts';
import type { Caller } from '../domain/principal.js';
import { auditRow } from '../outbox/calls.js';
import { appendToOutbox } from '../store/outbox.js';
import { zdrOrganizationIds } from '../store/policy-rows.js';
import { lockVersion, notifyChanged } from '../store/version.js';
import { censusHour, setCensusHour } from '../store/zdr-log.js';
import { checkRoom, type Deps } from './change.js';

const hourMs = 3_600_000;

/** This service, acting by itself. */
export const selfCaller = (): Caller => ({
  principal: { kind: 'service', name: 'admin-config' },
  correlationId: newUuidV7(),
});

/** SHA-256 in hex over the ids in their text form, sorted, each followed by a line feed. */
export const organizationsSha256 = (ids: readonly OrgId[]): string => {
  const hash = createHash('sha256');
  for (const id of [...ids].sort()) hash.update(`${id}\n`);
  return hash.digest('hex');
};

/**
 * Writes the census of this hour into the log unless it is there: one for each hour, over all replicas. The version
 * lock makes it consistent with the version it names. Returns whether this call took it.
 */
export const takeCensus = async (deps: Deps): Promise<boolean> => {
  const now = new Date(deps.clock());
  const hour = new Date(Math.floor(now.getTime() / hourMs) * hourMs);
  const isTaken = (newest: Date | undefined) => newest !== undefined && newest >= hour;
  if (isTaken(await deps.database.read(censusHour))) return false;
  const taken = await deps.database.transaction(async (tx) => {
    const version = await lockVersion(tx);
    if (isTaken(await censusHour(tx))) return false;
    await checkRoom(tx);
    const ids = await zdrOrganizationIds(tx);
    await setCensusHour(tx, hour);
    const row = auditRow(
      {
        type: 'zdr.census',
        orgId: undefined,
        target: { kind: 'deployment', id: 'deployment' },
        outcome: 'success',
        after: {
          organizations: ids.length,
          organizations_sha256: organizationsSha256(ids),
          config_version: version.toString(),
        },
      },
      selfCaller(),
      now,
    );
    await appendToOutbox(tx, [row], { version, now });
    await notifyChanged(tx);
    return true;
  });
  if (taken) deps.changed();
  return taken;
};
