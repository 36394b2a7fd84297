import type { OrgId } from '@lethe/contracts';
import type { AdminEffect, AdminEvent, BarrierEvidence, EnableCall } from '@lethe/policy-sync';
import { LetheError, type Logger } from '@lethe/service-kit';
import type { SealOrg, ZdrEvidence } from '../domain/zdr.js';
import { forgetLease, grantLease, readLeases, recordAck, releaseLease } from '../store/leases.js';
import type { Deps } from '../use-cases/change.js';
import { confirmZdr, recordEvidence, sealOrganization } from '../use-cases/zdr-steps.js';

/** An event without its time, which the driver adds. */
export type Untimed = AdminEvent extends infer E ? (E extends AdminEvent ? Omit<E, 'atMs'> : never) : never;

/** Counted for operators. */
export type LeaseFact = 'granted' | 'nonce_seen' | 'guarded' | 'too_many' | 'anchors_unread' | 'lapsed';

export interface CallDeps extends Pick<Deps, 'database' | 'clock' | 'changed' | 'proofs'> {
  readonly sealOrg: SealOrg;
  readonly log: Logger;
  readonly count: (fact: LeaseFact) => void;
}

type Of<T extends AdminEffect['type']> = Extract<AdminEffect, { type: T }>;
export type CallEffect = Of<
  | 'grant_transaction'
  | 'record_ack'
  | 'release_lease'
  | 'forget_lease'
  | 'read_leases'
  | 'seal_org'
  | 'append_audit'
  | 'confirm_zdr'
>;

const callMsMax = 10_000;

/** The outcome, or a rejection when there is none in time; what comes later is nobody's any more. */
export const within = async <T>(outcome: Promise<T>, ms = callMsMax): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new LetheError('gateway.unavailable')), ms);
  });
  try {
    return await Promise.race([outcome, late]);
  } finally {
    clearTimeout(timer);
  }
};

const evidenceOf = ({ acknowledged, lapsed, tookMs }: BarrierEvidence): ZdrEvidence => {
  const witnesses = (list: BarrierEvidence['lapsed']) =>
    list.map(({ routerId, bootId, afterMs }) => ({
      router_id: routerId,
      boot_id: bootId,
      after_ms: Math.round(afterMs),
    }));
  return {
    acknowledged: witnesses(acknowledged),
    lapsed: witnesses(lapsed),
    took_ms: Math.round(tookMs),
  };
};

const grant = async (deps: CallDeps, effect: Of<'grant_transaction'>): Promise<Untimed | undefined> => {
  const { streamId, nonce } = effect;
  const granted = await within(deps.database.read((db) => grantLease(db, effect, nonce)));
  deps.count(granted.outcome);
  if (granted.outcome === 'granted')
    return { type: 'grant_committed', streamId, nonce, version: granted.version };
  return granted.outcome === 'nonce_seen' ? { type: 'grant_refused', streamId } : undefined;
};

type EnableEffect = Of<'seal_org' | 'append_audit' | 'confirm_zdr'>;
const callNames = {
  seal_org: 'seal',
  append_audit: 'audit',
  confirm_zdr: 'confirm',
} as const satisfies Record<EnableEffect['type'], EnableCall>;

const enableCall = async (deps: CallDeps, effect: EnableEffect): Promise<Untimed> => {
  const orgId = effect.orgId as OrgId;
  const answered = { orgId, call: callNames[effect.type] };
  const run = (): Promise<void> => {
    switch (effect.type) {
      case 'seal_org':
        return sealOrganization(deps, { orgId, version: effect.version }, deps.sealOrg);
      case 'append_audit':
        return recordEvidence(deps, orgId, evidenceOf(effect.evidence));
      case 'confirm_zdr':
        return confirmZdr(deps, orgId);
    }
  };
  try {
    await within(run());
    return { type: 'call_done', ...answered };
  } catch {
    deps.log.warn('zdr.step_failed', { step: answered.call, orgId });
    return { type: 'call_failed', ...answered };
  }
};

/**
 * Carries out an effect on the database or another service, within a bound of time. Resolves to the event that
 * answers it, if there is one; rejects when a lease could not be written, which the router has to come again for.
 */
export const carryOut = async (deps: CallDeps, effect: CallEffect): Promise<Untimed | undefined> => {
  const { database } = deps;
  switch (effect.type) {
    case 'grant_transaction':
      return grant(deps, effect);
    case 'record_ack':
      await within(database.read((db) => recordAck(db, effect, effect.version)));
      return undefined;
    case 'release_lease':
      await within(database.read((db) => releaseLease(db, effect)));
      return undefined;
    case 'forget_lease':
      await within(database.read((db) => forgetLease(db, effect, effect.renewals)));
      deps.count('lapsed');
      return undefined;
    case 'read_leases':
      try {
        return {
          type: 'leases_read',
          readId: effect.readId,
          rows: await within(database.read(readLeases)),
        };
      } catch {
        return { type: 'read_failed', readId: effect.readId };
      }
    default:
      return enableCall(deps, effect);
  }
};
