import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { newToken } from '@lethe/service-kit';
import { Problem } from '../../terminal/problem.js';
import type { Home } from './home.js';
import { writePrivateFile } from './private-file.js';
import { decodeSecrets, encodeSecrets, type Secrets } from './secrets-codec.js';

export const saveSecrets = (home: Home, secrets: Secrets): Promise<void> =>
  writePrivateFile(home.secretsFile, encodeSecrets(secrets));

const newAuditIdentity = () => ({
  auditOrigin: `lethe.localhost/audit-${randomBytes(4).toString('hex')}`,
  auditSigningSeed: randomBytes(32).toString('hex'),
});

/** A home of an older Lethe gets what it lacks, once: a log that changes its name or key is another log. */
const completed = async (
  home: Home,
  stored: NonNullable<ReturnType<typeof decodeSecrets>>,
): Promise<Secrets> => {
  const { auditOrigin, auditSigningSeed } = stored;
  const made = newAuditIdentity();
  const secrets: Secrets = {
    ...stored,
    auditOrigin: auditOrigin ?? made.auditOrigin,
    auditSigningSeed: auditSigningSeed ?? made.auditSigningSeed,
  };
  if (auditOrigin === undefined || auditSigningSeed === undefined) await saveSecrets(home, secrets);
  return secrets;
};

/** Reads the home's secrets, or makes them for a new home. Throws Problem when a home has lost or spoilt them. */
export const loadSecrets = async (home: Home): Promise<Secrets> => {
  if (existsSync(home.secretsFile)) {
    const secrets = decodeSecrets(await readFile(home.secretsFile, 'utf8'));
    if (secrets !== undefined) return await completed(home, secrets);
    throw new Problem(
      `${home.secretsFile} cannot be read as what Lethe wrote.`,
      'Put the right file back, or start afresh with --reset.',
    );
  }
  if (existsSync(home.postgresData))
    throw new Problem(
      `${home.secretsFile} is gone, and with it the password of the database beside it.`,
      'Put the file back, or start afresh with --reset.',
    );
  const secrets: Secrets = {
    version: 1,
    operatorToken: newToken('lethe_ops_'),
    postgresPassword: randomBytes(32).toString('base64url'),
    atRestRootKey: randomBytes(32).toString('hex'),
    ...newAuditIdentity(),
    organizations: [],
  };
  await saveSecrets(home, secrets);
  return secrets;
};
