import type { OrgId, Uuid } from '@lethe/contracts';
import { LetheError } from '@lethe/service-kit';
import type { Caller } from '../domain/principal.js';
import type { GuardReason } from '../domain/zdr.js';
import type { Tombstone } from '../outbox/audit-reader.js';
import { lockOrganization } from '../store/organizations.js';
import { lockVersion, setVersion } from '../store/version.js';
import { deleteGuards, guardsRaised, versionSeen } from '../store/zdr-guards.js';
import {
  insertTombstone,
  knownAsZdr,
  tombstones as recordedTombstones,
  withoutZdr,
} from '../store/zdr-log.js';
import { type Change, type Deps, makeChange } from './change.js';
import { commitInChange } from './zdr.js';

export interface Repair {
  /** Organizations that are ZDR again. */
  readonly organizations: readonly OrgId[];
  /** Guards that were taken away: grants resume. */
  readonly guards: readonly GuardReason[];
  readonly version: bigint;
}

const idsAtOnceMax = 1000;

const chunks = (ids: readonly OrgId[]): readonly (readonly OrgId[])[] =>
  Array.from({ length: Math.ceil(ids.length / idsAtOnceMax) }, (_, n) =>
    ids.slice(n * idsAtOnceMax, (n + 1) * idsAtOnceMax),
  );

/** Goes beyond every version that somebody knows, so that nobody is ahead any more. Grants still rest. */
const passWhatWasSeen = (deps: Deps): Promise<void> =>
  deps.database.transaction(async (tx) => {
    const version = await lockVersion(tx);
    const seen = await versionSeen(tx);
    if (seen >= version) await setVersion(tx, seen + 1n);
  });

/** What is known of ZDR outside of the organizations' rows: by the anchors, now and before, and by this process. */
const membersOf = async (
  change: Change,
  anchors: readonly Tombstone[],
  remembered: ReadonlySet<OrgId>,
): Promise<ReadonlyMap<OrgId, Tombstone | undefined>> => {
  const members = new Map<OrgId, Tombstone | undefined>([...remembered].map((id) => [id, undefined]));
  for (const tombstone of [...(await recordedTombstones(change.tx)), ...anchors])
    members.set(tombstone.orgId, tombstone);
  return members;
};

const enableAgain = async (
  change: Change,
  orgId: OrgId,
  tombstone: Tombstone | undefined,
): Promise<boolean> => {
  const org = await lockOrganization(change.tx, { id: orgId });
  if (org === undefined || org.zdr !== undefined) return false;
  const shredHistory = tombstone?.shredHistory ?? false;
  await commitInChange(change, orgId, {
    enabledAt: tombstone?.enabledAt ?? change.now,
    shredHistory,
    audited: (keysForcedOff) => {
      const known = tombstone && {
        enabled_at: tombstone.enabledAt.toISOString(),
        tombstone_event_id: tombstone.eventId,
      };
      const eventId = change.audit({
        type: 'zdr.repaired',
        orgId,
        target: { kind: 'organization', id: orgId },
        before: { zdr: false, ...known },
        after: {
          zdr: true,
          default_logging: false,
          allow_logging_change: false,
          keys_forced_off: keysForcedOff,
          version: change.version.toString(),
          shred_history: shredHistory,
        },
      });
      // The proof that the customer holds is of the first event.
      return tombstone?.eventId ?? eventId;
    },
  });
  return true;
};

/** Members without any row stay known: routers and this process hold them for ZDR, so the policy must name them. */
const recordMissing = async (
  change: Change,
  members: ReadonlyMap<OrgId, Tombstone | undefined>,
  eventId: Uuid,
): Promise<void> => {
  for (const some of chunks([...members.keys()])) {
    const known = await knownAsZdr(change.tx, some);
    for (const orgId of some.filter((id) => !known.has(id))) {
      const {
        enabledAt = change.now,
        shredHistory = false,
        eventId: first = eventId,
      } = members.get(orgId) ?? {};
      await insertTombstone(change.tx, {
        ...{ orgId, enabledAt, shredHistory, eventId: first },
        detectedAt: change.now,
      });
    }
  }
};

/**
 * Makes the configuration know again what the anchors of the audit log know, and lets grants resume: every forgotten
 * organization is ZDR again, its keys quiet, and the guards are gone, in one transaction under a new version. Changes
 * nothing when nothing is wrong. Rejects with gateway.unavailable when the anchors cannot be read.
 */
export const repairZdr = async (deps: Deps, caller: Caller): Promise<Repair> => {
  const anchors = await deps.zdr.tombstones().catch(() => {
    throw new LetheError('gateway.unavailable');
  });
  const remembered = deps.zdr.remembered();
  await passWhatWasSeen(deps);
  return makeChange(
    deps,
    caller,
    async (change) => {
      const members = await membersOf(change, anchors, remembered);
      const organizations: OrgId[] = [];
      for (const some of chunks([...members.keys()])) {
        for (const orgId of await withoutZdr(change.tx, some))
          if (await enableAgain(change, orgId, members.get(orgId))) organizations.push(orgId);
      }
      const raised = await guardsRaised(change.tx);
      if (organizations.length === 0 && raised.length === 0)
        return { organizations, guards: [], version: change.version - 1n };
      const eventId = change.audit({
        type: 'zdr.repaired',
        orgId: undefined,
        target: { kind: 'deployment', id: 'deployment' },
        after: { organizations: organizations.length, config_version: change.version.toString() },
      });
      await recordMissing(change, members, eventId);
      return { organizations, guards: await deleteGuards(change.tx), version: change.version };
    },
    'urgent',
  );
};
