/**
 * Every audit event there is, with its OCSF class and activity (docs/audit-events.md is to be generated from this).
 * 3004 Entity Management, 3006 Group Management, 3007 User Management, 6002 Application Lifecycle, 6003 API Activity.
 */
export const auditEventTypes = {
  'org.created': { classUid: 3004, activityId: 1 },
  'org.updated': { classUid: 3004, activityId: 3 },
  'zdr.enabled': { classUid: 3004, activityId: 8 },
  'logging.enabled': { classUid: 3004, activityId: 8 },
  'logging.disabled': { classUid: 3004, activityId: 9 },
  'apikey.created': { classUid: 3004, activityId: 1 },
  'apikey.imported': { classUid: 3004, activityId: 1 },
  'apikey.updated': { classUid: 3004, activityId: 3 },
  'apikey.rotated': { classUid: 3004, activityId: 3 },
  'apikey.revoked': { classUid: 3004, activityId: 4 },
  'token.created': { classUid: 3004, activityId: 1 },
  'token.revoked': { classUid: 3004, activityId: 4 },
  'member.added': { classUid: 3007, activityId: 1 },
  'member.role_assigned': { classUid: 3007, activityId: 16 },
  'member.removed': { classUid: 3007, activityId: 4 },
  'group.created': { classUid: 3006, activityId: 1 },
  'group.deleted': { classUid: 3006, activityId: 4 },
  'group.member_added': { classUid: 3006, activityId: 3 },
  'group.member_removed': { classUid: 3006, activityId: 4 },
  'field.registered': { classUid: 3004, activityId: 1 },
  'field.unregistered': { classUid: 3004, activityId: 4 },
  'transit_key.registered': { classUid: 3004, activityId: 1 },
  'change.refused': { classUid: 6003, activityId: 3 },
  'org.sealed': { classUid: 3004, activityId: 8 },
  'payload.opened': { classUid: 6003, activityId: 2 },
  'usage.exported': { classUid: 6003, activityId: 2 },
  'tripwire.raised': { classUid: 3004, activityId: 99 },
  'member.erased': { classUid: 3007, activityId: 2 },
  'zdr.census': { classUid: 3004, activityId: 2 },
  'zdr.rollback_detected': { classUid: 3004, activityId: 99 },
  'org.shredded': { classUid: 3004, activityId: 99 },
  'payload.exported': { classUid: 6003, activityId: 2 },
  'audit.exported': { classUid: 6003, activityId: 2 },
  'router.preflight_reported': { classUid: 6002, activityId: 3 },
  'lease.lapsed': { classUid: 6002, activityId: 7 },
} as const satisfies Record<string, { classUid: number; activityId: number }>;

export type AuditEventType = keyof typeof auditEventTypes;
