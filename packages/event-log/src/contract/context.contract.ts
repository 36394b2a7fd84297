import type {
  EventLogConsumer,
  EventLogProducer,
  EventLogRecord,
  ProducerOptions,
  TopicName,
} from '../port.js';
import type { Reader, ReaderOptions } from './reading.contract.js';

/** A real server with the four topics, and clients with the rights of the services. */
export interface EventLogHarness {
  /** May append to the family's topics, and only there. */
  producer(family: 'insight' | 'audit', options?: ProducerOptions): Promise<EventLogProducer>;
  /** May read the family's topics, and only those. */
  consumer(family: 'insight' | 'audit'): Promise<EventLogConsumer>;
  /** A producer whose secret is wrong. */
  stranger(): Promise<EventLogProducer>;
  /** Words that must appear in no error: secrets and the like. */
  readonly secrets: readonly string[];
  kill(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface EventLogAdapter {
  readonly name: string;
  make(): Promise<EventLogHarness>;
  /** Tests that this adapter cannot pass, each with the reason, which is printed. */
  readonly cannot: readonly { test: string; reason: string }[];
}

/** What the parts of the contract share. The clients are there once the tests run. */
export interface ContractContext {
  harness(): EventLogHarness;
  insight(): EventLogProducer;
  audit(): EventLogProducer;
  /** Closes the client when the suite ends. */
  keep<T extends { close(): Promise<void> }>(client: Promise<T>): Promise<T>;
  reading(options: ReaderOptions): Promise<Reader>;
  /** Declares a test, unless the adapter says that it cannot pass it. */
  test(name: string, body: () => Promise<void>): void;
}

export const telemetry: TopicName = 'lethe.insight.telemetry.v1';
export const payload: TopicName = 'lethe.insight.payload.v1';
export const events: TopicName = 'lethe.audit.events.v1';
export const checkpoints: TopicName = 'lethe.audit.checkpoints.v1';
export const oneKey = Buffer.from('one key');

export const record = (text: string, key: Buffer | null = oneKey): EventLogRecord => ({
  key,
  value: Buffer.from(text),
});

export const numbered = (mark: string, count: number): EventLogRecord[] =>
  Array.from({ length: count }, (_, index) => record(`${mark}${index}`));

export const numbers = (mark: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${mark}${i}`);
