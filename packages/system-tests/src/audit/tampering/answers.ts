import { http } from '../../support/http.js';
import { connectAppend } from '../world/append-client.js';
import type { AuditWorld } from '../world/audit-world.js';
import type { Replica } from '../world/replica.js';

/** The event whose row is tampered with where one row must do, by the values it can be found with. */
export interface Asked {
  readonly type: string;
  readonly actor: string;
  readonly target: string;
  readonly outcome: string;
  readonly from: string;
  readonly to: string;
  readonly id: string;
}

export interface Answers {
  readonly asked: Asked;
  readonly texts: readonly string[];
  /** Undefined: audit refuses to list what somebody damaged. */
  readonly tombstones: readonly (readonly string[])[] | undefined;
}

/**
 * Everything a reader can ask for: events by everybody who may, each filter, one event and the checkpoint; and what other
 * services are told of tombstones.
 */
export const readAnswers = async (
  world: AuditWorld,
  { rest, grpc }: Replica,
  asked: Asked,
): Promise<Answers> => {
  const { operatorToken, adminTokens } = world.identities;
  const { id, from, to, actor, ...filters } = asked;
  const ofActor = `actor=${encodeURIComponent(actor)}`;
  const queries = [
    'limit=200',
    ofActor,
    // Beside what finds this one event, so that it cannot hide behind the end of a page.
    ...Object.entries(filters).map(([name, value]) => `${ofActor}&${name}=${encodeURIComponent(value)}`),
    `${ofActor}&from=${encodeURIComponent(from)}&to=${encodeURIComponent(to)}`,
  ];
  const lists = [operatorToken, ...adminTokens].flatMap((token) =>
    queries.map((query) => ({ path: `/v1/audit/events?${query}`, token })),
  );
  const requests = [
    ...lists,
    ...[operatorToken, ...adminTokens].map((token) => ({ path: `/v1/audit/events/${id}`, token })),
    { path: '/checkpoint', token: operatorToken },
  ];
  const texts: string[] = [];
  for (const { path, token } of requests) {
    const { status, body } = await http(`${rest}${path}`, { headers: { authorization: `Bearer ${token}` } });
    texts.push(`${path} ${status} ${body.toString()}`);
  }
  const client = connectAppend(grpc, world.callerCredential);
  const tombstones = await client.tombstones().catch(() => undefined);
  client.close();
  return { asked, texts, tombstones };
};
