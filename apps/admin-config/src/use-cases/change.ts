import { newUuidV7, type OrgId, type Uuid } from '@lethe/contracts';
import { LetheError } from '@lethe/service-kit';
import { bounds } from '../domain/bounds.js';
import type { Caller, Principal } from '../domain/principal.js';
import type { CommittedOrg } from '../domain/zdr.js';
import { personalDigests } from '../identity/personal-digests.js';
import { RefusedChange } from '../lockdown/refused-change.js';
import type { Tombstone } from '../outbox/audit-reader.js';
import { type AuditNote, auditRow } from '../outbox/calls.js';
import type { ProofDesk } from '../outbox/proof-desk.js';
import type { Database, Queryable } from '../store/database.js';
import { appendToOutbox, isOutboxFull, type NewOutboxRow } from '../store/outbox.js';
import { findPrincipal } from '../store/users.js';
import { lockVersion, notifyChanged, setVersion } from '../store/version.js';

/** What becomes of a ZDR that is committed, and what others know of ZDR. */
export interface ZdrDesk {
  /** Waits until it is effective, whichever replica makes it so, at most for 15 s. Never rejects. */
  settled(org: CommittedOrg): Promise<void>;
  /** The organizations that this process has ever known as ZDR. */
  remembered(): ReadonlySet<OrgId>;
  /** What the anchors of the audit log know, read anew. Rejects with GrpcCallError. */
  tombstones(): Promise<readonly Tombstone[]>;
  /** How long backups of accounting's database are kept. */
  readonly backupRetentionDays: number;
}

/** What every use-case needs of the outside. */
export interface Deps {
  readonly database: Database;
  /** Unix milliseconds. */
  readonly clock: () => number;
  /** Runs the changes of this process one after another. */
  readonly serial: <T>(task: () => Promise<T>) => Promise<T>;
  /** Tells this process's watchers that a change was committed. */
  readonly changed: () => void;
  /** Gives the proofs of events for answers. */
  readonly proofs: ProofDesk;
  readonly zdr: ZdrDesk;
  /** Counts a refusal by its closed code. */
  readonly refused: (code: string) => void;
}

/** One change of the configuration, while its transaction holds the version lock. */
export interface Change {
  readonly tx: Queryable;
  /** The version this change gets if it changes anything. */
  readonly version: bigint;
  readonly now: Date;
  /** Who acts, read anew under the lock. */
  readonly principal: Principal;
  /** Adds an audit event to the transaction; returns its id. */
  audit(note: Omit<AuditNote, 'outcome'>): Uuid;
  /** Adds calls to other services to the transaction, after what was added before. */
  send(rows: readonly NewOutboxRow[]): void;
}

const currentPrincipal = async (tx: Queryable, principal: Principal): Promise<Principal> => {
  if (principal.kind !== 'user') return principal;
  const found = await findPrincipal(tx, { id: principal.tokenId });
  if (found === undefined) throw new LetheError('caller.invalid_token');
  return found;
};

/** What cannot be recorded is not done: with audit or accounting away for long, changes are refused in the end. */
export const checkRoom = async (tx: Queryable): Promise<void> => {
  if (await isOutboxFull(tx, bounds.outboxRowsMax)) throw new LetheError('gateway.overloaded');
};

/** A refusal is an audit event too. It changes nothing, so it stands under the present version. */
const recordRefusal = (deps: Deps, caller: Caller, refusal: RefusedChange): Promise<void> =>
  deps.database.transaction(async (tx) => {
    const version = await lockVersion(tx);
    await checkRoom(tx);
    const now = new Date(deps.clock());
    const { orgId, target, attempted, present, wished } = refusal.attempt;
    const note: AuditNote = {
      type: 'change.refused',
      orgId,
      target,
      outcome: 'refused',
      refusal: refusal.code,
      ...(present === undefined ? {} : { before: present }),
      attempted,
      ...(wished === undefined ? {} : { after: wished }),
    };
    const personal = await personalDigests(tx, caller);
    await appendToOutbox(tx, [auditRow(note, { ...caller, personal }, now)], { version, now });
    await notifyChanged(tx);
  });

interface PendingNote {
  readonly note: AuditNote & { readonly eventId: Uuid };
}
type Work<T> = (change: Change) => Promise<T>;
type Urgency = 'ordinary' | 'urgent';

const runChange = <T>(deps: Deps, caller: Caller, work: Work<T>, urgency: Urgency): Promise<T> =>
  deps.database.transaction(async (tx) => {
    const version = (await lockVersion(tx)) + 1n;
    if (urgency === 'ordinary') await checkRoom(tx);
    const now = new Date(deps.clock());
    const principal = await currentPrincipal(tx, caller.principal);
    const pending: (NewOutboxRow | PendingNote)[] = [];
    const result = await work({
      tx,
      version,
      now,
      principal,
      audit: (note) => {
        const eventId = newUuidV7(now.getTime());
        pending.push({ note: { ...note, outcome: 'success', eventId } });
        return eventId;
      },
      send: (more) => pending.push(...more),
    });
    // Every change has an audit event; without one, nothing changed and the version stays.
    if (pending.length > 0) {
      // After the change: whoever erases the own salt acts under a new one.
      const actor = { ...caller, principal, personal: await personalDigests(tx, { ...caller, principal }) };
      const rows = pending.map((each) => ('note' in each ? auditRow(each.note, actor, now) : each));
      await setVersion(tx, version);
      await appendToOutbox(tx, rows, { version, now });
      await notifyChanged(tx);
    }
    return result;
  });

/**
 * Makes one change: the version lock, the change, its outbox rows and the new version in one transaction. A refused
 * attempt rolls back and leaves a change.refused event in a transaction of its own. Urgent changes, which only
 * tighten, are taken even when the outbox is full. Rejects with LetheError.
 */
export const makeChange = <T>(
  deps: Deps,
  caller: Caller,
  work: Work<T>,
  urgency: Urgency = 'ordinary',
): Promise<T> =>
  deps.serial(async () => {
    try {
      return await runChange(deps, caller, work, urgency);
    } catch (error) {
      if (error instanceof RefusedChange) {
        deps.refused(error.code);
        await recordRefusal(deps, caller, error);
      }
      throw error;
    } finally {
      deps.changed();
    }
  });

/** Records an attempt that was refused before any change began, and rejects with it. */
export const refuse = (deps: Deps, caller: Caller, refusal: RefusedChange): Promise<never> =>
  makeChange(deps, caller, () => Promise.reject(refusal));
