import { type CanonicalValue, canonicalJson } from '@lethe/contracts';
import { z } from 'zod';
import { auditEventSchema, type WireAuditEvent } from './event-schema.js';

export type DecodeFailure = 'not_utf8' | 'not_json' | 'not_in_schema' | 'not_canonical';
/** `field` is a path of the schema's own names, never a name that came with the event. */
export type Decoded =
  | { readonly event: WireAuditEvent }
  | { readonly failure: DecodeFailure; readonly field?: string };

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/**
 * Reads one event. The schema is checked before the canonical form: it is what bounds the nesting. Bytes that differ
 * in anything from the canonical form of what they say are refused, duplicate names with them.
 */
export const decodeAuditEvent = (bytes: Buffer): Decoded => {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return { failure: 'not_utf8' };
  }
  const value = parseJson(text);
  if (value === undefined) return { failure: 'not_json' };
  const parsed = auditEventSchema.safeParse(value);
  if (!parsed.success)
    return { failure: 'not_in_schema', field: parsed.error.issues[0]?.path.join('.') ?? '' };
  try {
    if (canonicalJson(value as CanonicalValue) !== text) return { failure: 'not_canonical' };
  } catch {
    return { failure: 'not_canonical' };
  }
  return { event: parsed.data };
};

/** The JSON value of an event that was stored, for an answer. It was canonical when it came, so it is again. */
export const storedEventJson = (body: Buffer): Record<string, unknown> => JSON.parse(body.toString('utf8'));

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
