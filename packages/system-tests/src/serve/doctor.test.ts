import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type KafkaServer, kafkaAvailability, makeCertificate, startKafka } from '@lethe/test-servers';
import { runLethe, type Served, serve } from './lethe-process.js';
import { Site } from './site.js';

jest.setTimeout(300_000);

interface Report {
  readonly sound: boolean;
  readonly findings: readonly { readonly item: string; readonly where: string; readonly words: string }[];
  readonly looked_at: readonly string[];
}

/** What this test's servers are started with, to be fast; said by the doctor, who is right. */
const ofTests = ['fsync', 'full_page_writes'];

let site: Site;
beforeAll(async () => {
  site = await Site.open();
});
afterAll(() => site?.close());

const doctor = async (
  env: Record<string, string>,
  ...more: string[]
): Promise<Report & { code: number | null }> => {
  const { code, out, err } = await runLethe(
    ['doctor', '--json', '--dir', '/nowhere', '--env', '/nowhere/env', ...more],
    {
      // Nobody's home.
      LETHE_HOME: site.folder,
      ...env,
    },
  );
  if (!out.startsWith('{')) throw new Error(`lethe doctor said: ${err}`);
  const report = JSON.parse(out) as Report;
  const findings = report.findings.filter(
    ({ item, words }) => !(item === 'database_setting' && ofTests.some((name) => words.includes(name))),
  );
  return { ...report, findings, code };
};
const itemsOf = ({ findings }: Report): string[] => findings.map(({ item }) => item);

describe('the doctor, of a database server', () => {
  it('finds databases missing, then nothing but what the test has set', async () => {
    expect(itemsOf(await doctor(site.migrateVariables()))).toEqual(Array(3).fill('database_missing'));
    await site.migrate();
    const report = await doctor(site.migrateVariables());
    expect({ items: itemsOf(report), looked: report.looked_at, code: report.code }).toEqual({
      items: [],
      looked: ['database', 'host'],
      code: 1,
    });
  });

  it('finds a migration that lacks, and one from a later version', async () => {
    const inAudit = site.inDatabase('audit');
    const [last] = await inAudit`select * from lethe_migrations order by name desc limit 1`;
    await inAudit`delete from lethe_migrations where name = ${String(last?.name)}`;
    await inAudit`insert into lethe_migrations ${inAudit({ ...last, name: '9999_later' })}`;
    const { findings } = await doctor(site.migrateVariables());
    expect(findings).toMatchObject([
      { item: 'migrations_missing', where: 'database audit', words: `lacks ${last?.name}` },
      { item: 'migrations_unknown', where: 'database audit', words: 'has 9999_later' },
    ]);
    await inAudit`delete from lethe_migrations where name = '9999_later'`;
    await inAudit`insert into lethe_migrations ${inAudit(last ?? {})}`;
    await inAudit.end();
    expect(itemsOf(await doctor(site.migrateVariables()))).toEqual([]);
  });

  it('names settings that are wrong, a server that is not there and one that cannot be believed', async () => {
    const env = site.migrateVariables();
    expect(itemsOf(await doctor({ ...env, LETHE_POSTGRES_PORT: 'x' }))).toEqual(['setting_malformed']);
    expect(itemsOf(await doctor({ ...env, LETHE_POSTGRES_PORT: '1' }))).toEqual(['database_unreachable']);
    const foreign = site.secret('migrate/foreign.crt');
    await writeFile(foreign, makeCertificate({ commonName: 'another authority' }).cert);
    const { findings } = await doctor({ ...env, LETHE_POSTGRES_CA_FILE: foreign });
    expect(findings).toMatchObject([
      { item: 'database_unreachable', words: 'cannot be used (CONNECTION_UNTRUSTED)' },
    ]);
  });
});

