import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { print, remark } from '../terminal/print.js';
import { Problem } from '../terminal/problem.js';
import { sealBody } from './sealed-body.js';
import { ask, type S3Login, type S3Question } from './signed-request.js';

export interface BucketsPlan {
  readonly login: S3Login;
  readonly rawRequests: string;
  readonly anchors: string;
  readonly anchorsLockDays: number;
  /** By service. */
  readonly secrets: Readonly<Record<'router' | 'accounting' | 'audit', string>>;
}

const pauseMs = 2_000;
const exists = 409;

const must = async (login: S3Login, what: string, question: S3Question, also?: number): Promise<number> => {
  const status = await ask(login, question);
  if (typeof status === 'number' && ((status >= 200 && status < 300) || status === also)) return status;
  throw new Problem(
    `The object store did not do this: ${what} (${status}).`,
    'Users and policies are made as MinIO does it. Elsewhere make them by hand: packages/object-store/README.md lists the rights.',
  );
};

const untilThere = async (login: S3Login, withinMs: number): Promise<void> => {
  const deadlineMs = performance.now() + withinMs;
  for (let isFirst = true; ; isFirst = false) {
    const status = await ask(login, { method: 'GET', path: '/' });
    if (status === 200) return;
    if (status === 403)
      throw new Problem('The object store refuses the access key.', 'It must be that of an administrator.');
    if (performance.now() > deadlineMs) throw new Problem(`The object store does not answer (${status}).`);
    if (isFirst) remark('waiting for the object store …');
    await pause(pauseMs);
  }
};

const lockXml = (days: number): Buffer =>
  Buffer.from(
    `<ObjectLockConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>COMPLIANCE</Mode><Days>${days}</Days></DefaultRetention></Rule></ObjectLockConfiguration>`,
  );

const makeBuckets = async ({ login, rawRequests, anchors, anchorsLockDays }: BucketsPlan): Promise<void> => {
  await must(login, `make the bucket ${rawRequests}`, { method: 'PUT', path: `/${rawRequests}` }, exists);
  const lock = { 'x-amz-bucket-object-lock-enabled': 'true' };
  await must(
    login,
    `make the bucket ${anchors} with object lock`,
    { method: 'PUT', path: `/${anchors}`, headers: lock },
    exists,
  );
  const body = lockXml(anchorsLockDays);
  await must(login, `lock what is put into ${anchors}`, {
    method: 'PUT',
    path: `/${anchors}`,
    query: { 'object-lock': '' },
    headers: { 'content-md5': createHash('md5').update(body).digest('base64') },
    body,
  });
};

/** What each service may do, in one bucket. */
const rights = {
  router: ['s3:PutObject'],
  accounting: ['s3:GetObject', 's3:ListBucket', 's3:DeleteObject'],
  audit: [
    's3:PutObject',
    's3:GetObject',
    's3:GetObjectVersion',
    's3:ListBucket',
    's3:ListBucketVersions',
    's3:GetBucketObjectLockConfiguration',
  ],
} as const;

const makeUser = async (plan: BucketsPlan, service: keyof typeof rights): Promise<void> => {
  const { login, secrets } = plan;
  const user = `lethe-${service}`;
  const bucket = service === 'audit' ? plan.anchors : plan.rawRequests;
  const admin = (path: string, query: Record<string, string>, body?: Buffer): S3Question => ({
    method: 'PUT',
    path: `/minio/admin/v3/${path}`,
    query,
    ...(body && { body }),
  });
  const policy = {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: rights[service],
        Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
      },
    ],
  };
  const account = JSON.stringify({ secretKey: secrets[service], status: 'enabled' });
  await must(
    login,
    `make the user ${user}`,
    admin('add-user', { accessKey: user }, sealBody(login.secretAccessKey, account)),
  );
  await must(
    login,
    `make the policy ${user}`,
    admin('add-canned-policy', { name: user }, Buffer.from(JSON.stringify(policy))),
  );
  await must(
    login,
    `give ${user} its policy`,
    admin('set-user-or-group-policy', { policyName: user, userOrGroup: user, isGroup: 'false' }),
  );
};

/** Makes what is missing of buckets, lock, users and policies. Rejects with Problem. */
export const prepareBuckets = async (plan: BucketsPlan, withinMs: number): Promise<void> => {
  await untilThere(plan.login, withinMs);
  await makeBuckets(plan);
  for (const service of ['router', 'accounting', 'audit'] as const) await makeUser(plan, service);
  print(
    `Buckets ${plan.rawRequests} and ${plan.anchors} (locked for ${plan.anchorsLockDays} days) and a user for each service are there.`,
  );
};
