import { type ReadTile, tilePath, tileWidth } from '@lethe/transparency-log';

const aheadMax = 16;

/** The full tiles of the bottom level and, with `entries`, their events, in the order in which a whole log is verified. */
function* bottomPaths(size: number, entries: boolean): Generator<string> {
  for (let index = 0; (index + 1) * tileWidth <= size; index += 1) {
    yield tilePath({ level: 0, index, width: tileWidth });
    if (entries) yield tilePath({ level: 'entries', index, width: tileWidth });
  }
}

/**
 * Reads what will be asked for next while the reader is busy, at most 16 files; for a log far away the time to answer
 * counts once instead of for each file. Whatever else is asked for is read as it is.
 */
export const readAhead = (readTile: ReadTile, size: number, entries: boolean): ReadTile => {
  const coming = bottomPaths(size, entries);
  const begun = new Map<string, ReturnType<ReadTile>>();
  const begin = (): void => {
    while (begun.size < aheadMax) {
      const { value: path, done } = coming.next();
      if (done === true) return;
      const reading = readTile(path);
      // Who asks for it gets the failure; until then it is nobody's.
      reading.catch(() => undefined);
      begun.set(path, reading);
    }
  };
  return async (path) => {
    begin();
    const reading = begun.get(path);
    if (reading === undefined) return await readTile(path);
    begun.delete(path);
    begin();
    return await reading;
  };
};
