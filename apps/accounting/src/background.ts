import type { ObjectReader } from '@lethe/object-store';
import { createIdentityClient, type Logger, Opaque, type TlsIdentity } from '@lethe/service-kit';
import type { Config } from './config.js';
import type { IngestMetrics } from './ingest/ingest-metrics.js';
import { startTripwireAlarm } from './ingest/tripwire-alarm.js';
import { createAuditClient } from './outbox/audit-client.js';
import { startRelay } from './outbox/relay.js';
import { startAttestation } from './store/attestation.js';
import type { ControlStore } from './store/control-store.js';
import { startObjectSweeper } from './store/object-sweeper.js';
import type { AuditRefusal } from './store/outbox-store.js';
import type { Pools } from './store/pools.js';
import { startUpkeep } from './store/upkeep.js';
import type { VaultStore } from './store/vault-store.js';
import { startKeyKeeper } from './vault/key-keeper.js';
import { createRegistration } from './vault/register-transit-key.js';
import { createSealingLists, startSealAtStart } from './vault/seal-at-start.js';
import { createSealOrg } from './vault/seal-org.js';
import type { TransitVault } from './vault/transit-vault.js';
import type { WrappingKeys } from './vault/wrapping-keys.js';

/** What is on its way is no older than the topic keeps it, and as old as clocks and consumers lag. */
const retentionMarginMs = 600_000;

/** The gRPC clients of this service: what it asks admin-config and tells audit. */
export const openClients = (config: Config, tls: TlsIdentity | undefined) => {
  const credential = new Opaque(config.serviceCredential);
  const { adminConfigGrpc, auditGrpc } = config;
  const audit = createAuditClient({ address: auditGrpc, credential, tls });
  const registration = createRegistration({ address: adminConfigGrpc, credential, tls });
  const identity = createIdentityClient({ address: adminConfigGrpc, credential, tls });
  const sealings = createSealingLists({ adminConfigGrpc, auditGrpc, credential, tls });
  return {
    audit,
    registration,
    identity,
    sealings,
    close: () => {
      for (const client of [audit, registration, identity, sealings]) client.close();
    },
  };
};

interface BackgroundOptions {
  readonly config: Pick<Config, 'transitKeyRotateMs' | 'payloadRetentionMs' | 'telemetryWaitMs'>;
  readonly pools: Pick<Pools, 'leader'>;
  readonly control: ControlStore;
  readonly vaultStore: VaultStore;
  readonly vault: TransitVault;
  readonly clients: ReturnType<typeof openClients>;
  readonly keys: WrappingKeys;
  readonly objects: ObjectReader | undefined;
  readonly metrics: IngestMetrics;
  readonly log: Logger;
  readonly onRefused: (code: AuditRefusal) => void;
}

/** Everything that runs by itself: outbox relay, alarm, keys, sealing at the start, comparing, sweeping and upkeep. */
export const startBackground = (options: BackgroundOptions) => {
  const { config, pools, control, vaultStore, vault, clients, keys, objects, metrics, log, onRefused } =
    options;
  const onWay = config.payloadRetentionMs + retentionMarginMs;
  const relay = startRelay({ session: pools.leader, append: clients.audit.append, log, onRefused });
  const alarm = startTripwireAlarm({ store: control, log, onQueued: relay.wake });
  const sealOrg = createSealOrg({ store: control, vault, log, onQueued: relay.wake });
  const sealing = startSealAtStart({
    lists: [clients.sealings.zdrOrganizations, clients.sealings.tombstones],
    sealOrg,
    log,
    onDone: () => keeper.wake(),
  });
  const keeper = startKeyKeeper({
    ...{ store: control, vaultStore, vault, keys, sealing, log },
    ages: { rotateMs: config.transitKeyRotateMs, keepRetiredMs: onWay },
    register: clients.registration.register,
  });
  const loops = [
    relay,
    alarm,
    keeper,
    sealing,
    startUpkeep({ store: control, log }),
    startAttestation({
      ...{ store: control, metrics, log, waitMs: config.telemetryWaitMs },
      onTripwire: alarm.wake,
    }),
    ...(objects === undefined
      ? []
      : [
          startObjectSweeper({
            ...{ store: control, objects, log, orphanMs: onWay },
            removed: metrics.objectsRemoved,
          }),
        ]),
  ];
  return {
    relay,
    alarm,
    keeper,
    sealing,
    sealOrg,
    stop: async (): Promise<void> => {
      await Promise.all(loops.map((loop) => loop.stop()));
    },
  };
};
