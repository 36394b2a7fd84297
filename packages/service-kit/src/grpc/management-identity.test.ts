import * as grpc from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from '@jest/globals';
import { identity, newUuidV7, uuidBytes } from '@lethe/contracts';
import { newToken, tokenSha256 } from '../safe/bearer.js';
import { Opaque } from '../safe/opaque.js';
import { serveGrpc } from './grpc-server.js';
import { createIdentityClient } from './management-identity.js';

const service = newToken('lethe_svc_');
const token = newToken('lethe_mgmt_');
const [tokenId, userId, orgId, apiKeyId, groupId] = Array.from({ length: 5 }, () => newUuidV7());
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const start = async (answer: Partial<identity.AuthenticateResponse> | grpc.status) => {
  const asked: Buffer[] = [];
  const addresses: string[] = [];
  const server = await serveGrpc({
    host: '127.0.0.1',
    port: 0,
    credentials: { audit: tokenSha256(service) },
    services: [
      {
        definition: identity.IdentityService,
        implementation: {
          authenticate: (
            call: grpc.ServerUnaryCall<identity.AuthenticateRequest, identity.AuthenticateResponse>,
            callback: grpc.sendUnaryData<identity.AuthenticateResponse>,
          ) => {
            asked.push(call.request.tokenSha256);
            addresses.push(call.request.sourceIp);
            if (typeof answer === 'number') callback({ code: answer, details: 'CANARY-7f1f' });
            else callback(null, { ...identity.AuthenticateResponse.decode(Buffer.alloc(0)), ...answer });
          },
        },
      },
    ],
  });
  const client = createIdentityClient({
    address: `127.0.0.1:${server.port}`,
    credential: new Opaque(service),
  });
  closing.push(
    () => server.close(),
    () => client.close(),
  );
  return { client, asked, addresses, server };
};
const found = {
  found: true,
  role: 1,
  tokenId: uuidBytes(tokenId),
  userId: uuidBytes(userId),
  orgId: uuidBytes(orgId),
  orgSlug: 'acme',
  ownApiKeyIds: [uuidBytes(apiKeyId), Buffer.alloc(3)],
  adminGroupIds: [uuidBytes(groupId)],
};

describe('who a management token belongs to', () => {
  it('is asked of admin-config by hash, at each call', async () => {
    const { client, asked } = await start(found);
    for (let n = 0; n < 2; n += 1)
      expect(await client.authenticate(`Bearer ${token}`)).toEqual({
        tokenId,
        userId,
        orgId,
        orgSlug: 'acme',
        role: 'admin',
        ownApiKeyIds: [apiKeyId],
        adminGroupIds: [groupId],
        personal: {},
      });
    expect(asked.map((sha256) => sha256.toString('hex'))).toEqual(
      Array(2).fill(tokenSha256(token).toString('hex')),
    );
  });

  it('comes with what an audit event may say of the person and the address, by digest', async () => {
    const { client, addresses } = await start({
      ...found,
      emailDigest: 'e'.repeat(43),
      ipDigest: 'i'.repeat(43),
    });
    const { personal } = await client.authenticate(`Bearer ${token}`, '203.0.113.9');
    expect(personal).toEqual({ emailDigest: 'e'.repeat(43), ipDigest: 'i'.repeat(43) });
    expect(addresses).toEqual(['203.0.113.9']);
  });

  it('is one of the roles there are', async () => {
    for (const [role, name] of [
      [2, 'member'],
      [3, 'auditor'],
      [4, 'operator'],
    ] as const)
      expect((await (await start({ ...found, role })).client.authenticate(`Bearer ${token}`)).role).toBe(
        name,
      );
  });

  it.each<[string, Partial<identity.AuthenticateResponse>]>([
    ['is not found', { ...found, found: false }],
    ['has no role', { ...found, role: 0 }],
    ['has a role nobody knows', { ...found, role: 99 as identity.Role }],
    ['is an empty answer', {}],
  ])('is nobody when it %s', async (_how, answer) => {
    const { client } = await start(answer);
    await expect(client.authenticate(`Bearer ${token}`)).rejects.toMatchObject({
      code: 'caller.invalid_token',
    });
  });

  it('is nobody without a token, and nobody is asked', async () => {
    const { client, asked } = await start(found);
    for (const authorization of [undefined, '', 'Bearer ', `Basic ${token}`, token])
      await expect(client.authenticate(authorization)).rejects.toMatchObject({
        code: 'caller.invalid_token',
      });
    expect(asked).toEqual([]);
  });

  it('is refused while admin-config does not answer: nothing is remembered', async () => {
    const failing = await start(grpc.status.INTERNAL);
    const thrown: unknown = await failing.client.authenticate(`Bearer ${token}`).catch((error) => error);
    expect(thrown).toMatchObject({ code: 'gateway.unavailable' });
    expect(String(thrown)).not.toContain('CANARY');
    const { client, server } = await start(found);
    await client.authenticate(`Bearer ${token}`);
    await server.close();
    await expect(client.authenticate(`Bearer ${token}`)).rejects.toMatchObject({
      code: 'gateway.unavailable',
    });
  });
});
