import type { KafkaServer } from '@lethe/test-servers';
import kafkajs, { type AclEntry } from 'kafkajs';
import type { KafkaLogConfig } from '../config.js';
import { type TopicName, topicNames } from '../port.js';
import { topicRules } from '../topics.js';

type Secure = NonNullable<KafkaServer['secure']>;
export type Principal = 'admin' | 'router' | 'accounting' | 'audit' | 'ops';

const secureOf = (server: KafkaServer): Secure => {
  if (!server.secure) throw new Error('this test needs a secure broker');
  return server.secure;
};

/** A configuration with that principal's client certificate. */
export const certificateConfig = (server: KafkaServer, principal: Principal): KafkaLogConfig => {
  const { certificates } = secureOf(server);
  const own = certificates.clients[principal];
  if (!own) throw new Error('every principal has a certificate');
  return {
    kind: 'kafka',
    brokers: server.brokers,
    clientId: `lethe-${principal}`,
    tls: { ca: certificates.ca, ...own },
    sessionTimeoutMs: 6_000,
  };
};

/** A configuration with that principal's password. */
export const passwordConfig = (
  server: KafkaServer,
  principal: Principal,
  password?: string,
): KafkaLogConfig => {
  const secure = secureOf(server);
  return {
    kind: 'kafka',
    brokers: secure.passwordBrokers,
    clientId: `lethe-${principal}`,
    tls: { ca: secure.certificates.ca },
    sasl: { mechanism: 'scram-sha-512', username: principal, password: password ?? secure.password },
    sessionTimeoutMs: 6_000,
  };
};

const entry = (
  principal: Principal,
  operation: kafkajs.AclOperationTypes,
  resource: Pick<AclEntry, 'resourceType' | 'resourceName'>,
): AclEntry => ({
  principal: `User:${principal}`,
  host: '*',
  operation,
  permissionType: kafkajs.AclPermissionTypes.ALLOW,
  resourcePatternType: kafkajs.ResourcePatternTypes.LITERAL,
  ...resource,
});

const topicResource = (topic: TopicName) => ({
  resourceType: kafkajs.AclResourceTypes.TOPIC,
  resourceName: topic,
});
const anyGroup = { resourceType: kafkajs.AclResourceTypes.GROUP, resourceName: '*' };

const countAcls = async (admin: kafkajs.Admin): Promise<number> => {
  const { resources } = await admin.describeAcls({
    resourceType: kafkajs.AclResourceTypes.ANY,
    resourcePatternType: kafkajs.ResourcePatternTypes.ANY,
    permissionType: kafkajs.AclPermissionTypes.ANY,
    operation: kafkajs.AclOperationTypes.ANY,
  });
  return resources.reduce((sum, { acls }) => sum + acls.length, 0);
};

/** Gives the services their rights on the topics: router and audit write, accounting, audit and ops read. */
export const grantAccess = async (server: KafkaServer): Promise<void> => {
  const { READ, WRITE } = kafkajs.AclOperationTypes;
  const of = (family: 'insight' | 'audit') =>
    topicNames.filter((topic) => topicRules[topic].family === family);
  const acl = [
    ...of('insight').map((topic) => entry('router', WRITE, topicResource(topic))),
    ...of('insight').map((topic) => entry('accounting', READ, topicResource(topic))),
    ...of('audit').map((topic) => entry('audit', WRITE, topicResource(topic))),
    ...of('audit').map((topic) => entry('audit', READ, topicResource(topic))),
    ...of('audit').map((topic) => entry('ops', READ, topicResource(topic))),
    ...(['accounting', 'audit', 'ops'] as const).map((principal) => entry(principal, READ, anyGroup)),
  ];
  const { certificates } = secureOf(server);
  const admin = new kafkajs.Kafka({
    brokers: server.brokers,
    ssl: { ca: certificates.ca, ...certificates.clients.admin },
    logLevel: kafkajs.logLevel.NOTHING,
  }).admin();
  await admin.connect();
  try {
    await admin.createAcls({ acl });
    // The broker answers before it applies them.
    while ((await countAcls(admin)) < acl.length) await new Promise((resolve) => setTimeout(resolve, 50));
  } finally {
    await admin.disconnect();
  }
};
