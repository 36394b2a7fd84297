import { z } from 'zod';
import type { ApiClient } from './api-client.js';

const organization = z.object({ org_id: z.string(), slug: z.string() });
const listedOrganization = z.object({
  id: z.string(),
  slug: z.string(),
  name: z.string(),
  zdr_enabled_at: z.string().nullable(),
});
const page = z.object({ data: z.array(listedOrganization), next_cursor: z.string().nullable() });
const member = z.object({ user_id: z.string() });
const token = z.object({ token_id: z.string(), token: z.string() });
const apiKey = z.object({ api_key_id: z.string(), api_key: z.string() });
const nothing = z.unknown();

export type ListedOrganization = z.infer<typeof listedOrganization>;
export const memberRoles = ['admin', 'member', 'auditor'] as const;
export type MemberRole = (typeof memberRoles)[number];

const part = encodeURIComponent;

/** What an operator can do, as admin-config offers it. Every call rejects as ApiClient.call does. */
export const createOperatorApi = (client: ApiClient) => ({
  createOrganization: (slug: string, name: string) =>
    client.call('POST', '/v1/operator/org', organization, { slug, name }),

  async listOrganizations(): Promise<ListedOrganization[]> {
    const found: ListedOrganization[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? '' : `?cursor=${part(cursor)}`;
      const { data, next_cursor }: z.infer<typeof page> = await client.call(
        'GET',
        `/v1/operator/org${query}`,
        page,
      );
      found.push(...data);
      cursor = next_cursor;
    } while (cursor !== null);
    return found;
  },

  addMember: (slug: string, name: string, role: MemberRole) =>
    client.call('POST', `/v1/operator/org/${part(slug)}/member`, member, { name, role }),

  createToken: (slug: string, userId: string, name: string) =>
    client.call('POST', `/v1/operator/org/${part(slug)}/token`, token, { user_id: userId, name }),

  revokeToken: (tokenId: string) =>
    client.call('POST', `/v1/operator/token/${part(tokenId)}/revoke`, nothing),

  createKey: (slug: string, key: { name: string; ownerUserId: string; logging: boolean }) =>
    client.call('POST', `/v1/operator/org/${part(slug)}/apikey`, apiKey, {
      name: key.name,
      owner_user_id: key.ownerUserId,
      logging: key.logging,
    }),

  rotateKey: (keyId: string, overlapSeconds: number) =>
    client.call('POST', `/v1/operator/apikey/${part(keyId)}/rotate`, apiKey, {
      overlap_seconds: overlapSeconds,
    }),

  revokeKey: (keyId: string) => client.call('POST', `/v1/operator/apikey/${part(keyId)}/revoke`, nothing),
});

export type OperatorApi = ReturnType<typeof createOperatorApi>;
