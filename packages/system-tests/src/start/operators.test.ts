import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type Lethe, spawnLethe, startLethe } from '../start-lethe.js';
import { waitFor } from '../wait-for.js';

jest.setTimeout(180_000);

let lethe: Lethe;
beforeAll(async () => {
  lethe = await startLethe();
});
afterAll(() => lethe.stop());

/** Runs an operator's command against this Lethe; its standard output, or the failure with what it said. */
const command = async (line: string, env: Readonly<Record<string, string>> = {}): Promise<string> => {
  const { child, printed } = spawnLethe(line.split(' '), { LETHE_HOME: lethe.home, ...env });
  const [code] = (await once(child, 'close')) as [number];
  if (code !== 0) throw new Error(`${code}: ${printed.progress}`);
  return printed.page.trim();
};
const json = async (line: string): Promise<Record<string, string>> =>
  JSON.parse(await command(`${line} --json`)) as Record<string, string>;

const statusOf = async (key: string): Promise<number> => {
  const response = await fetch(`${lethe.run.router}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'sim/echo', messages: [{ role: 'user', content: 'ping' }] }),
  });
  await response.arrayBuffer();
  return response.status;
};
const eventually = (status: number, key: string): Promise<true> =>
  waitFor(async () => (await statusOf(key)) === status);

describe('an operator makes what the demo has made', () => {
  it('an organization, its admin, a token and keys that work, each an audit event', async () => {
    await command('org create acme --name Acme');
    const { user_id: user } = await json('member add acme --name Ada --role admin');
    const { token, token_id: tokenId } = await json(`token create acme --user ${user}`);
    const { api_key: first, api_key_id: keyId } = await json(`key create acme --owner ${user} --name web`);
    await eventually(200, first ?? '');
    const signedIn = () =>
      fetch(`${lethe.run.adminConfig}/v1/auth/check`, { headers: { authorization: `Bearer ${token}` } });
    expect(await (await signedIn()).json()).toMatchObject({ org_slug: 'acme', role: 'admin' });

    const { api_key: second } = await json(`key rotate ${keyId} --overlap-seconds 3600`);
    await eventually(200, second ?? '');
    expect(await statusOf(first ?? '')).toBe(200);
    const { api_key: third } = await json(`key rotate ${keyId}`);
    await eventually(200, third ?? '');
    await command(`key revoke ${keyId}`);
    for (const secret of [first, second, third]) await eventually(401, secret ?? '');
    await command(`token revoke ${tokenId}`);
    expect((await signedIn()).status).toBe(401);

    const types = async (): Promise<string[]> =>
      (await command('audit tail --once --last 20 --json')).split('\n').map((line) => {
        const placed = JSON.parse(line) as { event: { type: string } };
        return placed.event.type.replace(/^ai\.lethe\.audit\.(.+)\.v1$/, '$1');
      });
    await waitFor(async () => (await types()).includes('token.revoked'));
    const order = [
      'org.created',
      'member.added',
      'token.created',
      'apikey.created',
      'apikey.rotated',
      'apikey.revoked',
    ];
    expect(await types()).toEqual(expect.arrayContaining([...order, 'token.revoked']));
    expect(await command('org list')).toContain('acme');
  });

  it('is told what to do when something is taken, missing or not allowed', async () => {
    await expect(command('org create open-demo')).rejects.toThrow(/1: .*taken[\s\S]*another name/);
    await expect(command('member add nobody --name X --role admin')).rejects.toThrow(/lethe org list/);
    const other = {
      LETHE_ADMIN_URL: lethe.run.adminConfig,
      LETHE_OPERATOR_TOKEN: 'lethe_ops_of_somebody_else',
    };
    await expect(command('org list', other)).rejects.toThrow(/LETHE_OPERATOR_TOKEN/);
    const { user_id: user } = await json('member add zdr-demo --name Eve --role member');
    await expect(command(`key create zdr-demo --owner ${user} --name k --logging`)).rejects.toThrow(/^1: /);
  });
});

describe('run.json', () => {
  it('tells that an organization has ZDR soon after it was enabled', async () => {
    const [open] = lethe.run.organizations;
    expect(open).toMatchObject({ slug: 'open-demo', zdr: false });
    const response = await fetch(`${lethe.run.adminConfig}/v1/manage/org/zdr`, {
      method: 'POST',
      headers: { authorization: `Bearer ${open?.adminToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ confirm: 'open-demo' }),
    });
    expect([200, 202]).toContain(response.status);
    await waitFor(() => lethe.readRun()?.organizations[0]?.zdr === true);
    expect(lethe.readRun()).toEqual({
      ...lethe.run,
      organizations: lethe.run.organizations.map((organization) => ({ ...organization, zdr: true })),
    });
  });
});
