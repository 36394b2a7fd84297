import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { GuardedSockets } from '@lethe/service-kit';
import kafkajs, { type ISocketFactoryArgs, type KafkaConfig, type RetryOptions } from 'kafkajs';
import type { KafkaLogConfig } from '../config.js';
import { correctIdleTimer } from './idle-timer.js';

const connectionTimeoutMs = 3_000;
const requestTimeoutMs = 10_000;
const keepAliveMs = 30_000;

const openSocket = (sockets: GuardedSockets, { host, port, ssl, onConnect }: ISocketFactoryArgs): Socket => {
  const tcp = connect({ host, port });
  tcp.setNoDelay(true);
  tcp.setKeepAlive(true, keepAliveMs);
  if (!ssl) {
    tcp.once('connect', onConnect);
    return sockets.adopt(tcp, tcp);
  }
  // Our own TCP socket below, because a TLS socket cannot be reset.
  const name = isIP(host) ? {} : { servername: host };
  return sockets.adopt(connectTls({ ...ssl, ...name, socket: tcp }, onConnect), tcp);
};

const tlsOptions = ({
  ca,
  cert,
  key,
}: NonNullable<KafkaLogConfig['tls']>): NonNullable<KafkaConfig['ssl']> => ({
  ...(ca !== undefined && { ca }),
  ...(cert !== undefined && { cert }),
  ...(key !== undefined && { key }),
});

/** A kafkajs client that says nothing and connects through `sockets` only. */
export const kafkaClient = (
  config: KafkaLogConfig,
  sockets: GuardedSockets,
  retry: RetryOptions,
): kafkajs.Kafka => {
  correctIdleTimer();
  return new kafkajs.Kafka({
    brokers: [...config.brokers],
    clientId: config.clientId,
    ...(config.tls && { ssl: tlsOptions(config.tls) }),
    // A fresh object: kafkajs stores what it derived from the password in the one it is given.
    ...(config.sasl && { sasl: { ...config.sasl } as NonNullable<KafkaConfig['sasl']> }),
    connectionTimeout: connectionTimeoutMs,
    requestTimeout: requestTimeoutMs,
    enforceRequestTimeout: true,
    retry,
    socketFactory: (args) => openSocket(sockets, args),
    // Its log lines hold broker text, and whole buffers when an environment variable says so: none is passed on.
    logCreator: () => () => undefined,
    logLevel: kafkajs.logLevel.NOTHING,
  });
};
