import { changeKeyFlags } from '../use-cases/api-key-changes.js';
import { revokeApiKey } from '../use-cases/api-key-secrets.js';
import { createApiKey, importApiKey, listApiKeys, readApiKey, readOwnApiKey } from '../use-cases/api-keys.js';
import type { Deps } from '../use-cases/change.js';
import {
  apiKeyJson,
  apiKeySchema,
  flagsSchema,
  importAnswer,
  importSchema,
  keyWish,
  newKeyAnswer,
  newKeySchema,
} from './api-key-json.js';
import { type Endpoint, endpoint } from './endpoint.js';
import { listPage } from './paging.js';
import { idOf, listOf, pageQuery } from './schemas.js';

const collection = (deps: Deps): Endpoint[] => [
  endpoint({
    method: 'get',
    path: '/v1/manage/apikey',
    summary: 'The API keys the caller sees: all, or own and administered ones.',
    access: 'management',
    query: pageQuery,
    answers: { 200: listOf(apiKeySchema) },
    errors: [],
    handle: ({ caller, org, query }) =>
      listPage(query, (page) => listApiKeys(deps, caller, org, page), apiKeyJson),
  }),
  endpoint({
    method: 'post',
    path: '/v1/manage/apikey',
    summary: 'Makes an API key of the caller. The secret is shown once.',
    access: 'management',
    event: 'apikey.created',
    body: newKeySchema,
    answers: { 201: newKeyAnswer },
    errors: [],
    handle: async ({ caller, org, body }) => {
      const { id, secret } = await createApiKey(deps, caller, org, keyWish(body));
      return { status: 201, body: { api_key_id: id, api_key: secret } };
    },
  }),
  endpoint({
    method: 'post',
    path: '/v1/manage/apikey/import',
    summary: 'Takes over a key of another gateway by its SHA-256.',
    access: 'management',
    event: 'apikey.imported',
    body: importSchema,
    answers: { 201: importAnswer },
    errors: [409],
    handle: async ({ caller, org, body }) => {
      const sha256 = Buffer.from(body.sha256, 'hex');
      const id = await importApiKey(deps, caller, org, { ...keyWish(body), sha256 });
      return { status: 201, body: { api_key_id: id } };
    },
  }),
  endpoint({
    method: 'get',
    path: '/v1/manage/apikey/self',
    summary: 'The API key that this call carries.',
    access: 'api_key',
    answers: { 200: apiKeySchema },
    errors: [],
    handle: async ({ credentialSha256 }) => ({
      status: 200,
      body: apiKeyJson(await readOwnApiKey(deps, credentialSha256)),
    }),
  }),
];

const single = (deps: Deps): Endpoint[] => [
  endpoint({
    method: 'get',
    path: '/v1/manage/apikey/{id}',
    summary: 'One API key.',
    access: 'management',
    answers: { 200: apiKeySchema },
    errors: [404],
    handle: async ({ caller, params }) => ({
      status: 200,
      body: apiKeyJson(await readApiKey(deps, caller, idOf(params))),
    }),
  }),
  endpoint({
    method: 'patch',
    path: '/v1/manage/apikey/{id}',
    summary: 'Changes logging, debug and name. Nothing is switched on under ZDR.',
    access: 'management',
    event: 'apikey.updated',
    body: flagsSchema,
    answers: { 200: apiKeySchema },
    errors: [404],
    handle: async ({ caller, params, body }) => {
      const wish = { logging: body.logging, debug: body.debug, name: body.name };
      return { status: 200, body: apiKeyJson(await changeKeyFlags(deps, caller, idOf(params), wish)) };
    },
  }),
  endpoint({
    method: 'delete',
    path: '/v1/manage/apikey/{id}',
    summary: 'Revokes an API key, at once and for ever.',
    access: 'management',
    event: 'apikey.revoked',
    answers: { 204: null },
    errors: [404],
    handle: async ({ caller, params }) => {
      await revokeApiKey(deps, caller, idOf(params));
      return { status: 204 };
    },
  }),
];

/** Keys as a list and one by one; their settings stand in api-key-setting-endpoints.ts. */
export const apiKeyEndpoints = (deps: Deps): Endpoint[] => [...collection(deps), ...single(deps)];
