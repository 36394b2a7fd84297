import { z } from '@hono/zod-openapi';
import { guardReasons } from '../domain/zdr.js';
import { revokeApiKey } from '../use-cases/api-key-secrets.js';
import { createApiKey } from '../use-cases/api-keys.js';
import type { Deps } from '../use-cases/change.js';
import { eraseOperatorSalt } from '../use-cases/erasure.js';
import { addMember } from '../use-cases/members.js';
import { createOrganization, listOrganizations } from '../use-cases/organizations.js';
import { createToken, revokeToken } from '../use-cases/tokens.js';
import { repairZdr } from '../use-cases/zdr-repair.js';
import { newKeyAnswer, rotateAnswer, rotateSchema } from './api-key-json.js';
import { answerRotation } from './api-key-setting-endpoints.js';
import { type Endpoint, endpoint } from './endpoint.js';
import { memberWish, newMemberAnswer, newMemberSchema } from './member-endpoints.js';
import { orgJson, orgSchema } from './org-endpoints.js';
import { listPage } from './paging.js';
import { idOf, listOf, nameSchema, pageQuery, slugSchema, uuidSchema } from './schemas.js';

const organizations = (deps: Deps): Endpoint[] => [
  endpoint({
    method: 'get',
    path: '/v1/operator/org',
    summary: 'All organizations.',
    access: 'operator',
    query: pageQuery,
    answers: { 200: listOf(orgSchema) },
    errors: [],
    handle: ({ query }) => listPage(query, (page) => listOrganizations(deps, page), orgJson),
  }),
  endpoint({
    method: 'post',
    path: '/v1/operator/org',
    summary: 'Makes an organization. It logs nothing by default.',
    access: 'operator',
    event: 'org.created',
    body: z.strictObject({ slug: slugSchema, name: nameSchema }),
    answers: { 201: z.strictObject({ org_id: uuidSchema, slug: z.string() }) },
    errors: [409],
    handle: async ({ caller, body }) => {
      const { id, slug } = await createOrganization(deps, caller, body);
      return { status: 201, body: { org_id: id, slug } };
    },
  }),
  endpoint({
    method: 'post',
    path: '/v1/operator/org/{slug}/member',
    summary: 'Adds a user with a role.',
    access: 'operator',
    event: 'member.added',
    body: newMemberSchema,
    answers: { 201: newMemberAnswer },
    errors: [404],
    handle: async ({ caller, org, body }) => ({
      status: 201,
      body: { user_id: await addMember(deps, caller, org, memberWish(body)) },
    }),
  }),
];

const tokens = (deps: Deps): Endpoint[] => [
  endpoint({
    method: 'post',
    path: '/v1/operator/org/{slug}/token',
    summary: 'Makes a management token of a user. It is shown once.',
    access: 'operator',
    event: 'token.created',
    body: z.strictObject({ user_id: uuidSchema, name: nameSchema }),
    answers: { 201: z.strictObject({ token_id: uuidSchema, token: z.string() }) },
    errors: [404],
    handle: async ({ caller, org, body }) => {
      const made = await createToken(deps, caller, org, { userId: body.user_id, name: body.name });
      return { status: 201, body: { token_id: made.tokenId, token: made.token } };
    },
  }),
  endpoint({
    method: 'post',
    path: '/v1/operator/token/{id}/revoke',
    summary: 'Revokes a management token at once.',
    access: 'operator',
    event: 'token.revoked',
    answers: { 204: null },
    errors: [404],
    handle: async ({ caller, params }) => {
      await revokeToken(deps, caller, idOf(params));
      return { status: 204 };
    },
  }),
];

const persons = (deps: Deps): Endpoint[] => [
  endpoint({
    method: 'delete',
    path: '/v1/operator/audit-salt',
    summary: "Deletes the salt of the operator's digests in the audit log.",
    access: 'operator',
    event: 'member.erased',
    answers: { 204: null },
    errors: [],
    handle: async ({ caller }) => {
      await eraseOperatorSalt(deps, caller);
      return { status: 204 };
    },
  }),
];

const repairs = (deps: Deps): Endpoint[] => [
  endpoint({
    method: 'post',
    path: '/v1/operator/zdr/repair',
    summary:
      'Enables ZDR again where the anchors of the log know it and the configuration forgot; grants resume.',
    access: 'operator',
    event: 'zdr.repaired',
    answers: {
      200: z.strictObject({
        organizations: z.array(uuidSchema),
        guards: z.array(z.enum(guardReasons)),
        version: z.number().int(),
      }),
    },
    errors: [],
    handle: async ({ caller }) => {
      const { organizations, guards, version } = await repairZdr(deps, caller);
      return { status: 200, body: { organizations, guards, version: Number(version) } };
    },
  }),
];

const newOwnedKeySchema = z.strictObject({
  name: nameSchema,
  owner_user_id: uuidSchema,
  logging: z.boolean().optional(),
});

const keys = (deps: Deps): Endpoint[] => [
  endpoint({
    method: 'post',
    path: '/v1/operator/org/{slug}/apikey',
    summary: 'Makes an API key of a user. The secret is shown once.',
    access: 'operator',
    event: 'apikey.created',
    body: newOwnedKeySchema,
    answers: { 201: newKeyAnswer },
    errors: [404],
    handle: async ({ caller, org, body }) => {
      const { id, secret } = await createApiKey(deps, caller, org, {
        name: body.name,
        monthlyLimitNano: 0n,
        permissions: { manage: 'none', completions: 'write' },
        groupId: undefined,
        logging: body.logging,
        ownerUserId: body.owner_user_id,
      });
      return { status: 201, body: { api_key_id: id, api_key: secret } };
    },
  }),
  endpoint({
    method: 'post',
    path: '/v1/operator/apikey/{id}/rotate',
    summary: 'Gives a key a new secret; the present one goes on for the overlap.',
    access: 'operator',
    event: 'apikey.rotated',
    body: rotateSchema,
    bodyOptional: true,
    answers: { 200: rotateAnswer },
    errors: [404],
    handle: (call) => answerRotation(deps, call),
  }),
  endpoint({
    method: 'post',
    path: '/v1/operator/apikey/{id}/revoke',
    summary: 'Revokes an API key, at once and for ever.',
    access: 'operator',
    event: 'apikey.revoked',
    answers: { 204: null },
    errors: [404],
    handle: async ({ caller, params }) => {
      await revokeApiKey(deps, caller, idOf(params));
      return { status: 204 };
    },
  }),
];

/** What the `lethe` commands call, with the operator's token. The same use-cases and the same lockdown. */
export const operatorEndpoints = (deps: Deps): Endpoint[] => [
  ...organizations(deps),
  ...tokens(deps),
  ...keys(deps),
  ...persons(deps),
  ...repairs(deps),
];
