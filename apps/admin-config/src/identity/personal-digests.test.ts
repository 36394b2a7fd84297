import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { askIdentity, type Face, serveFace } from '../testing/sync.contract.js';
import {
  type AuditEvent,
  makeOrg,
  startWorld,
  type TestOrg,
  takeAuditEvents,
  type World,
} from '../testing/world.contract.js';

const [address, elsewhere] = ['203.0.113.9', '2001:db8::7'];
const email = 'Ada.Lovelace@Example.org';

/** As whoever has the salt computes it, by the words of the documentation. */
const digestOf = (salt: Buffer, value: string): string =>
  createHash('sha256')
    .update(Buffer.concat([salt, Buffer.from(value)]))
    .digest('base64url');

describe('who acted, in an event', () => {
  let world: World;
  let face: Face;
  let org: TestOrg;
  let ada: { readonly userId: string; readonly token: string };

  beforeAll(async () => {
    world = await startWorld();
    face = await serveFace(world.replica);
    org = await makeOrg(world);
    const token = world.operatorToken;
    const path = `/v1/operator/org/${org.slug}`;
    const made = await world.call('POST', `${path}/member`, {
      token,
      body: { name: 'Ada', role: 'admin', email },
    });
    const userId = String(made.body.user_id);
    const given = await world.call('POST', `${path}/token`, { token, body: { user_id: userId, name: 't' } });
    ada = { userId, token: String(given.body.token) };
  });
  afterAll(async () => {
    await face.close();
    await world.close();
  });

  const saltOf = async (userId: string): Promise<Buffer | undefined> => {
    const [row] = await world.superuser`select salt from config.audit_salt where user_id = ${userId}`;
    return row?.salt as Buffer | undefined;
  };
  const rename = async (token: string, from?: string): Promise<AuditEvent | undefined> => {
    await takeAuditEvents(world);
    const body = { name: `name ${Math.random()}` };
    await world.call('PATCH', '/v1/manage/org', { token, body, ...(from === undefined ? {} : { from }) });
    return (await takeAuditEvents(world))[0];
  };
  const digests = (event: AuditEvent | undefined) => [
    event?.data.unmapped.actor_email_digest,
    event?.data.unmapped.source_ip_digest,
  ];
  const erase = (userId: string, token = org.admin.token) =>
    world.call('DELETE', `/v1/manage/org/member/${userId}/audit-salt`, { token, from: elsewhere });

  it('stands as digests over a salt of that user, in refusals too', async () => {
    const event = await rename(ada.token, address);
    const salt = (await saltOf(ada.userId)) as Buffer;
    expect(salt).toHaveLength(32);
    expect(digests(event)).toEqual([digestOf(salt, email.toLowerCase()), digestOf(salt, address)]);
    expect(digests(await rename(ada.token, `::ffff:${address}`))[1]).toBe(digestOf(salt, address));
    const refused = await rename(org.member.token, address);
    expect([refused?.data.status_id, refused?.data.unmapped.actor_email_digest]).toEqual([2, undefined]);
    const membersSalt = (await saltOf(org.member.userId)) as Buffer;
    expect(refused?.data.unmapped.source_ip_digest).toBe(digestOf(membersSalt, address));
    expect(membersSalt.equals(salt)).toBe(false);
  });

  it('is never there as it is', async () => {
    const rows = await world.superuser<{ body: Buffer }[]>`select body from config.outbox`;
    const sent = Buffer.concat(rows.map(({ body }) => body)).toString('utf8');
    for (const plain of [address, elsewhere, email, email.toLowerCase()]) expect(sent).not.toContain(plain);
    expect(sent).toContain('source_ip_digest');
    expect(world.logLines.join('')).not.toContain(address);
  });

  it('names no address when there is no socket, whatever headers say', async () => {
    await takeAuditEvents(world);
    const call = { token: org.member.token, body: { name: 'x' }, headers: { 'x-forwarded-for': address } };
    await world.call('PATCH', '/v1/manage/org', call);
    expect(digests((await takeAuditEvents(world))[0])).toEqual([undefined, undefined]);
  });

  it('is told to other services by digest alone, with the same salt', async () => {
    const found = await askIdentity(face, ada.token, { sourceIp: elsewhere });
    const salt = (await saltOf(ada.userId)) as Buffer;
    expect([found.emailDigest, found.ipDigest]).toEqual([
      digestOf(salt, email.toLowerCase()),
      digestOf(salt, elsewhere),
    ]);
    expect((await askIdentity(face, ada.token, { sourceIp: 'a sentence' })).ipDigest).toBe('');
    expect((await askIdentity(face, ada.token)).ipDigest).toBe('');
    expect((await askIdentity(face, 'lethe_mgmt_guess', { sourceIp: elsewhere })).ipDigest).toBe('');
    const operator = await askIdentity(face, world.operatorToken, { sourceIp: elsewhere });
    expect([operator.emailDigest, operator.ipDigest.length]).toEqual(['', 43]);
  });

  it('is anybody after the salt was deleted: the digest cannot be made again', async () => {
    const [before] = [await rename(ada.token, address)];
    const salt = (await saltOf(ada.userId)) as Buffer;
    const matches = async (event: AuditEvent | undefined) => {
      const rows = await world.superuser<{ salt: Buffer }[]>`select salt from config.audit_salt`;
      return rows.some((row) => digestOf(row.salt, address) === event?.data.unmapped.source_ip_digest);
    };
    expect(digestOf(salt, address)).toBe(before?.data.unmapped.source_ip_digest);
    expect(await matches(before)).toBe(true);
    expect((await erase(ada.userId)).status).toBe(204);
    const [erased, ...rest] = await takeAuditEvents(world);
    expect([erased?.type, erased?.subject, rest]).toEqual([
      'ai.lethe.audit.member.erased.v1',
      `user/${ada.userId}`,
      [],
    ]);
    expect(await saltOf(ada.userId)).toBeUndefined();
    expect(await matches(before)).toBe(false);
    // Whoever acts again gets another salt, which leads to nothing before it.
    const after = await rename(ada.token, address);
    expect(after?.data.unmapped.source_ip_digest).not.toBe(before?.data.unmapped.source_ip_digest);
    expect(await matches(before)).toBe(false);
    expect(await matches(after)).toBe(true);
  });

  it('can be erased for those who left, by those who may, and once', async () => {
    await rename(ada.token, address);
    await world.call('DELETE', `/v1/manage/org/member/${ada.userId}`, { token: org.admin.token });
    await takeAuditEvents(world);
    expect((await erase(ada.userId, org.auditor.token)).status).toBe(403);
    expect(await saltOf(ada.userId)).toBeDefined();
    expect((await erase(ada.userId)).status).toBe(204);
    expect((await erase(ada.userId)).status).toBe(204);
    expect((await takeAuditEvents(world)).map(({ type }) => type)).toEqual([
      'ai.lethe.audit.change.refused.v1',
      'ai.lethe.audit.member.erased.v1',
    ]);
    expect((await erase('00000000-0000-0000-0000-000000000000')).status).toBe(404);
  });

  it('is erased by the erased: the event of it says nothing of the salt that went', async () => {
    await rename(org.admin.token, elsewhere);
    const salt = (await saltOf(org.admin.userId)) as Buffer;
    await erase(org.admin.userId);
    const [event] = await takeAuditEvents(world);
    expect(event?.data.unmapped.source_ip_digest).toMatch(/^[\w-]{43}$/);
    expect(event?.data.unmapped.source_ip_digest).not.toBe(digestOf(salt, elsewhere));
  });
});
