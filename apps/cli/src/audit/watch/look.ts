import { setTimeout as pause } from 'node:timers/promises';
import {
  type Failure,
  type TreeHead,
  type VerifiedCheckpoint,
  verifyCheckpoint,
  verifyGrowth,
} from '@lethe/transparency-log';
import type { LogSource } from '../log/log-source.js';
import { faultWords } from '../verify/fault-words.js';
import type { Pinned } from '../verify/pinned-key.js';
import type { CheckpointKeeper } from './checkpoint-keeper.js';

/** What one look at the log came to. */
export type Sight =
  | { readonly kind: 'empty' }
  | { readonly kind: 'first'; readonly size: number }
  | { readonly kind: 'unchanged'; readonly size: number }
  | { readonly kind: 'grown'; readonly from: number; readonly size: number }
  | Alarm;

export interface Alarm {
  readonly kind: 'alarm';
  readonly code: 'forked' | 'rolled_back' | 'not_signed' | 'tiles_wrong' | 'kept_changed';
  readonly words: string;
  /** The signed note that contradicts a kept one, where there is one. */
  readonly evidence?: Uint8Array;
}

interface LookOptions {
  readonly source: LogSource;
  readonly keeper: CheckpointKeeper;
  readonly pinned: Pinned;
  /** Between two questions when the log shows less than it did. */
  readonly pauseMs?: number;
}

// A replica or a cache may be a moment behind; a log that was rolled back stays behind.
const asksMax = 5;

const alarm = (code: Alarm['code'], words: string, evidence?: Uint8Array): Alarm => ({
  kind: 'alarm',
  code,
  words,
  ...(evidence === undefined ? {} : { evidence }),
});

/** The newest checkpoint, asked for again while it is older than the kept one. */
const newestNote = async ({ source, pinned, pauseMs = 1_000 }: LookOptions, atLeast: number) => {
  for (let asks = 1; ; asks += 1) {
    const note = await source.checkpoint();
    const verdict = note === undefined ? undefined : verifyCheckpoint(note, pinned.policy);
    const isBehind = verdict === undefined ? atLeast > 0 : verdict.ok && verdict.size < atLeast;
    if (!isBehind || asks === asksMax) return { note, verdict };
    await pause(pauseMs);
  }
};

const growth = async (source: LogSource, kept: TreeHead, now: TreeHead): Promise<Failure | undefined> => {
  let problem: unknown;
  const verdict = await verifyGrowth(
    async (path) => {
      try {
        return await source.readTile(path);
      } catch (error) {
        problem = error;
        throw error;
      }
    },
    kept,
    now,
  );
  if (verdict.ok) return undefined;
  if (verdict.code === 'read_failed') throw problem;
  return verdict;
};

const compare = async (
  options: LookOptions,
  kept: VerifiedCheckpoint,
  now: VerifiedCheckpoint,
  note: Uint8Array,
): Promise<Sight> => {
  if (now.size < kept.size)
    return alarm(
      'rolled_back',
      `The log was rolled back: it signed ${kept.size} events, and shows ${now.size} now.`,
      note,
    );
  const failure = await growth(options.source, kept, now);
  if (failure === undefined)
    return now.size === kept.size
      ? { kind: 'unchanged', size: now.size }
      : { kind: 'grown', from: kept.size, size: now.size };
  if (failure.code === 'root_differs')
    return alarm(
      'forked',
      `The log forked: what it signed for ${now.size} events does not begin with what it signed for ${kept.size}.`,
      note,
    );
  return alarm(
    'tiles_wrong',
    `The log signed ${now.size} events, but does not show how they follow from ${kept.size}. ${faultWords(failure)}`,
    note,
  );
};

/**
 * Looks once: the newest checkpoint must be signed as the policy wants it and begin with the newest that was kept; then
 * it is kept too. Rejects with Problem (exit code 3) when the log cannot be read.
 */
export const look = async (options: LookOptions): Promise<Sight> => {
  const { keeper, pinned } = options;
  const before = await keeper.newest();
  const kept =
    before === undefined
      ? undefined
      : verifyCheckpoint(before.note, { logVerifierKey: pinned.policy.logVerifierKey });
  if (kept?.ok === false)
    return alarm('kept_changed', `The checkpoint that was kept last is not good. ${faultWords(kept)}`);
  const { note, verdict } = await newestNote(options, kept?.size ?? 0);
  if (note === undefined || verdict === undefined)
    return kept === undefined || kept.size === 0
      ? { kind: 'empty' }
      : alarm(
          'rolled_back',
          `The log was rolled back: it signed ${kept.size} events, and shows no checkpoint now.`,
        );
  if (!verdict.ok)
    return alarm('not_signed', `The newest checkpoint is not good. ${faultWords(verdict)}`, note);
  const sight: Sight =
    kept === undefined ? { kind: 'first', size: verdict.size } : await compare(options, kept, verdict, note);
  if (sight.kind === 'first' || sight.kind === 'grown') await keeper.keep(verdict.size, note);
  return sight;
};
