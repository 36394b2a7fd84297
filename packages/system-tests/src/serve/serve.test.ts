import { X509Certificate } from 'node:crypto';
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { makeCertificate } from '@lethe/test-servers';
import { alive, descendantsOf } from '../process-tree.js';
import { waitFor } from '../wait-for.js';
import { runLethe, type Served, serve } from './lethe-process.js';
import { shownCertificate, statusOf } from './shown-certificate.js';
import { Site } from './site.js';

jest.setTimeout(120_000);

let site: Site;
let served: Served | undefined;
beforeAll(async () => {
  site = await Site.open();
  await site.migrate();
});
afterEach(async () => {
  await served?.kill();
  served = undefined;
});
afterAll(() => site?.close());

const start = async (changes: Record<string, string> = {}): Promise<Served> => {
  served = await serve('admin-config', { ...(await site.adminConfig()), ...changes });
  return served;
};
const ca = (): string => site.secret('operator/ca.crt');
const certificate = (): string => site.secret('admin-config/service.crt');
const key = (): string => site.secret('admin-config/service.key');
const inFile = async (): Promise<string> => new X509Certificate(await readFile(certificate())).fingerprint256;
const shown = (): Promise<string> => shownCertificate(site.port('admin-config'), ca());

describe('lethe serve', () => {
  it('starts a service from settings and files: ready, by its name, with its certificate', async () => {
    const running = await start();
    expect(await statusOf(site.port('admin-config'), '/readyz', ca())).toBe(200);
    expect(await shown()).toBe(await inFile());
    expect(running.events('launcher.build')).toHaveLength(1);
    // Nothing that must be kept secret is in what it prints, or in the environment of what it has started.
    const secrets = await Promise.all(
      ['admin-config/service-credential', 'admin-config/service.key'].map((path) =>
        readFile(site.secret(path), 'utf8'),
      ),
    );
    const environment = await readFile(`/proc/${running.servicePid()}/environ`, 'utf8');
    for (const secret of secrets) expect(running.said() + environment).not.toContain(secret.trim());
    expect(environment).toContain('NODE_ENV=production');
    expect(environment).not.toContain('LETHE_');
  });

  it('takes up a renewed certificate without a restart; a set that does not fit leaves the old one', async () => {
    const running = await start();
    const pid = running.servicePid();
    const first = await inFile();
    const kept = site.secret('admin-config/kept.key');
    await copyFile(key(), kept);
    await writeFile(key(), makeCertificate({ commonName: 'somebody else' }).key);
    running.signal('SIGHUP');
    await waitFor(() => running.events('renewal.refused').length > 0);
    expect(running.events('renewal.refused')).toMatchObject([
      { level: 'warn', setting: 'LETHE_TLS_KEY_FILE', code: 'keyMismatch' },
    ]);
    expect(await shown()).toBe(first);
    // Said once, however often it is looked at.
    running.signal('SIGHUP');
    await copyFile(kept, key());
    await rm(kept);

    await Promise.all([certificate(), key()].map((path) => rm(path)));
    await site.init();
    const second = await inFile();
    expect(second).not.toBe(first);
    running.signal('SIGHUP');
    await waitFor(async () => (await shown()) === second);
    expect(running.events('renewal.handed_over')).toMatchObject([{ part: 'tls' }]);
    expect(running.events('renewal.refused').filter(({ code }) => code === 'keyMismatch')).toHaveLength(1);
    expect(running.servicePid()).toBe(pid);
    expect(await statusOf(site.port('admin-config'), '/readyz', ca())).toBe(200);
  });

  it('looks at the files by itself, and names what waits for a restart', async () => {
    const running = await start();
    await Promise.all([certificate(), key()].map((path) => rm(path)));
    await site.init();
    const renewed = await inFile();
    await writeFile(site.secret('admin-config/provider-accounts.json'), '[ ]\n');
    await waitFor(async () => (await shown()) === renewed, 40_000, 200);
    await writeFile(
      site.secret('admin-config/provider-accounts.json'),
      JSON.stringify([
        {
          providerAccountId: 'one',
          provider: 'openai',
          baseUrl: 'https://api.openai.com/v1',
          credential: 'x',
          region: '',
        },
      ]),
    );
    running.signal('SIGHUP');
    await waitFor(() => running.events('renewal.waits_for_restart').length > 0);
    expect(running.events('renewal.waits_for_restart')).toMatchObject([{ part: 'providerAccounts' }]);
    await writeFile(site.secret('admin-config/provider-accounts.json'), '[]\n');
  });

  it('ends in time on SIGTERM, with 0, and leaves nothing', async () => {
    const running = await start();
    const all = [running.pid, ...descendantsOf(running.pid)];
    running.signal('SIGTERM');
    const { code, tookMs } = await running.ended();
    expect(code).toBe(0);
    expect(tookMs).toBeLessThan(6_000);
    expect(all.filter(alive)).toEqual([]);
  });

  it("ends with the service's end: 128 and the signal's number", async () => {
    const running = await start();
    process.kill(running.servicePid(), 'SIGKILL');
    expect((await running.ended()).code).toBe(137);
    expect(running.events('launcher.service_ended')).toMatchObject([{ code: 137 }]);
  });

  it('kills a service that hangs, within its time', async () => {
    const running = await start();
    const pid = running.servicePid();
    process.kill(pid, 'SIGSTOP');
    running.signal('SIGTERM');
    const { code, tookMs } = await running.ended();
    expect(code).toBe(137);
    expect(tookMs).toBeLessThan(8_000);
    expect(alive(pid)).toBe(false);
  });
});

