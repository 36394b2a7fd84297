import type { ErrorCode, OrgId, Uuid } from '@lethe/contracts';
import { LetheError } from '@lethe/service-kit';
import type { Organization } from '../domain/organization.js';
import type { Caller, OrgRef } from '../domain/principal.js';
import type { ZdrCommitment } from '../domain/zdr.js';
import { RefusedChange } from '../lockdown/refused-change.js';
import { guardZdrEnable } from '../lockdown/zdr-enable.js';
import { putApiKeysRows, sealOrgRow } from '../outbox/calls.js';
import { allApiKeys, forceLoggingOff } from '../store/api-keys.js';
import { commitZdr, findOrganization } from '../store/organizations.js';
import { deleteTransitKeys } from '../store/transit-keys.js';
import { type Change, type Deps, makeChange } from './change.js';
import { lockedOrganization } from './locked.js';

export interface ZdrWish {
  readonly confirmation: string;
  readonly shredHistory: boolean;
  readonly restrictModels: boolean;
}

interface Commitment {
  readonly enabledAt: Date;
  readonly shredHistory: boolean;
  /** Adds the event of it, and gives the id under which the log knows this ZDR. */
  readonly audited: (keysForcedOff: number) => Uuid;
}

/** Within a change that holds the organization: every key quiet, the transit key gone, the flag, accounting's calls. */
export const commitInChange = async (
  change: Change,
  orgId: OrgId,
  { enabledAt, shredHistory, audited }: Commitment,
): Promise<void> => {
  const { tx, version } = change;
  const keysForcedOff = await forceLoggingOff(tx, orgId);
  await deleteTransitKeys(tx, orgId);
  const eventId = audited(keysForcedOff);
  await commitZdr(tx, orgId, { enabledAt, version, keysForcedOff, eventId, shredHistory });
  change.send([
    sealOrgRow(orgId, version, shredHistory),
    ...putApiKeysRows(orgId, await allApiKeys(tx, orgId), version),
  ]);
};

const commitWish = (change: Change, org: Organization, { shredHistory }: ZdrWish): Promise<void> =>
  commitInChange(change, org.id, {
    enabledAt: change.now,
    shredHistory,
    audited: (keysForcedOff) =>
      change.audit({
        type: 'zdr.enabled',
        orgId: org.id,
        target: { kind: 'organization', id: org.id },
        before: {
          zdr: false,
          default_logging: org.defaultLogging,
          allow_logging_change: org.allowLoggingChange,
        },
        after: {
          zdr: true,
          default_logging: false,
          allow_logging_change: false,
          keys_forced_off: keysForcedOff,
          version: change.version.toString(),
          shred_history: shredHistory,
        },
      }),
  });

/** Shredding is part of the commitment, and of what the anchors keep of it: it cannot be added later. */
/** What of a permitted wish cannot be had. Throws RefusedChange, so that the attempt is on record. */
const refuseWhatCannotBe = (org: Organization, wish: ZdrWish): void => {
  const refusal = (code: ErrorCode, name: 'shred_history' | 'restrict_models', present: object) =>
    new RefusedChange(
      code,
      {
        orgId: org.id,
        target: { kind: 'organization', id: org.id },
        attempted: 'zdr.enabled',
        present: { zdr: org.zdr !== undefined, ...present },
        wished: { zdr: true, [name]: true },
      },
      name,
    );
  if (wish.restrictModels) throw refusal('gateway.not_implemented', 'restrict_models', {});
  if (org.zdr !== undefined && wish.shredHistory && !org.zdr.shredHistory)
    throw refusal('caller.conflict', 'shred_history', { shred_history: false });
};

const stored = (org: Organization | undefined): ZdrCommitment => {
  if (org?.zdr === undefined) throw new LetheError('gateway.internal');
  return org.zdr;
};

export interface EnabledZdr {
  readonly zdr: ZdrCommitment;
  /** Of the event that enabled it; null while audit is away. */
  readonly proof: string | null;
}

/**
 * Enables ZDR. One transaction commits it, irrevocably: every key quiet, the transit key gone, the audit event and
 * accounting's calls in the outbox. Then waits, for at most 15 s, until it is effective on every router and in
 * accounting. Asked again, it answers what was committed. Rejects with LetheError.
 */
export const enableZdr = async (
  deps: Deps,
  caller: Caller,
  ref: OrgRef,
  wish: ZdrWish,
): Promise<EnabledZdr> => {
  const orgId = await makeChange(
    deps,
    caller,
    async (change) => {
      const org = await lockedOrganization(change, ref);
      guardZdrEnable({ principal: change.principal, org, confirmation: wish.confirmation });
      refuseWhatCannotBe(org, wish);
      if (org.zdr === undefined) await commitWish(change, org, wish);
      return org.id;
    },
    'urgent',
  );
  const read = async () => stored(await deps.database.read((db) => findOrganization(db, { id: orgId })));
  const committed = await read();
  const early = deps.proofs.wait(committed.eventId);
  if (committed.effectiveAt !== undefined) return { zdr: committed, proof: await early };
  await deps.zdr.settled({ orgId, version: committed.version });
  const zdr = await read();
  const late = () => (zdr.effectiveAt === undefined ? null : deps.proofs.ask(zdr.eventId));
  return { zdr, proof: (await early) ?? (await late()) };
};
