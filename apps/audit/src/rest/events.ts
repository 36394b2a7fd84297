import type { OpenAPIHono } from '@hono/zod-openapi';
import { LetheError, type Logger } from '@lethe/service-kit';
import type { BlankEnv } from 'hono/types';
import { storedEventJson } from '../append/event-codec.js';
import type { LogReader } from '../log/log-reader.js';
import type { AuditDatabase, Reader } from '../store/database.js';
import { listEvents, type StoredEvent } from '../store/read-events.js';
import { decodeCursor, encodeCursor } from './cursor.js';
import { filterOf } from './event-filter.js';
import { fromStore } from './from-store.js';
import { type AccessOf, readerOf } from './reader.js';
import { eventRoute, listRoute, proofRoute } from './routes.js';

interface EventsOptions {
  readonly database: AuditDatabase;
  readonly logReader: LogReader;
  readonly accessOf: AccessOf;
  readonly log: Logger;
}

const placed = ({ index, body }: StoredEvent) => ({ index, event: storedEventJson(body) });

/** Reading events: a list, one, the proof of one. What is not released yet is not there yet. */
export const addEvents = (
  api: OpenAPIHono<BlankEnv>,
  { database, logReader, accessOf, log }: EventsOptions,
): void => {
  const findOrRefuse = async (reader: Reader, eventId: string) => {
    const event = await fromStore(logReader.eventOf(reader, eventId), log);
    if (event === undefined) throw new LetheError('caller.not_found');
    return event;
  };

  api.openapi(listRoute, async (c) => {
    const reader = readerOf(await accessOf(c));
    const query = c.req.valid('query');
    const cursor = query.cursor === undefined ? Number.MAX_SAFE_INTEGER : decodeCursor(query.cursor);
    const { size } = await fromStore(logReader.newestCheckpoint(), log);
    const filter = { ...filterOf(query), beforeIndex: Math.min(cursor, size) };
    const rows = await fromStore(listEvents(database, reader, filter, query.limit + 1), log);
    const page = rows.slice(0, query.limit);
    const last = rows.length > query.limit ? page.at(-1) : undefined;
    return c.json(
      { data: page.map(placed), next_cursor: last === undefined ? null : encodeCursor(last.index) },
      200,
    );
  });

  api.openapi(eventRoute, async (c) => {
    const reader = readerOf(await accessOf(c));
    return c.json(placed(await findOrRefuse(reader, c.req.valid('param').event_id)), 200);
  });

  api.openapi(proofRoute, async (c) => {
    const reader = readerOf(await accessOf(c));
    const { proof } = await findOrRefuse(reader, c.req.valid('param').event_id);
    return c.text(proof, 200);
  });
};
