import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ServiceName, serviceNames } from '@lethe/contracts';
import { makeCertificate } from '@lethe/test-servers';
import { readAppLaunch } from '../launch/app-launch.js';
import { settingsSections } from '../settings-command.js';
import { canary, TestDeployment } from '../testing/deployment.contract.js';
import { appSettings } from './apps.js';
import { unknownSettings } from './known-names.js';
import { settingsPage } from './settings-page.js';

let deployment: TestDeployment;
beforeEach(() => {
  deployment = new TestDeployment();
});
afterEach(() => deployment.remove());

const problemsOf = (service: ServiceName, env: Record<string, string | undefined>) => {
  const reading = readAppLaunch(service, env);
  return 'problems' in reading ? reading.problems : [];
};
const codesOf = (service: ServiceName, env: Record<string, string | undefined>): string[] =>
  problemsOf(service, env).map(({ name, code }) => `${name} ${code}`);

const requiredNames = (service: ServiceName): string[] =>
  Object.entries(appSettings[service].schema.shape)
    .filter(([, field]) => !field.safeParse(undefined).success)
    .map(([name]) => name);

describe.each(serviceNames)('the settings of %s', (service) => {
  it('that are whole are taken', () => {
    expect(problemsOf(service, deployment.environment(service))).toEqual([]);
  });

  it('that are all missing are named, all at once', () => {
    const names = problemsOf(service, {}).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(requiredNames(service)));
    expect(requiredNames(service).length).toBeGreaterThan(8);
  });

  it('are named one by one when one is missing, unset or empty', () => {
    const env = deployment.environment(service);
    for (const name of requiredNames(service))
      for (const value of [undefined, ''])
        expect(codesOf(service, { ...env, [name]: value })).toContain(`${name} notSet`);
  });

  it('are never quoted, whatever is wrong with them', () => {
    const env = deployment.environment(service);
    const broken = deployment.write(`${canary}-broken`, `${canary}\n{"${canary}":"${canary}"}`);
    for (const name of Object.keys(appSettings[service].schema.shape)) {
      const values = [
        canary,
        `${canary} `,
        `https://u:${canary}@x/?${canary}`,
        join(deployment.folder, canary),
        broken,
      ];
      for (const value of values) {
        const problems = problemsOf(service, { ...env, [name]: value });
        expect(JSON.stringify(problems)).not.toContain(canary);
      }
    }
    // The same search finds what is there.
    expect(JSON.stringify(readAppLaunch(service, env))).toContain(canary);
  });
});

describe('settings that are malformed', () => {
  it.each([
    ['router', 'LETHE_PORT', '70000'],
    ['router', 'LETHE_PORT', '0'],
    ['router', 'LETHE_ROUTER_WORKERS', '1.5'],
    ['router', 'LETHE_BILLING_DURABILITY', 'maybe'],
    ['router', 'LETHE_KAFKA_BROKERS', 'kafka'],
    ['router', 'LETHE_KAFKA_BROKERS', 'kafka:9092,'],
    ['router', 'LETHE_ADMIN_CONFIG_GRPC', 'https://admin-config:5002'],
    ['router', 'LETHE_S3_ENDPOINT', 'http://s3:9000'],
    ['router', 'LETHE_TLS_KEY_FILE', 'service.key'],
    ['router', 'LETHE_BUILD_DIGEST', 'sha256:0'],
    ['admin-config', 'LETHE_LEASE_TTL_MS', '499'],
    ['admin-config', 'LETHE_OPERATOR_TOKEN_SHA256', 'A'.repeat(64)],
    ['audit', 'LETHE_AUDIT_ORIGIN', 'two words'],
    ['audit', 'LETHE_WITNESS_QUORUM', '-1'],
  ] as const)('%s: %s=%s', (service, name, value) => {
    expect(codesOf(service, { ...deployment.environment(service), [name]: value })).toEqual([
      `${name} malformed`,
    ]);
  });
});

describe('files', () => {
  const root = process.getuid?.() === 0;
  it.each([
    ['missing', () => '/nowhere/at/all'],
    ['notAFile', () => deployment.folder],
    ['tooLarge', () => deployment.write('large', 'a'.repeat(2 * 1024 * 1024))],
    ['empty', () => deployment.write('nothing', '\n')],
    ['notText', () => deployment.write('bytes', Buffer.from([0xff, 0xfe, 0x41]))],
    ['malformed', () => deployment.write('other', 'something else')],
    // A file of the kernel that nobody may read, not even root.
    ['notReadable', () => (root ? '/proc/self/mem' : '/etc/shadow')],
  ])('that are %s are said to be', (code, make) => {
    const files = {
      router: ['LETHE_TLS_CERTIFICATE_FILE', 'LETHE_PUBLIC_TLS_KEY_FILE', 'LETHE_SERVICE_CREDENTIAL_FILE'],
      audit: ['LETHE_AUDIT_SIGNING_SEED_FILE', 'LETHE_POSTGRES_PASSWORDS_FILE', 'LETHE_CALLERS_FILE'],
    } as const;
    for (const service of ['router', 'audit'] as const)
      for (const name of files[service])
        expect(codesOf(service, { ...deployment.environment(service), [name]: make() })).toEqual([
          `${name} ${code}`,
        ]);
  });

  it('say where a list of accounts is wrong, in names of ours', () => {
    const accounts = [deployment.account, { ...deployment.account, baseUrl: canary }];
    const file = deployment.write('wrong.json', JSON.stringify(accounts));
    const [problem] = problemsOf('admin-config', {
      ...deployment.environment('admin-config'),
      LETHE_PROVIDER_ACCOUNTS_FILE: file,
    });
    expect(problem?.words).toContain('(see 1.baseUrl)');
  });

  it('with passwords of other services are refused', () => {
    const env = deployment.environment('audit');
    const passwords = { lethe_audit_append: `${canary}-1234567`, lethe_admin: `${canary}-1234567` };
    deployment.write('passwords.json', JSON.stringify(passwords));
    expect(codesOf('audit', env)).toEqual(['LETHE_POSTGRES_PASSWORDS_FILE malformed']);
  });
});

