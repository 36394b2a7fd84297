import { newUuidV7, type Uuid } from '@lethe/contracts';
import {
  appendLeaves,
  type Frontier,
  formatCheckpointBody,
  frontierNodes,
  frontierRoot,
  hashLeaf,
  nodeKey,
  restoreFrontier,
} from '@lethe/transparency-log';
import postgres from 'postgres';
import type { AuditWorld } from '../world/audit-world.js';
import { sampleEvent } from '../world/sample-events.js';

const BATCH_EVENTS = 256;

const literal = (values: readonly (string | number)[]): string => `{${values.join(',')}}`;
const times = (count: number, value: string | number): string =>
  literal(Array<string | number>(count).fill(value));

const readFrontier = async (sql: postgres.Sql): Promise<Frontier> => {
  const [state] = await sql<{ size: number }[]>`select size::float8 as size from audit.state`;
  const nodes = frontierNodes(state?.size ?? 0);
  const rows = await sql<{ level: number; n: number; hash: Buffer }[]>`
    select level, n::float8 as n, hash from audit.node_hashes(
      ${literal(nodes.map(({ level }) => level))}::integer[], ${literal(nodes.map(({ index }) => index))}::bigint[])`;
  const found = new Map(rows.map(({ level, n, hash }) => [nodeKey({ level, index: n }), hash]));
  return restoreFrontier(state?.size ?? 0, found);
};

/** One event after another that differ in their ids alone. */
const eventsLike = (orgId: Uuid) => {
  const { eventId, body } = sampleEvent(orgId);
  const text = body.toString();
  const { data } = JSON.parse(text) as {
    data: { time: number; actor: { user: { uid: string } }; entity: { uid: string } };
  };
  const next = () => {
    const id = newUuidV7();
    return { id, body: Buffer.from(text.replaceAll(eventId, id)) };
  };
  return { next, timeMs: data.time, actorId: data.actor.user.uid, targetId: data.entity.uid };
};

/**
 * Makes the log of a world whose replicas are stopped as long as `size`, with the function of the database that the
 * service itself appends with, and its role; the events count as published. Gives the ids of some of them, evenly.
 */
export const fillLog = async (world: AuditWorld, size: number, ids: number): Promise<Uuid[]> => {
  const [orgId] = world.identities.orgIds;
  const { next, timeMs, actorId, targetId } = eventsLike(orgId);
  const sql = postgres(world.databases.serviceUrl('audit'), { max: 1, onnotice: () => undefined });
  const sampled: Uuid[] = [];
  try {
    let frontier = await readFrontier(sql);
    const every = Math.max(1, Math.floor((size - frontier.size) / ids));
    while (frontier.size < size) {
      const count = Math.min(BATCH_EVENTS, size - frontier.size);
      const events = Array.from({ length: count }, next);
      const grown = appendLeaves(
        frontier,
        events.map(({ body }) => hashLeaf(body)),
      );
      const note = world.sign(
        formatCheckpointBody({ origin: world.origin, size: grown.frontier.size, root: grown.root }),
      );
      let end = 0;
      const ends = events.map(({ body }) => {
        end += body.length;
        return end;
      });
      const [row] = await sql<{ outcome: string }[]>`
        select audit.append_batch(
          ${String(frontier.size)}::bigint, ${frontierRoot(frontier)}::bytea, ${literal(events.map(({ id }) => id))}::uuid[],
          ${times(count, orgId)}::uuid[], ${Buffer.concat(events.map(({ body }) => body)).toString()},
          ${literal(ends)}::integer[], ${times(count, 'apikey.updated')}::text[],
          ${times(count, timeMs)}::double precision[], ${times(count, actorId)}::text[],
          ${times(count, 'api_key')}::text[], ${times(count, targetId)}::text[], ${times(count, 'success')}::text[],
          ${grown.root}::bytea, ${note}) as outcome`;
      if (row?.outcome !== 'appended') throw new Error(`the log was not filled: ${row?.outcome}`);
      await sql`select audit.mark_published(${String(grown.frontier.size)}::bigint)`;
      events.forEach(({ id }, at) => {
        if ((frontier.size + at) % every === 0) sampled.push(id);
      });
      frontier = grown.frontier;
    }
  } finally {
    await sql.end({ timeout: 5 });
  }
  return sampled;
};
