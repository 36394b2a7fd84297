import type { RunJson } from '../../start-lethe.js';
import { http } from '../../support/http.js';

/** One call of the management API; rejects unless the answer is a success. */
export const manage = async <T>(
  run: RunJson,
  token: string,
  [method, path, body]: readonly [string, string, object?],
  headers: Readonly<Record<string, string>> = {},
): Promise<T> => {
  const answer = await http(`${run.adminConfig}${path}`, {
    method,
    headers: { ...headers, authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (answer.status >= 300) throw new Error(`${method} ${path} answered ${answer.status}`);
  return (answer.body.length === 0 ? undefined : JSON.parse(answer.body.toString())) as T;
};

export interface TestOrganization {
  readonly orgId: string;
  readonly slug: string;
  readonly adminUserId: string;
  readonly adminToken: string;
  readonly apiKeyId: string;
  readonly apiKey: string;
}

/** An organization with an admin and one key that logs. `word` stands in every text that a caller may write. */
export const makeOrganization = async (
  run: RunJson,
  slug: string,
  word: string,
): Promise<TestOrganization> => {
  const asOperator = <T>(path: string, body: object): Promise<T> =>
    manage<T>(run, run.operatorToken, ['POST', path, body], {
      'user-agent': word,
      'x-request-id': word,
      'x-correlation-id': word,
    });
  const { org_id: orgId } = await asOperator<{ org_id: string }>('/v1/operator/org', {
    slug,
    name: `Of ${word}`,
  });
  const { user_id: adminUserId } = await asOperator<{ user_id: string }>(`/v1/operator/org/${slug}/member`, {
    name: `Ada ${word}`,
    role: 'admin',
    email: `${word}@example.org`,
  });
  const { token: adminToken } = await asOperator<{ token: string }>(`/v1/operator/org/${slug}/token`, {
    user_id: adminUserId,
    name: `token ${word}`,
  });
  const { api_key_id: apiKeyId, api_key: apiKey } = await asOperator<{ api_key_id: string; api_key: string }>(
    `/v1/operator/org/${slug}/apikey`,
    { name: `key ${word}`, owner_user_id: adminUserId, logging: true },
  );
  return { orgId, slug, adminUserId, adminToken, apiKeyId, apiKey };
};
