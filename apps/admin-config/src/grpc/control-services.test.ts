import { randomBytes } from 'node:crypto';
import * as grpc from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { identity, newUuidV7, type Uuid, uuidBytes } from '@lethe/contracts';
import { askIdentity, type Face, idText, registerTransitKey, serveFace } from '../testing/sync.contract.js';
import {
  enableZdr,
  makeKey,
  makeOrg,
  startWorld,
  type TestOrg,
  takeAuditEvents,
  versionNow,
  type World,
} from '../testing/world.contract.js';

describe('the gRPC services for accounting and audit', () => {
  let world: World;
  let face: Face;
  let org: TestOrg;
  beforeAll(async () => {
    world = await startWorld();
    face = await serveFace(world.replica);
    org = await makeOrg(world, 'acme');
  });
  afterAll(async () => {
    await face.close();
    await world.close();
  });

  const transit = (orgId: string) => ({
    orgId: uuidBytes(orgId as Uuid),
    transitKeyId: uuidBytes(newUuidV7()),
    publicKey: randomBytes(32),
  });
  const status = (call: Promise<unknown>): Promise<unknown> =>
    call.then(
      () => grpc.status.OK,
      (error) => error.status,
    );

  describe('Identity.Authenticate', () => {
    it('knows a user, the role, own keys and administered groups', async () => {
      const key = await makeKey(world, org.member.token);
      const revoked = await makeKey(world, org.member.token);
      await world.call('DELETE', `/v1/manage/apikey/${revoked.id}`, { token: org.member.token });
      const group = await world.call('POST', '/v1/manage/group', {
        token: org.admin.token,
        body: { name: 'g' },
      });
      await world.call('POST', `/v1/manage/group/${group.body.group_id}/member`, {
        token: org.admin.token,
        body: { user_id: org.member.userId, role: 'admin' },
      });
      const found = await askIdentity(face, org.member.token);
      expect([found.found, found.role, found.orgSlug]).toEqual([true, identity.Role.ROLE_MEMBER, 'acme']);
      expect([idText(found.userId), idText(found.orgId)]).toEqual([org.member.userId, org.id]);
      expect(found.ownApiKeyIds.map(idText).sort()).toEqual([key.id, revoked.id].sort());
      expect(found.adminGroupIds.map(idText)).toEqual([group.body.group_id]);
      expect((await askIdentity(face, org.admin.token)).role).toBe(identity.Role.ROLE_ADMIN);
      expect((await askIdentity(face, org.auditor.token)).role).toBe(identity.Role.ROLE_AUDITOR);
    });

    it('knows the operator, who has no organization', async () => {
      const found = await askIdentity(face, world.operatorToken, { credential: face.credentials.audit });
      expect([found.found, found.role, found.orgId.length]).toEqual([true, identity.Role.ROLE_OPERATOR, 0]);
    });

    it('does not know others, nor a token that was revoked', async () => {
      expect(await askIdentity(face, 'lethe_mgmt_guess')).toMatchObject({
        found: false,
        role: 0,
        orgSlug: '',
      });
      const [row] = await world.superuser`select t.id from config.management_token t
        where t.user_id = ${org.auditor.userId}`;
      await world.call('POST', `/v1/operator/token/${row?.id}/revoke`, { token: world.operatorToken });
      expect((await askIdentity(face, org.auditor.token)).found).toBe(false);
    });

    it('answers accounting and audit only', async () => {
      expect(await status(askIdentity(face, org.admin.token, { credential: face.credentials.router }))).toBe(
        grpc.status.PERMISSION_DENIED,
      );
    });
  });

  describe('PolicySync.RegisterTransitKey', () => {
    it('makes a key current under a version of its own, once', async () => {
      await takeAuditEvents(world);
      const before = await versionNow(world);
      const key = transit(org.id);
      expect(await registerTransitKey(face, key)).toBe(before + 1n);
      expect(await registerTransitKey(face, key)).toBe(before + 1n);
      await registerTransitKey(face, transit(org.id));
      await registerTransitKey(face, transit(org.id));
      expect(await versionNow(world)).toBe(before + 3n);
      const rows = await world.superuser`select current from config.transit_key where org_id = ${org.id}`;
      expect(rows.filter(({ current }) => current)).toHaveLength(1);
      expect(rows.length).toBeLessThanOrEqual(2);
      const [event] = await takeAuditEvents(world);
      expect(event).toMatchObject({
        type: 'ai.lethe.audit.transit_key.registered.v1',
        subject: `transit_key/${idText(key.transitKeyId)}`,
        data: { actor: { user: { uid: 'accounting', type: 'service' } } },
      });
    });

    it('refuses another key under a known id, unknown organizations and what is no key', async () => {
      const key = transit(org.id);
      await registerTransitKey(face, key);
      const call = (request: Parameters<typeof registerTransitKey>[1]) =>
        status(registerTransitKey(face, request));
      expect(await call({ ...key, publicKey: randomBytes(32) })).toBe(grpc.status.ALREADY_EXISTS);
      expect(await call(transit(newUuidV7()))).toBe(grpc.status.NOT_FOUND);
      expect(await call({ ...transit(org.id), publicKey: randomBytes(31) })).toBe(
        grpc.status.INVALID_ARGUMENT,
      );
      expect(await call({ ...transit(org.id), transitKeyId: Buffer.alloc(0) })).toBe(
        grpc.status.INVALID_ARGUMENT,
      );
      expect(await call({ ...transit(org.id), orgId: Buffer.alloc(15) })).toBe(grpc.status.INVALID_ARGUMENT);
    });

    it('is refused under ZDR, and the attempt recorded', async () => {
      const zdr = await makeOrg(world);
      await registerTransitKey(face, transit(zdr.id));
      await enableZdr(world, zdr);
      await takeAuditEvents(world);
      expect(await status(registerTransitKey(face, transit(zdr.id)))).toBe(grpc.status.FAILED_PRECONDITION);
      const keys = await world.superuser`select 1 from config.transit_key where org_id = ${zdr.id}`;
      expect(keys).toHaveLength(0);
      expect((await takeAuditEvents(world)).map(({ data }) => data.unmapped.refusal)).toEqual([
        'org_policy.zdr_irrevocable',
      ]);
    });

    it('is for accounting only', async () => {
      for (const credential of [face.credentials.router, face.credentials.audit])
        expect(await status(registerTransitKey(face, transit(org.id), credential))).toBe(
          grpc.status.PERMISSION_DENIED,
        );
    });
  });
});
