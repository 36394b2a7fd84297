import type { SettingKinds } from './settings.js';

export const auditTargetKinds = [
  'organization',
  'api_key',
  'user',
  'group',
  'token',
  'field',
  'transit_key',
  'insight',
  'usage',
  'deployment',
  'router',
  'audit_log',
] as const;
export type AuditTargetKind = (typeof auditTargetKinds)[number];
export type AuditSource = 'admin-config' | 'accounting' | 'audit';

/** What one type of event says: its numbers, who writes it, what it is about, and the settings it may carry. */
export interface AuditEventTypeRow {
  /** 3004 Entity, 3006 Group, 3007 User Management; 6002 Application Lifecycle, 6003 API Activity. */
  readonly classUid: 3004 | 3006 | 3007 | 6002 | 6003;
  readonly activityId: number;
  /** Of a success, 1 when absent; a refusal is 2 at least. */
  readonly severityId?: number;
  readonly source: AuditSource;
  readonly targets: readonly AuditTargetKind[];
  readonly outcome: 'success' | 'refused' | 'either';
  /** Whether it belongs to an organization: always when absent. */
  readonly org?: 'optional' | 'none';
  readonly before?: SettingKinds;
  readonly after?: SettingKinds;
  /** Elastic Common Schema: event.category and event.type. */
  readonly ecs: readonly [
    category: 'configuration' | 'iam' | 'database' | 'intrusion_detection',
    type: string,
  ];
  /** When it is written; a sentence for the page. */
  readonly when: string;
  /** The type stands, and nothing writes it yet. */
  readonly awaitsProducer?: true;
  /** The activity and severity that events had before schema 1.1; such events are still valid. */
  readonly formerly?: { readonly activityId?: number; readonly severityId?: number };
}

const role = ['admin', 'member', 'auditor'] as const;
const orgPolicy = { default_logging: 'boolean', allow_logging_change: 'boolean' } as const;
const payloadLimits = { payload_part_bytes_max: 'count', payload_total_bytes_max: 'count' } as const;
const keySettings = {
  logging: 'boolean',
  debug: 'boolean',
  user_id: 'id',
  group_id: 'id_or_null',
  labels: 'count',
  monthly_limit_nano: 'digits',
  expires_at: 'time_or_null',
  name_changed: 'boolean',
} as const;
const range = { start: 'time', end: 'time' } as const;
const zdrPolicy = { zdr: 'boolean', ...orgPolicy } as const;
const fieldType = ['listed', 'number', 'boolean', 'uuid'] as const;
const fieldFacts = { key: 'bounded_name', type: fieldType, listed_values: 'count' } as const;
const rollback = {
  zdr: 'boolean',
  enabled_at: 'time',
  tombstone_event_id: 'id',
  config_version: 'digits',
} as const;

const ownOrg = { source: 'admin-config', targets: ['organization'], outcome: 'success' } as const;
const ownKey = { source: 'admin-config', targets: ['api_key'], outcome: 'success' } as const;
const ownUser = { source: 'admin-config', targets: ['user'], outcome: 'success' } as const;
const ownGroup = { source: 'admin-config', targets: ['group'], outcome: 'success' } as const;

