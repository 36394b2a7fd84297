interface Entry {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

const precedes = (a: Entry, b: Entry): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

/** Real time of the simulated world, in milliseconds: runs what is due, earliest first. */
export class Timeline {
  nowMs = 0;
  #order = 0;
  readonly #heap: Entry[] = [];

  after(delayMs: number, run: () => void): void {
    this.at(this.nowMs + Math.max(0, delayMs), run);
  }

  at(atMs: number, run: () => void): void {
    this.#order += 1;
    const heap = this.#heap;
    const entry = { atMs: Math.max(this.nowMs, atMs), order: this.#order, run };
    let index = heap.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !precedes(entry, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = entry;
  }

  runUntil(endMs: number): void {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || first.atMs > endMs) break;
      this.#removeFirst();
      this.nowMs = first.atMs;
      first.run();
    }
    this.nowMs = endMs;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const a = heap[left];
      const b = heap[left + 1];
      if (a === undefined) break;
      const child = b !== undefined && precedes(b, a) ? left + 1 : left;
      const below = heap[child] as Entry;
      if (!precedes(below, last)) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = last;
  }
}
