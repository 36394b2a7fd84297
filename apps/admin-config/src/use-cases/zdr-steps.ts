import { createHash } from 'node:crypto';
import { canonicalJson, newUuidV7, type OrgId } from '@lethe/contracts';
import { LetheError } from '@lethe/service-kit';
import type { CommittedOrg, SealOrg, ZdrCommitment, ZdrEvidence } from '../domain/zdr.js';
import { auditRow } from '../outbox/calls.js';
import type { Queryable } from '../store/database.js';
import { findOrganization, lockOrganization } from '../store/organizations.js';
import { appendToOutbox } from '../store/outbox.js';
import { lockVersion, notifyChanged } from '../store/version.js';
import { storeEffective, storeEvidence, storeShredded } from '../store/zdr-steps.js';
import type { Deps } from './change.js';
import { selfCaller } from './zdr-census.js';

// What follows the commitment of ZDR. Each step is idempotent, and any replica may take the next one.

type StepDeps = Pick<Deps, 'database' | 'clock' | 'changed' | 'proofs'>;

const committed = (zdr: ZdrCommitment | undefined): ZdrCommitment => {
  if (zdr === undefined) throw new LetheError('gateway.internal');
  return zdr;
};

const commitmentOf = async (db: Queryable, id: OrgId): Promise<ZdrCommitment> =>
  committed((await findOrganization(db, { id }))?.zdr);

/** Seals the organization in accounting and, when that was wished, has its history shredded. */
export const sealOrganization = async (
  deps: StepDeps,
  org: CommittedOrg,
  sealOrg: SealOrg,
): Promise<void> => {
  const { shredHistory, shreddedAt } = await deps.database.read((db) => commitmentOf(db, org.orgId));
  const at = await sealOrg(org, shredHistory);
  if (!shredHistory || shreddedAt !== undefined) return;
  if (at === undefined) throw new LetheError('gateway.unavailable');
  await deps.database.read((db) => storeShredded(db, org.orgId, at));
};

/** SHA-256 in hex of the evidence as canonical JSON. */
export const evidenceSha256 = (evidence: ZdrEvidence): string =>
  createHash('sha256')
    .update(
      canonicalJson({
        acknowledged: evidence.acknowledged.map((witness) => ({ ...witness })),
        lapsed: evidence.lapsed.map((witness) => ({ ...witness })),
        took_ms: evidence.took_ms,
      }),
    )
    .digest('hex');

/**
 * Stores the evidence with its event, once: the first replica to come here decides. Resolves when the log holds the
 * event, which then has a proof; rejects when it does not in time.
 */
export const recordEvidence = async (deps: StepDeps, orgId: OrgId, evidence: ZdrEvidence): Promise<void> => {
  const eventId = await deps.database.transaction(async (tx) => {
    const version = await lockVersion(tx);
    const zdr = committed((await lockOrganization(tx, { id: orgId }))?.zdr);
    if (zdr.barrier !== undefined) return zdr.barrier.eventId;
    const now = new Date(deps.clock());
    const id = newUuidV7(now.getTime());
    await storeEvidence(tx, orgId, { evidence, eventId: id });
    const row = auditRow(
      {
        eventId: id,
        type: 'zdr.effective',
        orgId,
        target: { kind: 'organization', id: orgId },
        outcome: 'success',
        after: {
          version: zdr.version.toString(),
          enabled_event_id: zdr.eventId,
          routers_acknowledged: evidence.acknowledged.length,
          routers_lapsed: evidence.lapsed.length,
          took_ms: evidence.took_ms,
          evidence_sha256: evidenceSha256(evidence),
        },
      },
      selfCaller(),
      now,
    );
    await appendToOutbox(tx, [row], { version, now });
    await notifyChanged(tx);
    return id;
  });
  deps.changed();
  if ((await deps.proofs.wait(eventId)) === null) throw new LetheError('gateway.unavailable');
};

/** T2. Only after the evidence stands in the log. */
export const confirmZdr = async (deps: StepDeps, orgId: OrgId): Promise<void> => {
  await deps.database.transaction(async (tx) => {
    await storeEffective(tx, orgId, new Date(deps.clock()));
    await notifyChanged(tx);
  });
};
