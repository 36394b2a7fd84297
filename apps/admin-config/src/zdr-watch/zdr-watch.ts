import type { Logger } from '@lethe/service-kit';
import type { Tombstone } from '../outbox/audit-reader.js';
import type { Deps } from '../use-cases/change.js';
import { takeCensus } from '../use-cases/zdr-census.js';
import { recordRollbacks } from '../use-cases/zdr-rollbacks.js';

const everyMs = 60_000;
const retryMsMin = 250;
/** While the anchors were never read no lease is granted. */
const unreadRetryMsMax = 2000;
const hourMs = 3_600_000;

interface ZdrWatchOptions {
  readonly deps: Deps;
  /** Reads the tombstones of the audit log's anchors. */
  readonly tombstones: () => Promise<readonly Tombstone[]>;
  readonly log: Logger;
  /** The anchors were held against the configuration for the first time since the start. */
  readonly compared?: () => void;
}

/**
 * Takes the hourly census and holds the anchors' tombstones against the configuration, at start and every hour. Audit
 * that cannot be reached is tried again in the background; nothing waits for it.
 */
export class ZdrWatch {
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void>;
  #closed = false;
  #failures = 0;
  #comparedHour = -1;

  constructor(private readonly options: ZdrWatchOptions) {
    this.#running = this.#turn();
  }

  /** Waits for a running turn. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #turn(): Promise<void> {
    const worked = [await this.#try('zdr_census.failed', () => this.#census())];
    worked.push(await this.#try('zdr_tombstones.failed', () => this.#compare()));
    this.#failures = worked.every(Boolean) ? 0 : this.#failures + 1;
    if (this.#closed) return;
    const delayMs =
      this.#failures === 0
        ? everyMs
        : Math.min(
            retryMsMin * 2 ** (this.#failures - 1),
            this.#comparedHour < 0 ? unreadRetryMsMax : everyMs,
          );
    this.#timer = setTimeout(() => {
      this.#running = this.#turn();
    }, delayMs);
    this.#timer.unref();
  }

  async #try(event: string, run: () => Promise<void>): Promise<boolean> {
    try {
      await run();
      return true;
    } catch (error) {
      if (this.#failures === 0) this.options.log.error(event, error);
      return false;
    }
  }

  async #census(): Promise<void> {
    if (await takeCensus(this.options.deps)) this.options.log.info('zdr_census.taken');
  }

  async #compare(): Promise<void> {
    const { deps, tombstones, log } = this.options;
    const hour = Math.floor(deps.clock() / hourMs);
    if (hour === this.#comparedHour) return;
    const found = await recordRollbacks(deps, await tombstones());
    if (found > 0) log.warn('zdr_rollback.detected', { organizations: found });
    if (this.#comparedHour < 0) this.options.compared?.();
    this.#comparedHour = hour;
  }
}
