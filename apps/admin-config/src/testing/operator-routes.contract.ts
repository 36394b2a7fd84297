import { randomBytes } from 'node:crypto';
import { type RouteTable, said, saidEmail } from './stage.contract.js';

const operator = '/v1/operator';

/** Routes of the operator. Tokens of organizations are refused on each of them by the test itself. */
export const operatorRoutes: RouteTable = {
  [`POST ${operator}/org`]: () => {
    const slug = `documented-${randomBytes(4).toString('hex')}`;
    return {
      refused: [],
      success: {
        ...{ path: `${operator}/org`, body: { slug, name: said }, target: 'organization' },
        after: { slug, default_logging: false, allow_logging_change: true },
      },
    };
  },
  [`POST ${operator}/org/{slug}/member`]: ({ org }) => ({
    refused: [],
    success: {
      path: `${operator}/org/${org.slug}/member`,
      body: { name: said, role: 'member', email: saidEmail },
      target: 'user',
      after: { role: 'member' },
    },
  }),
  [`POST ${operator}/org/{slug}/token`]: ({ org, person }) => ({
    refused: [],
    success: {
      path: `${operator}/org/${org.slug}/token`,
      body: { user_id: person.userId, name: said },
      target: 'token',
      after: { user_id: person.userId },
    },
  }),
  [`POST ${operator}/token/{id}/revoke`]: ({ person, tokenId }) => ({
    refused: [],
    success: {
      path: `${operator}/token/${tokenId}/revoke`,
      target: `token/${tokenId}`,
      before: { user_id: person.userId },
    },
  }),
  [`POST ${operator}/org/{slug}/apikey`]: ({ org, person }) => ({
    refused: [],
    success: {
      path: `${operator}/org/${org.slug}/apikey`,
      body: { name: said, owner_user_id: person.userId },
      target: 'api_key',
      after: { logging: false, user_id: person.userId, group_id: null, monthly_limit_nano: '0' },
    },
  }),
  [`POST ${operator}/apikey/{id}/rotate`]: ({ keyId }) => ({
    refused: [],
    success: {
      path: `${operator}/apikey/${keyId}/rotate`,
      body: { overlap_seconds: 0 },
      target: `api_key/${keyId}`,
      after: { overlap_seconds: 0 },
    },
  }),
  [`POST ${operator}/apikey/{id}/revoke`]: ({ keyId }) => ({
    refused: [],
    success: { path: `${operator}/apikey/${keyId}/revoke`, target: `api_key/${keyId}` },
  }),
  [`POST ${operator}/zdr/repair`]: () => ({
    refused: [],
    first: (world) =>
      world.superuser`insert into config.zdr_guard values ('router_ahead', 1, now()) on conflict do nothing`,
    success: { path: `${operator}/zdr/repair`, target: 'deployment/deployment', after: { organizations: 0 } },
  }),
  [`DELETE ${operator}/audit-salt`]: () => ({
    refused: [],
    first: (world) =>
      world.call('POST', `${operator}/org`, {
        token: world.operatorToken,
        body: { slug: `documented-${randomBytes(4).toString('hex')}`, name: said },
        from: '203.0.113.1',
      }),
    success: { path: `${operator}/audit-salt`, target: 'user/operator', after: { salt_deleted: true } },
  }),
};
