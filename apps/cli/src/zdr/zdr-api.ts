import { z } from 'zod';
import { createApiClient } from '../operator/api-client.js';
import { readRun } from '../operator/find-lethe.js';
import { Problem } from '../terminal/problem.js';
import { type ZdrAnswer, zdrAnswer } from './zdr-answer.js';

/** Admin-config answers within 15 s what is not effective by then. */
const enableTimeoutMs = 30_000;

const whose = z.object({ org_slug: z.string(), role: z.string() });

export interface ZdrWish {
  readonly confirm: string;
  readonly shred_history: boolean;
}

/** ZDR of one organization, with a management token of it. Calls reject as ApiClient.call does. */
export interface ZdrApi {
  ask(): Promise<ZdrAnswer>;
  enable(wish: ZdrWish): Promise<ZdrAnswer>;
}

/** Where and with which token: `--url` or LETHE_ADMIN_URL with LETHE_ADMIN_TOKEN, else what run.json has. */
const findAccess = async (
  slug: string,
  url: string | undefined,
  env: NodeJS.ProcessEnv,
): Promise<{ readonly url: string; readonly token: string }> => {
  const address = url || env.LETHE_ADMIN_URL;
  if (address) {
    if (!URL.canParse(address))
      throw new Problem('The URL cannot be read.', 'Write it like http://127.0.0.1:4002');
    if (!env.LETHE_ADMIN_TOKEN)
      throw new Problem(
        'LETHE_ADMIN_TOKEN is not set.',
        'It is needed beside a URL: export LETHE_ADMIN_TOKEN=lethe_mgmt_…',
      );
    return { url: address, token: env.LETHE_ADMIN_TOKEN };
  }
  const run = await readRun(env);
  if (run === undefined)
    throw new Problem(
      'No Lethe runs here.',
      'Start it with "npm start", set LETHE_HOME to the one you mean, or name it with --url.',
    );
  const known = run.organizations.find((organization) => organization.slug === slug)?.adminToken;
  const token = env.LETHE_ADMIN_TOKEN || known;
  if (!token)
    throw new Problem(
      'There is no token for this organization here.',
      'Set LETHE_ADMIN_TOKEN to the management token of one of its admins.',
    );
  return { url: run.adminConfig, token };
};

/** The organization with this slug; throws Problem when the token is another organization's. */
export const findZdrApi = async (
  slug: string,
  url: string | undefined,
  env: NodeJS.ProcessEnv = process.env,
): Promise<ZdrApi> => {
  const access = await findAccess(slug, url, env);
  const client = createApiClient(access.url, access.token);
  const { org_slug } = await client.call('GET', '/v1/auth/check', whose);
  if (org_slug !== slug)
    throw new Problem(
      'The token is not a token of this organization.',
      'LETHE_ADMIN_TOKEN must be the management token of one of its admins.',
    );
  const patient = createApiClient(access.url, access.token, enableTimeoutMs);
  return {
    ask: () => client.call('GET', '/v1/manage/org/zdr', zdrAnswer),
    enable: (wish) => patient.call('POST', '/v1/manage/org/zdr', zdrAnswer, wish),
  };
};
