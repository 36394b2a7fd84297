import { z } from 'zod';
import type { ApiClient } from '../../operator/api-client.js';
import { auditEventSchema } from '../event/audit-event.js';

const placedSchema = z.object({ index: z.number().int().min(0), event: auditEventSchema });
const pageSchema = z.object({ data: z.array(placedSchema), next_cursor: z.string().nullable() });
export type PlacedEvent = z.infer<typeof placedSchema>;

export const pageSize = 200;
/** How far back one question goes at most, in events that are looked at. */
const lookedAtMax = 20_000;

export interface EventQuestion {
  readonly type: string | undefined;
  /** Only events of this organization. */
  readonly orgId: string | undefined;
  /** Only events from then on, ISO 8601. */
  readonly since: string | undefined;
  /** Only events behind this index. */
  readonly after: number;
  /** The newest so many. */
  readonly most: number;
}

const queryOf = ({ type, orgId, since, most }: EventQuestion, cursor: string | null): string => {
  const query = new URLSearchParams({ limit: String(Math.min(most, pageSize)) });
  if (type !== undefined) query.set('type', type);
  if (orgId !== undefined) query.set('org', orgId);
  if (since !== undefined) query.set('from', since);
  if (cursor !== null) query.set('cursor', cursor);
  return String(query);
};

/** The events asked for, oldest first; the list itself is newest first. `isCut` when there may be more further back. */
export const eventsAfter = async (
  client: ApiClient,
  question: EventQuestion,
): Promise<{ readonly events: PlacedEvent[]; readonly newest: number; readonly isCut: boolean }> => {
  const { after, most } = question;
  const found: PlacedEvent[] = [];
  let newest = after;
  let cursor: string | null = null;
  let lookedAt = 0;
  let isCut = true;
  while (found.length < most && lookedAt < lookedAtMax) {
    const query = queryOf({ ...question, most: most - found.length }, cursor);
    const page: z.infer<typeof pageSchema> = await client.call(
      'GET',
      `/v1/audit/events?${query}`,
      pageSchema,
    );
    const fresh = page.data.filter(({ index }) => index > after);
    newest = Math.max(newest, fresh[0]?.index ?? after);
    found.push(...fresh);
    lookedAt += page.data.length;
    cursor = page.next_cursor;
    if (cursor === null || fresh.length < page.data.length || page.data.length === 0) {
      isCut = false;
      break;
    }
  }
  return { events: found.slice(0, most).reverse(), newest, isCut: isCut || found.length > most };
};
