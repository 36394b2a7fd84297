import type { AnchoredCheckpoint } from '../anchor/anchors.js';
import type { LogSigner } from '../log/log-signer.js';
import type { LogHead } from '../store/log-head.js';
import { StoreError } from '../store/store-error.js';

interface ForkGuardOptions {
  readonly signer: LogSigner;
  /** The root that the nodes of the database give for a size the log has. */
  readonly readRootOf: (size: number) => Promise<Buffer>;
}

export interface ForkGuard {
  /**
   * Rejects with StoreError unless the log in the database goes on from what is anchored: `log_behind` when it is
   * shorter, `log_forked` when it is another, `anchor_unavailable` when what is anchored was not signed by this log.
   */
  check(anchored: AnchoredCheckpoint | undefined, head: LogHead): Promise<void>;
}

/** A log must never sign two checkpoints between which there is no consistency proof. */
export const createForkGuard = ({ signer, readRootOf }: ForkGuardOptions): ForkGuard => ({
  check: async (anchored, head) => {
    if (head.note !== undefined && !signer.isOwn(head.note, head)) throw new StoreError('log_forked', '');
    if (anchored === undefined) return;
    if (!signer.isOwn(anchored.note, anchored)) throw new StoreError('anchor_unavailable', '');
    if (anchored.size > head.size) throw new StoreError('log_behind', '');
    const root = anchored.size === head.size ? head.root : await readRootOf(anchored.size);
    if (!root.equals(anchored.root)) throw new StoreError('log_forked', '');
  },
});