const organizations = {
  'org.created': {
    ...ownOrg,
    ...{ classUid: 3004, activityId: 1, ecs: ['configuration', 'creation'] },
    after: { slug: 'bounded_name', ...orgPolicy },
    when: 'An operator created an organization.',
  },
  'org.updated': {
    ...ownOrg,
    ...{ classUid: 3004, activityId: 3, ecs: ['configuration', 'change'] },
    before: { ...orgPolicy, ...payloadLimits },
    after: { ...orgPolicy, ...payloadLimits, name_changed: 'boolean' },
    when: 'The name, the logging policy or the payload limits of an organization changed.',
  },
  'zdr.enabled': {
    ...ownOrg,
    ...{ classUid: 3004, activityId: 8, severityId: 3, ecs: ['configuration', 'change'] },
    before: zdrPolicy,
    after: { ...zdrPolicy, keys_forced_off: 'count', version: 'digits', shred_history: 'boolean' },
    when: 'Zero Data Retention was committed for an organization, for ever.',
    formerly: { severityId: 1 },
  },
  'zdr.effective': {
    ...ownOrg,
    ...{ classUid: 3004, activityId: 8, severityId: 3, ecs: ['configuration', 'change'] },
    after: {
      version: 'digits',
      enabled_event_id: 'id',
      routers_acknowledged: 'count',
      routers_lapsed: 'count',
      took_ms: 'count',
      evidence_sha256: 'sha256',
    },
    when: 'Every router acknowledged or had lost its lease, and accounting had closed its gate: from here on Zero Data Retention holds everywhere. The SHA-256 is that of the evidence, as canonical JSON.',
  },
  'zdr.repaired': {
    ...{ source: 'admin-config', targets: ['organization', 'deployment'], outcome: 'success' },
    org: 'optional',
    ...{ classUid: 3004, activityId: 8, severityId: 4, ecs: ['configuration', 'change'] },
    before: rollback,
    after: {
      ...zdrPolicy,
      keys_forced_off: 'count',
      version: 'digits',
      shred_history: 'boolean',
      organizations: 'count',
      config_version: 'digits',
    },
    when: 'An operator repaired a rolled back configuration: Zero Data Retention that the log remembers is on again for an organization; of the deployment: grants resume.',
  },
  'org.sealed': {
    ...{ source: 'accounting', targets: ['organization'], outcome: 'success' },
    ...{ classUid: 3004, activityId: 8, ecs: ['configuration', 'change'] },
    after: { sealed_version: 'digits' },
    when: 'Accounting closed its gate: it takes no payload of this organization any more.',
  },
  'org.shredded': {
    ...{ source: 'accounting', targets: ['organization'], outcome: 'success' },
    ...{ classUid: 3004, activityId: 99, severityId: 3, ecs: ['configuration', 'deletion'] },
    after: { keys_destroyed: 'count', payloads: 'count' },
    when: 'The keys of the payloads kept for an organization were destroyed: what they had closed cannot be opened any more.',
  },
  'field.registered': {
    ...{ source: 'admin-config', targets: ['field'], outcome: 'success' },
    ...{ classUid: 3004, activityId: 1, ecs: ['configuration', 'creation'] },
    after: fieldFacts,
    when: 'An organization registered a telemetry field of its own.',
  },
  'field.unregistered': {
    ...{ source: 'admin-config', targets: ['field'], outcome: 'success' },
    ...{ classUid: 3004, activityId: 4, ecs: ['configuration', 'deletion'] },
    before: fieldFacts,
    when: 'A telemetry field was taken back.',
  },
  'transit_key.registered': {
    ...{ source: 'admin-config', targets: ['transit_key'], outcome: 'success' },
    ...{ classUid: 3004, activityId: 1, ecs: ['configuration', 'creation'] },
    after: { version: 'digits' },
    when: 'Accounting registered the public half of a new transit key of an organization.',
  },
} as const satisfies Record<string, AuditEventTypeRow>;

const keys = {
  'logging.enabled': {
    ...{ source: 'admin-config', targets: ['api_key', 'organization'], outcome: 'success' },
    ...{ classUid: 3004, activityId: 8, ecs: ['configuration', 'change'] },
    before: { logging: 'boolean' },
    after: { logging: 'boolean' },
    when: 'An API key was set to log prompts and completions.',
  },
  'logging.disabled': {
    ...{ source: 'admin-config', targets: ['api_key', 'organization'], outcome: 'success' },
    ...{ classUid: 3004, activityId: 9, ecs: ['configuration', 'change'] },
    before: { logging: 'boolean' },
    after: { logging: 'boolean' },
    when: 'An API key was set to log no prompts and completions any more.',
  },
  'apikey.created': {
    ...ownKey,
    ...{ classUid: 3004, activityId: 1, ecs: ['iam', 'creation'] },
    after: keySettings,
    when: 'An API key was made.',
  },
  'apikey.imported': {
    ...ownKey,
    ...{ classUid: 3004, activityId: 1, ecs: ['iam', 'creation'] },
    after: keySettings,
    when: 'A key of another gateway was taken over by its SHA-256.',
  },
  'apikey.updated': {
    ...ownKey,
    ...{ classUid: 3004, activityId: 3, ecs: ['iam', 'change'] },
    before: keySettings,
    after: keySettings,
    when: 'Name, labels, limit, expiry or the debug flag of an API key changed.',
  },
  'apikey.rotated': {
    ...ownKey,
    ...{ classUid: 3004, activityId: 3, ecs: ['iam', 'change'] },
    after: { overlap_seconds: 'count' },
    when: 'An API key got a new secret; the old one stays valid for the overlap.',
  },
  'apikey.revoked': {
    ...ownKey,
    ...{ classUid: 3004, activityId: 4, ecs: ['iam', 'deletion'] },
    when: 'An API key was revoked, by itself or with the user it belonged to.',
  },
  'token.created': {
    ...{ source: 'admin-config', targets: ['token'], outcome: 'success' },
    ...{ classUid: 3004, activityId: 1, ecs: ['iam', 'creation'] },
    after: { user_id: 'id' },
    when: 'A management token was made for a user.',
  },
  'token.revoked': {
    ...{ source: 'admin-config', targets: ['token'], outcome: 'success' },
    ...{ classUid: 3004, activityId: 4, ecs: ['iam', 'deletion'] },
    before: { user_id: 'id' },
    when: 'A management token was revoked.',
  },
} as const satisfies Record<string, AuditEventTypeRow>;

