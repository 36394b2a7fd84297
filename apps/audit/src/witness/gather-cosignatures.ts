import type { Logger } from '@lethe/service-kit';
import { consistencyNodes, consistencyProof, parseVerifierKey } from '@lethe/transparency-log';
import type { LogKeeper } from '../log/log-keeper.js';
import { Nap } from '../log/nap.js';
import type { AuditMetrics } from '../metrics.js';
import { putCosignature, readCosignedSize } from '../store/cosignatures.js';
import type { AuditDatabase } from '../store/database.js';
import { readNodes } from '../store/log-nodes.js';
import { askWitness, type WitnessAddress } from './ask-witness.js';

const BETWEEN_MS = 100;
const IDLE_MS = 60_000;
const BACKOFF_MS_MIN = 500;
const BACKOFF_MS_MAX = 60_000;

interface WitnessOptions {
  readonly database: AuditDatabase;
  readonly keeper: LogKeeper;
  readonly metrics: AuditMetrics;
  readonly log: Logger;
}

/** The name that a witness's key gives it. */
export const witnessName = ({ verifierKey }: WitnessAddress): string =>
  parseVerifierKey(verifierKey)?.name ?? '';

type Turn = 'cosigned' | 'nothing_new' | 'again' | 'failed';

/** One witness and the size it knows, as far as this process does. */
class WitnessSession {
  readonly #options: WitnessOptions;
  readonly #address: WitnessAddress;
  readonly #name: string;
  #knownSize: number | undefined;

  constructor(options: WitnessOptions, address: WitnessAddress) {
    this.#options = options;
    this.#address = address;
    this.#name = witnessName(address);
  }

  /** Asks once for the newest checkpoint that the anchors hold. Rejects with StoreError. */
  async turn(stopping: AbortSignal): Promise<Turn> {
    const { database, keeper, metrics } = this.#options;
    const { size, note } = keeper.anchored;
    const cosigned = await readCosignedSize(database.sql, this.#name);
    metrics.witnessLag.set({ witness: this.#name }, Math.max(0, size - cosigned));
    if (size === 0 || size === cosigned) return 'nothing_new';
    const oldSize = this.#knownSize ?? cosigned;
    if (oldSize > size) return this.#refused('witness_is_ahead');
    const nodes = await readNodes(database.sql, consistencyNodes(oldSize, size));
    const proof = consistencyProof(oldSize, size, nodes);
    const verdict = await askWitness(this.#address, { oldSize, proof, checkpoint: note }, stopping);
    if (verdict.kind === 'refused') return this.#refused(verdict.code);
    if (verdict.kind === 'conflict') {
      const isNews = verdict.size !== this.#knownSize;
      this.#knownSize = verdict.size;
      return isNews ? 'again' : this.#refused('size_conflict');
    }
    this.#knownSize = size;
    await putCosignature(database.sql, { size, witness: this.#name, line: verdict.lines.join('') });
    metrics.witnessLag.set({ witness: this.#name }, Math.max(0, keeper.anchored.size - size));
    return 'cosigned';
  }

  #refused(reason: string): Turn {
    this.#options.metrics.witnessFailed.inc({ witness: this.#name, reason });
    this.#options.log.warn('witness.refused', { witness: this.#name, reason });
    // What it knows may have changed meanwhile: the next attempt begins with what was kept.
    this.#knownSize = undefined;
    return 'failed';
  }
}

export interface CosignatureGathering {
  stop(): Promise<void>;
}

/** Has each witness cosign the newest checkpoint, one request at a time, for as long as the service runs. */
export const gatherCosignatures = (
  options: WitnessOptions,
  witnesses: readonly WitnessAddress[],
): CosignatureGathering => {
  const stopping = new AbortController();
  const naps: Nap[] = [];

  const follow = async (address: WitnessAddress, nap: Nap): Promise<void> => {
    const session = new WitnessSession(options, address);
    let backoffMs = BACKOFF_MS_MIN;
    while (!stopping.signal.aborted) {
      const turn = await session.turn(stopping.signal).catch((): Turn => 'failed');
      if (turn === 'failed') {
        await pauseAtLeast(backoffMs);
        backoffMs = Math.min(backoffMs * 2, BACKOFF_MS_MAX);
      } else backoffMs = BACKOFF_MS_MIN;
      if (turn === 'nothing_new') await nap.rest(IDLE_MS, stopping.signal);
      else if (turn === 'cosigned') await pauseAtLeast(BETWEEN_MS);
    }
  };
  /** News do not cut this one short. */
  const pauseAtLeast = (ms: number): Promise<void> => new Nap().rest(ms, stopping.signal);

  const running = witnesses.map((address) => {
    const nap = new Nap();
    naps.push(nap);
    return follow(address, nap);
  });
  options.keeper.onNews(() => {
    for (const nap of naps) nap.wake();
  });
  return {
    stop: async () => {
      stopping.abort();
      await Promise.all(running);
    },
  };
};