describe('lethe serve starts nothing', () => {
  const refused = async (service: string, env: Record<string, string>) => {
    const { code, out, err } = await runLethe(['serve', service], env);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    return err;
  };

  it('and says all that is missing at once', async () => {
    const err = await refused('admin-config', {});
    for (const name of Object.keys(await site.adminConfig()))
      if (!/HOST|PREFLIGHT|_PORT|LEASE/.test(name)) expect(err).toContain(`  - ${name} is not set`);
    expect(err).toContain('lethe settings admin-config');
  });

  it('and says all that is malformed or contradictory at once, without a value', async () => {
    const canary = 'CANARY7f1f';
    const env = await site.adminConfig();
    const err = await refused('admin-config', {
      ...env,
      LETHE_REST_PORT: canary,
      LETHE_AUDIT_GRPC: `https://${canary}`,
      LETHE_TLS_CERTIFICATE_FILE: `/nowhere/${canary}`,
      LETHE_TLS_KEY_FILE: site.secret('audit/service.key'),
      LETHE_POSTGRES_PASSWORDS_FILE: site.secret('migrate/postgres-passwords.json'),
      LETHE_REST_PROT: canary,
    });
    for (const line of [
      'LETHE_REST_PORT must be a whole number from 1 to 65535',
      'LETHE_AUDIT_GRPC must be <host>:<port>',
      'LETHE_TLS_CERTIFICATE_FILE names a file that does not exist',
      'LETHE_POSTGRES_PASSWORDS_FILE names a file that does not hold',
      'LETHE_REST_PROT is no setting of admin-config',
    ])
      expect(err).toContain(line);
    expect(err).not.toContain(canary);
    expect(
      await refused('admin-config', { ...env, LETHE_TLS_KEY_FILE: site.secret('audit/service.key') }),
    ).toContain('LETHE_TLS_KEY_FILE names a key that is not the key of LETHE_TLS_CERTIFICATE_FILE');
  });

  it('when a service that sees content could get to a disk, and names each way and what closes it', async () => {
    const env = await site.withKafka('router', ['localhost:1']);
    const err = await refused('router', { ...env, LETHE_PREFLIGHT: 'strict' });
    // A checkout is no image, wherever this runs.
    expect(err).toContain('build: this is no image of deploy/Dockerfile');
    expect(err).toContain('Use the image that deploy/Dockerfile makes, unchanged.');
  });

  it('when the database does not let it in', async () => {
    const other = site.secret('admin-config/other-passwords.json');
    await writeFile(other, JSON.stringify({ lethe_admin: 'not-the-password-of-it' }));
    const err = await refused('admin-config', {
      ...(await site.adminConfig()),
      LETHE_POSTGRES_PASSWORDS_FILE: other,
    });
    expect(err).toContain('admin-config did not get ready.');
    expect(err).not.toContain('not-the-password-of-it');
  });

  it('when it is only to check its settings', async () => {
    const { code, out } = await runLethe(['serve', 'admin-config', '--check'], await site.adminConfig());
    expect({ code, out }).toEqual({
      code: 0,
      out: 'The settings of admin-config are complete and fit together.\n',
    });
  });
});
