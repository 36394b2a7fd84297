import { createHash, randomBytes } from 'node:crypto';
import type { ServiceName } from '@lethe/contracts';
import type { EventLogConfig } from '@lethe/event-log';
import type { EnvironmentProviderAccount } from '@lethe/model-catalog';
import type { ObjectStoreConfig } from '@lethe/object-store';
import { newToken } from '@lethe/service-kit';
import type { RoleName } from '../cluster/databases.js';
import type { Secrets } from '../home/secrets-codec.js';
import type { Ports } from './ports.js';
import type { Launch } from './supervised-service.js';

/** Everything the launch objects of one run are made of. */
export interface LaunchInputs {
  readonly ports: Ports;
  readonly secrets: Pick<Secrets, 'operatorToken' | 'atRestRootKey' | 'auditOrigin' | 'auditSigningSeed'>;
  /** Where audit keeps what must not go down with its database; absolute. */
  readonly anchorsFolder: string;
  readonly providerAccounts: readonly EnvironmentProviderAccount[];
  readonly billingDurability: 'default' | 'strict';
  readonly routerWorkers: number;
  readonly leaseTtlMs: number;
  /** The address a role connects with. */
  readonly databaseUrl: (role: RoleName) => string;
}

/** Who may call whom, as mayCall of @lethe/contracts has it by method. */
const callersOf: Readonly<Record<Exclude<ServiceName, 'router'>, readonly ServiceName[]>> = {
  'admin-config': ['router', 'accounting', 'audit'],
  accounting: ['admin-config'],
  audit: ['admin-config', 'accounting'],
};

const host = '127.0.0.1';
const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The simulated provider is an account like any other, so that the first request works without a network. */
const simulatedAccount = (ports: Ports): EnvironmentProviderAccount => ({
  providerAccountId: 'sim',
  provider: 'sim',
  baseUrl: `http://${host}:${ports.simulatedProvider}/v1`,
  credential: 'sim',
  region: '',
});

/**
 * What each service is handed over on its pipe. Service credentials are made here for one run; the key that wraps
 * transit keys for one process of accounting, so that no later one can open what it wrapped. None is written anywhere.
 */
export const launchObjects = (inputs: LaunchInputs): Readonly<Record<ServiceName, Launch>> => {
  const { ports, secrets, databaseUrl } = inputs;
  const credentials: Readonly<Record<ServiceName, string>> = {
    router: newToken('lethe_svc_'),
    'admin-config': newToken('lethe_svc_'),
    accounting: newToken('lethe_svc_'),
    audit: newToken('lethe_svc_'),
  };
  const controlPlane = (service: keyof typeof callersOf, restPort: number, grpcPort: number) => ({
    host,
    restPort,
    grpcPort,
    serviceCredential: credentials[service],
    callers: Object.fromEntries(callersOf[service].map((caller) => [caller, sha256Hex(credentials[caller])])),
    operatorTokenSha256: sha256Hex(secrets.operatorToken),
  });
  const database = (role: RoleName) => ({ url: databaseUrl(role) });
  const eventLog = (role: RoleName): EventLogConfig => ({ kind: 'postgres', url: databaseUrl(role) });
  const objectStore = (role: RoleName): ObjectStoreConfig => ({ kind: 'postgres', url: databaseUrl(role) });
  const adminConfigGrpc = `${host}:${ports.adminConfigGrpc}`;
  const accountingGrpc = `${host}:${ports.accountingGrpc}`;
  const auditGrpc = `${host}:${ports.auditGrpc}`;
  return {
    router: () => ({
      host,
      port: ports.router,
      operatorPort: ports.routerOperator,
      routerId: 'router-1',
      deploymentRegion: 'local',
      adminConfigGrpc,
      serviceCredential: credentials.router,
      telemetryLog: eventLog('lethe_router_log'),
      payloadLog: eventLog('lethe_router_log'),
      objectStore: objectStore('lethe_router_objects'),
      billingDurability: inputs.billingDurability,
      workers: inputs.routerWorkers,
    }),
    'admin-config': () => ({
      ...controlPlane('admin-config', ports.adminConfig, ports.adminConfigGrpc),
      database: database('lethe_admin'),
      accountingGrpc,
      auditGrpc,
      providerAccounts: [simulatedAccount(ports), ...inputs.providerAccounts],
      leaseTtlMs: inputs.leaseTtlMs,
    }),
    accounting: () => ({
      ...controlPlane('accounting', ports.accounting, ports.accountingGrpc),
      telemetryDatabase: database('lethe_telemetry_w'),
      payloadDatabase: database('lethe_payload_w'),
      readDatabase: database('lethe_accounting_r'),
      controlDatabase: database('lethe_accounting_control'),
      adminConfigGrpc,
      auditGrpc,
      telemetryLog: eventLog('lethe_accounting_log'),
      payloadLog: eventLog('lethe_accounting_log'),
      objectStore: objectStore('lethe_accounting_objects'),
      transitWrappingKey: randomBytes(32).toString('hex'),
      atRestRootKey: secrets.atRestRootKey,
    }),
    audit: () => ({
      ...controlPlane('audit', ports.audit, ports.auditGrpc),
      database: database('lethe_audit_append'),
      auditLog: eventLog('lethe_audit_log'),
      signing: { origin: secrets.auditOrigin, seeds: [secrets.auditSigningSeed] },
      anchorsFolder: inputs.anchorsFolder,
      adminConfigGrpc,
    }),
  };
};
