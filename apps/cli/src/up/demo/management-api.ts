import { z } from 'zod';
import { type ApiClient, CallRefused } from '../../operator/api-client.js';

const zdrState = z.object({ zdr_enabled_at: z.string().nullable() });

/** The few calls with an organization's own credential that a start needs. */
export const createManagementApi = (client: ApiClient) => {
  const answers = async (path: string): Promise<boolean> => {
    try {
      await client.call('GET', path, z.unknown());
      return true;
    } catch (error) {
      if (error instanceof CallRefused && error.status === 401) return false;
      throw error;
    }
  };
  return {
    /** Whether the credential still is a management token. */
    isToken: () => answers('/v1/auth/check'),
    /** Whether the credential still is an API key. */
    isKey: () => answers('/v1/manage/apikey/self'),

    async hasZdr(): Promise<boolean> {
      const { zdr_enabled_at } = await client.call('GET', '/v1/manage/org/zdr', zdrState);
      return zdr_enabled_at !== null;
    },

    enableZdr: (slug: string) => client.call('POST', '/v1/manage/org/zdr', z.unknown(), { confirm: slug }),
  };
};

export type ManagementApi = ReturnType<typeof createManagementApi>;
