import { join } from 'node:path';
import { z } from 'zod';
import type { Command } from '../command.js';
import { httpsUrl, path, text, wholeNumber } from '../serve/settings/fields.js';
import { certificatesFile, secretFile } from '../serve/settings/file-fields.js';
import { readArguments } from '../terminal/arguments.js';
import { Problem } from '../terminal/problem.js';
import { prepareBuckets } from './prepare-buckets.js';

const help = `lethe buckets: the object store's buckets, and who may do what in them

Usage: lethe buckets

Makes what is missing: the bucket of raw requests; the bucket of the audit log's anchors, which keeps every version
for LETHE_ANCHORS_LOCK_DAYS whoever asks (object lock, compliance mode); and a user for each service, with just its
rights: lethe-router may put, lethe-accounting may read, list and delete, lethe-audit may put and read anchors. Users
and policies are made as MinIO does it; with another store make them by hand. Safe to run again.

Reads LETHE_S3_ENDPOINT, LETHE_S3_REGION, LETHE_S3_CA_FILE, LETHE_S3_BUCKET, LETHE_ANCHORS_BUCKET,
LETHE_ANCHORS_LOCK_DAYS, the administrator's LETHE_S3_ACCESS_KEY_ID and LETHE_S3_SECRET_ACCESS_KEY_FILE, and from the
folder LETHE_S3_USERS_DIR the secrets router-s3-secret, accounting-s3-secret and audit-s3-secret.`;

const waitMs = 120_000;
const bucket = text(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of a bucket');
const secret = secretFile(/^[\x21-\x7e]{8,256}$/, 'a secret access key');

const settingsSchema = z.object({
  LETHE_S3_ENDPOINT: httpsUrl,
  LETHE_S3_REGION: text(/^[A-Za-z0-9-]{1,64}$/, 'must be the name of a region'),
  LETHE_S3_CA_FILE: certificatesFile.optional(),
  LETHE_S3_BUCKET: bucket,
  LETHE_ANCHORS_BUCKET: bucket,
  LETHE_ANCHORS_LOCK_DAYS: wholeNumber(1, 36_500),
  LETHE_S3_ACCESS_KEY_ID: text(/^[\x21-\x7e]{3,128}$/, 'must be 3 to 128 printable characters'),
  LETHE_S3_SECRET_ACCESS_KEY_FILE: secret,
  LETHE_S3_USERS_DIR: path,
});
const usersSchema = z.object({ router: secret, accounting: secret, audit: secret });

const settingsProblem = ({ issues }: z.ZodError): Problem =>
  new Problem(
    `The object store cannot be prepared with these settings:\n${issues.map(({ path: at, message }) => `  - ${at.map(String).join('.')} ${message}`).join('\n')}`,
    'See: lethe buckets --help',
  );

const parsed = <S extends z.ZodType>(schema: S, value: unknown): z.infer<S> => {
  const result = schema.safeParse(value);
  if (!result.success) throw settingsProblem(result.error);
  return result.data;
};

export const bucketsCommand: Command = {
  help,
  run: async (args) => {
    readArguments('buckets', args, { options: {}, positionals: [] });
    const settings = parsed(settingsSchema, process.env);
    const fileOf = (service: string): string => join(settings.LETHE_S3_USERS_DIR, `${service}-s3-secret`);
    const secrets = parsed(usersSchema, {
      router: fileOf('router'),
      accounting: fileOf('accounting'),
      audit: fileOf('audit'),
    });
    await prepareBuckets(
      {
        login: {
          endpoint: settings.LETHE_S3_ENDPOINT,
          region: settings.LETHE_S3_REGION,
          ca: settings.LETHE_S3_CA_FILE?.pem,
          accessKeyId: settings.LETHE_S3_ACCESS_KEY_ID,
          secretAccessKey: settings.LETHE_S3_SECRET_ACCESS_KEY_FILE,
        },
        rawRequests: settings.LETHE_S3_BUCKET,
        anchors: settings.LETHE_ANCHORS_BUCKET,
        anchorsLockDays: settings.LETHE_ANCHORS_LOCK_DAYS,
        secrets,
      },
      waitMs,
    );
    return 0;
  },
};
