import type { Logger, Registry } from '@lethe/service-kit';
import type { Anchors } from '../anchor/anchors.js';
import { type AuditMetrics, showCheckpointAge } from '../metrics.js';
import { createSequencer } from '../sequence/sequencer.js';
import type { AuditDatabase } from '../store/database.js';
import type { WitnessAddress } from '../witness/ask-witness.js';
import { gatherCosignatures, witnessName } from '../witness/gather-cosignatures.js';
import type { Intake } from './intake.js';
import { LogKeeper } from './log-keeper.js';
import type { LogReader } from './log-reader.js';
import type { LogSigner } from './log-signer.js';
import { createLogReader } from './released-log.js';
import { watchLog } from './watch-log.js';

interface LogOptions {
  readonly database: AuditDatabase;
  readonly anchors: Anchors;
  readonly signer: LogSigner;
  readonly witnesses: readonly WitnessAddress[];
  readonly witnessQuorum: number;
  readonly registry: Registry;
  readonly metrics: AuditMetrics;
  readonly log: Logger;
}

export interface RunningLog {
  readonly intake: Intake;
  readonly reader: LogReader;
  readonly keeper: LogKeeper;
  /** Whether an event could be appended now: the database answers, and the anchors hold what it holds. */
  isReady(): Promise<boolean>;
  stop(): Promise<void>;
}

/** Starts what makes a log of the database: the one writer, the watch over it, and whoever asks the witnesses. */
export const startLog = (options: LogOptions): RunningLog => {
  const { database, signer, witnesses } = options;
  const keeper = new LogKeeper({
    ...options,
    release: { witnesses: witnesses.map(witnessName), quorum: options.witnessQuorum },
  });
  const watch = watchLog(keeper);
  const sequencer = createSequencer({ database, keeper, signer });
  const gathering = gatherCosignatures({ ...options, keeper }, witnesses);
  // Not awaited: the log works while the database cannot be reached for hints.
  void database.listen((said) => watch.wake(/^\d{1,16}$/.test(said) ? Number(said) : undefined));
  showCheckpointAge(options.registry, () => keeper.signedAtMs);
  return {
    intake: sequencer,
    reader: createLogReader(database, keeper),
    keeper,
    isReady: async () => {
      await keeper.refresh().catch(() => {});
      return keeper.fault === undefined;
    },
    stop: async () => {
      await Promise.all([sequencer.stop(), gathering.stop(), watch.stop()]);
    },
  };
};
