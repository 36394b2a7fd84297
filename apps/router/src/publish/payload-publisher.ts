import { encodeSealedPayload, type SealedPayloadRecord } from '@lethe/contracts';
import { EventLogError, type EventLogErrorCode, type EventLogProducer } from '@lethe/event-log';
import type { WriteEntry } from '@lethe/policy-sync';
import type { Logger } from '@lethe/service-kit';
import type { PayloadTransport, PayloadWrites } from '../policy/payload-writes.js';

/** A sealed payload on its way: ciphertext, and whose it is, so that it can be revoked. */
export interface OutgoingPayload extends WriteEntry {
  readonly record: Buffer;
}

export const outgoingPayload = (payload: SealedPayloadRecord): OutgoingPayload => ({
  orgId: payload.orgId,
  apiKeyId: payload.apiKeyId,
  sealingKeyId: payload.transitKeyId,
  record: encodeSealedPayload(payload),
});

export interface PayloadPublisherOptions {
  readonly producer: EventLogProducer;
  readonly log: Logger;
  /** Every attempt goes through it. */
  readonly writes: PayloadWrites;
  readonly queueRecordsMax: number;
  readonly queueBytesMax: number;
}

const attemptsMax = 3;
const retryMs = 200;
const batchRecordsMax = 16;
const batchBytesMax = 768 * 1024;

/** After these nothing of the attempt was stored, nor will be. After any other error it may be, even later. */
const certainly: ReadonlySet<EventLogErrorCode> = new Set([
  'record_too_large',
  'denied',
  'unknown_topic',
  'concurrent_publish',
  'closed',
]);
const certainlyNot = (thrown: unknown): boolean =>
  thrown instanceof EventLogError && certainly.has(thrown.code);

const wipe = (payloads: readonly OutgoingPayload[]): void => {
  for (const { record } of payloads) record.fill(0);
};

/**
 * Payload has its own queue and its own producer and is best effort by design: what cannot be sent is dropped,
 * never spooled, and the policy is asked again at every attempt.
 */
export class PayloadPublisher implements PayloadTransport {
  #queue: OutgoingPayload[] = [];
  #queuedBytes = 0;
  /** The batch that was taken from the queue: under way, or waiting for its next attempt. */
  #batch: readonly OutgoingPayload[] = [];
  #underWay = false;
  /** Of the batch under way: not to be tried again. */
  readonly #doomed = new Set<OutgoingPayload>();
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

  revoke(orgIds: readonly string[] | 'all'): void {
    const isMeant = ({ orgId }: OutgoingPayload): boolean => orgIds === 'all' || orgIds.includes(orgId);
    const revoked = this.#queue.filter(isMeant);
    this.#queue = this.#queue.filter((payload) => !isMeant(payload));
    for (const { record } of revoked) this.#queuedBytes -= record.length;
    // A Buffer that a socket may still be reading is not touched.
    if (this.#underWay) for (const payload of this.#batch.filter(isMeant)) this.#doomed.add(payload);
    else {
      revoked.push(...this.#batch.filter(isMeant));
      this.#batch = this.#batch.filter((payload) => !isMeant(payload));
    }
    this.#revoked(revoked);
  }

  reset(): void {
    for (const payload of this.#batch) this.#doomed.add(payload);
    this.options.producer.sever();
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
    wipe(payloads);
    this.dropped += payloads.length;
  }

  #revoked(payloads: readonly OutgoingPayload[]): void {
    wipe(payloads);
    this.revoked += payloads.length;
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
    this.#batch = batch;
    for (let attempt = 1; attempt <= attemptsMax && !this.#stopped; attempt += 1) {
      if (await this.#delivered()) return;
      if (attempt < attemptsMax && !this.#stopped)
        await new Promise((resolve) => setTimeout(resolve, retryMs * attempt));
    }
    if (this.#batch.length === 0) return;
    this.#drop(this.#batch);
    this.#batch = [];
    this.options.log.warn('payload.dropped', { dropped: this.dropped });
  }

  /** One attempt at what is left of the batch. True: nothing is left to try. */
  async #delivered(): Promise<boolean> {
    const { withheld, allowed, outcome } = this.options.writes.write(this.#batch, {
      send: (entries) => this.#publish(entries),
      certainlyNot,
    });
    this.#revoked(withheld);
    this.#batch = allowed;
    if (allowed.length === 0) return true;
    this.#underWay = true;
    try {
      await outcome;
      wipe(allowed);
      this.#batch = [];
    } catch {
      this.#revoked(allowed.filter((payload) => this.#doomed.has(payload)));
      this.#batch = allowed.filter((payload) => !this.#doomed.has(payload));
    } finally {
      this.#underWay = false;
      this.#doomed.clear();
    }
    return this.#batch.length === 0;
  }

  async #publish(payloads: readonly OutgoingPayload[]): Promise<void> {
    const records = payloads.map(({ orgId, record }) => ({ key: Buffer.from(orgId), value: record }));
    await this.options.producer.publish('lethe.insight.payload.v1', records);
  }
}
