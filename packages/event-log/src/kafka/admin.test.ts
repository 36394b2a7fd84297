import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type KafkaServer, kafkaAvailability, startKafka } from '@lethe/test-servers';
import kafkajs from 'kafkajs';
import { publishUntilStored } from '../contract/reading.contract.js';
import { checkTopics, ensureTopics, grantAccess, openEventLogProducer } from '../index.js';
import { withAdmin } from './admin-client.js';
import { certificateConfig, type Principal } from './kafka-access.contract.js';

jest.setTimeout(240_000);

const options = { replicationFactor: 1 };
const records = [{ key: Buffer.from('k'), value: Buffer.from('v') }];

// Skipped only where Java or Maven is missing, which kafkaAvailability says loudly and refuses in CI.
const withKafka = (await kafkaAvailability()) ? describe.skip : describe;

withKafka('the administration of a secure broker', () => {
  let server: KafkaServer;
  beforeAll(async () => {
    const started = await startKafka({ secure: true });
    if ('unavailable' in started) throw new Error(started.unavailable);
    server = started;
    await ensureTopics(certificateConfig(server, 'admin'), options);
  });
  afterAll(() => server?.stop());
  const admin = () => certificateConfig(server, 'admin');

  it('finds what it made itself in order', async () => {
    expect(await checkTopics(admin(), options)).toEqual([]);
  });

  it('names each setting that is wrong, and what it must be', async () => {
    const set = (name: string, value: string) =>
      withAdmin(admin(), (client) =>
        client.alterConfigs({
          validateOnly: false,
          resources: [
            {
              type: kafkajs.ConfigResourceTypes.TOPIC,
              name: 'lethe.audit.events.v1',
              configEntries: [{ name, value }],
            },
          ],
        }),
      );
    await set('cleanup.policy', 'compact');
    let flaws = await checkTopics(admin(), options);
    // What was altered may be told late.
    for (let asked = 0; asked < 50 && flaws.length === 0; asked += 1)
      flaws = await checkTopics(admin(), options);
    expect(flaws).toContainEqual({
      topic: 'lethe.audit.events.v1',
      setting: 'cleanup.policy',
      wanted: 'delete',
    });
    const more = await checkTopics(admin(), { ...options, insightPartitions: 5 });
    expect(more).toContainEqual({ topic: 'lethe.insight.telemetry.v1', setting: 'partitions', wanted: '5' });
  });

  it('gives each principal its rights once, and counts those of others', async () => {
    expect(await grantAccess(admin())).toEqual({ given: 14, others: 0 });
    expect(await grantAccess(admin())).toEqual({ given: 0, others: 0 });
    await withAdmin(admin(), (client) =>
      client.createAcls({
        acl: [
          {
            principal: 'User:router',
            host: '*',
            operation: kafkajs.AclOperationTypes.READ,
            permissionType: kafkajs.AclPermissionTypes.ALLOW,
            resourceType: kafkajs.AclResourceTypes.TOPIC,
            resourceName: 'lethe.insight.payload.v1',
            resourcePatternType: kafkajs.ResourcePatternTypes.LITERAL,
          },
        ],
      }),
    );
    let others = 0;
    for (let asked = 0; asked < 50 && others === 0; asked += 1) ({ others } = await grantAccess(admin()));
    expect(others).toBe(1);
  });

  it.each([
    ['accounting', 'lethe.insight.telemetry.v1'],
    ['ops', 'lethe.audit.events.v1'],
  ])('lets %s not write to %s', async (principal, topic) => {
    const producer = await openEventLogProducer(certificateConfig(server, principal as Principal));
    await expect(producer.publish(topic as 'lethe.audit.events.v1', records)).rejects.toMatchObject({
      code: 'denied',
    });
    await producer.close();
  });

  it('lets router write insights, and ops join no group of accounting', async () => {
    const producer = await openEventLogProducer(certificateConfig(server, 'router'));
    await publishUntilStored(producer, 'lethe.insight.telemetry.v1', records);
    await producer.close();
    const offsetsOf = (groupId: string) =>
      withAdmin(certificateConfig(server, 'ops'), (client) =>
        client.fetchOffsets({ groupId, topics: ['lethe.audit.events.v1'] }),
      );
    // The control, a group of its own, first: a new broker makes its topic of groups only when it is asked for one.
    let own: unknown;
    for (let asked = 0; asked < 20 && own === undefined; asked += 1)
      own = await offsetsOf('ops-siem').catch(() => undefined);
    expect(own).toHaveLength(1);
    await expect(offsetsOf('lethe-accounting-telemetry')).rejects.toMatchObject({ name: 'EventLogError' });
  });
});
