import { createHash } from 'node:crypto';

const sha256 = (...parts: readonly (string | Uint8Array)[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

const split = (n: number): number => {
  const k = 2 ** (n.toString(2).length - 1);
  return k === n ? n / 2 : k;
};

/** The definitions of RFC 6962 2.1, as recursive as they stand there, built from nothing of this package. */
export class NaiveTree {
  readonly leaves: readonly Buffer[];
  private readonly known = new Map<string, Buffer>();

  constructor(entries: readonly Uint8Array[]) {
    this.leaves = entries.map((entry) => sha256('\0', entry));
  }

  root(start: number, end: number): Buffer {
    if (end - start <= 1) return end === start ? sha256() : (this.leaves[start] as Buffer);
    const key = `${start}-${end}`;
    const middle = start + split(end - start);
    const root = this.known.get(key) ?? sha256('\x01', this.root(start, middle), this.root(middle, end));
    this.known.set(key, root);
    return root;
  }

  path(index: number, start: number, end: number): Buffer[] {
    if (end - start === 1) return [];
    const middle = start + split(end - start);
    return index < middle
      ? [...this.path(index, start, middle), this.root(middle, end)]
      : [...this.path(index, middle, end), this.root(start, middle)];
  }

  consistency(from: number, start: number, end: number): Buffer[] {
    if (from === end) return start === 0 ? [] : [this.root(start, end)];
    const middle = start + split(end - start);
    return from <= middle
      ? [...this.consistency(from, start, middle), this.root(middle, end)]
      : [...this.consistency(from, middle, end), this.root(start, middle)];
  }
}
