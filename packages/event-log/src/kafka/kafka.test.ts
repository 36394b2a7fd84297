import { describe, expect, it, jest } from '@jest/globals';
import { kafkaAvailability, startKafka } from '@lethe/test-servers';
import { describeEventLog, type EventLogHarness } from '../event-log.contract.js';
import { ensureTopics, openEventLogConsumer, openEventLogProducer } from '../index.js';
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

if (await kafkaAvailability()) {
  // kafkaAvailability has said why, loudly, and throws in CI.
  describe.skip('the event log on Kafka: no Kafka on this machine', () => {
    it('is skipped', () => expect(true).toBe(true));
  });
} else {
  describeEventLog({ name: 'Kafka', make, cannot: [] });
}
