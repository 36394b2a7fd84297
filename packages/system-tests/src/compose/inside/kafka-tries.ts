import kafkajs from 'kafkajs';
import type { Pair } from './pair.js';

export interface KafkaTry {
  readonly action: 'fetch' | 'produce' | 'join';
  /** Of a topic; of a group for `join`. */
  readonly name: string;
}

interface Broker {
  fetch(request: object): Promise<unknown>;
  produce(request: object): Promise<unknown>;
  findGroupCoordinator(request: object): Promise<unknown>;
}
interface Cluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  readonly brokerPool: { readonly seedBroker: Broker };
}

/** No topic has it: a record for it is refused after the right was looked at, and so is never stored. */
const noPartition = 999_999;
const noSuchPartition = 'UNKNOWN_TOPIC_OR_PARTITION';

/** The requests themselves: kafkajs's own clients hide a refusal behind what they try next. */
const clusterOf = (kafka: kafkajs.Kafka): Cluster => {
  const create = Object.getOwnPropertySymbols(kafka).find(({ description }) =>
    description?.endsWith('createCluster'),
  );
  if (create === undefined) throw new Error('kafkajs has changed');
  return (kafka as unknown as Record<symbol, (options: object) => Cluster>)[create]?.({}) as Cluster;
};

const ask = (broker: Broker, { action, name }: KafkaTry): Promise<unknown> => {
  if (action === 'join') return broker.findGroupCoordinator({ groupId: name, coordinatorType: 0 });
  const partitions =
    action === 'fetch'
      ? [{ partition: 0, fetchOffset: 0, maxBytes: 1024, currentLeaderEpoch: -1 }]
      : [{ partition: noPartition, messages: [{ key: 'k', value: 'v', timestamp: Date.now() }] }];
  return action === 'fetch'
    ? broker.fetch({
        replicaId: -1,
        isolationLevel: 1,
        maxWaitTime: 10,
        topics: [{ topic: name, partitions }],
      })
    : broker.produce({ acks: -1, timeout: 5_000, topicData: [{ topic: name, partitions }] });
};

const typeOf = (error: unknown): string =>
  error instanceof Error && 'type' in error ? String(error.type) : 'UNKNOWN';

/** `done`, or the broker's own word for why not, for each try in turn. */
export const tryKafka = async (
  brokers: readonly string[],
  pair: Pair,
  tries: readonly KafkaTry[],
): Promise<string[]> => {
  const kafka = new kafkajs.Kafka({
    brokers: [...brokers],
    ssl: { ...pair },
    logLevel: kafkajs.logLevel.NOTHING,
    retry: { retries: 2 },
  });
  const cluster = clusterOf(kafka);
  await cluster.connect();
  const words: string[] = [];
  for (const one of tries) {
    const word = await ask(cluster.brokerPool.seedBroker, one).then(() => 'done', typeOf);
    words.push(one.action === 'produce' && word === noSuchPartition ? 'done' : word);
  }
  await cluster.disconnect();
  return words;
};
