import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { freePort, freePortRange, startTestPostgres, type TestPostgres } from '@lethe/test-servers';
import postgres from 'postgres';
import { runLethe } from './lethe-process.js';

type Variables = Record<string, string>;

/** Where the services of a site listen: the REST port, or the router's operator port, and the one after it. */
export type Service = 'router' | 'admin-config' | 'accounting' | 'audit';
const places: readonly Service[] = ['router', 'admin-config', 'accounting', 'audit'];

/**
 * What a deployment has, on one machine and without containers: secrets and certificates as `lethe init` makes them,
 * and a real Postgres that speaks TLS with the certificate made for it.
 */
export class Site {
  readonly folder: string;
  readonly postgres: TestPostgres;
  readonly #postgresPort: number;
  readonly #base: number;

  private constructor(folder: string, postgres: TestPostgres, ports: { postgres: number; base: number }) {
    this.folder = folder;
    this.postgres = postgres;
    this.#postgresPort = ports.postgres;
    this.#base = ports.base;
  }

  static async open(): Promise<Site> {
    const folder = await mkdtemp(join(tmpdir(), 'lethe-site-'));
    const port = await freePort();
    const postgres = await startTestPostgres({ port });
    const site = new Site(folder, postgres, { postgres: port, base: await freePortRange(8) });
    try {
      await site.init();
      await site.showCertificate();
      const password = decodeURIComponent(/\/\/[^:]+:([^@]+)@/.exec(postgres.superuserUrl)?.[1] ?? '');
      await writeFile(site.superuserPasswordFile, password);
      return site;
    } catch (error) {
      await site.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.postgres.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** `lethe init` once more: makes what is missing. */
  async init(): Promise<void> {
    const { code, err } = await runLethe([
      'init',
      '--dir',
      join(this.folder, 'secrets'),
      '--env',
      this.envFile,
    ]);
    if (code !== 0) throw new Error(`lethe init ended with ${code}:\n${err}`);
  }

  /** Postgres shows the certificate that lies in its folder now. */
  async showCertificate(): Promise<void> {
    const [cert, key] = await Promise.all(
      ['crt', 'key'].map((kind) => readFile(this.secret(`postgres/server.${kind}`), 'utf8')),
    );
    await this.postgres.showCertificate({ cert: cert ?? '', key: key ?? '' });
  }

  get envFile(): string {
    return join(this.folder, 'env');
  }

  /** Not the one that `lethe init` made: this server had one already. */
  get superuserPasswordFile(): string {
    return join(this.folder, 'superuser-password');
  }

  secret(path: string): string {
    return join(this.folder, 'secrets', path);
  }

  /** The REST port, or the router's operator port; the one after it is for gRPC, or for clients. */
  port(service: Service): number {
    return this.#base + 2 * places.indexOf(service);
  }

  postgresVariables(folder: string): Variables {
    return {
      LETHE_POSTGRES_HOST: 'localhost',
      LETHE_POSTGRES_PORT: String(this.#postgresPort),
      LETHE_POSTGRES_CA_FILE: this.secret(`${folder}/ca.crt`),
      LETHE_POSTGRES_PASSWORDS_FILE: this.secret(`${folder}/postgres-passwords.json`),
    };
  }

  migrateVariables(): Variables {
    return {
      ...this.postgresVariables('migrate'),
      LETHE_POSTGRES_SUPERUSER_PASSWORD_FILE: this.superuserPasswordFile,
    };
  }

  async #common(service: Service): Promise<Variables> {
    const made = parseEnv(await readFile(this.envFile, 'utf8')) as Variables;
    const called: Variables =
      service === 'router'
        ? {}
        : {
            LETHE_REST_PORT: String(this.port(service)),
            LETHE_GRPC_PORT: String(this.port(service) + 1),
            LETHE_CALLERS_FILE: this.secret(`${service}/callers.json`),
            LETHE_OPERATOR_TOKEN_SHA256: made.LETHE_OPERATOR_TOKEN_SHA256 ?? '',
            ...this.postgresVariables(service),
          };
    return {
      LETHE_HOST: '127.0.0.1',
      LETHE_PREFLIGHT: 'warn',
      LETHE_TLS_CERTIFICATE_FILE: this.secret(`${service}/service.crt`),
      LETHE_TLS_KEY_FILE: this.secret(`${service}/service.key`),
      LETHE_TLS_CA_FILE: this.secret(`${service}/ca.crt`),
      LETHE_SERVICE_CREDENTIAL_FILE: this.secret(`${service}/service-credential`),
      ...called,
    };
  }

  #grpc(service: Service): string {
    return `localhost:${this.port(service) + 1}`;
  }

  async adminConfig(): Promise<Variables> {
    return {
      ...(await this.#common('admin-config')),
      LETHE_ACCOUNTING_GRPC: this.#grpc('accounting'),
      LETHE_AUDIT_GRPC: this.#grpc('audit'),
      LETHE_PROVIDER_ACCOUNTS_FILE: this.secret('admin-config/provider-accounts.json'),
      LETHE_LEASE_TTL_MS: '1000',
    };
  }

  #kafka(service: Service, brokers: readonly string[]): Variables {
    return {
      LETHE_KAFKA_BROKERS: brokers.join(','),
      LETHE_KAFKA_CERTIFICATE_FILE: this.secret(`${service}/kafka.crt`),
      LETHE_KAFKA_KEY_FILE: this.secret(`${service}/kafka.key`),
      LETHE_KAFKA_CA_FILE: this.secret(`${service}/ca.crt`),
    };
  }

  /** Of a service that speaks to the event log, at these brokers. */
  async withKafka(service: Exclude<Service, 'admin-config'>, brokers: readonly string[]): Promise<Variables> {
    const common = {
      ...(await this.#common(service)),
      ...this.#kafka(service, brokers),
      LETHE_ADMIN_CONFIG_GRPC: this.#grpc('admin-config'),
    };
    if (service === 'router')
      return {
        ...common,
        LETHE_ROUTER_ID: 'router-of-the-site',
        LETHE_OPERATOR_PORT: String(this.port('router')),
        LETHE_PORT: String(this.port('router') + 1),
        LETHE_PUBLIC_TLS_CERTIFICATE_FILE: this.secret('router/public.crt'),
        LETHE_PUBLIC_TLS_KEY_FILE: this.secret('router/public.key'),
      };
    if (service === 'audit') {
      await mkdir(join(this.folder, 'anchors'), { recursive: true, mode: 0o700 });
      return {
        ...common,
        LETHE_AUDIT_ORIGIN: 'lethe.localhost/audit-of-the-site',
        LETHE_AUDIT_SIGNING_SEED_FILE: this.secret('audit/signing-seed'),
        LETHE_ANCHORS_DIR: join(this.folder, 'anchors'),
      };
    }
    await mkdir(join(this.folder, 'transit-keys'), { recursive: true, mode: 0o700 });
    return {
      ...common,
      LETHE_AUDIT_GRPC: this.#grpc('audit'),
      LETHE_AT_REST_ROOT_KEY_FILE: this.secret('accounting/at-rest-root-key'),
      LETHE_TRANSIT_KEYS_DIR: join(this.folder, 'transit-keys'),
    };
  }

  /** `lethe migrate`; rejects when it fails. Resolves to its sentence. */
  async migrate(): Promise<string> {
    const { code, out, err } = await runLethe(['migrate'], this.migrateVariables());
    if (code !== 0) throw new Error(`lethe migrate ended with ${code}:\n${err}`);
    return out;
  }

  /** The superuser, in one database; whoever asks ends it. */
  inDatabase(name: string): postgres.Sql {
    return postgres(this.postgres.superuserUrl.replace(/\/postgres$/, `/${name}`), {
      max: 1,
      onnotice: () => undefined,
    });
  }
}
