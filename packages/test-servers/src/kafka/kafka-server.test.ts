import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import kafkajs from 'kafkajs';
import { type KafkaServer, kafkaAvailability, startKafka } from './kafka-server.js';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.js';

jest.setTimeout(240_000);

const started = async (options?: Parameters<typeof startKafka>[0]): Promise<KafkaServer> => {
  const server = await startKafka(options);
  if ('unavailable' in server) throw new Error(server.unavailable);
  return server;
};

const client = (brokers: string[]): kafkajs.Kafka =>
  new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING, retry: { retries: 2 } });

const topics = async (brokers: string[]): Promise<string[]> => {
  const admin = client(brokers).admin();
  await admin.connect();
  try {
    return await admin.listTopics();
  } finally {
    await admin.disconnect();
  }
};

// Skipped only where Java or Maven is missing, which kafkaAvailability says loudly and refuses in CI.
const withKafka = (await kafkaAvailability()) ? describe.skip : describe;

withKafka('startKafka', () => {
  let server: KafkaServer;
  let proxy: TcpProxy;
  beforeAll(async () => {
    proxy = await startTcpProxy();
    server = await started({ proxy });
  });
  afterAll(async () => {
    await server.stop();
    await proxy.stop();
  });

  it('is reached through the proxy and keeps its topics over a kill', async () => {
    const admin = client(server.brokers).admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: 'kept', numPartitions: 1 }], waitForLeaders: true });
    await admin.disconnect();
    await server.kill();
    await expect(topics(server.brokers)).rejects.toThrow();
    await server.restart();
    expect(await topics(server.brokers)).toContain('kept');
    expect(proxy.bytesFromClients()).toBeGreaterThan(0);
  });

  it('leaves no process that answers when stopped', async () => {
    const other = await started();
    expect(await topics(other.brokers)).toEqual([]);
    await other.stop();
    await expect(topics(other.brokers)).rejects.toThrow();
  });

  it('refuses to skip in CI', async () => {
    const { CI, PATH } = process.env;
    const said: string[] = [];
    const stderr = jest
      .spyOn(process.stderr, 'write')
      .mockImplementation((text) => said.push(String(text)) > 0);
    try {
      process.env.PATH = '/nowhere';
      process.env.CI = 'true';
      await expect(kafkaAvailability()).rejects.toThrow('required in CI');
      process.env.CI = 'false';
      expect(said).toEqual([]);
      expect(await kafkaAvailability()).toEqual({ unavailable: expect.any(String) });
      expect(said.join('')).toContain('NO KAFKA ON THIS MACHINE');
    } finally {
      stderr.mockRestore();
      process.env.PATH = PATH;
      if (CI === undefined) delete process.env.CI;
      else process.env.CI = CI;
    }
  });
});

withKafka('a secure broker', () => {
  it('takes client certificates and passwords, and nobody else', async () => {
    const server = await started({ secure: true });
    try {
      const { certificates, passwordBrokers, password } = server.secure ?? {};
      const admin = certificates?.clients.admin;
      if (!admin || !certificates || !passwordBrokers || !password)
        throw new Error('a secure broker has these');
      expect(existsSync(certificates.caFile)).toBe(true);
      const login = (ssl: object, sasl?: kafkajs.SASLOptions, brokers = server.brokers) =>
        new kafkajs.Kafka({
          brokers,
          ssl,
          ...(sasl && { sasl }),
          logLevel: kafkajs.logLevel.NOTHING,
          retry: { retries: 0 },
        }).admin();
      const byCertificate = login({ ca: certificates.ca, ...admin });
      await byCertificate.connect();
      expect(await byCertificate.listTopics()).toEqual([]);
      await byCertificate.disconnect();
      // A fresh object each time: kafkajs keeps what it learned from the first password in the object it was given.
      const sasl = (secret: string) =>
        ({ mechanism: 'scram-sha-512', username: 'admin', password: secret }) as const;
      const byPassword = login({ ca: certificates.ca }, sasl(password), passwordBrokers);
      await byPassword.connect();
      expect(await byPassword.listTopics()).toEqual([]);
      await byPassword.disconnect();
      await expect(login({ ca: certificates.ca }).connect()).rejects.toThrow();
      await expect(
        login({ ca: certificates.ca }, sasl('wrong'), passwordBrokers).connect(),
      ).rejects.toThrow();
    } finally {
      await server.stop();
    }
  });
});
