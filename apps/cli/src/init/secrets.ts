import { createHash, randomBytes } from 'node:crypto';
import { type ServiceName, serviceNames } from '@lethe/contracts';
import { newToken } from '@lethe/service-kit';
import { z } from 'zod';
import { callersOf } from '../serve/settings/common.js';
import { decodeJson } from '../terminal/json-codec.js';
import type { DeploymentFiles } from './files.js';
import { rolesOf } from './roles.js';

const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex');
const key32 = /^[0-9a-f]{64}$/;
const password = /^[A-Za-z0-9_-]{43}$/;
const newKey = (): string => randomBytes(32).toString('hex');
const newPassword = (): string => randomBytes(32).toString('base64url');
const json = (value: object): string => `${JSON.stringify(value, null, 2)}\n`;

const passwordsSchema = z.record(z.string(), z.string());

/** Who has access keys of the object store: each a user of its own, with rights of its own. */
export const objectStoreUsers = ['router', 'accounting', 'audit'] as const;

const serviceCredentials = async (files: DeploymentFiles): Promise<void> => {
  const hashes = {} as Record<ServiceName, string>;
  for (const name of serviceNames) {
    const credential = await files.keepOrMake(
      name,
      'service-credential',
      /^lethe_svc_[\x21-\x7e]{20,200}$/,
      () => newToken('lethe_svc_'),
    );
    hashes[name] = sha256Hex(credential);
  }
  for (const name of ['admin-config', 'accounting', 'audit'] as const) {
    const callers = Object.fromEntries(callersOf[name].map((caller) => [caller, hashes[caller]]));
    await files.repeat(name, 'callers.json', json(callers));
  }
};

/** One file has the passwords of all roles, for the job that gives them out; each service has its own. */
const postgresPasswords = async (files: DeploymentFiles): Promise<void> => {
  const superuser = await files.keepOrMake('postgres', 'superuser-password', password, newPassword);
  await files.repeat('migrate', 'superuser-password', superuser);
  const path = files.path('migrate', 'postgres-passwords.json');
  const text = await files.read(path);
  const all = Object.values(rolesOf).flat();
  const there = text === undefined ? {} : decodeJson(passwordsSchema, text);
  if (text !== undefined && all.some((role) => there?.[role] === undefined))
    files.flaw(`${path} does not hold a password of each of ${all.join(', ')}.`);
  const passwords = Object.fromEntries(all.map((role) => [role, there?.[role] ?? newPassword()]));
  if (text === undefined) files.add('migrate', 'postgres-passwords.json', json(passwords));
  for (const [service, roles] of Object.entries(rolesOf))
    await files.repeat(
      service as keyof typeof rolesOf,
      'postgres-passwords.json',
      json(Object.fromEntries(roles.map((role) => [role, passwords[role]]))),
    );
};

const objectStore = async (files: DeploymentFiles): Promise<void> => {
  const root = await files.keepOrMake('s3', 'root-password', password, newPassword);
  await files.repeat('buckets', 'root-password', root);
  for (const name of objectStoreUsers) {
    const secret = await files.keepOrMake(name, 's3-secret', /^[\x21-\x7e]{8,256}$/, newPassword);
    await files.repeat('buckets', `${name}-s3-secret`, secret);
  }
};

/** What of the secrets stands in the settings: hashes and names, nothing that must be kept from others. */
export interface PublicValues {
  readonly operatorTokenSha256: string;
  readonly auditOrigin: string;
  readonly kafkaClusterId: string;
}

/** Every key, password and credential. */
export const makeSecrets = async (
  files: DeploymentFiles,
  simulatedProvider: boolean,
): Promise<PublicValues> => {
  await serviceCredentials(files);
  await postgresPasswords(files);
  await objectStore(files);
  await files.keepOrMake('accounting', 'at-rest-root-key', key32, newKey);
  // One a line: a rotation adds one.
  await files.keepOrMake('audit', 'signing-seed', /^(?:[0-9a-f]{64}\s*)+$/, newKey);
  const accounts = simulatedProvider
    ? [
        {
          providerAccountId: 'sim',
          provider: 'sim',
          baseUrl: 'http://simulated-provider:4010/v1',
          credential: 'sim',
          region: '',
        },
      ]
    : [];
  await files.keepOrMake('admin-config', 'provider-accounts.json', /^\[[\s\S]*\]$/, () => json(accounts));
  const token = await files.keepOrMake('tools', 'operator-token', /^lethe_ops_[\x21-\x7e]{20,200}$/, () =>
    newToken('lethe_ops_'),
  );
  return {
    operatorTokenSha256: sha256Hex(token),
    auditOrigin: await files.keepOrMake(
      'operator',
      'audit-origin',
      /^[A-Za-z0-9._:/-]{1,200}$/,
      () => `lethe.localhost/audit-${randomBytes(4).toString('hex')}`,
    ),
    kafkaClusterId: await files.keepOrMake(
      'operator',
      'kafka-cluster-id',
      /^[A-Za-z0-9_-]{22}$/,
      newClusterId,
    ),
  };
};

/** As Kafka writes ids: 16 bytes, and none that looks like an option. */
const newClusterId = (): string => {
  const id = randomBytes(16).toString('base64url');
  return id.startsWith('-') ? newClusterId() : id;
};
