import { type RouteConfig, z } from '@hono/zod-openapi';
import { refused, security } from './refusals.js';

const level = z
  .string()
  .regex(/^\d{1,2}$/)
  .openapi({ description: '0 to 63: each hash covers 256^level events' });
const tile = z.string().openapi({
  description: 'Index in elements of three digits, x before all but the last; .p/<width> for a partial tile',
  example: 'x001/234.p/17',
});
const bytes = { 'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) } };
const unavailable = { 503: refused('The log cannot be shown now') };

/** What the routes of the log as files look like to readers of the API's document. */
export const publicLogPaths: readonly RouteConfig[] = [
  {
    method: 'get',
    path: '/checkpoint',
    summary: 'The newest checkpoint of the log, a signed note of C2SP tlog-checkpoint',
    responses: {
      200: { description: 'The checkpoint', content: { 'text/plain': { schema: z.string() } } },
      ...unavailable,
    },
  },
  {
    method: 'get',
    path: '/tile/{level}/{tile}',
    summary: 'Hashes of the log, a tile of C2SP tlog-tiles; it never changes',
    request: { params: z.object({ level, tile }) },
    responses: {
      200: { description: '32 bytes for each hash', content: bytes },
      404: refused('The log has no such tile'),
      ...unavailable,
    },
  },
  {
    method: 'get',
    path: '/tile/entries/{tile}',
    summary: 'Events of all organizations, each behind its length as two bytes; for the operator',
    security,
    request: { params: z.object({ tile }) },
    responses: {
      200: { description: 'Entries', content: bytes },
      401: refused('This is not the token of the operator'),
      404: refused('The log has no such entries'),
      ...unavailable,
    },
  },
];
