import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { serviceNames } from '@lethe/contracts';
import { runCli } from '../cli.js';
import { accountingSettings } from '../serve/settings/accounting.js';
import { adminConfigSettings } from '../serve/settings/admin-config.js';
import { auditSettings } from '../serve/settings/audit.js';
import { routerSettings } from '../serve/settings/router.js';
import { folderNames } from './layout.js';

jest.setTimeout(120_000);
const run = promisify(execFile);

let root: string;
let made: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lethe-init-'));
  made = join(root, 'made');
  expect((await init(made)).code).toBe(0);
});
afterAll(() => rm(root, { recursive: true, force: true }));

const init = async (folder: string, ...more: string[]): Promise<{ code: number; said: string }> => {
  const said: string[] = [];
  const hear = (stream: NodeJS.WriteStream) =>
    jest.spyOn(stream, 'write').mockImplementation((text) => said.push(String(text)) > 0);
  const spies = [hear(process.stdout), hear(process.stderr)];
  try {
    const code = await runCli(['init', '--dir', join(folder, 's'), '--env', join(folder, 'env'), ...more]);
    return { code, said: said.join('') };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
};

const contents = async (folder: string): Promise<Record<string, string>> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  return Object.fromEntries(
    await Promise.all(files.map(async (file) => [file.slice(folder.length), await readFile(file, 'utf8')])),
  ) as Record<string, string>;
};
let copies = 0;
const copy = async (): Promise<string> => {
  copies += 1;
  const folder = join(root, `copy-${copies}`);
  await cp(made, folder, { recursive: true, preserveTimestamps: true });
  return folder;
};
const pem = (folder: string, name: string, from = made): Promise<string> =>
  readFile(join(from, 's', folder, name), 'utf8');