describe('the doctor, of services', () => {
  let served: Served;
  const url = (): string => `https://localhost:${site.port('admin-config')}`;
  beforeAll(async () => {
    await site.migrate();
    served = await serve('admin-config', await site.adminConfig());
  });
  afterAll(() => served?.kill());
  const trusted = (): Record<string, string> => ({
    LETHE_ADMIN_URL: url(),
    NODE_EXTRA_CA_CERTS: site.secret('tools/ca.crt'),
  });

  it('finds a sound one sound, and ends with 0', async () => {
    const report = await doctor(trusted());
    expect({
      items: itemsOf(report),
      sound: report.sound,
      code: report.code,
      looked: report.looked_at,
    }).toEqual({
      items: [],
      sound: true,
      code: 0,
      looked: ['services', 'host'],
    });
  });

  it('says it in plain words, too', async () => {
    const { code, out } = await runLethe(['doctor', '--dir', '/nowhere', '--env', '/nowhere/env'], {
      ...trusted(),
      LETHE_HOME: site.folder,
      LETHE_AUDIT_URL: 'https://localhost:1',
    });
    expect(code).toBe(1);
    expect(out).toContain('WRONG  service_unreachable: audit at localhost:1 does not answer (ECONNREFUSED).');
    expect(out).toContain('docker compose ps');
    expect(out).toContain('Something is wrong');
    expect(out).toContain('not seen  LETHE_KAFKA_BROKERS is not set');
  });

  it('does not believe one whose authority it was not told', async () => {
    expect(itemsOf(await doctor({ LETHE_ADMIN_URL: url() }))).toEqual(['service_untrusted']);
  });

  it('finds one whose database is away', async () => {
    await site.postgres.kill();
    try {
      expect(itemsOf(await doctor(trusted()))).toContain('service_not_ready');
    } finally {
      await site.postgres.restart();
    }
  });
});

// Skipped only where Java or Maven is missing, which kafkaAvailability says loudly and refuses in CI.
const withKafka = (await kafkaAvailability()) ? describe.skip : describe;

withKafka('the doctor, of Kafka', () => {
  let kafka: KafkaServer;
  beforeAll(async () => {
    const started = await startKafka({ secure: true });
    if ('unavailable' in started) throw new Error(started.unavailable);
    kafka = started;
  });
  afterAll(() => kafka?.stop());

  const as = async (name: string): Promise<Record<string, string>> => {
    const identity = kafka.secure?.certificates.clients[name];
    const [certificate, key, ca] = ['crt', 'key', 'ca'].map((kind) => site.secret(`topics/${name}.${kind}`));
    await writeFile(certificate ?? '', identity?.cert ?? '');
    await writeFile(key ?? '', identity?.key ?? '');
    await writeFile(ca ?? '', kafka.secure?.certificates.ca ?? '');
    return {
      LETHE_KAFKA_BROKERS: kafka.brokers.join(),
      LETHE_KAFKA_CERTIFICATE_FILE: certificate ?? '',
      LETHE_KAFKA_KEY_FILE: key ?? '',
      LETHE_KAFKA_CA_FILE: ca ?? '',
    };
  };

  it('finds what lacks, changes nothing, and finds nothing wrong once it was made', async () => {
    const admin = await as('admin');
    for (let asked = 0; asked < 2; asked += 1) {
      const items = itemsOf(await doctor(admin));
      expect(new Set(items)).toEqual(new Set(['topic_missing', 'access_missing']));
    }
    const made = await runLethe(['topics'], admin);
    expect({ code: made.code, err: made.err }).toMatchObject({ code: 0 });
    const report = await doctor(admin);
    expect({ items: itemsOf(report), code: report.code, looked: report.looked_at }).toEqual({
      items: [],
      code: 0,
      looked: ['Kafka', 'host'],
    });
    // Another wish than what is there.
    const { findings } = await doctor(admin, '--replication-factor', '3');
    expect(new Set(findings.map(({ item }) => item))).toEqual(new Set(['topic_setting']));
  });

  it('says that it may not see them, or that nobody is there', async () => {
    const report = await doctor(await as('ops'));
    expect({ items: itemsOf(report), looked: report.looked_at }).toEqual({ items: [], looked: ['host'] });
    const nobody = { ...(await as('admin')), LETHE_KAFKA_BROKERS: 'localhost:1' };
    expect(itemsOf(await doctor(nobody))).toEqual(['kafka_unreachable']);
  });
});

it('the file of variables that "lethe init" writes lacks just what no program can know', async () => {
  const compose = await readFile(new URL('../../../../docker-compose.yml', import.meta.url), 'utf8');
  await writeFile(`${site.folder}/docker-compose.yml`, compose);
  const { out } = await runLethe(['doctor', '--json', '--dir', site.secret(''), '--env', site.envFile], {
    LETHE_HOME: site.folder,
  });
  const { findings } = JSON.parse(out) as Report;
  expect(findings.map(({ item, where }) => `${item} ${where.split(' ')[0]}`)).toContain(
    'setting_missing LETHE_S3_IMAGE',
  );
  expect(findings.filter(({ item }) => item === 'setting_missing')).toHaveLength(1);
});
