import { http } from '../../support/http.js';
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
}

/** Everything a reader can ask for: all events by everybody who may, each filter, one event and the checkpoint. */
export const readAnswers = async (world: AuditWorld, { rest }: Replica, asked: Asked): Promise<Answers> => {
  const { operatorToken, adminTokens } = world.identities;
  const { id, from, to, ...filters } = asked;
  const queries = [
    'limit=200',
    ...Object.entries(filters).map(([name, value]) => `${name}=${encodeURIComponent(value)}`),
    `from=${encodeURIComponent(from)}&to=${encodeURIComponent(to)}`,
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
  return { asked, texts };
};
