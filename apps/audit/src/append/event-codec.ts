import { isUtf8 } from 'node:buffer';
import { z } from 'zod';
import { auditEventSchema, type WireAuditEvent } from './event-schema.js';

export type DecodeFailure = 'not_utf8' | 'not_json' | 'not_in_schema' | 'not_canonical';
/** `field` is a path of the schema's own names, never a name that came with the event. */
export type Decoded =
  | { readonly event: WireAuditEvent }
  | { readonly failure: DecodeFailure; readonly field?: string };

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Whether every object has its names in order, by UTF-16 code units: the order they were read in. */
const isSorted = (value: unknown): boolean => {
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.every(isSorted);
  let before: string | undefined;
  for (const [name, member] of Object.entries(value)) {
    if ((before !== undefined && before >= name) || !isSorted(member)) return false;
    before = name;
  }
  return true;
};

/**
 * Whether the text is the canonical form (RFC 8785) of the value it was read as, whose numbers and names the schema has
 * bounded: that is what JSON.stringify writes when the names are in order, but for lone surrogates, which it escapes.
 */
const isCanonical = (value: unknown, text: string): boolean =>
  isSorted(value) && JSON.stringify(value) === text && !text.includes('\\ud');

/**
 * Reads one event. The schema is checked before the canonical form: it is what bounds the nesting. Bytes that differ
 * in anything from the canonical form of what they say are refused, duplicate names with them.
 */
export const decodeAuditEvent = (bytes: Buffer): Decoded => {
  if (!isUtf8(bytes)) return { failure: 'not_utf8' };
  const text = bytes.toString('utf8');
  const value = parseJson(text);
  if (value === undefined) return { failure: 'not_json' };
  const parsed = auditEventSchema.safeParse(value);
  if (!parsed.success)
    return { failure: 'not_in_schema', field: parsed.error.issues[0]?.path.join('.') ?? '' };
  if (!isCanonical(value, text)) return { failure: 'not_canonical' };
  return { event: parsed.data };
};

/** The JSON value of an event that was stored, for an answer. It was canonical when it came, so it is again. */
export const storedEventJson = (body: Buffer): Record<string, unknown> => JSON.parse(body.toString('utf8'));

/** The organization that a stored event names as its own; undefined without one, or when it is no event any more. */
export const storedOrgId = (body: Buffer): string | undefined => {
  const value = parseJson(body.toString('utf8'));
  const key =
    typeof value === 'object' && value !== null && 'partitionkey' in value ? value.partitionkey : undefined;
  return typeof key === 'string' ? key : undefined;
};

/** What a stored event is found by, as its own bytes say it. */
export interface StoredFacts {
  readonly orgId: string | undefined;
  readonly type: string;
  readonly timeMs: number;
  readonly actorId: string;
  readonly targetKind: string;
  readonly targetId: string;
  readonly outcome: 'success' | 'refused';
}

/** The part of an event that facts are taken from; a body that somebody changed may be anything else. */
const storedShape = z.object({
  type: z.string(),
  partitionkey: z.string().optional(),
  data: z.object({
    status_id: z.literal([1, 2]),
    time: z.number(),
    actor: z.object({ user: z.object({ uid: z.string() }) }),
    entity: z.object({ type: z.string(), uid: z.string() }),
  }),
});

/** Undefined when the bytes are no event any more. */
export const storedFacts = (body: Buffer): StoredFacts | undefined => {
  const read = storedShape.safeParse(parseJson(body.toString('utf8')));
  if (!read.success) return undefined;
  const { type, partitionkey, data } = read.data;
  return {
    orgId: partitionkey,
    type: type.replace(/^ai\.lethe\.audit\.(.+)\.v1$/, '$1'),
    timeMs: data.time,
    actorId: data.actor.user.uid,
    targetKind: data.entity.type,
    targetId: data.entity.uid,
    outcome: data.status_id === 1 ? 'success' : 'refused',
  };
};
