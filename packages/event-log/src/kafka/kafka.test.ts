import { describe, jest } from '@jest/globals';
import { kafkaAvailability, startKafka } from '@lethe/test-servers';
import { describeEventLog, type EventLogHarness } from '../contract/event-log.contract.js';
import { publishUntilStored } from '../contract/reading.contract.js';
import { ensureTopics, openEventLogConsumer, openEventLogProducer, topicNames } from '../index.js';
import { certificateConfig, grantAccess, passwordConfig } from './kafka-access.contract.js';

jest.setTimeout(240_000);

const make = async (): Promise<EventLogHarness> => {
  const server = await startKafka({ secure: true });
  if ('unavailable' in server) throw new Error(server.unavailable);
  await ensureTopics(certificateConfig(server, 'admin'), { replicationFactor: 1 });
  await grantAccess(server);
  const producers = { insight: 'router', audit: 'audit' } as const;
  const consumers = { insight: 'accounting', audit: 'ops' } as const;
  const { certificates, password } = server.secure ?? {};
  // A topic that was just made has no leader for a moment.
  const first = await openEventLogProducer(certificateConfig(server, 'admin'));
  for (const topic of topicNames) {
    await publishUntilStored(first, topic, [{ key: Buffer.from('k'), value: Buffer.from('first') }]);
  }
  await first.close();
  return {
    producer: (family, options) =>
      openEventLogProducer(certificateConfig(server, producers[family]), options),
    consumer: (family) => openEventLogConsumer(passwordConfig(server, consumers[family])),
    stranger: () => openEventLogProducer(passwordConfig(server, 'router', 'wrong')),
    secrets: [password ?? '', certificates?.clients.router?.key.split('\n')[1] ?? ''],
    kill: () => server.kill(),
    restart: () => server.restart(),
    stop: () => server.stop(),
  };
};

// Skipped only where Java or Maven is missing, which kafkaAvailability says loudly and refuses in CI.
const withKafka = (await kafkaAvailability()) ? describe.skip : describe;

withKafka('with a secure broker', () => describeEventLog({ name: 'Kafka', make, cannot: [] }));
