import { OpenAPIHono, type z } from '@hono/zod-openapi';
import { LetheError, type Logger, type Registry, withHouseRoutes } from '@lethe/service-kit';
import type { BlankEnv } from 'hono/types';
import { storedEventJson } from '../append/event-codec.js';
import { auditEventJsonSchema } from '../append/event-schema.js';
import type { AuditDatabase, Reader } from '../store/database.js';
import { type EventFilter, findEvent, listEvents, type StoredEvent } from '../store/read-events.js';
import { StoreError } from '../store/store-error.js';
import { decodeCursor, encodeCursor } from './cursor.js';
import type { ReaderOf } from './reader.js';
import { eventRoute, type listQuery, listRoute, proofRoute, schemaRoute } from './routes.js';

interface AuditApiOptions {
  readonly database: AuditDatabase;
  readonly readerOf: ReaderOf;
  readonly ready: () => Promise<boolean>;
  readonly registry: Registry;
  readonly log: Logger;
}

const parameterName = /^[a-z_]{1,32}$/;

const filterOf = (query: z.infer<typeof listQuery>): EventFilter => {
  const slash = query.target?.indexOf('/') ?? -1;
  return {
    from: query.from === undefined ? undefined : new Date(query.from),
    to: query.to === undefined ? undefined : new Date(query.to),
    eventType: query.type?.replace(/^ai\.lethe\.audit\.(.+)\.v1$/, '$1'),
    actorId: query.actor,
    targetKind: slash < 0 ? undefined : query.target?.slice(0, slash),
    targetId: query.target?.slice(slash + 1),
    outcome: query.outcome,
    beforeIndex: query.cursor === undefined ? undefined : decodeCursor(query.cursor),
  };
};

const placed = ({ index, body }: StoredEvent) => ({ index, event: storedEventJson(body) });

/** A store that failed is a service that is away; what it said stays behind. */
const fromStore = async <T>(work: Promise<T>, log: Logger): Promise<T> => {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    log.error('read.failed', error);
    throw new LetheError('gateway.unavailable');
  }
};

/** The REST face: reading for those who may, by organization; nothing here writes. */
export const createAuditApi = ({
  database,
  readerOf,
  ready,
  registry,
  log,
}: AuditApiOptions): OpenAPIHono<BlankEnv> => {
  const api = withHouseRoutes(
    new OpenAPIHono<BlankEnv>({
      defaultHook: (result) => {
        if (result.success) return;
        const name = result.error.issues[0]?.path[0];
        throw new LetheError(
          'caller.invalid_value',
          typeof name === 'string' && parameterName.test(name) ? name : null,
        );
      },
    }),
    { origin: 'audit', log, metrics: registry, ready },
  );
  const find = async (reader: Reader, eventId: string): Promise<StoredEvent> => {
    const found = await fromStore(findEvent(database, reader, eventId), log);
    if (found === undefined) throw new LetheError('caller.not_found');
    return found;
  };
  api.openAPIRegistry.registerComponent('securitySchemes', 'managementToken', {
    type: 'http',
    scheme: 'bearer',
  });
  api.openapi(listRoute, async (c) => {
    const reader = await readerOf(c.req.header('authorization'));
    const query = c.req.valid('query');
    const rows = await fromStore(listEvents(database, reader, filterOf(query), query.limit + 1), log);
    const page = rows.slice(0, query.limit);
    const last = rows.length > query.limit ? page.at(-1) : undefined;
    return c.json(
      { data: page.map(placed), next_cursor: last === undefined ? null : encodeCursor(last.index) },
      200,
    );
  });
  api.openapi(eventRoute, async (c) => {
    const reader = await readerOf(c.req.header('authorization'));
    return c.json(placed(await find(reader, c.req.valid('param').event_id)), 200);
  });
  api.openapi(proofRoute, async (c) => {
    const reader = await readerOf(c.req.header('authorization'));
    await find(reader, c.req.valid('param').event_id);
    throw new LetheError('gateway.not_implemented');
  });
  api.openapi(schemaRoute, (c) => c.json({ ...auditEventJsonSchema() }, 200));
  api.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: { title: 'Lethe audit', version: 'v1', description: 'Reading the audit log' },
  });
  return api;
};
