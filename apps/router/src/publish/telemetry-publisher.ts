import { encodePack, packBytesMax, packedBytes, packRecordsMax } from '@lethe/contracts';
import { EventLogError, type EventLogProducer } from '@lethe/event-log';
import type { Logger } from '@lethe/service-kit';

interface Waiting {
  readonly record: Buffer;
  readonly onStored: (() => void) | undefined;
}

export interface TelemetryPublisherOptions {
  readonly producer: EventLogProducer;
  readonly log: Logger;
  readonly queueRecordsMax: number;
  readonly queueBytesMax: number;
  /** Milliseconds a record may wait for company while the log is well. */
  readonly lingerMs: number;
}

const retryMsMin = 100;
const retryMsMax = 2000;

/**
 * One serial batching loop: at most one pack in flight, acknowledged by all replicas, repeated until it is stored.
 * While the event log is down records wait in bounded memory; `accepting` turns false before one would be lost.
 * A repeated pack may be stored twice: accounting counts each insight_id once.
 */
export class TelemetryPublisher {
  readonly #queue: Waiting[] = [];
  #queuedBytes = 0;
  #inFlight = 0;
  #running = false;
  #draining = false;
  #stopped = false;
  /** A record waits that somebody waits for. */
  #awaited = false;
  #lingering = false;
  #idle: (() => void)[] = [];
  #pausing: { wake(): void } | undefined;
  failuresInARow = 0;
  recordsStored = 0;
  recordsLost = 0;

  constructor(private readonly options: TelemetryPublisherOptions) {}

  /** Records waiting or on their way. */
  get depth(): number {
    return this.#queue.length + this.#inFlight;
  }

  /** Share of the queue in use, 0 to 1. */
  get fill(): number {
    return Math.max(
      this.depth / this.options.queueRecordsMax,
      this.#queuedBytes / this.options.queueBytesMax,
    );
  }

  /** False when the queue nears its bound: the router then refuses new work instead of losing a bill. */
  get accepting(): boolean {
    return this.fill < 0.95;
  }

  /**
   * Queues one encoded record; `onStored` runs once the event log has acknowledged it. A record that finds no room, or
   * that no pack could hold and that would block all others for ever, is lost and counted: false.
   */
  offer(record: Buffer, onStored?: () => void): boolean {
    if (this.#stopped || this.fill >= 1 || packedBytes(record.length) > packBytesMax) {
      this.recordsLost += 1;
      this.options.log.warn('telemetry.lost', { lost: this.recordsLost });
      return false;
    }
    this.#queue.push({ record, onStored });
    this.#queuedBytes += record.length;
    if (onStored !== undefined) this.#awaited = true;
    if (!this.#running) {
      this.#running = true;
      void this.#run();
    } else if (this.#lingering && this.#isDue) this.#pausing?.wake();
    return true;
  }

  /** Somebody waits for a record, or there is enough for a pack. */
  get #isDue(): boolean {
    const fillsPack = this.#queue.length >= packRecordsMax || this.#queuedBytes >= packBytesMax;
    return fillsPack || this.#awaited || this.#draining;
  }

  /** Waits until everything queued is stored, at most `deadlineMs`. Resolves to the number of records left. */
  async drain(deadlineMs: number): Promise<number> {
    this.#draining = true;
    if (this.depth > 0) {
      this.#pausing?.wake();
      let timer: NodeJS.Timeout | undefined;
      await Promise.race([
        new Promise<void>((resolve) => this.#idle.push(resolve)),
        new Promise<void>((resolve) => {
          timer = setTimeout(resolve, deadlineMs);
        }),
      ]);
      clearTimeout(timer);
    }
    this.#stopped = true;
    return this.depth;
  }

  #nextPack(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { record } of this.#queue) {
      const size = packedBytes(record.length);
      if (count === packRecordsMax || bytes + size > packBytesMax) break;
      bytes += size;
      count += 1;
    }
    return this.#queue.splice(0, count);
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      await this.#linger();
      const pack = this.#nextPack();
      this.#inFlight = pack.length;
      this.#awaited &&= this.#queue.some(({ onStored }) => onStored !== undefined);
      if (!(await this.#store(encodePack(pack.map((waiting) => waiting.record))))) return;
      this.#inFlight = 0;
      this.recordsStored += pack.length;
      for (const { record, onStored } of pack) {
        this.#queuedBytes -= record.length;
        onStored?.();
      }
    }
    this.#running = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** Gives records time to come together: what the event log costs, it costs for each pack. */
  async #linger(): Promise<void> {
    this.#lingering = !this.#isDue;
    // Due or not, what this turn of the event loop brings goes along.
    await this.#pause(this.#lingering ? this.options.lingerMs : 0);
    this.#lingering = false;
  }

  /** Repeats one pack until the log acknowledges it. False: given up, because the publisher was stopped meanwhile. */
  async #store(value: Buffer): Promise<boolean> {
    for (;;) {
      try {
        await this.options.producer.publish('lethe.insight.telemetry.v1', [{ key: null, value }]);
        this.failuresInARow = 0;
        return true;
      } catch (error) {
        this.failuresInARow += 1;
        const code = error instanceof EventLogError ? error.code : 'unknown';
        this.options.log.warn('telemetry.publish_failed', {
          code,
          waiting: this.depth,
          fillPermille: Math.round(this.fill * 1000),
        });
        if (!this.#stopped) await this.#pause(this.#retryMs());
        if (this.#stopped) return false;
      }
    }
  }

  #retryMs(): number {
    if (this.#draining) return retryMsMin;
    return Math.min(retryMsMin * 2 ** Math.min(this.failuresInARow - 1, 6), retryMsMax);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#pausing = {
        wake: () => {
          clearTimeout(timer);
          resolve();
        },
      };
    });
  }
}
