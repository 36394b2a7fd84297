import {
  type Failure,
  type TreeHead,
  type VerifiedCheckpoint,
  verifyCheckpoint,
  verifyTiles,
} from '@lethe/transparency-log';
import { Problem } from '../../terminal/problem.js';
import { readAuditEvent } from '../event/audit-event.js';
import type { LogSource } from '../log/log-source.js';
import { readAhead } from '../log/read-ahead.js';
import { keyWords, type Pinned } from './pinned-key.js';
import type { Progress } from './progress.js';
import type { Report } from './verdict.js';
import { checkpointFacts, checkpointJson, failureReport } from './verdict-facts.js';

interface WholeLogOptions {
  readonly source: LogSource;
  readonly pinned: Pinned;
  /** Also that every event hashes to its leaf. */
  readonly entries: boolean;
  /** Tree heads kept from before. */
  readonly earlier: readonly TreeHead[];
  readonly progress: Pick<Progress, 'report' | 'end'>;
}

const zdrEnabled = 'ai.lethe.audit.zdr.enabled.v1';

/** What is told of the events that were read on the way. */
class Seen {
  notEvents = 0;
  firstTime = '';
  lastTime = '';
  readonly zdrOrganizations = new Set<string>();

  constructor(private readonly size: number) {}

  /** Only what is told is decoded: decoding every event would take longer than hashing it. */
  visit(entry: Uint8Array, index: number): void {
    const isEdge = index === 0 || index === this.size - 1;
    if (!isEdge && !Buffer.from(entry.buffer, entry.byteOffset, entry.length).includes(zdrEnabled)) return;
    const event = readAuditEvent(entry);
    if (event === undefined) {
      this.notEvents += 1;
      return;
    }
    if (index === 0) this.firstTime = event.time;
    if (index === this.size - 1) this.lastTime = event.time;
    if (event.type === zdrEnabled && event.data.status_id === 1 && event.partitionkey !== undefined)
      this.zdrOrganizations.add(event.partitionkey);
  }
}

/** Asks the verifier, and lets a problem of reading be that, not a verdict. */
const walk = async (options: WholeLogOptions, checkpoint: VerifiedCheckpoint, seen: Seen) => {
  const { source, entries, earlier, progress } = options;
  let problem: unknown;
  const readTile = readAhead(source.readTile, checkpoint.size, entries);
  const verdict = await verifyTiles({
    readTile: async (path) => {
      try {
        return await readTile(path);
      } catch (error) {
        problem = error;
        throw error;
      }
    },
    checkpoint,
    entries,
    earlier,
    onProgress: (done, total) => progress.report(done, total),
    visitEntry: (entry, index) => seen.visit(entry, index),
  });
  progress.end();
  if (!verdict.ok && verdict.code === 'read_failed') throw problem;
  return verdict;
};

const rolledBack = (kept: number, shown: number, pinned: Pinned): Report => ({
  holds: false,
  verdict: `The log is shorter than it was: it signed ${kept} events, and shows ${shown} now. It was rolled back, or this is an older copy.`,
  facts: [['key', keyWords(pinned)]],
  json: { mode: 'log', code: 'rolled_back', size: shown, kept_size: kept },
});

const isFork = (failure: Failure, earlier: readonly TreeHead[], size: number): boolean =>
  failure.code === 'root_differs' &&
  failure.at?.size !== size &&
  earlier.some((head) => head.size === failure.at?.size);

const whatWasChecked = ({ entries, earlier }: WholeLogOptions): [string, string][] => [
  [
    'checked',
    entries
      ? 'every event against its hash, every tile against the one below, the root, the signature'
      : 'every hash tile against the one below, the root, the signature; the events themselves were not read',
  ],
  ...(earlier.length === 0
    ? []
    : [
        ['kept', `the log begins with what each of ${earlier.length} kept checkpoints signed`] as [
          string,
          string,
        ],
      ]),
];

const goodReport = (options: WholeLogOptions, checkpoint: VerifiedCheckpoint, seen: Seen): Report => {
  const { entries, earlier, pinned } = options;
  return {
    holds: true,
    verdict: entries
      ? `All ${checkpoint.size} events are in the log as they were signed.`
      : `The hashes of all ${checkpoint.size} events are in the log as they were signed.`,
    facts: [
      ...whatWasChecked(options),
      ...(seen.firstTime === '' ? [] : [['time', `${seen.firstTime} to ${seen.lastTime}`] as const]),
      ...(entries ? [['ZDR', `organizations that enabled it: ${seen.zdrOrganizations.size}`] as const] : []),
      ...checkpointFacts(checkpoint, pinned),
    ],
    remarks:
      earlier.length > 0
        ? []
        : [
            'Without an earlier checkpoint (--since-checkpoint) this cannot show that the log is still the one it was.',
          ],
    json: {
      mode: 'log',
      entries,
      earlier: earlier.length,
      ...(entries ? { zdr_organizations: seen.zdrOrganizations.size } : {}),
      ...checkpointJson(checkpoint),
    },
  };
};

/** Verifies a whole log: signature, tiles, events and kept checkpoints. Rejects with Problem (exit 3) when it cannot be read. */
export const verifyWholeLog = async (options: WholeLogOptions): Promise<Report> => {
  const { source, pinned, earlier } = options;
  const note = await source.checkpoint();
  if (note === undefined)
    throw new Problem(
      'There is no checkpoint, so there is no log to verify.',
      `Looked at: ${source.name}`,
      3,
    );
  const signed = verifyCheckpoint(note, pinned.policy);
  if (!signed.ok) return failureReport('The checkpoint is not good.', signed, pinned, { mode: 'log' });
  const { ok: _, ...checkpoint } = signed;
  const newest = Math.max(0, ...earlier.map(({ size }) => size));
  if (newest > checkpoint.size) return rolledBack(newest, checkpoint.size, pinned);
  const seen = new Seen(checkpoint.size);
  const verdict = await walk(options, checkpoint, seen);
  if (verdict.ok && seen.notEvents === 0) return goodReport(options, checkpoint, seen);
  if (verdict.ok)
    return {
      holds: false,
      verdict: 'The log is whole, but something in it is no audit event.',
      facts: checkpointFacts(checkpoint, pinned),
      json: { mode: 'log', code: 'event_malformed', ...checkpointJson(checkpoint) },
    };
  if (isFork(verdict, earlier, checkpoint.size))
    return failureReport('The log forked: it is not the one whose checkpoint was kept.', verdict, pinned, {
      mode: 'log',
      forked: true,
    });
  const report = failureReport('The log is not whole.', verdict, pinned, { mode: 'log' });
  return verdict.code === 'bundle_missing' && verdict.at?.index === 0
    ? { ...report, remarks: ['A copy that was made without the events can be verified with --hashes-only.'] }
    : report;
};
