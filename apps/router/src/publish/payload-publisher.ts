import type { ApiKeyId, OrgId, Uuid } from '@lethe/contracts';
import type { EventLogProducer } from '@lethe/event-log';
import type { Logger } from '@lethe/service-kit';

/** A sealed payload on its way: ciphertext, and whose it is, so that it can be revoked. */
export interface OutgoingPayload {
  readonly orgId: OrgId;
  readonly apiKeyId: ApiKeyId;
  readonly transitKeyId: Uuid;
  readonly record: Buffer;
}

export interface PayloadPublisherOptions {
  readonly producer: EventLogProducer;
  readonly log: Logger;
  /** Asked synchronously right before every attempt: gate open, organization without ZDR, key logging, same sealing key. */
  readonly mayPublish: (payload: OutgoingPayload) => boolean;
  readonly queueRecordsMax: number;
  readonly queueBytesMax: number;
}

const attemptsMax = 3;
const retryMs = 200;
const batchRecordsMax = 16;
const batchBytesMax = 768 * 1024;

/**
 * Payload has its own queue and its own producer and is best effort by design: what cannot be sent is dropped,
 * never spooled, and the policy is asked again at every attempt.
 */
export class PayloadPublisher {
  #queue: OutgoingPayload[] = [];
  #queuedBytes = 0;
  #running: Promise<void> | undefined;
  #stopped = false;
  dropped = 0;
  revoked = 0;

  constructor(private readonly options: PayloadPublisherOptions) {}

  get depth(): number {
    return this.#queue.length;
  }

  /** Queues one record, or drops it when the queue is full or was drained. */
  offer(payload: OutgoingPayload): void {
    const full =
      this.#stopped ||
      this.#queue.length >= this.options.queueRecordsMax ||
      this.#queuedBytes + payload.record.length > this.options.queueBytesMax;
    if (full) {
      this.#drop([payload]);
      return;
    }
    this.#queue.push(payload);
    this.#queuedBytes += payload.record.length;
    this.#running ??= this.#run();
  }

  /** Drops everything that waits: telemetry needs the room, or the gate has closed. */
  dropAll(): void {
    this.#drop(this.#queue.splice(0));
    this.#queuedBytes = 0;
  }

  /** Waits for what is queued, at most `deadlineMs`, then drops the rest and severs. The end: no attempt follows. */
  async drain(deadlineMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, deadlineMs);
    });
    await Promise.race([this.#running, deadline]);
    clearTimeout(timer);
    this.#stopped = true;
    this.dropAll();
    this.options.producer.sever();
  }

  #drop(payloads: readonly OutgoingPayload[]): void {
    for (const payload of payloads) payload.record.fill(0);
    this.dropped += payloads.length;
  }

  /** Takes a batch, leaving out (and overwriting) whatever is no longer allowed. */
  #permitted(batch: readonly OutgoingPayload[]): OutgoingPayload[] {
    return batch.filter((payload) => {
      if (this.options.mayPublish(payload)) return true;
      payload.record.fill(0);
      this.revoked += 1;
      return false;
    });
  }

  #nextBatch(): OutgoingPayload[] {
    let bytes = 0;
    let count = 0;
    for (const { record } of this.#queue) {
      if (count === batchRecordsMax || (count > 0 && bytes + record.length > batchBytesMax)) break;
      bytes += record.length;
      count += 1;
    }
    this.#queuedBytes -= bytes;
    return this.#queue.splice(0, count);
  }

  async #run(): Promise<void> {
    await Promise.resolve();
    while (this.#queue.length > 0) await this.#send(this.#nextBatch());
    // In the same turn as the check: a record that comes now must find nobody running.
    this.#running = undefined;
  }

  async #send(batch: readonly OutgoingPayload[]): Promise<void> {
    let left = batch;
    for (let attempt = 1; attempt <= attemptsMax && !this.#stopped; attempt += 1) {
      left = this.#permitted(left);
      if (left.length === 0) return;
      try {
        await this.options.producer.publish(
          'lethe.insight.payload.v1',
          left.map(({ orgId, record }) => ({ key: Buffer.from(orgId), value: record })),
        );
        for (const payload of left) payload.record.fill(0);
        return;
      } catch {
        if (attempt < attemptsMax && !this.#stopped)
          await new Promise((resolve) => setTimeout(resolve, retryMs * attempt));
      }
    }
    this.#drop(left);
    this.options.log.warn('payload.dropped', { dropped: this.dropped });
  }
}
