import type { AppendableEvent } from '../append/read-event.js';
import { textArray } from './array-literals.js';
import type { ISql } from './database.js';
import type { LogState } from './log-head.js';
import { atStoreEdge, StoreError } from './store-error.js';

/** A batch with all that follows from it, computed for the log as it was in `base`. */
export interface Batch {
  readonly base: LogState;
  readonly events: readonly AppendableEvent[];
  readonly root: Buffer;
  readonly note: string;
}

/** `moved`: the log is another than `base`. `known`: one of the events is in the log. In both cases nothing was done. */
export type BatchOutcome = 'appended' | 'moved' | 'known';

const outcomes: readonly string[] = ['appended', 'moved', 'known'] satisfies BatchOutcome[];
const isOutcome = (text: string | undefined): text is BatchOutcome => outcomes.includes(text ?? '');

/** Where each body ends in all of them together, in bytes. */
const endsOf = (events: readonly AppendableEvent[]): number[] => {
  let end = 0;
  return events.map(({ body }) => {
    end += body.length;
    return end;
  });
};

/** Appends in one statement, all or nothing. Rejects with StoreError; after `unavailable` the outcome is unknown. */
export const appendBatch = (sql: ISql, { base, events, root, note }: Batch): Promise<BatchOutcome> =>
  atStoreEdge(async () => {
    const texts = (of: (event: AppendableEvent) => string | number | undefined) => textArray(events.map(of));
    const rows = await sql<{ outcome: string }[]>`
      select audit.append_batch(
        ${String(base.size)}::bigint,
        ${base.root}::bytea,
        ${texts(({ eventId }) => eventId)}::uuid[],
        ${texts(({ orgId }) => orgId)}::uuid[],
        ${Buffer.concat(events.map(({ body }) => body)).toString('utf8')},
        ${textArray(endsOf(events))}::integer[],
        ${texts(({ type }) => type)}::text[],
        ${texts(({ timeMs }) => timeMs)}::double precision[],
        ${texts(({ actorId }) => actorId)}::text[],
        ${texts(({ targetKind }) => targetKind)}::text[],
        ${texts(({ targetId }) => targetId)}::text[],
        ${texts(({ outcome }) => outcome)}::text[],
        ${root}::bytea,
        ${note}
      ) as outcome`;
    const outcome = rows[0]?.outcome;
    if (!isOutcome(outcome)) throw new StoreError('unavailable', '');
    return outcome;
  });

/** Signs off a log that has no checkpoint at its size: a new one, or one of before there were checkpoints. */
export const putCheckpoint = (sql: ISql, { size, root }: LogState, note: string): Promise<void> =>
  atStoreEdge(async () => {
    await sql`select audit.put_checkpoint(${String(size)}::bigint, ${root}::bytea, ${note})`;
  });

/**
 * Runs work that nobody else appends beside: waits for the lock of the log, at most four seconds. A client that stops
 * within loses the lock after five. Rejects with StoreError.
 */
export const withLogLocked = <T>(
  sql: { begin(work: (transaction: ISql) => Promise<T>): Promise<unknown> },
  work: (transaction: ISql) => Promise<T>,
): Promise<T> =>
  atStoreEdge(
    async () =>
      (await sql.begin(async (transaction) => {
        await transaction`select set_config('idle_in_transaction_session_timeout', '5s', true), audit.lock_log()`;
        return await work(transaction);
      })) as T,
  );
