import type { z } from '@hono/zod-openapi';
import type { AuditEventType } from '@lethe/contracts';
import type { Caller, OrgRef } from '../domain/principal.js';

/** Whose credential a call needs. */
export type Access = 'management' | 'operator' | 'api_key';

/** What a handler gets: values, never the web framework's context. */
export interface Call<B, Q> {
  readonly caller: Caller;
  /** The caller's own organization; for the operator the one the path names. */
  readonly org: OrgRef;
  /** SHA-256 of the credential that was sent. */
  readonly credentialSha256: Buffer;
  readonly body: B;
  readonly query: Q;
  /** A parameter of the path, as sent. */
  readonly params: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  /** Absent: an answer without a body. */
  readonly body?: unknown;
}

interface EndpointBase {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  readonly path: string;
  readonly summary: string;
  readonly access: Access;
  /** The audit event that a success leaves; every route that changes something names one. */
  readonly event?: AuditEventType;
  /** The schema of each successful status; null: no body. */
  readonly answers: Readonly<Record<number, z.ZodType | null>>;
  /** Statuses of errors besides those every endpoint has. */
  readonly errors: readonly number[];
  /** A body that may be left out counts as `{}`. */
  readonly bodyOptional?: boolean;
}

/** One route: its description and its handler, kept together so that neither is without the other. */
export interface Endpoint extends EndpointBase {
  readonly body: z.ZodType | undefined;
  readonly query: z.ZodObject | undefined;
  readonly handle: (call: Call<unknown, unknown>) => Promise<Answer>;
}

/** Types a handler by its schemas. The values it gets have passed them. */
export const endpoint = <B extends z.ZodType = z.ZodUndefined, Q extends z.ZodObject = z.ZodObject>(
  spec: EndpointBase & {
    readonly body?: B;
    readonly query?: Q;
    readonly handle: (call: Call<z.infer<B>, z.infer<Q>>) => Promise<Answer>;
  },
): Endpoint => ({
  ...spec,
  body: spec.body,
  query: spec.query,
  handle: (call) => spec.handle(call as Call<z.infer<B>, z.infer<Q>>),
});
