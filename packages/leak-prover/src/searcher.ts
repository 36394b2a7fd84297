import type { Canary } from './canary.js';
import { FRAGMENT_CHARACTERS, type Needle, needlesOf } from './needles.js';

export interface Hit {
  readonly canary: Canary;
  readonly encoding: string;
  readonly offset: number;
}

const FILTER_BITS = 24;
/** Needles are told apart by this many bytes: by four, hex digits of which ids are made would all look like ours. */
const KEY_BYTES = 8;
/** A fragment this long cannot be part of somebody else's id by chance. */
const SURE_CHARACTERS = 12;
/** Among this many canaries some run of eight stands somewhere by chance; ten of them do not. */
const CANARIES_MANY = 1_000;
const FRAGMENT_CHARACTERS_OF_MANY = 10;
const HEX_OR_DASH = /[0-9a-f-]/i;

// Taken out of the global object once: in a test runner's sandbox each look-up of a global is slow.
const { imul } = Math;
const slotOf = (high: number, low: number): number =>
  imul(imul(high, 0x85ebca6b) ^ low, 0x9e3779b1) >>> (32 - FILTER_BITS);
/** Two keys may share a number; what is found by it is compared whole. */
const keyOf = (high: number, low: number): number => (high >>> 0) * 2 ** 32 + (low >>> 0);

/** Looks for all canaries in all encodings at once, in one pass over the bytes. */
export class Searcher {
  readonly #filter = new Int32Array(1 << (FILTER_BITS - 5));
  /** By their first bytes. */
  readonly #needles = new Map<number, Needle[]>();

  readonly #fragmentCharacters: number;

  constructor(readonly canaries: readonly Canary[]) {
    this.#fragmentCharacters =
      canaries.length > CANARIES_MANY ? FRAGMENT_CHARACTERS_OF_MANY : FRAGMENT_CHARACTERS;
    for (const needle of canaries.flatMap(needlesOf)) {
      const [high, low] = [needle.bytes.readInt32BE(0), needle.bytes.readInt32BE(KEY_BYTES / 2)];
      const key = keyOf(high, low);
      const slot = slotOf(high, low);
      this.#filter[slot >>> 5] = (this.#filter[slot >>> 5] as number) | (1 << (slot & 31));
      const known = this.#needles.get(key);
      if (known === undefined) this.#needles.set(key, [needle]);
      else known.push(needle);
    }
  }

  /** The first hit of each canary in each encoding, in no particular order. */
  search(bytes: Buffer): Hit[] {
    const hits = new Map<string, Hit>();
    const filter = this.#filter;
    const length = bytes.length;
    let high = 0;
    let low = 0;
    for (let at = 0; at < length; at += 1) {
      high = (high << 8) | (low >>> 24);
      low = (low << 8) | (bytes[at] as number);
      const slot = slotOf(high, low);
      if (((filter[slot >>> 5] as number) & (1 << (slot & 31))) === 0 || at < KEY_BYTES - 1) continue;
      for (const needle of this.#needles.get(keyOf(high, low)) ?? []) {
        const start = at - KEY_BYTES + 1;
        if (!matchesAt(bytes, start, needle.bytes)) continue;
        if (needle.encoding === 'fragment' && !this.#isOurs(bytes, start, needle)) continue;
        const name = `${needle.canary.place}\0${needle.encoding}`;
        if (!hits.has(name))
          hits.set(name, { canary: needle.canary, encoding: needle.encoding, offset: start });
      }
    }
    return [...hits.values()];
  }

  #isOurs(bytes: Buffer, start: number, { canary }: Needle): boolean {
    return isOurFragment(bytes, start, canary.core, this.#fragmentCharacters);
  }
}

const matchesAt = (bytes: Buffer, start: number, wanted: Buffer): boolean =>
  start + wanted.length <= bytes.length &&
  bytes.compare(wanted, 0, wanted.length, start, start + wanted.length) === 0;

/**
 * Eight characters may stand in another id by chance. So the run is followed as far as it agrees with the core: one
 * shorter than twelve counts only when no other hex digit touches it.
 */
const isOurFragment = (bytes: Buffer, start: number, core: string, least: number): boolean => {
  const characterAt = (at: number): string => String.fromCharCode(bytes[at] ?? 0).toLowerCase();
  const lower = core.toLowerCase();
  const fragment = bytes.toString('latin1', start, start + FRAGMENT_CHARACTERS).toLowerCase();
  for (let within = lower.indexOf(fragment); within >= 0; within = lower.indexOf(fragment, within + 1)) {
    let before = 0;
    while (within > before && characterAt(start - before - 1) === lower[within - before - 1]) before += 1;
    let after = FRAGMENT_CHARACTERS;
    while (within + after < lower.length && characterAt(start + after) === lower[within + after]) after += 1;
    if (before + after >= SURE_CHARACTERS) return true;
    if (before + after < least) continue;
    if (!HEX_OR_DASH.test(characterAt(start - before - 1)) && !HEX_OR_DASH.test(characterAt(start + after)))
      return true;
  }
  return false;
};
