import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { makeCertificate } from '@lethe/test-servers';
import { runLethe } from './lethe-process.js';
import { Site } from './site.js';

jest.setTimeout(120_000);

let site: Site;
beforeAll(async () => {
  site = await Site.open();
});
afterAll(() => site?.close());

/** Everything that a run could have changed: databases, who may log in with what, what was applied and when. */
const state = async (): Promise<string> => {
  const { sql } = site.postgres;
  const roles = await sql`select rolname, rolcanlogin, rolpassword from pg_authid order by rolname`;
  const databases = await sql`select datname, datacl::text as acl from pg_database order by datname`;
  const applied = [];
  for (const [name, schema] of [
    ['config', 'config'],
    ['accounting', 'public'],
    ['audit', 'public'],
  ] as const) {
    const inside = site.inDatabase(name);
    applied.push(await inside`select * from ${inside(schema)}.lethe_migrations order by name`);
    await inside.end();
  }
  return JSON.stringify([roles, databases, applied]);
};

describe('lethe migrate', () => {
  it('names everything that is missing, and reaches for no server', async () => {
    const { code, err } = await runLethe(['migrate']);
    expect(code).toBe(1);
    for (const name of ['HOST', 'CA_FILE', 'PASSWORDS_FILE', 'SUPERUSER_PASSWORD_FILE'])
      expect(err).toContain(`LETHE_POSTGRES_${name} is not set`);
  });

  it('makes the databases, two at once; another run does nothing', async () => {
    const both = await Promise.all([site.migrate(), site.migrate()]);
    const sentences = both.map((text) => /(\d+) databases made, (\d+) migrations? applied, (\d+)/.exec(text));
    const made = sentences.map((found) => Number(found?.[1])).sort((one, other) => one - other);
    expect(made).toEqual([0, 3]);
    const before = await state();
    expect(before).toContain('SCRAM-SHA-256');
    expect(await site.migrate()).toContain('0 databases made, 0 migrations applied, 0 passwords set');
    expect(await state()).toBe(before);
  });

  it('gives out the one password that has changed in its file', async () => {
    await site.migrate();
    const before = await state();
    const path = site.secret('migrate/postgres-passwords.json');
    const passwords = JSON.parse(await readFile(path, 'utf8')) as Record<string, string>;
    await writeFile(path, JSON.stringify({ ...passwords, lethe_audit_append: 'another-password-of-16' }));
    expect(await site.migrate()).toContain('0 migrations applied, 1 password set');
    expect(await state()).not.toBe(before);
    expect(await site.migrate()).toContain('0 passwords set');
  });

  it('speaks to no server that another authority vouches for, and says so', async () => {
    const ca = site.secret('migrate/foreign.crt');
    await writeFile(ca, makeCertificate({ commonName: 'another authority' }).cert);
    const { code, err } = await runLethe(['migrate', '--wait', '20'], {
      ...site.migrateVariables(),
      LETHE_POSTGRES_CA_FILE: ca,
    });
    expect({ code, err }).toEqual({
      code: 1,
      err: expect.stringContaining('a certificate that LETHE_POSTGRES_CA_FILE did not issue'),
    });
  });

  it('says that a password is wrong at once, and quotes nothing', async () => {
    const wrong = site.secret('migrate/wrong-password');
    await writeFile(wrong, 'CANARY-of-the-superuser');
    const { code, err } = await runLethe(['migrate', '--wait', '60'], {
      ...site.migrateVariables(),
      LETHE_POSTGRES_SUPERUSER_PASSWORD_FILE: wrong,
    });
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('does not take the password') });
    expect(err).not.toContain('CANARY');
  });
});
