import { createIdentityClient, type Logger, Opaque } from '@lethe/service-kit';
import type { Config } from './config.js';
import { startTripwireAlarm } from './ingest/tripwire-alarm.js';
import { createAuditClient } from './outbox/audit-client.js';
import { startRelay } from './outbox/relay.js';
import type { ControlStore } from './store/control-store.js';
import type { AuditRefusal } from './store/outbox-store.js';
import type { Pools } from './store/pools.js';
import { startUpkeep } from './store/upkeep.js';
import { startKeyKeeper } from './vault/key-keeper.js';
import { createRegistration } from './vault/register-transit-key.js';
import type { WrappingKeys } from './vault/wrapping-keys.js';

/** The gRPC clients of this service: what it asks admin-config and tells audit. */
export const openClients = (config: Config) => {
  const credential = new Opaque(config.serviceCredential);
  const audit = createAuditClient({ address: config.auditGrpc, credential });
  const registration = createRegistration({ address: config.adminConfigGrpc, credential });
  const identity = createIdentityClient({ address: config.adminConfigGrpc, credential });
  return {
    audit,
    registration,
    identity,
    close: () => {
      for (const client of [audit, registration, identity]) client.close();
    },
  };
};

interface BackgroundOptions {
  readonly pools: Pick<Pools, 'leader'>;
  readonly control: ControlStore;
  readonly clients: ReturnType<typeof openClients>;
  readonly keys: WrappingKeys;
  readonly log: Logger;
  readonly onRefused: (code: AuditRefusal) => void;
}

/** Everything that runs by itself: the outbox relay, the alarm, the keys and the upkeep. */
export const startBackground = (options: BackgroundOptions) => {
  const { pools, control, clients, keys, log, onRefused } = options;
  const relay = startRelay({ session: pools.leader, append: clients.audit.append, log, onRefused });
  const alarm = startTripwireAlarm({ store: control, log, onQueued: relay.wake });
  const keeper = startKeyKeeper({ store: control, keys, register: clients.registration.register, log });
  const upkeep = startUpkeep({ store: control, log });
  return {
    relay,
    alarm,
    keeper,
    stop: async (): Promise<void> => {
      await Promise.all([keeper.stop(), alarm.stop(), upkeep.stop(), relay.stop()]);
    },
  };
};
