// RFC 6962 once more, from the text of the RFC: what checks the product shares nothing with it.
import { createHash } from 'node:crypto';

const sha256 = (...parts: Uint8Array[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

export const leafHash = (entry: Uint8Array): Buffer => sha256(Buffer.from([0]), entry);
const parentHash = (left: Uint8Array, right: Uint8Array): Buffer => sha256(Buffer.from([1]), left, right);

/** The largest power of two below a number above 1. */
const splitOf = (count: number): number => {
  let split = 1;
  while (split * 2 < count) split *= 2;
  return split;
};

/** Roots of any beginning of a list of leaves; complete subtrees are worked out once. */
export class Roots {
  readonly #complete = new Map<string, Buffer>();

  constructor(private readonly leaves: readonly Buffer[]) {}

  root(size: number): Buffer {
    return size === 0 ? sha256() : this.#part(0, size);
  }

  #part(start: number, end: number): Buffer {
    const count = end - start;
    if (count === 1) return this.leaves[start] as Buffer;
    const isComplete = (count & (count - 1)) === 0;
    const known = isComplete ? this.#complete.get(`${start}:${count}`) : undefined;
    if (known !== undefined) return known;
    const middle = start + splitOf(count);
    const hash = parentHash(this.#part(start, middle), this.#part(middle, end));
    if (isComplete) this.#complete.set(`${start}:${count}`, hash);
    return hash;
  }
}

/** The root that an inclusion path leads to; undefined when the path has another length than it must have. */
export const rootByPath = (
  { leaf, index, size }: { leaf: Buffer; index: number; size: number },
  path: readonly Buffer[],
): Buffer | undefined => {
  const fold = (m: number, n: number, hashes: readonly Buffer[]): Buffer | undefined => {
    if (n === 1) return hashes.length === 0 ? leaf : undefined;
    const sibling = hashes.at(-1);
    if (sibling === undefined) return undefined;
    const split = splitOf(n);
    const rest = hashes.slice(0, -1);
    const inner = m < split ? fold(m, split, rest) : fold(m - split, n - split, rest);
    if (inner === undefined) return undefined;
    return m < split ? parentHash(inner, sibling) : parentHash(sibling, inner);
  };
  return index < size ? fold(index, size, path) : undefined;
};
