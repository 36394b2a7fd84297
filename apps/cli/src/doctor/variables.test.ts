import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { repositoryRoot } from '../repository.js';
import { examineVariables } from './variables.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lethe-doctor-'));
  await copyFile(join(repositoryRoot, 'docker-compose.yml'), join(folder, 'docker-compose.yml'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const whole: Readonly<Record<string, string>> = {
  LETHE_SECRETS: './deploy/secrets',
  LETHE_OPERATOR_TOKEN_SHA256: 'a'.repeat(64),
  LETHE_AUDIT_ORIGIN: 'lethe.example.com/audit',
  LETHE_KAFKA_CLUSTER_ID: 'AAAAAAAAAAAAAAAAAAAAAA',
  LETHE_S3_IMAGE: 'an-image',
  LETHE_LEASE_TTL_MS: '5000',
};
const items = async (changes: Record<string, string>): Promise<string[]> => {
  const lines = Object.entries({ ...whole, ...changes }).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(join(folder, '.env'), lines.join(''));
  const { findings } = await examineVariables(join(folder, '.env'));
  return findings.map(({ item, where }) => `${item} ${where.split(' ')[0]}`);
};

describe('the doctor of variables', () => {
  it('finds nothing in a file that is whole', async () => {
    expect(await items({})).toEqual([]);
  });

  it.each([
    ['setting_missing LETHE_SECRETS', { LETHE_SECRETS: '' }],
    ['setting_missing LETHE_S3_IMAGE', { LETHE_S3_IMAGE: '' }],
    ['setting_unknown LETHE_LEASE_TTL', { LETHE_LEASE_TTL: '5000' }],
    ['setting_malformed LETHE_LEASE_TTL_MS', { LETHE_LEASE_TTL_MS: '5 s' }],
    ['setting_malformed LETHE_BILLING_DURABILITY', { LETHE_BILLING_DURABILITY: 'yes' }],
  ])('finds %s', async (expected, changes) => {
    expect(await items(changes as Record<string, string>)).toEqual([expected]);
  });

  it('says what it has not found', async () => {
    expect(await examineVariables(join(folder, 'none'))).toMatchObject({
      looked: undefined,
      unseen: [expect.stringContaining('--env')],
    });
  });
});
