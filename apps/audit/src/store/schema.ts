import {
  bigint,
  boolean,
  customType,
  integer,
  pgSchema,
  primaryKey,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core';

const bytea = customType<{ data: Buffer; driverData: Buffer }>({ dataType: () => 'bytea' });

export const auditSchema = pgSchema('audit');

/** An event as it arrived; the columns beside the body repeat parts of it, so that it can be found. */
export const event = auditSchema.table('event', {
  eventId: uuid('event_id').primaryKey(),
  orgId: uuid('org_id'),
  body: bytea('body').notNull(),
  eventType: text('event_type').notNull(),
  eventTime: timestamp('event_time', { withTimezone: true }).notNull(),
  actorId: text('actor_id').notNull(),
  targetKind: text('target_kind').notNull(),
  targetId: text('target_id').notNull(),
  outcome: text('outcome', { enum: ['success', 'refused'] }).notNull(),
  receivedAt: timestamp('received_at', { withTimezone: true }).notNull(),
});

/** The place of an event in the log. */
export const leaf = auditSchema.table('leaf', {
  idx: bigint('idx', { mode: 'number' }).primaryKey(),
  eventId: uuid('event_id').notNull(),
  orgId: uuid('org_id'),
  leafHash: bytea('leaf_hash').notNull(),
});

/** The complete subtrees above the leaves. */
export const node = auditSchema.table(
  'node',
  {
    level: integer('level').notNull(),
    n: bigint('n', { mode: 'number' }).notNull(),
    hash: bytea('hash').notNull(),
  },
  (table) => [primaryKey({ columns: [table.level, table.n] })],
);

/** What was signed: one note a batch. */
export const checkpoint = auditSchema.table('checkpoint', {
  size: bigint('size', { mode: 'number' }).primaryKey(),
  root: bytea('root').notNull(),
  note: text('note').notNull(),
  signedAt: timestamp('signed_at', { withTimezone: true }).notNull(),
});

/** Verified signature lines of witnesses. */
export const cosignature = auditSchema.table(
  'cosignature',
  {
    size: bigint('size', { mode: 'number' }).notNull(),
    witness: text('witness').notNull(),
    line: text('line').notNull(),
  },
  (table) => [primaryKey({ columns: [table.size, table.witness] })],
);

export const state = auditSchema.table('state', {
  one: boolean('one').primaryKey(),
  size: bigint('size', { mode: 'number' }).notNull(),
  root: bytea('root').notNull(),
});

export const publishState = auditSchema.table('publish_state', {
  one: boolean('one').primaryKey(),
  nextIdx: bigint('next_idx', { mode: 'number' }).notNull(),
  checkpointSize: bigint('checkpoint_size', { mode: 'number' }).notNull(),
});
