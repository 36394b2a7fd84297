import type { Deployment } from './deployment.js';

export interface Organization {
  readonly slug: string;
  readonly adminToken: string;
  /** A key that does not log, and one that does. */
  readonly quiet: string;
  readonly logging: string;
}

const json = async <T>(deployment: Deployment, args: readonly string[]): Promise<T> =>
  JSON.parse(await deployment.lethe([...args, '--json'])) as T;

/** An organization with an admin and two keys, made as the README says. */
export const makeOrganization = async (deployment: Deployment, slug: string): Promise<Organization> => {
  await json(deployment, ['org', 'create', slug]);
  const { user_id: user } = await json<{ user_id: string }>(deployment, [
    ...['member', 'add', slug, '--name', 'Ada', '--role', 'admin'],
  ]);
  const key = async (name: string, ...more: string[]): Promise<string> => {
    const args = ['key', 'create', slug, '--owner', user, '--name', name, ...more];
    return (await json<{ api_key: string }>(deployment, args)).api_key;
  };
  return {
    slug,
    adminToken: (await json<{ token: string }>(deployment, ['token', 'create', slug, '--user', user])).token,
    quiet: await key('quiet'),
    logging: await key('logging', '--logging'),
  };
};

/** The state that `lethe zdr status` shows. */
export const zdrState = async (
  deployment: Deployment,
  { slug, adminToken }: Pick<Organization, 'slug' | 'adminToken'>,
): Promise<string> =>
  (
    JSON.parse(
      await deployment.lethe(['zdr', 'status', slug, '--json'], { LETHE_ADMIN_TOKEN: adminToken }),
    ) as { state: string }
  ).state;

/** What `lethe zdr enable` prints. */
export const enableZdr = async (
  deployment: Deployment,
  org: Organization,
): Promise<{ readonly state: string }> =>
  JSON.parse(
    await deployment.lethe(['zdr', 'enable', org.slug, '--confirm', org.slug, '--json'], {
      LETHE_ADMIN_TOKEN: org.adminToken,
    }),
  );
