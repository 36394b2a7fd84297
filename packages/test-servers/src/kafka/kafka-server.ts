import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../ports/free-ports.js';
import { BrokerProcess } from './broker-process.js';
import { makeCertificates, type TestCertificates } from './certificates.js';
import { kafkaJars, onPath } from './jars.js';
import type { TcpProxy } from './tcp-proxy.js';

const startAttempts = 3;
/** Password of every user on the password port of a secure broker. */
const testPassword = 'only-for-tests';
const userNames = ['admin', 'router', 'accounting', 'audit', 'ops'];

/** Why there is no Kafka on this machine, in a few words. */
export interface Unavailable {
  readonly unavailable: string;
}

export interface KafkaServer {
  /** `127.0.0.1:port`, as clients want it; with a proxy, the proxy's. */
  readonly brokers: string[];
  /** The broker's own client port. */
  readonly port: number;
  /** Only on a secure broker: client certificates for admin, router, accounting, audit and ops, and the password port. */
  readonly secure?: { certificates: TestCertificates; passwordBrokers: string[]; password: string };
  /** SIGKILL, resolves when the process is gone. */
  kill(): Promise<void>;
  /** Starts again on the same data and ports; resolves when it answers. */
  restart(): Promise<void>;
  /** Stops the process where it stands, with its connections open; `thaw` lets it go on. */
  freeze(): void;
  thaw(): void;
  /** Ends the process and removes its data. */
  stop(): Promise<void>;
}

export interface KafkaOptions {
  /** The broker tells clients to come through this proxy, and the proxy is pointed at the broker. */
  readonly proxy?: TcpProxy;
  /** TLS with client certificates, passwords (SCRAM-SHA-512) on a second port, and access control that denies by default. */
  readonly secure?: boolean;
}

const unavailable = (reason: string): Unavailable => {
  if (process.env.CI === 'true') throw new Error(`Kafka is required in CI: ${reason}`);
  process.stderr.write(`\n*** NO KAFKA ON THIS MACHINE, its tests are skipped: ${reason} ***\n\n`);
  return { unavailable: reason };
};

/** undefined when a broker can be started here (fetches it if need be); otherwise says so loudly, and throws in CI. */
export const kafkaAvailability = async (): Promise<Unavailable | undefined> => {
  if (!onPath('java')) return unavailable('java is not installed');
  return (await kafkaJars()) === undefined ? unavailable('mvn is missing or could not fetch it') : undefined;
};

const startOnce = async (jars: string, options: KafkaOptions, folder: string): Promise<KafkaServer> => {
  const [clientPort = 0, passwordPort = 0, controllerPort = 0] = await freePorts(3);
  const certificates = options.secure ? makeCertificates(join(folder, 'certificates'), userNames) : undefined;
  const advertisedPort = options.proxy?.port ?? clientPort;
  options.proxy?.target(clientPort);
  const layout = {
    dataFolder: join(folder, 'data'),
    clientPort,
    passwordPort,
    controllerPort,
    advertisedPort,
  };
  const broker = new BrokerProcess({
    jars,
    folder,
    layout: certificates ? { ...layout, certificates } : layout,
    users: certificates ? userNames.map((name) => ({ name, password: testPassword })) : [],
  });
  await broker.format();
  await broker.start();
  return {
    brokers: [`127.0.0.1:${advertisedPort}`],
    port: clientPort,
    ...(certificates && {
      secure: { certificates, passwordBrokers: [`127.0.0.1:${passwordPort}`], password: testPassword },
    }),
    kill: () => broker.kill(),
    restart: async () => {
      await broker.kill();
      await broker.start();
    },
    freeze: () => broker.freeze(true),
    thaw: () => broker.freeze(false),
    stop: async () => {
      await broker.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

/** Starts a single real broker on free ports of 127.0.0.1 with its data in a temporary folder. */
export const startKafka = async (options: KafkaOptions = {}): Promise<KafkaServer | Unavailable> => {
  const missing = await kafkaAvailability();
  const jars = await kafkaJars();
  if (missing || jars === undefined) return missing ?? unavailable('its jars are missing');
  for (let attempt = 1; ; attempt += 1) {
    const folder = mkdtempSync(join(tmpdir(), 'lethe-kafka-'));
    try {
      return await startOnce(jars, options, folder);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      if (attempt === startAttempts) throw error;
    }
  }
};
