import { z } from '@hono/zod-openapi';
import { type ApiKeyId, type InsightId, isModelName, isUuid, uuidBytes, uuidText } from '@lethe/contracts';
import { LetheError, type Logger } from '@lethe/service-kit';
import type { Context } from 'hono';
import { payloadOpenedEvent } from '../outbox/audit-events.js';
import type { QueuedEvent } from '../store/outbox-store.js';
import type { FoundRequest, RequestFilter, RequestStore } from '../store/request-store.js';
import type { OpenedPayload } from '../vault/open-payload.js';
import type { Access } from './access.js';
import { documentedGet, type RestApp, refusals } from './documented.js';
import { rawBytesOf, rawHref } from './raw-request-routes.js';
import { moment, readQuery } from './read-query.js';
import { refuseOnRecord } from './refuse-on-record.js';
import { telemetrySchema, toTelemetryJson } from './telemetry-json.js';

const limitDefault = 50;
const limitMax = 200;
const cursorPattern = /^[A-Za-z0-9_-]{22}$/;

const listQuery = z.strictObject({
  limit: z
    .string()
    .regex(/^[1-9]\d{0,2}$/)
    .transform(Number)
    .refine((limit) => limit <= limitMax)
    .optional()
    .openapi({ description: `1 to ${limitMax}, ${limitDefault} when absent.` }),
  cursor: z.string().regex(cursorPattern).optional(),
  key: z.uuid().optional().openapi({ description: 'Id of an API key.' }),
  model: z.string().refine(isModelName).optional().openapi({ description: 'Requested or used model.' }),
  from: moment.optional().openapi({ description: 'RFC 3339, included.' }),
  to: moment.optional().openapi({ description: 'RFC 3339, excluded.' }),
  status: z
    .string()
    .regex(/^([1-5]xx|[1-9]\d\d|0)$/)
    .optional()
    .openapi({ description: 'An HTTP status, a class such as 4xx, or 0: none was sent.' }),
});

const listSchema = z.strictObject({
  data: z.array(telemetrySchema),
  next_cursor: z.string().nullable(),
});

const requestSchema = z
  .strictObject({
    telemetry: telemetrySchema,
    payload: z
      .strictObject({
        messages: z.array(z.unknown()),
        choices: z.array(z.unknown()),
        tools: z.array(z.unknown()),
        truncated: z.boolean(),
      })
      .nullable(),
    raw_request: z
      .strictObject({ bytes: z.number().int().nonnegative(), href: z.string() })
      .nullable()
      .openapi({ description: 'The body as it was received: its size, and where to read it.' }),
  })
  .openapi('Request');

const toStatus = (text: string): { readonly min: number; readonly max: number } => {
  if (!text.endsWith('xx')) return { min: Number(text), max: Number(text) };
  const first = Number(text.charAt(0)) * 100;
  return { min: first, max: first + 99 };
};

const toCursor = (id: string): string => uuidBytes(id as InsightId).toString('base64url');
const fromCursor = (cursor: string): InsightId => {
  const id = uuidText(Buffer.from(cursor, 'base64url'));
  if (id === undefined) throw new LetheError('caller.invalid_value', 'cursor');
  return id;
};

const toFilter = (query: z.infer<typeof listQuery>): RequestFilter => ({
  apiKeyId: query.key as ApiKeyId | undefined,
  model: query.model,
  fromMs: query.from,
  toMs: query.to,
  status: query.status === undefined ? undefined : toStatus(query.status),
  before: query.cursor === undefined ? undefined : fromCursor(query.cursor),
});

export interface RequestsDeps {
  readonly authenticate: (c: Context) => Promise<Access>;
  readonly requests: RequestStore;
  readonly openPayload: (item: NonNullable<FoundRequest['payload']>) => OpenedPayload | undefined;
  /** Resolves once the event is durable. */
  readonly queue: (event: QueuedEvent) => Promise<void>;
  readonly log: Logger;
}

/** Opens the payload; its audit event is durable before this returns, so nothing is shown that is not on record. */
const openOnRecord = async (
  deps: RequestsDeps,
  access: Access,
  found: FoundRequest,
): Promise<OpenedPayload | null> => {
  if (found.payload === undefined) return null;
  const opened = deps.openPayload(found.payload);
  if (opened === undefined) {
    deps.log.warn('payload.unreadable', { insightId: found.payload.insightId });
    return null;
  }
  await deps.queue(payloadOpenedEvent(access, found.payload));
  return opened;
};

/** GET /v1/requests and /v1/requests/{request_id}. */
export const addRequestsRoutes = (app: RestApp, deps: RequestsDeps): void => {
  documentedGet(
    app,
    {
      path: '/v1/requests',
      summary: 'Requests, newest first',
      request: { query: listQuery },
      responses: {
        200: { description: 'Telemetry.', content: { 'application/json': { schema: listSchema } } },
        ...refusals,
      },
    },
    async (c) => {
      const { scope } = await deps.authenticate(c);
      const query = readQuery(c, listQuery);
      const limit = query.limit ?? limitDefault;
      const rows = await deps.requests.list(scope, toFilter(query), limit + 1);
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      const more = rows.length > limit && last !== undefined;
      return c.json({
        data: page.map(toTelemetryJson),
        next_cursor: more ? toCursor(last.insightId) : null,
      } satisfies z.infer<typeof listSchema>);
    },
  );
  documentedGet(
    app,
    {
      path: '/v1/requests/{request_id}',
      summary: 'One request with its payload, when there is one and the token may open it',
      request: { params: z.strictObject({ request_id: z.uuid() }) },
      responses: {
        200: { description: 'The request.', content: { 'application/json': { schema: requestSchema } } },
        ...refusals,
      },
    },
    async (c) => {
      const access = await deps.authenticate(c);
      const insightId = c.req.param('request_id')?.toLowerCase();
      if (!isUuid(insightId)) throw new LetheError('caller.not_found');
      const found = await deps.requests.find(access.scope, insightId, access.mayOpenPayload);
      if (found === undefined) {
        await refuseOnRecord(deps, access, { insightId, code: 'caller.not_found' });
        throw new LetheError('caller.not_found');
      }
      if (!access.mayOpenPayload) await refuseOnRecord(deps, access, { insightId, code: 'caller.forbidden' });
      const payload = await openOnRecord(deps, access, found);
      const { rawRequest } = found;
      return c.json({
        telemetry: toTelemetryJson(found.event),
        payload,
        raw_request:
          rawRequest === undefined ? null : { bytes: rawBytesOf(rawRequest), href: rawHref(insightId) },
      });
    },
  );
};
