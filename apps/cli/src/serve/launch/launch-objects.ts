import type { AccountingSettings } from '../settings/accounting.js';
import type { AdminConfigSettings } from '../settings/admin-config.js';
import type { AuditSettings } from '../settings/audit.js';
import type { RouterSettings } from '../settings/router.js';
import { bucketOf, databaseOf, identityOf, kafkaOf, objectStoreOf } from './pieces.js';

/** What each service is handed over on its pipe, made of its settings. */
export const launchObjects = {
  router: (given: RouterSettings) => ({
    host: given.LETHE_HOST,
    port: given.LETHE_PORT,
    operatorPort: given.LETHE_OPERATOR_PORT,
    routerId: given.LETHE_ROUTER_ID,
    deploymentRegion: given.LETHE_DEPLOYMENT_REGION,
    adminConfigGrpc: given.LETHE_ADMIN_CONFIG_GRPC,
    serviceCredential: given.LETHE_SERVICE_CREDENTIAL_FILE,
    telemetryLog: kafkaOf(given, given.LETHE_ROUTER_ID),
    payloadLog: kafkaOf(given, given.LETHE_ROUTER_ID),
    ...objectStoreOf(given),
    billingDurability: given.LETHE_BILLING_DURABILITY,
    workers: given.LETHE_ROUTER_WORKERS,
    tls: identityOf(given),
    publicTls: {
      certificatePem: given.LETHE_PUBLIC_TLS_CERTIFICATE_FILE.pem,
      privateKeyPem: given.LETHE_PUBLIC_TLS_KEY_FILE,
    },
  }),
  'admin-config': (given: AdminConfigSettings) => ({
    ...calledService(given),
    database: databaseOf(given, 'lethe_admin', 'config'),
    accountingGrpc: given.LETHE_ACCOUNTING_GRPC,
    auditGrpc: given.LETHE_AUDIT_GRPC,
    providerAccounts: given.LETHE_PROVIDER_ACCOUNTS_FILE,
    leaseTtlMs: given.LETHE_LEASE_TTL_MS,
    backupRetentionDays: given.LETHE_BACKUP_RETENTION_DAYS,
  }),
  accounting: (given: AccountingSettings) => ({
    ...calledService(given),
    telemetryDatabase: databaseOf(given, 'lethe_telemetry_w', 'accounting'),
    payloadDatabase: databaseOf(given, 'lethe_payload_w', 'accounting'),
    readDatabase: databaseOf(given, 'lethe_accounting_r', 'accounting'),
    controlDatabase: databaseOf(given, 'lethe_accounting_control', 'accounting'),
    adminConfigGrpc: given.LETHE_ADMIN_CONFIG_GRPC,
    auditGrpc: given.LETHE_AUDIT_GRPC,
    telemetryLog: kafkaOf(given, 'accounting'),
    payloadLog: kafkaOf(given, 'accounting'),
    ...objectStoreOf(given),
    transitKeys: { kind: 'folder', path: given.LETHE_TRANSIT_KEYS_DIR },
    atRestRootKey: given.LETHE_AT_REST_ROOT_KEY_FILE,
  }),
  audit: (given: AuditSettings) => ({
    ...calledService(given),
    database: databaseOf(given, 'lethe_audit_append', 'audit'),
    auditLog: kafkaOf(given, 'audit'),
    adminConfigGrpc: given.LETHE_ADMIN_CONFIG_GRPC,
    signing: { origin: given.LETHE_AUDIT_ORIGIN, seeds: given.LETHE_AUDIT_SIGNING_SEED_FILE },
    anchors: anchorsOf(given),
    witnesses: given.LETHE_WITNESSES_FILE ?? [],
    witnessQuorum: given.LETHE_WITNESS_QUORUM,
  }),
};

const calledService = (given: AdminConfigSettings | AccountingSettings | AuditSettings) => ({
  host: given.LETHE_HOST,
  restPort: given.LETHE_REST_PORT,
  grpcPort: given.LETHE_GRPC_PORT,
  serviceCredential: given.LETHE_SERVICE_CREDENTIAL_FILE,
  callers: given.LETHE_CALLERS_FILE,
  operatorTokenSha256: given.LETHE_OPERATOR_TOKEN_SHA256,
  tls: identityOf(given),
});

const anchorsOf = (given: AuditSettings) =>
  bucketOf({
    endpoint: given.LETHE_ANCHORS_ENDPOINT,
    region: given.LETHE_ANCHORS_REGION,
    bucket: given.LETHE_ANCHORS_BUCKET,
    accessKeyId: given.LETHE_ANCHORS_ACCESS_KEY_ID,
    secretAccessKey: given.LETHE_ANCHORS_SECRET_ACCESS_KEY_FILE,
    ca: given.LETHE_ANCHORS_CA_FILE,
  }) ?? { kind: 'folder', path: given.LETHE_ANCHORS_DIR };
