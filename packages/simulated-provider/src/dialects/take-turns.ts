/** One step of each list after another, until all have ended. */
export function* taking<T>(lists: readonly Iterable<T>[]): Generator<{ index: number; step: T }> {
  let open = lists.map((list, index) => ({ index, steps: list[Symbol.iterator]() }));
  while (open.length > 0) {
    const still: typeof open = [];
    for (const entry of open) {
      const next = entry.steps.next();
      if (next.done) continue;
      still.push(entry);
      yield { index: entry.index, step: next.value };
    }
    open = still;
  }
}
