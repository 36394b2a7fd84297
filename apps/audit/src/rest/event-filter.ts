import type { z } from '@hono/zod-openapi';
import type { EventFilter } from '../store/read-events.js';
import type { exportQuery } from './routes.js';

/** What a query narrows events by. */
export const filterOf = (query: z.infer<typeof exportQuery>): EventFilter => {
  const slash = query.target?.indexOf('/') ?? -1;
  return {
    from: query.from === undefined ? undefined : new Date(query.from),
    to: query.to === undefined ? undefined : new Date(query.to),
    eventType: query.type?.replace(/^ai\.lethe\.audit\.(.+)\.v1$/, '$1'),
    actorId: query.actor,
    targetKind: slash < 0 ? undefined : query.target?.slice(0, slash),
    targetId: query.target?.slice(slash + 1),
    outcome: query.outcome,
    orgId: query.org?.toLowerCase(),
  };
};
