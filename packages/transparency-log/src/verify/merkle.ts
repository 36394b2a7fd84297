import { createHash } from 'node:crypto';
import { fail, type Verdict } from './verdict.js';

export interface InclusionClaim {
  readonly leafHash: Uint8Array;
  readonly index: number;
  readonly size: number;
  readonly path: readonly Uint8Array[];
  readonly root: Uint8Array;
}

/** Size and root of a tree. */
export interface TreeHead {
  readonly size: number;
  readonly root: Uint8Array;
}

const proofMax = 63;
const isHash = (value: Uint8Array): boolean => value instanceof Uint8Array && value.length === 32;
const isSize = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
const isOdd = (value: number): boolean => value % 2 === 1;
const half = (value: number): number => Math.floor(value / 2);
export const sameHash = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** SHA-256(0x00 ‖ entry). */
export const leafHashOf = (entry: Uint8Array): Buffer =>
  createHash('sha256').update('\0').update(entry).digest();

/** SHA-256(0x01 ‖ left ‖ right). */
export const parentHashOf = (left: Uint8Array, right: Uint8Array): Buffer =>
  createHash('sha256').update('\u0001').update(left).update(right).digest();

/** SHA-256 of nothing. */
export const rootOfNothing = (): Buffer => createHash('sha256').digest();

/** Position of a node and of its level's last node, walked upward together. */
class Climb {
  constructor(
    public node: number,
    public last: number,
  ) {}

  up(): void {
    this.node = half(this.node);
    this.last = half(this.last);
  }

  get isRight(): boolean {
    return isOdd(this.node) || this.node === this.last;
  }

  /** A right-edge node without sibling is its own parent: go on to where it is a right child. */
  skipMissing(): void {
    while (!isOdd(this.node) && this.node !== 0) this.up();
  }
}

/** Whether the leaf stands at this index of the tree (RFC 9162 2.1.3.2). Success is `{ ok: true }`. */
export const verifyInclusion = ({ leafHash, index, size, path, root }: InclusionClaim): Verdict => {
  if (!isSize(size) || size === 0) return fail('size_invalid');
  if (!isSize(index) || index >= size) return fail('index_invalid');
  if (path.length > proofMax) return fail('path_length_wrong');
  if (![leafHash, root, ...path].every(isHash)) return fail('hash_malformed');
  const climb = new Climb(index, size - 1);
  let hash = leafHash;
  for (const sibling of path) {
    if (climb.last === 0) return fail('path_length_wrong');
    if (climb.isRight) {
      hash = parentHashOf(sibling, hash);
      climb.skipMissing();
    } else hash = parentHashOf(hash, sibling);
    climb.up();
  }
  if (climb.last !== 0) return fail('path_length_wrong');
  return sameHash(hash, root) ? { ok: true } : fail('root_differs', { size });
};

const verifyUnequal = (from: TreeHead, to: TreeHead, proof: readonly Uint8Array[]): Verdict => {
  const climb = new Climb(from.size - 1, to.size - 1);
  while (isOdd(climb.node)) climb.up();
  // All right children up to the top: the old tree is one complete subtree, and its root is the first hash.
  const steps = climb.node === 0 ? [from.root, ...proof] : proof;
  const [first, ...rest] = steps;
  if (first === undefined) return fail('path_length_wrong');
  let oldRoot = first;
  let newRoot = first;
  for (const hash of rest) {
    if (climb.last === 0) return fail('path_length_wrong');
    if (climb.isRight) {
      oldRoot = parentHashOf(hash, oldRoot);
      newRoot = parentHashOf(hash, newRoot);
      climb.skipMissing();
    } else newRoot = parentHashOf(newRoot, hash);
    climb.up();
  }
  if (climb.last !== 0) return fail('path_length_wrong');
  if (!sameHash(oldRoot, from.root)) return fail('root_differs', { size: from.size });
  return sameHash(newRoot, to.root) ? { ok: true } : fail('root_differs', { size: to.size });
};

/** Whether the tree `to` begins with the tree `from` (RFC 9162 2.1.4.2); from size 0 or equal sizes with an empty proof. */
export const verifyConsistency = (from: TreeHead, to: TreeHead, proof: readonly Uint8Array[]): Verdict => {
  if (!isSize(from.size) || !isSize(to.size) || from.size > to.size) return fail('size_invalid');
  if (proof.length > proofMax) return fail('path_length_wrong');
  if (![from.root, to.root, ...proof].every(isHash)) return fail('hash_malformed');
  for (const { size, root } of [from, to])
    if (size === 0 && !sameHash(root, rootOfNothing())) return fail('root_differs', { size });
  if (from.size === 0 || from.size === to.size) {
    if (proof.length > 0) return fail('path_length_wrong');
    const same = from.size === 0 || sameHash(from.root, to.root);
    return same ? { ok: true } : fail('root_differs', { size: to.size });
  }
  return verifyUnequal(from, to, proof);
};