describe('certificates', () => {
  const with_ = (changes: Record<string, string>) =>
    codesOf('router', { ...deployment.environment('router'), ...changes });
  it('whose key is another one are refused', () => {
    for (const prefix of ['LETHE_TLS', 'LETHE_PUBLIC_TLS', 'LETHE_KAFKA'])
      expect(
        with_({
          [`${prefix}_KEY_FILE`]: deployment.write('x.key', makeCertificate({ commonName: 'x' }).key),
        }),
      ).toEqual([`${prefix}_KEY_FILE keyMismatch`]);
  });

  it.each([
    ['expired', { validTo: new Date('2021-01-01') }],
    ['notYetValid', { validFrom: new Date('2049-01-01') }],
    ['otherService', { names: ['spiffe://lethe/audit'] }],
    ['otherService', { names: ['localhost'] }],
  ])('that are %s are refused', (code, changes) => {
    const { cert, key } = deployment.issue('router', changes);
    expect(
      with_({
        LETHE_TLS_CERTIFICATE_FILE: deployment.write('x.crt', cert),
        LETHE_TLS_KEY_FILE: deployment.write('x.key', key),
      }),
    ).toEqual([`LETHE_TLS_CERTIFICATE_FILE ${code}`]);
  });

  it('of another authority are refused, and an authority that is out of its time', () => {
    const other = makeCertificate({ commonName: 'another authority' }).cert;
    expect(with_({ LETHE_TLS_CA_FILE: deployment.write('x.crt', other) })).toEqual([
      'LETHE_TLS_CERTIFICATE_FILE otherAuthority',
    ]);
    const late = makeCertificate({ commonName: 'late', validTo: new Date('2021-01-01') }).cert;
    expect(with_({ LETHE_KAFKA_CA_FILE: deployment.write('y.crt', late) })).toEqual([
      'LETHE_KAFKA_CA_FILE expired',
    ]);
    expect(with_({ LETHE_KAFKA_CA_FILE: deployment.write('y.crt', late + other) })).toEqual([]);
  });
});

describe('settings that contradict each other', () => {
  it.each<[ServiceName, Record<string, string>, string[]]>([
    ['router', { LETHE_PORT: '4100' }, ['LETHE_OPERATOR_PORT contradictory']],
    ['audit', { LETHE_REST_PORT: '5004' }, ['LETHE_GRPC_PORT contradictory']],
    ['router', { LETHE_S3_BUCKET: '' }, ['LETHE_S3_BUCKET notSet']],
    ['audit', { LETHE_ANCHORS_DIR: '/anchors' }, ['LETHE_ANCHORS_DIR contradictory']],
    ['audit', { LETHE_WITNESS_QUORUM: '1' }, ['LETHE_WITNESS_QUORUM contradictory']],
  ])('%s %j', (service, changes, expected) => {
    expect(codesOf(service, { ...deployment.environment(service), ...changes })).toEqual(expected);
  });

  it('a bucket without an endpoint, and callers that lack one', () => {
    expect(codesOf('router', { ...deployment.environment('router'), LETHE_S3_ENDPOINT: '' })).toHaveLength(4);
    const callers = deployment.write('few.json', JSON.stringify({ accounting: 'a'.repeat(64) }));
    expect(codesOf('audit', { ...deployment.environment('audit'), LETHE_CALLERS_FILE: callers })).toEqual([
      'LETHE_CALLERS_FILE contradictory',
    ]);
  });
});

it('a name that is none of any service is noticed, and one of another service is not', () => {
  const env = { LETHE_ROUTER_WORKER: '2', LETHE_POSTGRES_HOST: 'postgres', PATH: '/bin' };
  expect(unknownSettings('router', env)).toEqual(['LETHE_ROUTER_WORKER']);
});

describe('docs/settings.md', () => {
  const page = settingsPage(Object.values(settingsSections));
  it('is what the schemas say (else: npm run generate -w @lethe/cli)', () => {
    const file = new URL('../../../../../docs/settings.md', import.meta.url);
    expect(readFileSync(file, 'utf8')).toBe(page);
  });

  it('has a row for each setting of each reader', () => {
    for (const { schema, title } of Object.values(settingsSections)) {
      const section = page.split(/^## /m).find((text) => text.startsWith(title)) ?? '';
      for (const name of Object.keys(schema.shape)) expect(section).toContain(`\n| \`${name}\` |`);
    }
  });
});
