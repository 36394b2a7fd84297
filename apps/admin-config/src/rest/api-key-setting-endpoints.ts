import { changeKeyExpiry, changeKeySettings } from '../use-cases/api-key-changes.js';
import { rotateApiKey } from '../use-cases/api-key-secrets.js';
import type { Deps } from '../use-cases/change.js';
import { expirySchema, labelSchema, limitSchema, rotateAnswer, rotateSchema } from './api-key-json.js';
import { type Call, type Endpoint, endpoint } from './endpoint.js';
import { idOf, nanoOf } from './schemas.js';

/** Gives a key a new secret and shows it once. */
export const answerRotation = async (
  deps: Deps,
  {
    caller,
    params,
    body,
  }: Pick<Call<{ readonly overlap_seconds: number }, unknown>, 'caller' | 'params' | 'body'>,
) => {
  const id = idOf(params);
  const { secret, previousNotAfter } = await rotateApiKey(deps, caller, id, body.overlap_seconds);
  return {
    status: 200,
    body: { api_key_id: id, api_key: secret, previous_not_after: previousNotAfter.toISOString() },
  };
};

export const apiKeySettingEndpoints = (deps: Deps): Endpoint[] => [
  endpoint({
    method: 'post',
    path: '/v1/manage/apikey/{id}/rotate',
    summary: 'Gives a key a new secret; the present one goes on for the overlap.',
    access: 'management',
    event: 'apikey.rotated',
    body: rotateSchema,
    bodyOptional: true,
    answers: { 200: rotateAnswer },
    errors: [404],
    handle: (call) => answerRotation(deps, call),
  }),
  endpoint({
    method: 'post',
    path: '/v1/manage/apikey/{id}/limit',
    summary: 'Sets the monthly limit.',
    access: 'management',
    event: 'apikey.updated',
    body: limitSchema,
    answers: { 204: null },
    errors: [404],
    handle: async ({ caller, params, body }) => {
      const monthlyLimitNano = nanoOf(body.monthly_limit, 'monthly_limit');
      await changeKeySettings(deps, caller, idOf(params), { monthlyLimitNano });
      return { status: 204 };
    },
  }),
  endpoint({
    method: 'post',
    path: '/v1/manage/apikey/{id}/label',
    summary: 'Replaces the labels; an empty object removes them all.',
    access: 'management',
    event: 'apikey.updated',
    body: labelSchema,
    answers: { 204: null },
    errors: [404],
    handle: async ({ caller, params, body }) => {
      await changeKeySettings(deps, caller, idOf(params), { labels: body.labels });
      return { status: 204 };
    },
  }),
  endpoint({
    method: 'post',
    path: '/v1/manage/apikey/{id}/expiry',
    summary: 'Sets the expiry, or removes it when it is null or absent. A key that has expired stays so.',
    access: 'management',
    event: 'apikey.updated',
    body: expirySchema,
    bodyOptional: true,
    answers: { 204: null },
    errors: [404],
    handle: async ({ caller, params, body }) => {
      const expiresAt = body.expires_at == null ? undefined : new Date(body.expires_at);
      await changeKeyExpiry(deps, caller, idOf(params), expiresAt);
      return { status: 204 };
    },
  }),
];
