import { createRoute, z } from '@hono/zod-openapi';
import { auditTargetKinds } from '@lethe/contracts';
import { cloudEventType, typeNames } from '../append/event-schema.js';

const identifier = z.string().regex(/^[A-Za-z0-9._:-]{1,128}$/);

export const listQuery = z.object({
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
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().min(1).max(64).optional().openapi({ description: 'next_cursor of the page before' }),
});

const errorBody = z
  .object({
    error: z.object({
      message: z.string(),
      type: z.string(),
      code: z.string(),
      param: z.string().nullable(),
      origin: z.string(),
    }),
  })
  .openapi('Error');
const refused = (description: string) => ({
  description,
  content: { 'application/json': { schema: errorBody } },
});
const refusals = {
  400: refused('A parameter is not valid'),
  401: refused('The token is not known'),
  403: refused('This role does not read the audit log'),
  503: refused('A service this depends on is not available'),
};

const placedEvent = z
  .object({
    index: z.number().int().openapi({ description: 'Place in the log, dense from 0' }),
    event: z.record(z.string(), z.unknown()).openapi({ description: 'See /v1/audit/schema' }),
  })
  .openapi('PlacedEvent');
const eventId = z.object({ event_id: z.uuid() });

const security = [{ managementToken: [] }];

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
  summary: 'The proof that an event is in the log',
  security,
  request: { params: eventId },
  responses: {
    501: refused('Not offered yet'),
    404: refused('There is no such event for this token'),
    ...refusals,
  },
});

export const schemaRoute = createRoute({
  method: 'get',
  path: '/v1/audit/schema',
  summary: 'JSON Schema of an audit event',
  responses: {
    200: {
      description: 'The schema',
      content: { 'application/json': { schema: z.record(z.string(), z.unknown()) } },
    },
  },
});
