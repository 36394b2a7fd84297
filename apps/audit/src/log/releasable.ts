import { addSignatures } from '@lethe/transparency-log';
import type { AnchoredCheckpoint } from '../anchor/anchors.js';
import { readCosignatures, readNewestCosigned } from '../store/cosignatures.js';
import type { ISql } from '../store/database.js';
import type { ReleasedCheckpoint } from './log-reader.js';

/** Whose cosignatures a checkpoint may carry, and how many it needs. */
export interface ReleaseRules {
  /** Key names. */
  readonly witnesses: readonly string[];
  readonly quorum: number;
}

/** The newest checkpoint up to the anchored one that may be shown, with its cosignatures. Rejects with StoreError. */
export const readReleasable = async (
  sql: ISql,
  { witnesses, quorum }: ReleaseRules,
  anchored: AnchoredCheckpoint,
): Promise<ReleasedCheckpoint | undefined> => {
  const { size, root, note } = anchored;
  if (witnesses.length === 0) return { size, root, note };
  if (quorum === 0)
    return { size, root, note: addSignatures(note, await readCosignatures(sql, size, witnesses)) };
  const cosigned = await readNewestCosigned(sql, { sizeMax: size, witnesses, quorum });
  return (
    cosigned && {
      size: cosigned.size,
      root: cosigned.root,
      note: addSignatures(cosigned.note, cosigned.lines),
    }
  );
};
