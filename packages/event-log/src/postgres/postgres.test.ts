import { jest } from '@jest/globals';
import { startTestPostgres } from '@lethe/test-servers';
import { describeEventLog, type EventLogHarness } from '../contract/event-log.contract.js';
import { openEventLogConsumer, openEventLogProducer } from '../index.js';
import { prepareDatabase } from './prepare-database.contract.js';

jest.setTimeout(180_000);

const roles = {
  insight: ['lethe_router_log', 'lethe_accounting_log'],
  audit: ['lethe_audit_log', 'lethe_ops_log'],
} as const;

const make = async (): Promise<EventLogHarness> => {
  const server = await startTestPostgres();
  const { urlOf, passwords } = await prepareDatabase(server);
  return {
    producer: (family, options) =>
      openEventLogProducer({ kind: 'postgres', url: urlOf(roles[family][0]) }, options),
    consumer: (family) =>
      openEventLogConsumer({ kind: 'postgres', url: urlOf(roles[family][1]), pollIntervalMs: 100 }),
    stranger: () => {
      const url = urlOf('lethe_router_log').replace(passwords[0] ?? '', 'wrong');
      return openEventLogProducer({ kind: 'postgres', url });
    },
    secrets: passwords,
    kill: () => server.kill(),
    restart: () => server.restart(),
    stop: () => server.stop(),
  };
};

describeEventLog({ name: 'Postgres', make, cannot: [] });
