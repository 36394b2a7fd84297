import type { Uuid } from '@lethe/contracts';
import { GrpcCallError, type Logger } from '@lethe/service-kit';
import { type BackgroundLoop, startLoop } from '../background-loop.js';
import type { ControlStore, LackingOrg, TransitKeyRow } from '../store/control-store.js';
import { makeAtRestKey, makeTransitKey, withAtRestKey } from './make-keys.js';
import type { WrappingKeys } from './wrapping-keys.js';

const everyMs = 1000;
const retryMsMax = 5000;
const keysMax = 200;
const firstAtRestVersion = 1;
/** A registration that admin-config refused is asked again this much later: its answer may come from an older state. */
const refusedRetryMs = 10_000;

/** Registers the public half of a transit key with admin-config. Rejects with GrpcCallError. */
export type RegisterTransitKey = (key: TransitKeyRow) => Promise<void>;

interface KeeperOptions {
  readonly store: ControlStore;
  readonly keys: WrappingKeys;
  readonly register: RegisterTransitKey;
  readonly log: Logger;
}

/** Makes what an open organization lacks; the database refuses it for one that was sealed meanwhile. */
const makeLackingKeys = async (
  { store, keys }: Pick<KeeperOptions, 'store' | 'keys'>,
  org: LackingOrg,
): Promise<void> => {
  const { orgId } = org;
  if (org.lacksAtRest)
    await store.putAtRestKey(orgId, firstAtRestVersion, makeAtRestKey(keys, orgId, firstAtRestVersion));
  if (org.lacksTransit)
    await store.putTransitKey({ orgId, ...makeTransitKey(keys, orgId) }, keys.transitKeyName);
};

/** The root key does not open what is stored: it is not the one this database was written with. */
export class RootKeyMismatchError extends Error {
  constructor() {
    super('atRestRootKey does not fit this database');
    this.name = 'RootKeyMismatchError';
  }
}

/** Checks the root key against one stored key before anything is written with it. Throws RootKeyMismatchError. */
export const checkRootKey = async (store: ControlStore, keys: WrappingKeys): Promise<void> => {
  const stored = await store.anyAtRestKey();
  if (stored === undefined) return;
  try {
    withAtRestKey(keys, stored, () => undefined);
  } catch {
    throw new RootKeyMismatchError();
  }
};

/**
 * Keeps every open organization with an at-rest key and a registered transit key: after the start (the wrapping key
 * is new), after a crash of the database (transit keys are not logged) and when admin-config was away.
 */
export const startKeyKeeper = ({ store, keys, register, log }: KeeperOptions): BackgroundLoop => {
  const refusedUntilMs = new Map<Uuid, number>();
  let rootKeyChecked = false;

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

  return startLoop({
    event: 'key_keeper.turn',
    everyMs,
    retryMsMax,
    log,
    run: async (signal) => {
      if (!rootKeyChecked) await checkRootKey(store, keys);
      rootKeyChecked = true;
      await store.dropForeignTransitKeys(keys.transitKeyName);
      for (const org of await store.orgsLackingKeys(keys.transitKeyName, keysMax)) {
        if (signal.aborted) return;
        await makeLackingKeys({ store, keys }, org);
      }
      const unregistered = await store.unregisteredTransitKeys(keysMax);
      for (const id of refusedUntilMs.keys())
        if (!unregistered.some((key) => key.transitKeyId === id)) refusedUntilMs.delete(id);
      for (const key of unregistered) {
        if (signal.aborted) return;
        await registerOne(key);
      }
    },
  });
};
