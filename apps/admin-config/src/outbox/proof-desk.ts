import { setTimeout as sleep } from 'node:timers/promises';
import type { Uuid } from '@lethe/contracts';
import type { Database } from '../store/database.js';
import { outboxRowState } from '../store/outbox.js';
import type { AuditReader } from './audit-reader.js';

const sentPollMs = 15;
const proofPollMs = 25;
const askMsMax = 1000;
const waitersMax = 64;

/** Proofs of events for answers to callers. Null: audit could not give it in time; the event is on its way. */
export interface ProofDesk {
  /** Waits until the event is in the log, whichever replica brings it there, at most for the desk's time. */
  wait(eventId: Uuid): Promise<string | null>;
  /** Asks once. */
  ask(eventId: Uuid): Promise<string | null>;
}

interface ProofDeskOptions {
  readonly database: Database;
  readonly reader: Pick<AuditReader, 'proofOf'>;
  readonly waitMs: number;
}

/** Never rejects: what the proof is for has been committed already. More waiters than its bound get null at once. */
export const createProofDesk = ({ database, reader, waitMs }: ProofDeskOptions): ProofDesk => {
  let waiters = 0;
  const ask = async (eventId: Uuid, withinMs: number): Promise<string | null> => {
    const proof = await reader.proofOf(eventId, withinMs).catch(() => '');
    return proof === '' ? null : proof;
  };
  const isSent = async (eventId: Uuid, leftMs: () => number): Promise<boolean> => {
    while (leftMs() > 0) {
      const state = await database.read((db) => outboxRowState(db, eventId));
      if (state !== 'waiting') return state === 'sent';
      await sleep(Math.min(sentPollMs, Math.max(leftMs(), 0)));
    }
    return false;
  };
  const wait = async (eventId: Uuid): Promise<string | null> => {
    const startedMs = performance.now();
    const leftMs = () => waitMs - (performance.now() - startedMs);
    if (!(await isSent(eventId, leftMs))) return null;
    for (;;) {
      const proof = await ask(eventId, Math.min(Math.max(leftMs(), proofPollMs), askMsMax));
      if (proof !== null || leftMs() <= proofPollMs) return proof;
      await sleep(proofPollMs);
    }
  };
  return {
    ask: (eventId) => ask(eventId, askMsMax),
    wait: async (eventId) => {
      if (waiters >= waitersMax) return null;
      waiters += 1;
      try {
        return await wait(eventId);
      } catch {
        return null;
      } finally {
        waiters -= 1;
      }
    },
  };
};
