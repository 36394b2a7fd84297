import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@lethe/service-kit';
import { StoreError } from '../store/store-error.js';
import type { VaultStore, VaultTransaction, WrappedTransitKey } from '../store/vault-store.js';
import { transitWrap } from './make-keys.js';
import type { TransitWrapping } from './transit-wrapping.js';

/** Another process holds the wrapping keys, which only one may. */
export class VaultHeldElsewhereError extends Error {
  readonly code = 'VAULT_HELD';
  constructor() {
    super('another process holds the wrapping keys');
    this.name = 'VaultHeldElsewhereError';
  }
}

interface VaultOptions {
  readonly store: VaultStore;
  readonly wrapping: TransitWrapping;
  readonly log: Logger;
}

interface Turned {
  /** The database named a wrapping key that is not here. */
  readonly foreign: boolean;
  readonly current: Buffer;
  readonly destroyed: Buffer | undefined;
  readonly kept: number;
}

const attemptsMax = 4;
const retryMs = 100;

/** Opens each key with the old wrapping key and closes it with the new one. One that does not open is left behind. */
const rewrapAll = async (
  wrapping: TransitWrapping,
  { from, to }: { readonly from: Buffer; readonly to: Buffer },
  keys: readonly WrappedTransitKey[],
): Promise<readonly WrappedTransitKey[]> => {
  const rewrapped: WrappedTransitKey[] = [];
  for (const key of keys) {
    const binding = transitWrap(key.orgId, key.transitKeyId);
    const plain = await wrapping.unwrap(from, key.wrapped, binding).catch(() => undefined);
    if (plain === undefined) continue;
    try {
      const wrapped = await wrapping.wrap(to, plain, binding);
      if (wrapped !== undefined) rewrapped.push({ ...key, wrapped });
    } finally {
      plain.fill(0);
    }
  }
  return rewrapped;
};

/**
 * Where private halves of transit keys are kept so that deleting one is its end. A deleted key leaves bytes behind, in
 * a file or a backup; its wrapping key is therefore replaced and destroyed, and the others move to a fresh file.
 */
export const createTransitVault = ({ store, wrapping, log }: VaultOptions) => {
  const turn = async (vault: VaultTransaction): Promise<Turned> => {
    const { wrappingName: from, residue } = await vault.state();
    // What a crash between the two steps of a rotation left: under the lock, so no other replica's new key is meant.
    await wrapping.keepOnly(from);
    const held = await wrapping.has(from);
    if (held && !residue) return { foreign: false, current: from, destroyed: undefined, kept: 0 };
    const taken = await vault.takeTransitKeys();
    const to = await wrapping.create();
    const keys = held ? await rewrapAll(wrapping, { from, to }, taken) : [];
    await vault.replaceTransitKeys({ from, to, keys });
    return { foreign: !held, current: to, destroyed: from, kept: keys.length };
  };

  const turnWithPatience = async (): Promise<Turned> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await store.transaction(turn);
      } catch (error) {
        const waited = error instanceof StoreError && error.kind === 'timeout';
        if (!waited || attempt === attemptsMax) throw error;
        await sleep(retryMs);
      }
    }
  };

  let strangers = 0;
  const settleOnce = async (): Promise<Buffer> => {
    if (!(await store.mayHold(wrapping.sole))) throw new VaultHeldElsewhereError();
    const { foreign, current, destroyed, kept } = await turnWithPatience();
    if (foreign) strangers += 1;
    if (destroyed !== undefined) {
      await wrapping.destroy(destroyed);
      log.info('transit_keys.rewrapped', { kept });
    }
    return current;
  };

  let running: Promise<Buffer> | undefined;
  let next: Promise<Buffer> | undefined;
  return {
    wrapping,
    /** How often the database named a wrapping key that is not here: after a start, or because it was set back. */
    strangers: () => strangers,
    /**
     * Resolves once no byte of a deleted key can be opened any more, and names the wrapping key in use. Calls that come
     * while one runs share the one after it. Rejects with StoreError, KeyServiceError or VaultHeldElsewhereError.
     */
    settle(): Promise<Buffer> {
      if (running === undefined) {
        running = settleOnce().finally(() => {
          running = undefined;
        });
        return running;
      }
      next ??= running
        .catch(() => undefined)
        .then(() => {
          next = undefined;
          running = settleOnce().finally(() => {
            running = undefined;
          });
          return running;
        });
      return next;
    },
  };
};
export type TransitVault = ReturnType<typeof createTransitVault>;
