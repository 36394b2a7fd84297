import { randomUUID } from 'node:crypto';
import type {
  EventLogConsumer,
  EventLogError,
  EventLogProducer,
  EventLogRecord,
  Position,
  RunOptions,
  StoredRecord,
  Subscription,
  TopicName,
} from '../port.js';

/** Resolves when the condition holds; rejects after `ms`, which is only there to end a test that would hang. */
export const until = async (condition: () => boolean, ms = 90_000): Promise<void> => {
  const deadline = performance.now() + ms;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('what the test waits for did not happen');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

/** Text that no other test wrote, to find this test's records among all others in the log. */
export const marker = (): string => `${randomUUID()}:`;

export const texts = (records: readonly StoredRecord[]): string[] =>
  records.map(({ value }) => value.toString());

/** The code of the EventLogError that a promise rejects with; any other outcome is a failure of the test. */
export const codeOf = async (promise: Promise<unknown>): Promise<string> => {
  const outcome = await promise.then(
    () => 'it did not reject',
    (error: EventLogError) => (error.name === 'EventLogError' ? error.code : 'another error'),
  );
  return outcome;
};

/** Publishes as a service does: again and again while the log says that it may take it later. */
export const publishUntilStored = async (
  producer: EventLogProducer,
  topic: TopicName,
  records: readonly EventLogRecord[],
): Promise<readonly Position[]> => {
  for (;;) {
    try {
      return await producer.publish(topic, records);
    } catch (error) {
      if (!(error instanceof Error && 'retriable' in error && error.retriable === true)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
};

export interface ReaderOptions {
  readonly topic: TopicName;
  readonly marker: string;
  readonly group?: string;
  /** The caller's offsets, which in a service stand in its database; shared by readers that continue each other. */
  readonly offsets?: Map<number, bigint>;
  readonly maxBatchRecords?: number;
  /** Throws to refuse a batch. */
  readonly check?: (records: readonly StoredRecord[]) => void;
}

/** A consumer that keeps this test's records and its own offsets, as a service does. */
export class Reader {
  readonly records: StoredRecord[] = [];
  readonly batchSizes: number[] = [];
  readonly offsets: Map<number, bigint>;
  readonly subscription: Subscription;

  private constructor(offsets: Map<number, bigint>, run: (reader: Reader) => Subscription) {
    this.offsets = offsets;
    this.subscription = run(this);
  }

  static async start(consumer: EventLogConsumer, options: ReaderOptions): Promise<Reader> {
    const offsets = options.offsets ?? new Map<number, bigint>();
    const early: { reader?: Reader; batches: (readonly StoredRecord[])[] } = { batches: [] };
    const take = (reader: Reader, records: readonly StoredRecord[]): void => {
      reader.batchSizes.push(records.length);
      reader.records.push(...records.filter(({ value }) => value.toString().startsWith(options.marker)));
    };
    const run: RunOptions = {
      topic: options.topic,
      group: options.group ?? randomUUID(),
      startAt: async (partition) => offsets.get(partition),
      onBatch: async ({ partition, records }) => {
        options.check?.(records);
        const last = records.at(-1);
        if (last) offsets.set(partition, last.offset + 1n);
        if (early.reader) take(early.reader, records);
        else early.batches.push(records);
      },
      ...(options.maxBatchRecords !== undefined && { maxBatchRecords: options.maxBatchRecords }),
    };
    const subscription = await consumer.run(run);
    const reader = new Reader(offsets, () => subscription);
    early.reader = reader;
    for (const records of early.batches) take(reader, records);
    return reader;
  }

  texts(): string[] {
    return texts(this.records);
  }

  /** Waits until a record with this text was delivered. */
  has(text: string): Promise<void> {
    return until(() => this.records.some(({ value }) => value.toString() === text));
  }
}
