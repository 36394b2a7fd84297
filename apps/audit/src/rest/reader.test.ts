import { describe, expect, it } from '@jest/globals';
import { newUuidV7, type OrgId } from '@lethe/contracts';
import { type ManagementPrincipal, type ManagementRole, tokenSha256 } from '@lethe/service-kit';
import { Hono } from 'hono';
import { type Access, createAccessOf, readerOf } from './reader.js';

const orgId = newUuidV7() as OrgId;
const userId = newUuidV7();
const personal = { emailDigest: 'e'.repeat(43) };
const principal = (role: ManagementRole, org: OrgId | undefined = orgId): ManagementPrincipal => ({
  tokenId: newUuidV7(),
  userId,
  orgId: org,
  orgSlug: 'demo',
  role,
  ownApiKeyIds: [],
  adminGroupIds: [],
  personal,
});

/** The access of a call with this authorization, where admin-config knows one principal. */
const accessOf = async (found: ManagementPrincipal, authorization?: string, asked: unknown[] = []) => {
  const access = createAccessOf({
    identity: {
      authenticate: async (header) => {
        asked.push(header);
        return found;
      },
    },
    operatorTokenSha256: tokenSha256('lethe_ops_1'),
  });
  let result: Promise<Access> | undefined;
  const app = new Hono().get('/', (c) => {
    result = access(c);
    result.catch(() => {});
    return c.text('');
  });
  await app.request('/', authorization === undefined ? {} : { headers: { authorization } });
  if (result === undefined) throw new Error('no call');
  return result;
};
const management = 'Bearer lethe_mgmt_1';

describe('whose events a token reads', () => {
  it.each(['admin', 'auditor'] as const)('%ss: their organization', async (role) => {
    const access = await accessOf(principal(role), management);
    expect(access).toEqual({ reader: { orgId }, orgId, actor: { kind: role, id: userId }, personal });
    expect(readerOf(access)).toEqual({ orgId });
  });

  it('members: nothing, and nobody without an organization', async () => {
    const access = await accessOf(principal('member'), management);
    expect(access.actor).toEqual({ kind: 'member', id: userId });
    expect(() => readerOf(access)).toThrow(expect.objectContaining({ code: 'caller.forbidden' }));
    await expect(accessOf({ ...principal('admin'), orgId: undefined }, management)).rejects.toMatchObject({
      code: 'caller.forbidden',
    });
  });

  it('the operator: all, by the token that audit knows without asking, or by what admin-config says', async () => {
    const asked: unknown[] = [];
    const operator = { reader: 'all', orgId: undefined, actor: { kind: 'operator', id: 'operator' } };
    expect(await accessOf(principal('admin'), 'Bearer lethe_ops_1', asked)).toMatchObject(operator);
    expect(asked).toEqual([]);
    expect(await accessOf(principal('operator'), 'Bearer lethe_ops_2', asked)).toMatchObject(operator);
    expect(asked).toEqual(['Bearer lethe_ops_2']);
  });

  it('nobody: nothing, and nobody is asked', async () => {
    const asked: unknown[] = [];
    for (const authorization of [undefined, '', 'Basic eA==', 'Bearer '])
      await expect(accessOf(principal('admin'), authorization, asked)).rejects.toMatchObject({
        code: 'caller.invalid_token',
      });
    expect(asked).toEqual([]);
  });
});
