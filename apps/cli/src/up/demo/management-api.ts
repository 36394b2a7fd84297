import { z } from 'zod';
import { type ApiClient, CallRefused } from '../../operator/api-client.js';

const zdrAnswer = z.object({ state: z.enum(['off', 'committed_pending', 'effective']) });
export type ZdrState = z.infer<typeof zdrAnswer>['state'];

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

    async zdrState(): Promise<ZdrState> {
      return (await client.call('GET', '/v1/manage/org/zdr', zdrAnswer)).state;
    },

    /** Comes back when it is effective, or after 15 s. */
    async enableZdr(slug: string): Promise<ZdrState> {
      return (await client.call('POST', '/v1/manage/org/zdr', zdrAnswer, { confirm: slug })).state;
    },
  };
};

export type ManagementApi = ReturnType<typeof createManagementApi>;
