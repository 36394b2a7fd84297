import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServiceName } from '@lethe/contracts';
import { makeCertificate, type TestCertificate } from '@lethe/test-servers';
import { callersOf } from '../settings/common.js';

/** Stands in every secret of a test deployment: nothing that is said may have it. */
export const canary = 'CANARY7f1f';

const rolesOf = {
  'admin-config': ['lethe_admin'],
  accounting: ['lethe_telemetry_w', 'lethe_payload_w', 'lethe_accounting_control', 'lethe_accounting_r'],
  audit: ['lethe_audit_append'],
} as const;

export const credentialOf = (service: ServiceName): string => `lethe_svc_${canary}-of-the-${service}`;
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Everything that the settings of a service name, in a folder of one test. */
export class TestDeployment {
  readonly folder = mkdtempSync(join(tmpdir(), 'lethe-serve-'));
  readonly authority: TestCertificate = makeCertificate({ commonName: 'an authority of the test' });

  write(name: string, text: string | Buffer): string {
    const path = join(this.folder, name);
    writeFileSync(path, text);
    return path;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  issue(service: ServiceName, changes: Partial<Parameters<typeof makeCertificate>[0]> = {}): TestCertificate {
    return makeCertificate({
      commonName: service,
      names: [`spiffe://lethe/${service}`, 'localhost', '127.0.0.1'],
      issuer: this.authority,
      ...changes,
    });
  }

  /** A whole environment in which nothing is wrong. */
  environment(service: ServiceName): Record<string, string> {
    return { ...this.#every(service), ...this.#own(service) };
  }

  #every(service: ServiceName): Record<string, string> {
    const { cert, key } = this.issue(service);
    return {
      LETHE_HOST: '127.0.0.1',
      LETHE_TLS_CERTIFICATE_FILE: this.write('service.crt', cert),
      LETHE_TLS_KEY_FILE: this.write('service.key', key),
      LETHE_TLS_CA_FILE: this.write('ca.crt', this.authority.cert),
      LETHE_SERVICE_CREDENTIAL_FILE: this.write('service-credential', `${credentialOf(service)}\n`),
    };
  }

  #own(service: ServiceName): Record<string, string> {
    if (service === 'router')
      return {
        ...this.#kafka(),
        ...this.#bucket('LETHE_S3'),
        ...this.#router(),
        LETHE_ADMIN_CONFIG_GRPC: 'admin-config:5002',
      };
    const called = { ...this.#called(service), ...this.#postgres(rolesOf[service]) };
    if (service === 'admin-config')
      return {
        ...called,
        LETHE_PROVIDER_ACCOUNTS_FILE: this.write('accounts.json', JSON.stringify([this.account])),
        LETHE_ACCOUNTING_GRPC: 'accounting:5003',
        LETHE_AUDIT_GRPC: 'audit:5004',
      };
    const kafka = { ...called, ...this.#kafka(), LETHE_ADMIN_CONFIG_GRPC: 'admin-config:5002' };
    if (service === 'audit')
      return {
        ...kafka,
        LETHE_AUDIT_ORIGIN: 'lethe.localhost/audit-test',
        LETHE_AUDIT_SIGNING_SEED_FILE: this.write('seeds', `${'b2'.repeat(32)}\n`),
        ...this.#bucket('LETHE_ANCHORS'),
      };
    mkdirSync(join(this.folder, 'transit-keys'), { recursive: true });
    return {
      ...kafka,
      ...this.#bucket('LETHE_S3'),
      LETHE_AUDIT_GRPC: 'audit:5004',
      LETHE_AT_REST_ROOT_KEY_FILE: this.write('root-key', 'a1'.repeat(32)),
      LETHE_TRANSIT_KEYS_DIR: join(this.folder, 'transit-keys'),
    };
  }

  readonly account = {
    providerAccountId: 'one',
    provider: 'openai',
    baseUrl: 'https://api.openai.com/v1',
    credential: `sk-${canary}`,
    region: '',
  };

  #router(): Record<string, string> {
    const { cert, key } = makeCertificate({ commonName: 'llm.example.com', names: ['llm.example.com'] });
    return {
      LETHE_PUBLIC_TLS_CERTIFICATE_FILE: this.write('public.crt', cert),
      LETHE_PUBLIC_TLS_KEY_FILE: this.write('public.key', key),
      LETHE_ROUTER_ID: 'router-of-the-test',
    };
  }

  #called(service: Exclude<ServiceName, 'router'>): Record<string, string> {
    const callers = Object.fromEntries(callersOf[service].map((name) => [name, sha256(credentialOf(name))]));
    return {
      LETHE_CALLERS_FILE: this.write('callers.json', JSON.stringify(callers)),
      LETHE_OPERATOR_TOKEN_SHA256: sha256('lethe_ops_of_the_test'),
    };
  }

  #postgres(roles: readonly string[]): Record<string, string> {
    const passwords = Object.fromEntries(roles.map((role) => [role, `${canary}-of-${role}`]));
    return {
      LETHE_POSTGRES_HOST: 'postgres',
      LETHE_POSTGRES_CA_FILE: join(this.folder, 'ca.crt'),
      LETHE_POSTGRES_PASSWORDS_FILE: this.write('passwords.json', JSON.stringify(passwords)),
    };
  }

  #kafka(): Record<string, string> {
    const { cert, key } = makeCertificate({ commonName: 'principal', issuer: this.authority });
    return {
      LETHE_KAFKA_BROKERS: 'kafka-1:9092, kafka-2:9092',
      LETHE_KAFKA_CERTIFICATE_FILE: this.write('kafka.crt', cert),
      LETHE_KAFKA_KEY_FILE: this.write('kafka.key', key),
      LETHE_KAFKA_CA_FILE: join(this.folder, 'ca.crt'),
    };
  }

  #bucket(prefix: 'LETHE_S3' | 'LETHE_ANCHORS'): Record<string, string> {
    return {
      [`${prefix}_ENDPOINT`]: 'https://s3:9000',
      [`${prefix}_BUCKET`]: 'a-bucket',
      [`${prefix}_ACCESS_KEY_ID`]: 'an-access-key',
      [`${prefix}_SECRET_ACCESS_KEY_FILE`]: this.write('s3-secret', `${canary}-secret`),
      [`${prefix}_CA_FILE`]: join(this.folder, 'ca.crt'),
    };
  }
}