const people = {
  'member.added': {
    ...ownUser,
    ...{ classUid: 3007, activityId: 1, ecs: ['iam', 'creation'] },
    after: { role },
    when: 'A person became a member of an organization.',
  },
  'member.role_assigned': {
    ...ownUser,
    ...{ classUid: 3007, activityId: 16, ecs: ['iam', 'change'] },
    before: { role },
    after: { role },
    when: 'A member got another role.',
  },
  'member.removed': {
    ...ownUser,
    ...{ classUid: 3007, activityId: 3, ecs: ['iam', 'deletion'] },
    before: { role },
    after: { tokens_revoked: 'count', api_keys_revoked: 'count' },
    when: 'A person left an organization: tokens and API keys stopped at once.',
    formerly: { activityId: 4 },
  },
  'member.erased': {
    ...ownUser,
    org: 'optional',
    ...{ classUid: 3007, activityId: 2, ecs: ['iam', 'deletion'] },
    after: { salt_deleted: 'boolean' },
    when: 'The salt of a person was deleted: no digest in the log can be connected with them any more.',
  },
  'group.created': {
    ...ownGroup,
    ...{ classUid: 3006, activityId: 6, ecs: ['iam', 'creation'] },
    when: 'A group was made.',
    formerly: { activityId: 1 },
  },
  'group.deleted': {
    ...ownGroup,
    ...{ classUid: 3006, activityId: 5, ecs: ['iam', 'deletion'] },
    before: { members: 'count', api_keys: 'count' },
    when: 'A group was deleted; its keys stay, without a group.',
    formerly: { activityId: 4 },
  },
  'group.member_added': {
    ...ownGroup,
    ...{ classUid: 3006, activityId: 3, ecs: ['iam', 'change'] },
    before: { role },
    after: { user_id: 'id', role },
    when: 'A member joined a group, or got another role in it.',
  },
  'group.member_removed': {
    ...ownGroup,
    ...{ classUid: 3006, activityId: 4, ecs: ['iam', 'change'] },
    before: { role },
    after: { user_id: 'id' },
    when: 'A member left a group.',
  },
} as const satisfies Record<string, AuditEventTypeRow>;

const attempts = {
  'change.refused': {
    ...{ source: 'admin-config', outcome: 'refused', org: 'optional' },
    targets: ['organization', 'api_key', 'user', 'group', 'token', 'field', 'transit_key', 'deployment'],
    ...{ classUid: 6003, activityId: 3, ecs: ['configuration', 'denied'] },
    before: { ...zdrPolicy, shred_history: 'boolean', ...payloadLimits, ...keySettings, role },
    after: {
      ...zdrPolicy,
      shred_history: 'boolean',
      restrict_models: 'boolean',
      ...payloadLimits,
      ...keySettings,
      role,
      overlap_seconds: 'count',
    },
    when: "Someone with a valid token tried a change that their role or a policy forbids, or a change of what is another organization's; what they wished stands in after.",
  },
  'payload.opened': {
    ...{ source: 'accounting', targets: ['insight'], outcome: 'either' },
    ...{ classUid: 6003, activityId: 2, ecs: ['database', 'access'] },
    after: { api_key_id: 'id', raw_request: 'boolean' },
    when: 'Someone opened the prompt and completion of one request, or its body as it was received, or asked for them as an auditor or as a member without a part in the key.',
  },
  'payload.exported': {
    ...{ source: 'accounting', targets: ['organization'], outcome: 'either' },
    ...{ classUid: 6003, activityId: 2, severityId: 3, ecs: ['database', 'access'] },
    after: { ...range, payloads: 'count', api_key_id: 'id' },
    awaitsProducer: true,
    when: 'Someone exported, or tried to export, prompts and completions.',
  },
  'usage.exported': {
    ...{ source: 'accounting', targets: ['usage'], outcome: 'either', org: 'optional' },
    ...{ classUid: 6003, activityId: 2, ecs: ['database', 'access'] },
    after: { ...range, resolution: ['hour', 'day', 'month'] },
    when: 'Someone exported, or tried to export, the usage of an organization.',
  },
  'audit.exported': {
    ...{ source: 'audit', targets: ['audit_log'], outcome: 'either', org: 'optional' },
    ...{ classUid: 6003, activityId: 2, ecs: ['database', 'access'] },
    after: { ...range, size: 'count', filters: 'count' },
    when: 'Someone exported, or tried to export, this log; size is that of the checkpoint it was made against.',
  },
} as const satisfies Record<string, AuditEventTypeRow>;

