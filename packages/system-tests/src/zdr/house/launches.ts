import { createHash, randomBytes } from 'node:crypto';
import type { ServiceName } from '@lethe/contracts';
import type { EventLogConfig } from '@lethe/event-log';
import type { ObjectStoreConfig } from '@lethe/object-store';
import { newToken } from '@lethe/service-kit';

/** Whom each service answers to. */
const callersOf: Readonly<Record<Exclude<ServiceName, 'router'>, readonly ServiceName[]>> = {
  'admin-config': ['router', 'accounting', 'audit'],
  accounting: ['admin-config'],
  audit: ['admin-config', 'accounting'],
};

export interface HousePlan {
  /** The first of all ports of the house. */
  readonly base: number;
  readonly leaseTtlMs: number;
  readonly databaseUrl: (role: string) => string;
  /** The event log as a role sees it. */
  readonly eventLog: (role: string) => EventLogConfig;
  /** The object store as a role sees it; absent: no raw bodies are kept. */
  readonly objectStore: ((role: string) => ObjectStoreConfig) | undefined;
  readonly anchorsFolder: string;
  /** Where accounting keeps the keys that wrap transit keys; undefined: a new key on the pipe at each start. */
  readonly transitKeysFolder: string | undefined;
  /** Addresses through which services reach each other. */
  readonly addresses: { readonly adminConfig: string; readonly accounting: string; readonly audit: string };
}

/** What nobody but the services was told. */
export interface HouseSecrets {
  readonly operatorToken: string;
  /** With what accounting is started the next time. */
  atRestRootKey: string;
  /** Every key that was handed over on a pipe to wrap transit keys, in hex. */
  readonly handedOver: string[];
  /** The folder where those keys are kept, where none is handed over. */
  readonly transitKeysFolder: string | undefined;
}

const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Where each process listens, from the first port on. */
export const portsFrom = (base: number) => ({
  router: (n: number) => base + (n === 0 ? 0 : 10 + 2 * n),
  routerOperator: (n: number) => base + (n === 0 ? 1 : 11 + 2 * n),
  adminConfig: (n: number) => base + 2 + 2 * n,
  adminConfigGrpc: (n: number) => base + 3 + 2 * n,
  accounting: base + 6,
  accountingGrpc: base + 7,
  audit: base + 8,
  auditGrpc: base + 9,
  provider: base + 10,
  count: 36,
});

/** What each process is handed over, as `lethe up` does it, for many of a kind. */
export const launchesOf = (plan: HousePlan) => {
  const host = '127.0.0.1';
  const ports = portsFrom(plan.base);
  const credentials = Object.fromEntries(
    ['router', 'admin-config', 'accounting', 'audit'].map((name) => [name, newToken('lethe_svc_')]),
  ) as Record<ServiceName, string>;
  const secrets: HouseSecrets = {
    operatorToken: newToken('lethe_ops_'),
    atRestRootKey: randomBytes(32).toString('hex'),
    handedOver: [],
    transitKeysFolder: plan.transitKeysFolder,
  };
  const signingSeed = randomBytes(32).toString('hex');
  const controlPlane = (service: keyof typeof callersOf, restPort: number, grpcPort: number) => ({
    host,
    restPort,
    grpcPort,
    serviceCredential: credentials[service],
    callers: Object.fromEntries(callersOf[service].map((caller) => [caller, sha256Hex(credentials[caller])])),
    operatorTokenSha256: sha256Hex(secrets.operatorToken),
  });
  const database = (role: string) => ({ url: plan.databaseUrl(role) });
  const transit = (): object => {
    if (plan.transitKeysFolder !== undefined)
      return { transitKeys: { kind: 'folder', path: plan.transitKeysFolder } };
    const key = randomBytes(32).toString('hex');
    secrets.handedOver.push(key);
    return { transitWrappingKey: key };
  };
  return {
    secrets,
    ports,
    router: (n: number, adminConfigGrpc: string) => () => ({
      host,
      port: ports.router(n),
      operatorPort: ports.routerOperator(n),
      routerId: `router-${n + 1}`,
      deploymentRegion: 'local',
      adminConfigGrpc,
      serviceCredential: credentials.router,
      telemetryLog: plan.eventLog('lethe_router_log'),
      payloadLog: plan.eventLog('lethe_router_log'),
      ...(plan.objectStore && { objectStore: plan.objectStore('lethe_router_objects') }),
    }),
    adminConfig: (n: number) => () => ({
      ...controlPlane('admin-config', ports.adminConfig(n), ports.adminConfigGrpc(n)),
      database: database('lethe_admin'),
      accountingGrpc: plan.addresses.accounting,
      auditGrpc: plan.addresses.audit,
      providerAccounts: [
        {
          providerAccountId: 'sim',
          provider: 'sim',
          baseUrl: `http://${host}:${ports.provider}/v1`,
          credential: 'sim',
          region: '',
        },
      ],
      leaseTtlMs: plan.leaseTtlMs,
    }),
    accounting: () => ({
      ...controlPlane('accounting', ports.accounting, ports.accountingGrpc),
      telemetryDatabase: database('lethe_telemetry_w'),
      payloadDatabase: database('lethe_payload_w'),
      readDatabase: database('lethe_accounting_r'),
      controlDatabase: database('lethe_accounting_control'),
      adminConfigGrpc: plan.addresses.adminConfig,
      auditGrpc: plan.addresses.audit,
      telemetryLog: plan.eventLog('lethe_accounting_log'),
      payloadLog: plan.eventLog('lethe_accounting_log'),
      ...(plan.objectStore && { objectStore: plan.objectStore('lethe_accounting_objects') }),
      ...transit(),
      atRestRootKey: secrets.atRestRootKey,
    }),
    audit: () => ({
      ...controlPlane('audit', ports.audit, ports.auditGrpc),
      database: database('lethe_audit_append'),
      auditLog: plan.eventLog('lethe_audit_log'),
      signing: { origin: 'audit.lethe.test/zdr', seeds: [signingSeed] },
      anchorsFolder: plan.anchorsFolder,
      adminConfigGrpc: plan.addresses.adminConfig,
    }),
  };
};
