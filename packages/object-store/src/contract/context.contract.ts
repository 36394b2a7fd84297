import { randomBytes } from 'node:crypto';
import type { ObjectReader, ObjectWriter, WriterOptions } from '../port.js';

/** A real server that is prepared, and clients with the rights of the services. */
export interface ObjectStoreHarness {
  /** May put, and nothing else. */
  writer(options?: WriterOptions): Promise<ObjectWriter>;
  /** May read, list and remove. */
  reader(): Promise<ObjectReader>;
  /** A reader with the rights of the writer. */
  readerOfWriter(): Promise<ObjectReader>;
  /** A writer with the rights of the reader. */
  writerOfReader(): Promise<ObjectWriter>;
  /** A writer whose secret is wrong. */
  stranger(): Promise<ObjectWriter>;
  /** A writer to a store that nobody prepared. */
  unprepared(): Promise<ObjectWriter>;
  /** Words that must appear in no error: secrets and the like. */
  readonly secrets: readonly string[];
  /** Between the clients and the server, where bytes can be held. */
  readonly wire: {
    hold(): void;
    release(): void;
    bytesFromClients(): number;
  };
  /** The server hangs, with its connections open, until `thaw`. */
  freeze(): void;
  thaw(): void;
  kill(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface ObjectStoreAdapter {
  readonly name: string;
  make(): Promise<ObjectStoreHarness>;
}

/** What the parts of the contract share. The clients are there once the tests run. */
export interface ContractContext {
  harness(): ObjectStoreHarness;
  writer(): ObjectWriter;
  reader(): ObjectReader;
  /** Closes the client when the suite ends. */
  keep<T extends { close(): Promise<void> }>(client: Promise<T>): Promise<T>;
}

export const mebibyte = 1_048_576;

/** A key that no other test has. */
export const newKey = (): string => randomBytes(16).toString('hex');

/** The whole object; undefined when there is none. */
export const contentOf = async (reader: ObjectReader, key: string): Promise<Buffer | undefined> => {
  const pieces = await reader.read(key);
  if (pieces === undefined) return undefined;
  const parts: Buffer[] = [];
  for await (const piece of pieces) parts.push(piece);
  return Buffer.concat(parts);
};

/** The code of the ObjectStoreError that a promise rejects with; any other outcome is a failure of the test. */
export const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'it did not reject',
    (error: { name?: string; code?: string }) =>
      error.name === 'ObjectStoreError' ? String(error.code) : `another error: ${String(error)}`,
  );

/** Resolves when the condition holds; rejects after `ms`, which is only there to end a test that would hang. */
export const until = async (condition: () => boolean | Promise<boolean>, ms = 60_000): Promise<void> => {
  const deadline = performance.now() + ms;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('what the test waits for did not happen');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};
