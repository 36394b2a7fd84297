import { type FileHandle, open, readFile } from 'node:fs/promises';
import type { MemoryNeedle } from './dense-canary.js';
import { contentMappings, type Mapping, type MappingKind } from './mappings.js';
import { type MemoryEncoding, memoryEncodings, RunSearch } from './run-search.js';

/** Where one needle stands in memory. */
export interface MemoryHit {
  readonly needle: string;
  readonly encoding: MemoryEncoding;
  readonly kind: MappingKind;
  readonly runs: number;
  readonly bytes: number;
  /** Where the first few begin. */
  readonly addresses: readonly string[];
}

export interface MemoryScan {
  readonly mappings: number;
  readonly bytes: number;
  readonly hits: readonly MemoryHit[];
}

const windowBytes = 4 * 1024 * 1024;
const pageBytes = 4096;
const addressesMax = 4;

interface Tally {
  runs: number;
  bytes: number;
  readonly addresses: string[];
}

/** Collects what the searches of one scan find. */
class Tallies {
  readonly #searches: readonly RunSearch[];
  readonly #found = new Map<string, { search: RunSearch; kind: MappingKind; tally: Tally }>();
  readonly overlapBytes: number;

  constructor(needles: readonly MemoryNeedle[]) {
    this.#searches = needles.flatMap((needle) => memoryEncodings.map((each) => new RunSearch(needle, each)));
    this.overlapBytes = Math.max(0, ...this.#searches.map(({ runBytesMin }) => runBytesMin - 1));
  }

  /** `bytes` stand at `address`; the first `seen` of them were searched before. */
  search(bytes: Buffer, seen: number, address: number, kind: MappingKind): void {
    for (const search of this.#searches)
      search.search(bytes, seen, (start, end) => {
        const key = `${search.needle.name} ${search.encoding} ${kind}`;
        const found = this.#found.get(key) ?? { search, kind, tally: { runs: 0, bytes: 0, addresses: [] } };
        this.#found.set(key, found);
        found.tally.runs++;
        found.tally.bytes += end - Math.max(start, seen);
        if (found.tally.addresses.length < addressesMax)
          found.tally.addresses.push((address + start).toString(16));
      });
  }

  hits(): MemoryHit[] {
    return [...this.#found.values()].map(({ search, kind, tally }) => ({
      needle: search.needle.name,
      encoding: search.encoding,
      kind,
      ...tally,
    }));
  }
}

/** Reads one window; pages that cannot be read count as zeros. Returns false when the mapping is gone. */
const readWindow = async (memory: FileHandle, into: Buffer, address: number): Promise<boolean> => {
  const whole = await memory.read(into, 0, into.length, address).catch(() => undefined);
  if (whole?.bytesRead === into.length) return true;
  let anyRead = false;
  for (let at = 0; at < into.length; at += pageBytes) {
    const bytes = Math.min(pageBytes, into.length - at);
    const page = await memory.read(into, at, bytes, address + at).catch(() => undefined);
    if (page?.bytesRead === bytes) anyRead = true;
    else into.fill(0, at, at + bytes);
  }
  return anyRead;
};

const scanMapping = async (
  memory: FileHandle,
  { start, end, kind }: Mapping,
  window: Buffer,
  tallies: Tallies,
): Promise<number> => {
  let carried = 0;
  for (let at = start; at < end; ) {
    const bytes = Math.min(end - at, window.length - carried);
    if (!(await readWindow(memory, window.subarray(carried, carried + bytes), at))) return at - start;
    const filled = window.subarray(0, carried + bytes);
    tallies.search(filled, carried, at - carried, kind);
    at += bytes;
    carried = Math.min(tallies.overlapBytes, filled.length);
    window.copyWithin(0, filled.length - carried, filled.length);
  }
  return end - start;
};

/**
 * Searches the memory of a running process, every mapping that may hold content, 4 MB at a time, in Latin-1/UTF-8 and in UTF-16LE. Linux only;
 * needs the right to trace the process. Rejects with the system's error when its memory cannot be opened.
 */
export const scanProcessMemory = async (
  pid: number,
  needles: readonly MemoryNeedle[],
): Promise<MemoryScan> => {
  const mappings = contentMappings(await readFile(`/proc/${pid}/maps`, 'latin1'));
  const memory = await open(`/proc/${pid}/mem`, 'r');
  const window = Buffer.alloc(windowBytes);
  const tallies = new Tallies(needles);
  let bytes = 0;
  try {
    for (const mapping of mappings) bytes += await scanMapping(memory, mapping, window, tallies);
  } finally {
    await memory.close();
  }
  return { mappings: mappings.length, bytes, hits: tallies.hits() };
};
