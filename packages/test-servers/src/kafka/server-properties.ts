import type { TestCertificates } from './certificates.js';

export interface BrokerLayout {
  readonly dataFolder: string;
  /** Where clients connect: plain text, or TLS with client certificates when `certificates` is given. */
  readonly clientPort: number;
  /** Where clients connect with a password over TLS; used only with `certificates`. */
  readonly passwordPort: number;
  readonly controllerPort: number;
  /** What the broker tells clients to connect to, when that is a proxy. */
  readonly advertisedPort: number;
  readonly certificates?: TestCertificates;
}

const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;';

const plainListeners = (layout: BrokerLayout): Record<string, string> => ({
  listeners: `CLIENT://127.0.0.1:${layout.clientPort},CONTROLLER://127.0.0.1:${layout.controllerPort}`,
  'advertised.listeners': `CLIENT://127.0.0.1:${layout.advertisedPort}`,
  'listener.security.protocol.map': 'CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT',
});

const secureListeners = (layout: BrokerLayout, certificates: TestCertificates): Record<string, string> => ({
  listeners: `CLIENT://127.0.0.1:${layout.clientPort},PASSWORD://127.0.0.1:${layout.passwordPort},CONTROLLER://127.0.0.1:${layout.controllerPort}`,
  'advertised.listeners': `CLIENT://127.0.0.1:${layout.advertisedPort},PASSWORD://127.0.0.1:${layout.passwordPort}`,
  'listener.security.protocol.map': 'CLIENT:SSL,PASSWORD:SASL_SSL,CONTROLLER:SSL',
  'ssl.keystore.type': 'PEM',
  'ssl.keystore.location': certificates.brokerKeystoreFile,
  'ssl.truststore.type': 'PEM',
  'ssl.truststore.location': certificates.caFile,
  'listener.name.client.ssl.client.auth': 'required',
  'listener.name.controller.ssl.client.auth': 'required',
  'listener.name.password.ssl.client.auth': 'none',
  'listener.name.password.sasl.enabled.mechanisms': 'SCRAM-SHA-512',
  'listener.name.password.scram-sha-512.sasl.jaas.config': scram,
  'ssl.principal.mapping.rules': 'RULE:^CN=([^,]+).*$/$1/,DEFAULT',
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'allow.everyone.if.no.acl.found': 'false',
  'super.users': 'User:broker;User:admin',
});

/** The server.properties of one broker that is its own controller, small and quick to come back after a kill. */
export const serverProperties = (layout: BrokerLayout): string => {
  const settings: Record<string, string> = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${layout.controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'CLIENT',
    'log.dirs': layout.dataFolder,
    'auto.create.topics.enable': 'false',
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'share.coordinator.state.topic.num.partitions': '1',
    'group.initial.rebalance.delay.ms': '0',
    'num.network.threads': '2',
    'num.io.threads': '2',
    'log.cleaner.dedupe.buffer.size': '16777216',
    // A killed broker may register again only when its old session has ended: 9 s by default.
    'broker.session.timeout.ms': '2000',
    'broker.heartbeat.interval.ms': '500',
    ...(layout.certificates ? secureListeners(layout, layout.certificates) : plainListeners(layout)),
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
};
