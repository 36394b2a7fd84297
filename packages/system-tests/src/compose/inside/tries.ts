import { type GrpcTry, tryGrpc } from './grpc-try.js';
import { type KafkaTry, tryKafka } from './kafka-tries.js';
import { type ObjectStoreTry, tryObjectStore } from './object-store-try.js';
import type { Pair } from './pair.js';
import { type PostgresTry, tryPostgres } from './postgres-try.js';
import { type RestAnswer, type RestRead, readRest } from './rest-reads.js';
import { type TlsTry, tryTls } from './tls-try.js';

/** Whatever is tried inside the deployment's own network. */
export interface Task {
  readonly kafka?: readonly {
    readonly brokers: readonly string[];
    readonly pair: Pair;
    readonly tries: readonly KafkaTry[];
  }[];
  readonly tls?: readonly TlsTry[];
  readonly grpc?: readonly GrpcTry[];
  readonly postgres?: readonly PostgresTry[];
  readonly objectStore?: readonly ObjectStoreTry[];
  readonly rest?: readonly RestRead[];
}

/** A word for each try, in the task's order. */
export interface Words {
  readonly kafka: readonly (readonly string[])[];
  readonly tls: readonly string[];
  readonly grpc: readonly string[];
  readonly postgres: readonly string[];
  readonly objectStore: readonly (readonly string[])[];
  readonly rest: readonly RestAnswer[];
}

const someAtOnce = async <T, R>(
  tasks: readonly T[],
  work: (task: T) => Promise<R>,
  atOnce = 8,
): Promise<R[]> => {
  const results: R[] = [];
  const next = tasks.entries();
  const worker = async (): Promise<void> => {
    for (const [at, task] of next) results[at] = await work(task);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
};

export const carryOut = async (task: Task): Promise<Words> => ({
  kafka: await someAtOnce(task.kafka ?? [], ({ brokers, pair, tries }) => tryKafka(brokers, pair, tries)),
  tls: await someAtOnce(task.tls ?? [], tryTls),
  grpc: await someAtOnce(task.grpc ?? [], tryGrpc),
  postgres: await someAtOnce(task.postgres ?? [], tryPostgres),
  objectStore: await someAtOnce(task.objectStore ?? [], tryObjectStore, 1),
  rest: await someAtOnce(task.rest ?? [], readRest),
});
