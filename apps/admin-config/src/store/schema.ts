import type { ApiKeyId, GroupId, OrgId, UserId, Uuid } from '@lethe/contracts';
import {
  bigint,
  boolean,
  customType,
  integer,
  jsonb,
  pgSchema,
  primaryKey,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core';
import type { PermissionLevel } from '../domain/api-key.js';
import type { GroupRole, OrgRole } from '../domain/principal.js';
import type { GuardReason, ZdrEvidence } from '../domain/zdr.js';

// A mirror of migrations/*.sql for typed queries; schema.test.ts compares it with a migrated database.

const config = pgSchema('config');
const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' });
const moment = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });
const nano = (name: string) => bigint(name, { mode: 'bigint' });

export const configVersion = config.table('config_version', {
  singleton: boolean('singleton').primaryKey().default(true),
  version: bigint('version', { mode: 'bigint' }).notNull(),
});

export const organization = config.table('organization', {
  id: uuid('id').$type<OrgId>().primaryKey(),
  slug: text('slug').notNull(),
  name: text('name').notNull(),
  defaultLogging: boolean('default_logging').notNull().default(false),
  allowLoggingChange: boolean('allow_logging_change').notNull().default(true),
  zdrEnabledAt: moment('zdr_enabled_at'),
  zdrVersion: bigint('zdr_version', { mode: 'bigint' }),
  zdrKeysForcedOff: integer('zdr_keys_forced_off'),
  zdrEventId: uuid('zdr_event_id').$type<Uuid>(),
  zdrShredHistory: boolean('zdr_shred_history').notNull().default(false),
  zdrShreddedAt: moment('zdr_shredded_at'),
  zdrEvidence: jsonb('zdr_evidence').$type<ZdrEvidence>(),
  zdrEffectiveEventId: uuid('zdr_effective_event_id').$type<Uuid>(),
  zdrEffectiveAt: moment('zdr_effective_at'),
  userPseudonymKey: bytea('user_pseudonym_key').notNull(),
  createdAt: moment('created_at').notNull(),
  payloadPartBytesMax: integer('payload_part_bytes_max').notNull().default(32_768),
  payloadTotalBytesMax: integer('payload_total_bytes_max').notNull().default(262_144),
});

export const appUser = config.table('app_user', {
  id: uuid('id').$type<UserId>().primaryKey(),
  orgId: uuid('org_id').$type<OrgId>().notNull(),
  name: text('name').notNull(),
  role: text('role').$type<OrgRole>().notNull(),
  createdAt: moment('created_at').notNull(),
  removedAt: moment('removed_at'),
  email: text('email'),
});

export const auditSalt = config.table('audit_salt', {
  userId: uuid('user_id').$type<UserId>().primaryKey(),
  salt: bytea('salt').notNull(),
});

export const userGroup = config.table('user_group', {
  id: uuid('id').$type<GroupId>().primaryKey(),
  orgId: uuid('org_id').$type<OrgId>().notNull(),
  name: text('name').notNull(),
  monthlyLimitNano: nano('monthly_limit_nano').notNull().default(0n),
  createdAt: moment('created_at').notNull(),
});

export const groupMember = config.table(
  'group_member',
  {
    groupId: uuid('group_id').$type<GroupId>().notNull(),
    userId: uuid('user_id').$type<UserId>().notNull(),
    orgId: uuid('org_id').$type<OrgId>().notNull(),
    role: text('role').$type<GroupRole>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.groupId, table.userId] })],
);

export const apiKey = config.table('api_key', {
  id: uuid('id').$type<ApiKeyId>().primaryKey(),
  orgId: uuid('org_id').$type<OrgId>().notNull(),
  ownerUserId: uuid('owner_user_id').$type<UserId>().notNull(),
  groupId: uuid('group_id').$type<GroupId>(),
  name: text('name').notNull(),
  logging: boolean('logging').notNull(),
  debug: boolean('debug').notNull().default(false),
  labels: jsonb('labels').$type<Readonly<Record<string, string>>>().notNull().default({}),
  permissionManage: text('permission_manage').$type<PermissionLevel>().notNull().default('none'),
  permissionCompletions: text('permission_completions').$type<PermissionLevel>().notNull().default('write'),
  monthlyLimitNano: nano('monthly_limit_nano').notNull().default(0n),
  expiresAt: moment('expires_at'),
  revokedAt: moment('revoked_at'),
  createdAt: moment('created_at').notNull(),
});

