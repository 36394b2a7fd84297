import type { Uuid } from '@lethe/contracts';
import { GrpcCallError, type Logger } from '@lethe/service-kit';
import { type BackgroundLoop, startLoop } from '../background-loop.js';
import type { ControlStore, LackingOrg, TransitKeyRow } from '../store/control-store.js';
import type { VaultStore } from '../store/vault-store.js';
import { makeAtRestKey, makeTransitKey } from './make-keys.js';
import { checkRootKey } from './root-key.js';
import type { TransitVault } from './transit-vault.js';
import type { WrappingKeys } from './wrapping-keys.js';

const everyMs = 1000;
const retryMsMax = 5000;
const keysMax = 200;
const firstAtRestVersion = 1;
/** A registration that admin-config refused is asked again this much later: its answer may come from an older state. */
const refusedRetryMs = 10_000;
/** A destroyed key costs a rotation of all others: those that are due are destroyed together. */
const destroyEveryMs = 60_000;

/** Registers the public half of a transit key with admin-config. Rejects with GrpcCallError. */
export type RegisterTransitKey = (key: TransitKeyRow) => Promise<void>;

/** How long keys live, in milliseconds. */
export interface KeyAges {
  /** A pair older than this gets a successor. */
  readonly rotateMs: number;
  /** A pair opens records this much longer than its successor is registered. */
  readonly keepRetiredMs: number;
}

interface KeeperOptions {
  readonly store: ControlStore;
  readonly vaultStore: Pick<VaultStore, 'leadsKeeping'>;
  readonly vault: TransitVault;
  readonly keys: WrappingKeys;
  readonly ages: KeyAges;
  readonly register: RegisterTransitKey;
  /** Seals again what others remember; no key is made until that is done. */
  readonly sealing: { again(): void; isDone(): boolean };
  readonly log: Logger;
}

/** Makes what an open organization lacks; the database refuses it for one that was sealed meanwhile. */
const makeLackingKeys = async (
  { store, keys }: Pick<KeeperOptions, 'store' | 'keys'>,
  wrappedBy: Buffer,
  { orgId, lacksAtRest, lacksTransit }: LackingOrg,
): Promise<void> => {
  if (lacksAtRest)
    await store.putAtRestKey(orgId, firstAtRestVersion, makeAtRestKey(keys, orgId, firstAtRestVersion));
  if (!lacksTransit) return;
  const made = await makeTransitKey(keys.transit, wrappedBy, orgId);
  if (made !== undefined) await store.putTransitKey({ orgId, ...made }, wrappedBy);
};

/** Registers what is not registered yet; one that admin-config refuses holds up no other. */
const createRegistrar = ({ store, register, log }: Pick<KeeperOptions, 'store' | 'register' | 'log'>) => {
  const refusedUntilMs = new Map<Uuid, number>();
  const registerOne = async (key: TransitKeyRow): Promise<void> => {
    const until = refusedUntilMs.get(key.transitKeyId);
    if (until !== undefined && Date.now() < until) return;
    try {
      await register(key);
    } catch (error) {
      if (!(error instanceof GrpcCallError) || error.retriable) throw error;
      refusedUntilMs.set(key.transitKeyId, Date.now() + refusedRetryMs);
      log.warn('transit_key.registration_refused', { orgId: key.orgId, status: error.status });
      return;
    }
    await store.markRegistered(key.transitKeyId);
    refusedUntilMs.delete(key.transitKeyId);
    log.info('transit_key.registered', { orgId: key.orgId, transitKeyId: key.transitKeyId });
  };
  return async (signal: AbortSignal): Promise<void> => {
    const unregistered = await store.unregisteredTransitKeys(keysMax);
    for (const id of refusedUntilMs.keys())
      if (!unregistered.some((key) => key.transitKeyId === id)) refusedUntilMs.delete(id);
    for (const key of unregistered) {
      if (signal.aborted) return;
      await registerOne(key);
    }
  };
};

/**
 * Keeps every open organization with an at-rest key and a registered transit key: after the start (the wrapping key
 * may be new), after a crash of the database (transit keys are not logged), when admin-config was away, and when a
 * pair has grown old; destroys retired ones. One replica does it. A database that was set back under the running
 * service names a wrapping key that exists no more: then it is told again who is sealed before it gets any key.
 */
export const startKeyKeeper = (options: KeeperOptions): BackgroundLoop => {
  const { store, vaultStore, vault, keys, ages, sealing, log } = options;
  const register = createRegistrar(options);
  let rootKeyChecked = false;
  let destroyedAtMs = 0;
  let strangersSeen = 0;

  const destroyRetired = async (): Promise<void> => {
    const nowMs = performance.now();
    if (nowMs < destroyedAtMs + Math.min(destroyEveryMs, ages.keepRetiredMs)) return;
    destroyedAtMs = nowMs;
    const dropped = await store.dropRetiredTransitKeys(ages.keepRetiredMs);
    if (dropped > 0) log.info('transit_keys.retired', { destroyed: dropped });
  };

  return startLoop({
    event: 'key_keeper.turn',
    everyMs,
    retryMsMax,
    log,
    run: async (signal) => {
      if (!rootKeyChecked) await checkRootKey(store, keys);
      rootKeyChecked = true;
      if (!(await vaultStore.leadsKeeping())) return;
      await destroyRetired();
      const wrappedBy = await vault.settle();
      if (vault.strangers() !== strangersSeen) sealing.again();
      strangersSeen = vault.strangers();
      if (!sealing.isDone()) return;
      for (const org of await store.orgsLackingKeys(ages.rotateMs, keysMax)) {
        if (signal.aborted) return;
        await makeLackingKeys({ store, keys }, wrappedBy, org);
      }
      await register(signal);
    },
  });
};
