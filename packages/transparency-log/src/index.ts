export { type Checkpoint, formatCheckpointBody, parseCheckpoint } from './checkpoint/checkpoint-body.js';
export { addSignatures, type NoteSignature, type OpenedNote, openNote, signNote } from './checkpoint/note.js';
export { makeCosigner, makeSigner, type NoteSigner } from './checkpoint/signer.js';
export {
  type KeyType,
  parseVerifierKey,
  type VerifierKey,
  verifierKey,
} from './checkpoint/verifier-key.js';
export { type LogFaultCode, TransparencyLogFault } from './fault.js';
export { consistencyNodes, consistencyProof } from './proof/consistency.js';
export { formatProof, type ProofParts } from './proof/format-proof.js';
export { inclusionNodes, inclusionProof, inclusionProver } from './proof/inclusion.js';
export { newEntryBundles, newTiles, sizeHasTile, tilesOfSize } from './tile/coverage.js';
export { encodeEntryBundle, encodeTile, type TileNodes, tileNodes } from './tile/tile-bytes.js';
export { parseTilePath, type TileId, tilePath, tileWidth } from './tile/tile-path.js';
export {
  type Appended,
  appendLeaves,
  emptyFrontier,
  type Frontier,
  frontierNodes,
  frontierRoot,
  restoreFrontier,
} from './tree/frontier.js';
export { emptyRoot, entryBytesMax, hashBytes, hashChildren, hashLeaf } from './tree/hash.js';
export { type NodeId, type NodeLookup, nodeKey, type TreeNode } from './tree/node.js';
export {
  type InclusionClaim,
  type TreeHead,
  verifyConsistency,
  verifyInclusion,
} from './verify/merkle.js';
export type { ReadTile } from './verify/read-tile.js';
export type { Text } from './verify/text.js';
export type { Failure, Verdict, VerifyCode } from './verify/verdict.js';
export {
  type Cosignature,
  type VerifiedCheckpoint,
  type VerifyPolicy,
  verifyCheckpoint,
} from './verify/verify-checkpoint.js';
export { verifyGrowth } from './verify/verify-growth.js';
export { type VerifiedProof, verifyProof } from './verify/verify-proof.js';
export { type VerifyTilesOptions, verifyTiles } from './verify/verify-tiles.js';
export {
  type AddCheckpoint,
  formatAddCheckpoint,
  readWitnessAnswer,
  type WitnessAnswer,
  type WitnessVerdict,
} from './witness/add-checkpoint.js';
