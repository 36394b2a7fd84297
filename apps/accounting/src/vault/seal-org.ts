import type { Logger } from '@lethe/service-kit';
import { orgSealedEvent, orgShreddedEvent } from '../outbox/audit-events.js';
import type { ControlStore, Sealed, Sealing } from '../store/control-store.js';
import type { TransitVault } from './transit-vault.js';

interface SealOrgOptions {
  readonly store: Pick<ControlStore, 'sealOrg'>;
  readonly vault: Pick<TransitVault, 'settle'>;
  readonly log: Logger;
  /** Told that audit events were queued. */
  readonly onQueued: () => void;
}

/** Seals, and shreds when that is asked. Rejects with StoreError, KeyServiceError or VaultHeldElsewhereError. */
export type SealOrg = (sealing: Sealing) => Promise<Sealed>;

/**
 * Resolves when the gate is closed for ever and the private halves are gone: deleted, and their bytes, wherever they
 * still are, wrapped by a key that exists no more. Idempotent; what failed half-way is finished by the next call.
 */
export const createSealOrg =
  ({ store, vault, log, onQueued }: SealOrgOptions): SealOrg =>
  async (sealing) => {
    const { orgId, version } = sealing;
    const sealed = await store.sealOrg(sealing, {
      sealed: () => orgSealedEvent(orgId, version),
      shredded: (counts) => orgShreddedEvent(orgId, counts),
    });
    onQueued();
    await vault.settle();
    const { sealedVersion, shreddedAtMs } = sealed;
    log.info('org.sealed', { orgId, sealedVersion, shredded: shreddedAtMs !== undefined });
    return sealed;
  };