const watching = {
  'tripwire.raised': {
    ...{ source: 'accounting', targets: ['organization'], outcome: 'refused', org: 'optional' },
    ...{ classUid: 3004, activityId: 99, severityId: 4, ecs: ['intrusion_detection', 'denied'] },
    after: { records: 'count' },
    when: 'Payload reached accounting that should never have left a router. None of it was kept.',
  },
  'zdr.census': {
    ...{ source: 'admin-config', targets: ['deployment'], outcome: 'success', org: 'none' },
    ...{ classUid: 3004, activityId: 2, ecs: ['configuration', 'info'] },
    after: { organizations: 'count', organizations_sha256: 'sha256', config_version: 'digits' },
    when: 'Every hour, once: how many organizations have Zero Data Retention, and the SHA-256 over their ids as text, sorted, each followed by a line feed.',
  },
  'zdr.rollback_detected': {
    ...{ source: 'admin-config', targets: ['organization'], outcome: 'either' },
    ...{ classUid: 3004, activityId: 99, severityId: 5, ecs: ['intrusion_detection', 'info'] },
    before: rollback,
    after: rollback,
    when: 'The log remembers Zero Data Retention of an organization that the configuration has forgotten: a database was rolled back.',
  },
  'zdr.guard_raised': {
    ...{ source: 'admin-config', targets: ['deployment'], outcome: 'success', org: 'none' },
    ...{ classUid: 3004, activityId: 99, severityId: 5, ecs: ['intrusion_detection', 'info'] },
    after: {
      reason: ['anchors_ahead', 'database_behind', 'router_ahead', 'router_remembers', 'zdr_forgotten'],
      config_version: 'digits',
      seen_version: 'digits',
    },
    when: 'Something knows more than the configuration: it was rolled back. No router is granted a lease, and no payload is kept, until an operator repairs it.',
  },
  'router.preflight_reported': {
    ...{ source: 'admin-config', targets: ['router', 'deployment'], outcome: 'either', org: 'none' },
    ...{ classUid: 6002, activityId: 3, ecs: ['configuration', 'info'] },
    after: { routers: 'count', reports: 'count', checks: 'count', checks_failed: 'count', ...range },
    when: 'What routers found in their checks before they took traffic, counted together.',
  },
  'lease.lapsed': {
    ...{ source: 'admin-config', targets: ['router', 'deployment'], outcome: 'success', org: 'none' },
    ...{ classUid: 6002, activityId: 7, severityId: 2, ecs: ['configuration', 'info'] },
    after: { routers: 'count', lapses: 'count', config_version: 'digits', ...range },
    when: 'Routers were without a valid lease and kept no payload for that time, counted together.',
  },
} as const satisfies Record<string, AuditEventTypeRow>;

/** Every audit event there is. docs/audit-events.md and the JSON Schema of audit are made from this. */
export const auditEventTypes = { ...organizations, ...keys, ...people, ...attempts, ...watching } as const;

export type AuditEventType = keyof typeof auditEventTypes;

/** The row of a type, with everything that may be absent in it. */
export const auditEventTypeRow = (type: AuditEventType): AuditEventTypeRow => auditEventTypes[type];

/** OCSF severity of an event: of a refusal 2 (low), unless its type is an alarm. */
export const auditSeverityId = (type: AuditEventType, outcome: 'success' | 'refused'): number => {
  const own = auditEventTypeRow(type).severityId ?? 1;
  return outcome === 'refused' ? Math.max(own, 2) : own;
};
