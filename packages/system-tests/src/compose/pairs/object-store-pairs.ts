import type { Deployment } from '../deployment.js';
import type { Said } from './said.js';

const raw = 'lethe-raw-requests';
const anchors = 'lethe-anchors';
const actions = ['put', 'list', 'stat', 'read', 'remove'] as const;
type Action = (typeof actions)[number];

/** In this order: what the router has put is there for accounting to read and remove, and for nobody else. */
const users: readonly { readonly user: string; readonly bucket: string; readonly may: readonly Action[] }[] =
  [
    { user: 'router', bucket: raw, may: ['put'] },
    { user: 'audit', bucket: raw, may: [] },
    { user: 'accounting', bucket: raw, may: ['list', 'stat', 'read', 'remove'] },
    { user: 'router', bucket: anchors, may: [] },
    { user: 'accounting', bucket: anchors, may: [] },
  ];

/** Each service's access key at each bucket, and one with a wrong secret. */
export const objectStorePairs = async (deployment: Deployment): Promise<Said> => {
  const ca = await deployment.read('tools/ca.crt');
  const cases = await Promise.all(
    users.map(async (one) => ({ ...one, secret: (await deployment.read(`${one.user}/s3-secret`)).trim() })),
  );
  const all = [...cases, { user: 'router', bucket: raw, may: [], secret: 'not-the-secret-of-it' }];
  const { objectStore } = await deployment.inside({
    objectStore: all.map(({ user, bucket, secret }) => ({
      config: {
        ...{ kind: 's3' as const, endpoint: 'https://s3:9000', region: 'us-east-1', bucket },
        ...{ accessKeyId: `lethe-${user}`, secretAccessKey: secret, tls: { ca } },
      },
      key: 'tried/once',
    })),
  });
  const line = (n: number, what: string): string => `${n} ${all[n]?.user} at ${all[n]?.bucket} ${what}`;
  return {
    expected: all.flatMap(({ may }, n) =>
      actions.map((action) =>
        line(n, `${action}: ${(may as readonly Action[]).includes(action) ? 'done' : 'denied'}`),
      ),
    ),
    told: all.flatMap((_, n) => (objectStore[n] ?? []).map((word) => line(n, word))),
  };
};
