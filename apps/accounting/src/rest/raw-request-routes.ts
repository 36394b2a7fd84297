import { z } from '@hono/zod-openapi';
import { type ErrorCode, type InsightId, isUuid } from '@lethe/contracts';
import { LetheError, type Logger } from '@lethe/service-kit';
import type { Context } from 'hono';
import { payloadOpenedEvent } from '../outbox/audit-events.js';
import type { QueuedEvent } from '../store/outbox-store.js';
import type { ReadableRawRequest, RequestStore } from '../store/request-store.js';
import type { OpenRawRequest, RawRequestRefusal } from '../vault/open-raw-request.js';
import type { Access } from './access.js';
import { documentedGet, type RestApp, refusals } from './documented.js';
import { refuseOnRecord } from './refuse-on-record.js';

const tagBytes = 16;
const pieceBytes = 64 * 1024;

export const rawHref = (insightId: InsightId): string => `/v1/requests/${insightId}/raw`;

/** The size of the body itself. */
export const rawBytesOf = ({ ciphertextBytes }: Pick<ReadableRawRequest, 'ciphertextBytes'>): number =>
  ciphertextBytes - tagBytes;

export interface RawRequestDeps {
  readonly authenticate: (c: Context) => Promise<Access>;
  readonly requests: RequestStore;
  /** undefined: this deployment keeps no raw requests. */
  readonly openRawRequest: OpenRawRequest | undefined;
  /** Resolves once the event is durable. */
  readonly queue: (event: QueuedEvent) => Promise<void>;
  readonly onRefused: (refusal: RawRequestRefusal) => void;
  readonly log: Logger;
}

const answers: Readonly<Record<RawRequestRefusal, ErrorCode>> = {
  object_missing: 'caller.not_found',
  object_length: 'caller.not_found',
  object_not_authentic: 'caller.not_found',
  store_away: 'gateway.unavailable',
  busy: 'gateway.overloaded',
};

/** Gives the body out piece by piece and overwrites it when the reader has it all, or has gone. */
const streamAndWipe = (body: Buffer): ReadableStream<Uint8Array> => {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= body.length) {
        body.fill(0);
        controller.close();
        return;
      }
      controller.enqueue(Uint8Array.prototype.slice.call(body, at, at + pieceBytes));
      at += pieceBytes;
    },
    cancel() {
      body.fill(0);
    },
  });
};

/** Opens the body; its audit event is durable before a byte is given out. Throws LetheError. */
const openOnRecord = async (
  deps: RawRequestDeps,
  access: Access,
  item: ReadableRawRequest,
): Promise<Buffer> => {
  if (deps.openRawRequest === undefined) throw new LetheError('caller.not_found');
  const opened = await deps.openRawRequest(item);
  if (!opened.ok) {
    deps.onRefused(opened.refusal);
    deps.log.warn('raw_request.refused', { insightId: item.insightId, code: opened.refusal });
    throw new LetheError(answers[opened.refusal]);
  }
  try {
    await deps.queue(payloadOpenedEvent(access, { ...item, rawRequest: true }));
  } catch (error) {
    opened.body.fill(0);
    throw error;
  }
  return opened.body;
};

/** GET /v1/requests/{request_id}/raw: the body as it was received. */
export const addRawRequestRoute = (app: RestApp, deps: RawRequestDeps): void => {
  documentedGet(
    app,
    {
      path: '/v1/requests/{request_id}/raw',
      summary: 'The body of one request as it was received, when there is one and the token may open it',
      request: { params: z.strictObject({ request_id: z.uuid() }) },
      responses: {
        200: {
          description: 'The body, byte for byte.',
          content: { 'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) } },
        },
        ...refusals,
      },
    },
    async (c) => {
      const access = await deps.authenticate(c);
      const insightId = c.req.param('request_id')?.toLowerCase();
      if (!isUuid(insightId)) throw new LetheError('caller.not_found');
      const found = await deps.requests.find(access.scope, insightId, access.mayOpenPayload);
      const code = found === undefined ? 'caller.not_found' : 'caller.forbidden';
      if (found === undefined || !access.mayOpenPayload) {
        await refuseOnRecord(deps, access, { insightId, code, rawRequest: true });
        throw new LetheError(code);
      }
      if (found.rawRequest === undefined) throw new LetheError('caller.not_found');
      const body = await openOnRecord(deps, access, found.rawRequest);
      return c.body(streamAndWipe(body), 200, {
        'content-type': 'application/octet-stream',
        'content-length': String(body.length),
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'content-disposition': 'attachment',
      });
    },
  );
};
