import { createRoute, type RouteConfig, z } from '@hono/zod-openapi';
import { auditTargetKinds } from '@lethe/contracts';
import { cloudEventType, typeNames } from '../append/event-schema.js';
import { refusals, refused, security } from './refusals.js';

const identifier = z.string().regex(/^[A-Za-z0-9._:-]{1,128}$/);

const filters = {
  from: z.iso.datetime({ offset: true }).optional().openapi({ description: 'First moment, included' }),
  to: z.iso.datetime({ offset: true }).optional().openapi({ description: 'Last moment, excluded' }),
  type: z
    .enum([...typeNames, ...typeNames.map(cloudEventType)])
    .optional()
    .openapi({ description: 'A type of event, short (zdr.enabled) or as it stands in the event' }),
  actor: identifier.optional().openapi({ description: 'Id of the user, token or service that acted' }),
  target: z
    .union([
      identifier,
      z.string().regex(new RegExp(`^(?:${auditTargetKinds.join('|')})/[A-Za-z0-9._:-]{1,128}$`)),
    ])
    .optional()
    .openapi({ description: 'Id of what was acted on, alone or as kind/id' }),
  outcome: z.enum(['success', 'refused']).optional(),
  org: z.uuid().optional().openapi({
    description: 'Id of an organization; whoever reads only one finds nothing under that of another',
  }),
};

export const exportQuery = z.strictObject(filters);
export const listQuery = z.strictObject({
  ...filters,
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().min(1).max(64).optional().openapi({ description: 'next_cursor of the page before' }),
});

const placedEvent = z
  .object({
    index: z.number().int().openapi({ description: 'Place in the log, dense from 0' }),
    event: z.record(z.string(), z.unknown()).openapi({ description: 'See /v1/audit/schema' }),
  })
  .openapi('PlacedEvent');
const eventId = z.object({ event_id: z.uuid() });

export const listRoute = createRoute({
  method: 'get',
  path: '/v1/audit/events',
  summary: 'Audit events, newest first',
  security,
  request: { query: listQuery },
  responses: {
    200: {
      description: 'A page of events',
      content: {
        'application/json': {
          schema: z.object({ data: z.array(placedEvent), next_cursor: z.string().nullable() }),
        },
      },
    },
    ...refusals,
  },
});

export const eventRoute = createRoute({
  method: 'get',
  path: '/v1/audit/events/{event_id}',
  summary: 'One audit event',
  security,
  request: { params: eventId },
  responses: {
    200: { description: 'The event', content: { 'application/json': { schema: placedEvent } } },
    404: refused('There is no such event for this token'),
    ...refusals,
  },
});

export const proofRoute = createRoute({
  method: 'get',
  path: '/v1/audit/events/{event_id}/proof',
  summary: 'The proof that an event is in the log: C2SP tlog-proof with the event in its extra line',
  security,
  request: { params: eventId },
  responses: {
    200: { description: 'The proof', content: { 'text/plain': { schema: z.string() } } },
    404: refused('There is no such event for this token'),
    ...refusals,
  },
});

/** Answered as a stream, so it is added without the help of its type. */
export const exportRoute = {
  method: 'get',
  path: '/v1/audit/export',
  summary: 'Audit events with their proofs as JSON lines, oldest first; itself an audit event',
  description:
    'First line: checkpoint (a signed note), origin, size. Then one line for each event: index, event, path ' +
    '(inclusion proof against that checkpoint). Last line: events, the number of lines between; without it the export ' +
    'was cut off.',
  security,
  request: { query: exportQuery },
  responses: {
    200: { description: 'The export', content: { 'application/x-ndjson': { schema: z.string() } } },
    ...refusals,
  },
} as const satisfies RouteConfig;

export const schemaRoute = {
  method: 'get',
  path: '/v1/audit/schema',
  summary: 'JSON Schema of an audit event',
  responses: {
    200: {
      description: 'The schema',
      content: { 'application/schema+json': { schema: z.record(z.string(), z.unknown()) } },
    },
  },
} as const satisfies RouteConfig;