describe('lethe init', () => {
  it('makes what every service asks for, as its settings take it', () => {
    const inside = (folder: string, name: string): string => join(made, 's', folder, name);
    const files: Readonly<Record<string, string>> = {
      LETHE_TLS_CERTIFICATE_FILE: 'service.crt',
      LETHE_TLS_KEY_FILE: 'service.key',
      LETHE_TLS_CA_FILE: 'ca.crt',
      LETHE_SERVICE_CREDENTIAL_FILE: 'service-credential',
      LETHE_CALLERS_FILE: 'callers.json',
      LETHE_KAFKA_CERTIFICATE_FILE: 'kafka.crt',
      LETHE_KAFKA_KEY_FILE: 'kafka.key',
      LETHE_POSTGRES_PASSWORDS_FILE: 'postgres-passwords.json',
      LETHE_S3_SECRET_ACCESS_KEY_FILE: 's3-secret',
      LETHE_ANCHORS_SECRET_ACCESS_KEY_FILE: 's3-secret',
      LETHE_AT_REST_ROOT_KEY_FILE: 'at-rest-root-key',
      LETHE_AUDIT_SIGNING_SEED_FILE: 'signing-seed',
      LETHE_PROVIDER_ACCOUNTS_FILE: 'provider-accounts.json',
      LETHE_PUBLIC_TLS_CERTIFICATE_FILE: 'public.crt',
      LETHE_PUBLIC_TLS_KEY_FILE: 'public.key',
    };
    const schemas = {
      router: routerSettings,
      'admin-config': adminConfigSettings,
      accounting: accountingSettings,
      audit: auditSettings,
    };
    let read = 0;
    for (const [service, { shape }] of Object.entries(schemas))
      for (const [setting, schema] of Object.entries(shape).filter(([name]) => name in files)) {
        const { error } = schema.safeParse(inside(service, files[setting] ?? ''));
        expect({ service, setting, problem: error?.issues[0]?.message }).toEqual({ service, setting });
        read += 1;
      }
    expect(read).toBeGreaterThan(30);
  });

  it('makes certificates that openssl verifies, each for what it is for', async () => {
    const authority = join(made, 's', 'operator', 'ca.crt');
    for (const name of serviceNames) {
      const file = join(made, 's', name, 'service.crt');
      for (const purpose of ['sslserver', 'sslclient'])
        await run('openssl', ['verify', '-x509_strict', '-purpose', purpose, '-CAfile', authority, file]);
      const certificate = new X509Certificate(await readFile(file));
      expect(certificate.subject).toBe(`CN=${name}`);
      expect(certificate.subjectAltName?.split(', ')).toEqual([
        `DNS:${name}`,
        'DNS:localhost',
        `URI:spiffe://lethe/${name}`,
      ]);
    }
    // The controls: a server's is no client's, and another authority's is nobody's.
    const server = join(made, 's', 'postgres', 'server.crt');
    await run('openssl', ['verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', authority, server]);
    await expect(
      run('openssl', ['verify', '-purpose', 'sslclient', '-CAfile', authority, server]),
    ).rejects.toThrow();
    const foreign = join(made, 's', 'operator', 'public-ca.crt');
    await expect(run('openssl', ['verify', '-CAfile', foreign, server])).rejects.toThrow();
  });

  it('makes certificates with which two services speak to one another', async () => {
    const ca = await pem('router', 'ca.crt');
    const identity = async (name: string) => ({
      cert: await pem(name, 'service.crt'),
      key: await pem(name, 'service.key'),
      ca,
    });
    const options = { ...(await identity('audit')), requestCert: true, rejectUnauthorized: true };
    const server = createServer(options, (socket: TLSSocket) => {
      socket.end(String(socket.getPeerCertificate().subject.CN));
    });
    server.on('tlsClientError', () => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const heard = async (client: object): Promise<string> => {
      const socket = connect({ port, host: '127.0.0.1', servername: 'audit', ca, ...client });
      let text = '';
      for await (const chunk of socket) text += String(chunk);
      return text;
    };
    try {
      expect(await heard(await identity('router'))).toBe('router');
      await expect(heard({})).rejects.toThrow();
    } finally {
      server.close();
    }
  });

  it('keeps files and folders from others', async () => {
    for (const folder of folderNames) expect((await stat(join(made, 's', folder))).mode & 0o777).toBe(0o700);
    for (const path of Object.keys(await contents(join(made, 's'))))
      expect({ path, mode: (await stat(join(made, 's', path))).mode & 0o777 }).toEqual({
        path,
        mode: path.endsWith('.crt') ? 0o644 : 0o600,
      });
  });

  it('shows each container nothing of another, and no secret in the variables', async () => {
    const variables = await readFile(join(made, 'env'), 'utf8');
    const all = await contents(join(made, 's'));
    for (const [path, text] of Object.entries(all).filter(([name]) => !name.endsWith('.crt'))) {
      if (/\/(?:audit-origin|kafka-cluster-id|callers\.json|provider-accounts\.json)$/.test(path)) continue;
      expect({ path, found: variables.includes(text.trim()) }).toEqual({ path, found: false });
    }
    expect(Object.keys(all).filter((path) => path.endsWith('ca.key'))).toEqual([
      '/operator/ca.key',
      '/operator/public-ca.key',
    ]);
  });

  it('changes nothing when it runs again', async () => {
    const before = await contents(made);
    const { code, said } = await init(made);
    expect({ code, after: await contents(made) }).toEqual({ code: 0, after: before });
    expect(said).toContain('0 files made');
  });

  it('completes what is missing so that it fits what is there', async () => {
    const folder = await copy();
    const lost = [
      'audit/callers.json',
      'migrate/superuser-password',
      'accounting/postgres-passwords.json',
      'tools/ca.crt',
      'router/kafka.crt',
      'router/kafka.key',
    ];
    for (const path of lost) await rm(join(folder, 's', path));
    await rm(join(folder, 'env'));
    expect((await init(folder)).code).toBe(0);
    const [before, after] = [await contents(made), await contents(folder)];
    for (const [path, text] of Object.entries(before)) {
      if (path.startsWith('/s/router/kafka.')) expect(after[path]).not.toBe(text);
      else if (path !== '/env') expect({ path, text: after[path] }).toEqual({ path, text });
    }
    const renewed = join(folder, 's', 'router', 'kafka.crt');
    await run('openssl', [
      'verify',
      '-purpose',
      'sslclient',
      '-CAfile',
      join(made, 's', 'operator', 'ca.crt'),
      renewed,
    ]);
  });

  it.each([
    ['a certificate without its key', 'audit/service.key', undefined, 'audit/service.crt'],
    [
      'a credential that others know by another hash',
      'router/service-credential',
      undefined,
      'admin-config/callers.json',
    ],
    [
      'a password that is not the one given out',
      'audit/postgres-passwords.json',
      '{"lethe_audit_append":"x"}',
      'audit/postgres-passwords.json',
    ],
    ['something that is no certificate', 'accounting/service.crt', 'nonsense', 'accounting/service.crt'],
    [
      'a root key of another form',
      'accounting/at-rest-root-key',
      'SECRET-canary',
      'accounting/at-rest-root-key',
    ],
  ])('names %s, quotes nothing and writes nothing', async (_, path, text, named) => {
    const folder = await copy();
    if (text === undefined) await rm(join(folder, 's', path));
    else await writeFile(join(folder, 's', path), text);
    const before = await contents(folder);
    const { code, said } = await init(folder);
    expect({ code, after: await contents(folder) }).toEqual({ code: 1, after: before });
    expect(said).toContain(named);
    expect(said).not.toContain('canary');
  });

  it('renews a certificate only with the key of its authority', async () => {
    const folder = await copy();
    for (const name of ['service.crt', 'service.key']) await rm(join(folder, 's', 'audit', name));
    await rm(join(folder, 's', 'operator', 'ca.key'));
    const { code, said } = await init(folder);
    expect({ code, said }).toEqual({ code: 1, said: expect.stringContaining('key of its authority') });
  });

  it('takes names for the public certificate, and nothing that is none', async () => {
    const folder = join(root, 'named');
    const { code } = await init(folder, '--public-host', 'llm.example.com', '--public-host', '192.0.2.7');
    expect(code).toBe(0);
    const certificate = new X509Certificate(await pem('router', 'public.crt', folder));
    expect(certificate.checkHost('llm.example.com')).toBe('llm.example.com');
    expect(certificate.checkIP('192.0.2.7')).toBe('192.0.2.7');
    expect((await init(join(root, 'none'), '--public-host', 'a b')).code).toBe(2);
  });
});
