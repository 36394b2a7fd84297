import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { freePort, makeCertificate } from '@lethe/test-servers';
import type { TestOrganization } from '../audit/running/management.js';
import { type Ended, runLethe } from '../serve/lethe-process.js';
import { openRequest } from '../support/accounting.js';
import { waitFor } from '../wait-for.js';
import { type House, startHouse } from '../zdr/house/house.js';
import { awaitReadable, loggingOrganization } from '../zdr/house/organization.js';
import { askOnce } from '../zdr/house/traffic.js';

jest.setTimeout(600_000);

describe('the root key of stored payloads', () => {
  let house: House;
  let folder: string;
  let port: number;
  let org: TestOrganization;
  beforeAll(async () => {
    port = await freePort();
    house = await startHouse({ routers: 1, postgresPort: port });
    folder = await mkdtemp(join(tmpdir(), 'lethe-rotation-'));
    const authority = makeCertificate({ commonName: 'an authority of the test' });
    const server = makeCertificate({ commonName: 'postgres', names: ['localhost'], issuer: authority });
    await house.databases.server.showCertificate(server);
    await writeFile(join(folder, 'ca.crt'), authority.cert);
    await writeFile(join(folder, 'password'), house.databases.superuser('postgres').password);
    org = await loggingOrganization(house);
  });
  afterAll(async () => {
    await house?.stop();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  const rotate = async (from: string, to: string): Promise<Ended> => {
    await writeFile(join(folder, 'from'), from);
    await writeFile(join(folder, 'to'), to);
    return await runLethe(['rotate', 'root-key'], {
      LETHE_POSTGRES_HOST: 'localhost',
      LETHE_POSTGRES_PORT: String(port),
      LETHE_POSTGRES_CA_FILE: join(folder, 'ca.crt'),
      LETHE_POSTGRES_SUPERUSER_PASSWORD_FILE: join(folder, 'password'),
      LETHE_AT_REST_ROOT_KEY_FILE: join(folder, 'from'),
      LETHE_AT_REST_NEW_ROOT_KEY_FILE: join(folder, 'to'),
    });
  };
  const stored = (): Promise<string> =>
    house.databases.as('accounting', async (sql) => {
      const rows = await sql`
        select org_id, version, encode(wrapped_key, 'hex') as wrapped, created_at from ingest.at_rest_key order by 1, 2`;
      return JSON.stringify(rows);
    });
  const readable = (requestId: string): Promise<boolean> =>
    openRequest(house.run, org.adminToken, requestId).then(
      ({ payload }) => payload !== null,
      () => false,
    );

  it('is replaced: what was stored is readable under the new one, and under the old one nothing starts', async () => {
    const asked = await askOnce(
      { routers: house.routers.map(({ url }) => url), apiKey: org.apiKey },
      { router: 0, kind: 'whole' },
    );
    await waitFor(() => readable(asked.requestId));
    const [old, fresh, third] = [
      house.secrets.atRestRootKey,
      ...[1, 2].map(() => randomBytes(32).toString('hex')),
    ];
    const before = await stored();

    // Not while accounting runs, not with a wrong key, not to the same one.
    expect(await rotate(old ?? '', fresh ?? '')).toMatchObject({
      code: 1,
      err: expect.stringContaining('Accounting runs'),
    });
    await house.accounting.stop();
    expect(await rotate(third ?? '', fresh ?? '')).toMatchObject({
      code: 1,
      err: expect.stringContaining('open with neither root key'),
    });
    const same = await rotate(old ?? '', old ?? '');
    expect(same).toMatchObject({ code: 1, err: expect.stringContaining('names the same key') });
    expect(same.err).not.toContain(old);
    expect(await stored()).toBe(before);

    const done = await rotate(old ?? '', fresh ?? '');
    expect({ code: done.code, err: done.err }).toEqual({ code: 0, err: '' });
    expect(done.out).toMatch(/^[1-9]\d* keys were wrapped anew, 0 had been before/);
    const after = await stored();
    expect(after).not.toBe(before);
    // Everything but the wrapping is as it was.
    const bare = (text: string): string => text.replace(/"wrapped":"[0-9a-f]+"/g, '');
    expect(bare(after)).toBe(bare(before));
    // Again, it finds nothing to do.
    expect((await rotate(old ?? '', fresh ?? '')).out).toContain('0 keys were wrapped anew');
    expect(await stored()).toBe(after);

    await expect(house.accounting.start()).rejects.toThrow('does not fit the database');
    house.secrets.atRestRootKey = fresh ?? '';
    await house.accounting.start();
    await waitFor(() => readable(asked.requestId));
    await awaitReadable(house, org, 0);
  });
});