export const apiKeySecret = config.table('api_key_secret', {
  sha256: bytea('sha256').primaryKey(),
  apiKeyId: uuid('api_key_id').$type<ApiKeyId>().notNull(),
  notAfter: moment('not_after'),
  createdAt: moment('created_at').notNull(),
});

export const managementToken = config.table('management_token', {
  id: uuid('id').$type<Uuid>().primaryKey(),
  userId: uuid('user_id').$type<UserId>().notNull(),
  name: text('name').notNull(),
  sha256: bytea('sha256').notNull(),
  createdAt: moment('created_at').notNull(),
  revokedAt: moment('revoked_at'),
});

export type FieldType = 'listed' | 'number' | 'boolean' | 'uuid';

export const registeredField = config.table('registered_field', {
  id: uuid('id').$type<Uuid>().primaryKey(),
  orgId: uuid('org_id').$type<OrgId>().notNull(),
  key: text('key').notNull(),
  type: text('type').$type<FieldType>().notNull(),
  listedValues: jsonb('listed_values').$type<readonly string[]>().notNull().default([]),
  createdAt: moment('created_at').notNull(),
});

export const transitKey = config.table('transit_key', {
  transitKeyId: uuid('transit_key_id').$type<Uuid>().primaryKey(),
  orgId: uuid('org_id').$type<OrgId>().notNull(),
  publicKey: bytea('public_key').notNull(),
  current: boolean('current').notNull(),
  configVersion: bigint('config_version', { mode: 'bigint' }).notNull(),
  createdAt: moment('created_at').notNull(),
});

export type OutboxDestination = 'audit' | 'accounting';
export type OutboxMethod = 'append' | 'open_org' | 'seal_org' | 'put_api_keys';
/** Why a destination will never take a row. */
export type OutboxRefusal = 'invalid_argument' | 'already_exists';

export const outbox = config.table(
  'outbox',
  {
    configVersion: bigint('config_version', { mode: 'bigint' }).notNull(),
    ordinal: integer('ordinal').notNull(),
    eventId: uuid('event_id').$type<Uuid>().notNull(),
    destination: text('destination').$type<OutboxDestination>().notNull(),
    method: text('method').$type<OutboxMethod>().notNull(),
    orgId: uuid('org_id').$type<OrgId>(),
    body: bytea('body').notNull(),
    createdAt: moment('created_at').notNull(),
    sentAt: moment('sent_at'),
    refusedCode: text('refused_code').$type<OutboxRefusal>(),
  },
  (table) => [primaryKey({ columns: [table.configVersion, table.ordinal] })],
);

export const zdrCensus = config.table('zdr_census', {
  singleton: boolean('singleton').primaryKey().default(true),
  hour: moment('hour').notNull(),
});

export const zdrTombstone = config.table('zdr_tombstone', {
  orgId: uuid('org_id').$type<OrgId>().primaryKey(),
  enabledAt: moment('enabled_at').notNull(),
  eventId: uuid('event_id').$type<Uuid>().notNull(),
  detectedAt: moment('detected_at').notNull(),
  shredHistory: boolean('shred_history').notNull().default(false),
});

export const zdrGuard = config.table('zdr_guard', {
  reason: text('reason').$type<GuardReason>().primaryKey(),
  seenVersion: bigint('seen_version', { mode: 'bigint' }).notNull(),
  raisedAt: moment('raised_at').notNull(),
});

export const routerLease = config.table(
  'router_lease',
  {
    routerId: text('router_id').notNull(),
    bootId: bytea('boot_id').notNull(),
    firstVersion: bigint('first_version', { mode: 'bigint' }).notNull(),
    grantedVersion: bigint('granted_version', { mode: 'bigint' }).notNull(),
    renewals: bigint('renewals', { mode: 'bigint' }).notNull(),
    lastNonce: bigint('last_nonce', { mode: 'bigint' }).notNull(),
    ackedVersion: bigint('acked_version', { mode: 'bigint' }).notNull().default(0n),
    released: boolean('released').notNull().default(false),
  },
  (table) => [primaryKey({ columns: [table.routerId, table.bootId] })],
);
