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

/** Reads the home's secrets, or makes them for a new home. Throws Problem when a home has lost or spoilt them. */
export const loadSecrets = async (home: Home): Promise<Secrets> => {
  if (existsSync(home.secretsFile)) {
    const secrets = decodeSecrets(await readFile(home.secretsFile, 'utf8'));
    if (secrets !== undefined) return secrets;
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
    organizations: [],
  };
  await saveSecrets(home, secrets);
  return secrets;
};
