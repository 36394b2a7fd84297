import { inclusionProver } from '@lethe/transparency-log';
import { shredsHistory } from '../anchor/anchor-codec.js';
import type { Tombstone } from '../anchor/anchors.js';
import type { AppendableEvent } from '../append/read-event.js';
import type { LogKeeper, SignedHead } from '../log/log-keeper.js';
import type { PlacedProof } from '../log/log-reader.js';
import type { LogSigner } from '../log/log-signer.js';
import { proofOf, readProofs } from '../log/proof-of.js';
import { appendBatch, type BatchOutcome, withLogLocked } from '../store/append-batch.js';
import type { AuditDatabase } from '../store/database.js';
import { type KnownEvent, readKnown } from '../store/read-events.js';
import { StoreError } from '../store/store-error.js';
import { type BuiltBatch, buildBatch } from './build-batch.js';
import type { Pending } from './pending-queue.js';

export interface BatchContext {
  readonly database: AuditDatabase;
  readonly keeper: LogKeeper;
  readonly signer: LogSigner;
}

interface Attempt {
  readonly built: BuiltBatch;
  readonly outcome: BatchOutcome;
}

/** A batch may be outrun, may hold known events, and may have an unknown outcome, each in turn. */
const ATTEMPTS_MAX = 6;
/** SQLSTATE classes that blame what was sent: data, integrity, limits of a program. */
const blamesData = /^(?:22|23|54)/;

const eventsOf = (batch: readonly Pending[]): AppendableEvent[] => batch.map(({ event }) => event);

const tombstonesOf = (events: readonly AppendableEvent[]): Tombstone[] =>
  events.flatMap(({ type, outcome, orgId, timeMs, eventId, body }) =>
    type === 'zdr.enabled' && outcome === 'success' && orgId !== undefined
      ? [{ orgId, enabledAtMs: timeMs, eventId, shredHistory: shredsHistory(body) }]
      : [],
  );

/** Appends to the head known here; when another process was faster, behind the lock, where nobody is. */
const attempt = async (context: BatchContext, batch: readonly Pending[]): Promise<Attempt> => {
  const { database, keeper, signer } = context;
  const appendTo = async (head: SignedHead, sql: Parameters<typeof appendBatch>[0]): Promise<Attempt> => {
    const built = buildBatch(head, eventsOf(batch), signer);
    return { built, outcome: await appendBatch(sql, built.batch) };
  };
  const first = await appendTo(await keeper.current(), database.sql);
  if (first.outcome !== 'moved') return first;
  return await withLogLocked(database.sql, async (transaction) =>
    appendTo(await keeper.headIn(transaction), transaction),
  );
};

/** Answers the calls whose events the log holds, and gives back the others. */
const settleKnown = async (
  { database, keeper }: BatchContext,
  batch: readonly Pending[],
): Promise<Pending[]> => {
  const ids = batch.map(({ event }) => event.eventId);
  const known = new Map((await readKnown(database, ids)).map((event) => [event.eventId, event]));
  if ([...known.values()].some(({ index }) => index >= keeper.anchored.size)) await keeper.refresh();
  const checkpoint = keeper.anchored;
  const rest: Pending[] = [];
  const same: { readonly pending: Pending; readonly found: KnownEvent }[] = [];
  for (const pending of batch) {
    const { event, reject } = pending;
    const found = known.get(event.eventId);
    if (found === undefined) rest.push(pending);
    else if (found.body.equals(event.body) && found.orgId === (event.orgId ?? null))
      same.push({ pending, found });
    else reject(new StoreError('event_id_taken', ''));
  }
  const proofs = await readProofs(
    database.sql,
    same.map(({ found }) => ({ ...found, checkpoint })),
  );
  same.forEach(({ pending: { withProof, resolve } }, at) => {
    const placed = proofs[at] as PlacedProof;
    resolve(withProof ? placed : { ...placed, proof: '' });
  });
  return rest;
};

/** Answers the calls of a batch that is in the database, once the anchors hold it. */
const settleAppended = async (
  { keeper }: BatchContext,
  batch: readonly Pending[],
  { built }: Attempt,
): Promise<void> => {
  const { head, hashes } = built;
  const from = built.batch.base.size;
  await keeper.advance(head, tombstonesOf(eventsOf(batch)), from);
  const pathOf = inclusionProver(head.size, hashes);
  batch.forEach(({ event, withProof, resolve }, at) => {
    const index = from + at;
    if (withProof) resolve(proofOf({ index, body: event.body, checkpoint: head }, pathOf(index)));
    else resolve({ index, proof: '', checkpoint: head.note });
  });
};

const isUnknownOutcome = (error: StoreError): boolean =>
  error.reason === 'unavailable' && !blamesData.test(error.code);

/**
 * Brings a batch into the log and answers each of its calls; rejects with StoreError when it could not, and the calls
 * that are not answered then are the caller's to answer.
 */
const settleBatch = async (context: BatchContext, batch: readonly Pending[]): Promise<void> => {
  let rest = [...batch];
  let unknownBefore = false;
  for (let attempts = 0; attempts < ATTEMPTS_MAX && rest.length > 0; attempts += 1) {
    try {
      const attempted = await attempt(context, rest);
      if (attempted.outcome === 'appended') return await settleAppended(context, rest, attempted);
      if (attempted.outcome === 'known') rest = await settleKnown(context, rest);
    } catch (error) {
      // It may have been committed: the next attempt starts from what the database says, and finds the events there.
      context.keeper.forget();
      if (!(error instanceof StoreError) || !isUnknownOutcome(error) || unknownBefore) throw error;
      unknownBefore = true;
    }
  }
  if (rest.length > 0) throw new StoreError('unavailable', '');
};

/**
 * Answers every call of the batch, whatever happens. An event that the database refuses is refused alone; one that comes
 * too late is not tried.
 */
export const runBatch = async (context: BatchContext, calls: readonly Pending[]): Promise<void> => {
  const batch = calls.filter((call) => !call.isTooLate());
  for (const { isTooLate, reject } of calls) if (isTooLate()) reject(new StoreError('unavailable', ''));
  try {
    await settleBatch(context, batch);
  } catch (error) {
    const code = error instanceof StoreError ? error.code : '';
    if (!blamesData.test(code)) for (const { reject } of batch) reject(error);
    else if (batch.length === 1) batch[0]?.reject(new StoreError('event_refused', code));
    else for (const pending of batch) await runBatch(context, [pending]);
  }
};
