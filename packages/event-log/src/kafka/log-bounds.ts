import type { Admin } from 'kafkajs';
import { within } from '../consumer/waiting.js';
import type { TopicName } from '../port.js';

const pollMs = 5_000;

interface Bounds {
  readonly earliest: bigint;
  /** The offset the next record will get. */
  readonly next: bigint;
}

/**
 * Where each partition begins and ends, over a connection of its own: the lag must stay true when the consumer hangs.
 */
export class LogBounds {
  readonly #admin: Admin;
  readonly #topic: TopicName;
  #known = new Map<number, Bounds>();
  #timer: NodeJS.Timeout | undefined;

  constructor(admin: Admin, topic: TopicName) {
    this.#admin = admin;
    this.#topic = topic;
  }

  async connect(): Promise<void> {
    await this.#admin.connect();
    await this.refresh();
    this.#timer = setInterval(() => void this.refresh().catch(() => undefined), pollMs);
  }

  /** Rejects with what kafkajs throws; what was known before then stays. */
  async refresh(): Promise<void> {
    const offsets = await this.#admin.fetchTopicOffsets(this.#topic);
    this.#known = new Map(
      offsets.map(({ partition, low, high }) => [partition, { earliest: BigInt(low), next: BigInt(high) }]),
    );
  }

  /** The offset to read next: `wanted` if it is still or already there, the earliest otherwise. */
  clamp(partition: number, wanted: bigint | undefined): bigint {
    const bounds = this.#known.get(partition);
    if (!bounds) return wanted ?? 0n;
    return wanted === undefined || wanted < bounds.earliest || wanted > bounds.next
      ? bounds.earliest
      : wanted;
  }

  /** Records between where each partition is read and its end; a partition read elsewhere counts as nothing. */
  lag(positions: ReadonlyMap<number, bigint>): number {
    let sum = 0n;
    for (const [partition, position] of positions) {
      const next = this.#known.get(partition)?.next ?? position;
      if (next > position) sum += next - position;
    }
    return Number(sum);
  }

  async close(timeoutMs: number): Promise<void> {
    clearInterval(this.#timer);
    await within(timeoutMs, this.#admin.disconnect());
  }
}
