export const topicNames = [
  'lethe.insight.telemetry.v1',
  'lethe.insight.payload.v1',
  'lethe.audit.events.v1',
  'lethe.audit.checkpoints.v1',
] as const;
export type TopicName = (typeof topicNames)[number];

/** What a producer hands over. Checkpoints need a key; insights of many organizations in one pack have none. */
export interface EventLogRecord {
  readonly key: Buffer | null;
  readonly value: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Where a record is stored: offsets of one partition only grow. */
export interface Position {
  readonly partition: number;
  readonly offset: bigint;
}

export interface StoredRecord extends EventLogRecord, Position {
  /** Milliseconds since 1970: when the producer sent it (Kafka) or the database took it (Postgres). */
  readonly timestampMs: number;
}

export interface EventLogProducer {
  /**
   * Appends all records, in order per key; resolves with their positions in the same order once every replica has
   * them. One attempt: on EventLogError any part may or may not be stored, so readers tell duplicates apart.
   * Records without a key of one call share a partition. At most one call at a time.
   */
  publish(topic: TopicName, records: readonly EventLogRecord[]): Promise<readonly Position[]>;
  /** Cuts the connections at once: what the server has not read is reset, not flushed. A later publish reconnects. */
  sever(): void;
  /** Lets a running publish finish, then disconnects. Later calls reject with `closed`. */
  close(): Promise<void>;
}

export interface ProducerOptions {
  /**
   * Asked synchronously before any bytes are handed to a socket. When false the connection is reset instead and the
   * publish rejects with `severed`. Without it every write is allowed.
   */
  readonly mayWrite?: () => boolean;
}

/** Records of one partition, in order. */
export interface Batch {
  readonly partition: number;
  readonly records: readonly StoredRecord[];
}

export interface RunOptions {
  readonly topic: TopicName;
  /** Consumers of one group share the partitions: a partition is delivered to one of them at a time. */
  readonly group: string;
  /** The next offset to read, asked whenever a partition is (re)assigned; undefined or no longer there = earliest. */
  startAt(partition: number): Promise<bigint | undefined>;
  /** Resolving means processed. Rejecting means: deliver again from the batch's first record, after a pause. */
  onBatch(batch: Batch): Promise<void>;
  /** Default 500. */
  readonly maxBatchRecords?: number;
}

export interface Subscription {
  /** Waits for a running onBatch, then disconnects; nothing is delivered afterwards. */
  stop(): Promise<void>;
  /** Records that are stored and not yet processed, as last asked (every few seconds). */
  lagRecords(): number;
  /** Date.now() of the last batch that was processed; undefined before the first. */
  lastBatchAtMs(): number | undefined;
}

export interface EventLogConsumer {
  /**
   * Delivers until stopped, at least once, and recovers by itself when the server was away. Rejects with
   * EventLogError when the first connection fails or is refused.
   */
  run(options: RunOptions): Promise<Subscription>;
  /** Stops all subscriptions. */
  close(): Promise<void>;
}

const messages = {
  unavailable: 'the event log is not available',
  timeout: 'the event log did not answer in time',
  severed: 'the connection to the event log was cut on purpose',
  record_too_large: 'a record exceeds the limit of its topic',
  denied: 'the event log refused access',
  unknown_topic: 'the event log does not know the topic',
  concurrent_publish: 'a publish is running already',
  closed: 'the event log client is closed',
} as const;

export type EventLogErrorCode = keyof typeof messages;

const retriableCodes: ReadonlySet<EventLogErrorCode> = new Set([
  'unavailable',
  'timeout',
  'severed',
  // A broker that has just started may not have loaded its topics yet.
  'unknown_topic',
]);

/** Every error of this package. The message is a constant of its code; no cause, value or server text is carried. */
export class EventLogError extends Error {
  /** Whether the same records may be accepted later. */
  readonly retriable: boolean;

  constructor(readonly code: EventLogErrorCode) {
    super(messages[code]);
    this.name = 'EventLogError';
    this.retriable = retriableCodes.has(code);
  }
}
