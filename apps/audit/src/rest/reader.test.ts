import { describe, expect, it } from '@jest/globals';
import { newUuidV7, type OrgId } from '@lethe/contracts';
import { type ManagementPrincipal, type ManagementRole, tokenSha256 } from '@lethe/service-kit';
import { createReaderOf } from './reader.js';

const orgId = newUuidV7() as OrgId;
const principal = (role: ManagementRole, org: OrgId | undefined = orgId): ManagementPrincipal => ({
  tokenId: newUuidV7(),
  userId: newUuidV7(),
  orgId: org,
  orgSlug: 'demo',
  role,
  ownApiKeyIds: [],
  adminGroupIds: [],
});
const readerOf = (found: ManagementPrincipal) =>
  createReaderOf({ authenticate: async () => found }, tokenSha256('lethe_ops_1'))('Bearer lethe_mgmt_1');

describe('whose events a token reads', () => {
  it('admins and auditors: their organization; the operator: all', async () => {
    expect(await readerOf(principal('admin'))).toEqual({ orgId });
    expect(await readerOf(principal('auditor'))).toEqual({ orgId });
    expect(await readerOf({ ...principal('operator'), orgId: undefined })).toBe('all');
  });

  it('members: nothing, and nobody without an organization', async () => {
    await expect(readerOf(principal('member'))).rejects.toMatchObject({ code: 'caller.forbidden' });
    await expect(readerOf({ ...principal('admin'), orgId: undefined })).rejects.toMatchObject({
      code: 'caller.forbidden',
    });
  });

  it('knows the operator token without asking, and no token at all', async () => {
    const asked: string[] = [];
    const read = createReaderOf(
      {
        authenticate: async (authorization) => {
          asked.push(authorization ?? '');
          return principal('admin');
        },
      },
      tokenSha256('lethe_ops_1'),
    );
    expect(await read('Bearer lethe_ops_1')).toBe('all');
    await expect(read(undefined)).rejects.toMatchObject({ code: 'caller.invalid_token' });
    expect(asked).toEqual([]);
    expect(await read('Bearer lethe_ops_2')).toEqual({ orgId });
  });
});
