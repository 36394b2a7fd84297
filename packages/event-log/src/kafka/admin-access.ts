import { setTimeout as pause } from 'node:timers/promises';
import kafkajs, { type AclEntry, type AclFilter, type Admin } from 'kafkajs';
import type { KafkaLogConfig } from '../config.js';
import { EventLogError, topicNames } from '../port.js';
import { topicRules } from '../topics.js';
import { withAdmin } from './admin-client.js';

const { ALLOW, ANY: ANY_PERMISSION } = kafkajs.AclPermissionTypes;
const { READ, WRITE, ANY: ANY_OPERATION } = kafkajs.AclOperationTypes;
const { TOPIC, GROUP, ANY: ANY_RESOURCE } = kafkajs.AclResourceTypes;
const { LITERAL, PREFIXED, ANY: ANY_PATTERN } = kafkajs.ResourcePatternTypes;

type Access = Pick<AclEntry, 'operation' | 'resourceType' | 'resourceName' | 'resourcePatternType'>;

const topicsOf = (family: 'insight' | 'audit', operation: number): Access[] =>
  topicNames
    .filter((topic) => topicRules[topic].family === family)
    .map((resourceName) => ({ operation, resourceType: TOPIC, resourceName, resourcePatternType: LITERAL }));

const groups = (resourceName: string): Access => ({
  operation: READ,
  resourceType: GROUP,
  resourceName,
  resourcePatternType: PREFIXED,
});

/**
 * Who may do what. Nobody may join a group of another: that alone would keep the other from reading. `ops` reads the
 * audit topics in groups whose names begin with `ops` or `siem`.
 */
const accessOf: Readonly<Record<string, readonly Access[]>> = {
  router: topicsOf('insight', WRITE),
  accounting: [...topicsOf('insight', READ), groups('lethe-accounting')],
  audit: [...topicsOf('audit', WRITE), ...topicsOf('audit', READ), groups('lethe-audit')],
  ops: [...topicsOf('audit', READ), groups('ops'), groups('siem')],
};

const entries: readonly AclEntry[] = Object.entries(accessOf).flatMap(([principal, all]) =>
  all.map((access) => ({ principal: `User:${principal}`, host: '*', permissionType: ALLOW, ...access })),
);

const everything: AclFilter = {
  resourceType: ANY_RESOURCE,
  resourcePatternType: ANY_PATTERN,
  permissionType: ANY_PERMISSION,
  operation: ANY_OPERATION,
};

const keyOf = (entry: AclEntry): string =>
  [
    entry.principal,
    entry.host,
    entry.permissionType,
    entry.operation,
    entry.resourceType,
    entry.resourcePatternType,
    entry.resourceName,
  ].join(' ');
const ours: ReadonlySet<string> = new Set(entries.map(keyOf));

const thereAre = async (admin: Admin): Promise<string[]> => {
  const { resources } = await admin.describeAcls(everything);
  return resources.flatMap(({ acls, ...resource }) =>
    acls.map((acl) =>
      keyOf({
        ...acl,
        resourceType: resource.resourceType,
        resourceName: resource.resourceName,
        resourcePatternType: resource.resourcePatternType,
      }),
    ),
  );
};

export interface AccessResult {
  /** How many rights were given now. */
  readonly given: number;
  /** How many rights there are beside ours: each may let somebody read or write more. */
  readonly others: number;
}

const pollMs = 50;
const pollsMax = 200;

/**
 * Gives each principal its rights on topics and groups; those it has stay. Resolves once the broker applies them.
 * Rejects with EventLogError.
 */
export const grantAccess = (config: KafkaLogConfig): Promise<AccessResult> =>
  withAdmin(config, async (admin) => {
    const before = new Set(await thereAre(admin));
    const missing = entries.filter((entry) => !before.has(keyOf(entry)));
    if (missing.length > 0) await admin.createAcls({ acl: [...missing] });
    // The broker answers before it applies them.
    for (let polls = 0; polls < pollsMax; polls += 1) {
      const now = await thereAre(admin);
      if (entries.every((entry) => now.includes(keyOf(entry))))
        return { given: missing.length, others: now.filter((key) => !ours.has(key)).length };
      await pause(pollMs);
    }
    throw new EventLogError('timeout');
  });

export interface AccessState {
  /** Rights of ours that are not there. */
  readonly missing: number;
  /** Rights beside ours. */
  readonly others: number;
}

/** Looks at the rights and changes none. Rejects with EventLogError. */
export const checkAccess = (config: KafkaLogConfig): Promise<AccessState> =>
  withAdmin(config, async (admin) => {
    const now = await thereAre(admin);
    return {
      missing: entries.filter((entry) => !now.includes(keyOf(entry))).length,
      others: now.filter((key) => !ours.has(key)).length,
    };
  });
