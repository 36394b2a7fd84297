import { PLAINTEXT_BYTES_MAX } from './aes-gcm.js';
import { SealedPayloadError } from './error.js';
import type { DroppedCounts, PayloadDocument, Truncation } from './payload-document.js';
import { shrinkElement } from './shrink-element.js';

/** What a payload may take. All are integers; see the constants below for the smallest and largest. */
export interface PayloadLimits {
  /** UTF-8 bytes of one string. */
  readonly maxBytesPerPart: number;
  /** Bytes of the encoded document. */
  readonly maxBytesTotal: number;
  /** Strings in the whole document. */
  readonly maxParts: number;
}

export const PART_BYTES_MIN = 128;
export const TOTAL_BYTES_MIN = 1024;

// Everything around the three lists and the list of truncations, with every count at its longest.
const ENVELOPE_BYTES = 320;
// The list of truncations may take this share of the document, so that notes never push content out.
const TRUNCATIONS_SHARE = 1 / 8;
const LISTS = ['choices', 'messages', 'tools'] as const;

type List = (typeof LISTS)[number];

/**
 * A copy of the document within the limits: long strings cut on a character border, binary content replaced by
 * markers, and whole later elements left out and counted. The answer (choices) is kept first, then messages from the
 * first on, then tools. Idempotent. Throws bad_limits.
 */
export function truncatePayload(document: PayloadDocument, limits: PayloadLimits): PayloadDocument {
  requireLimits(limits);
  const fitting = new FittingDocument(document, limits);
  for (const list of LISTS) fitting.add(list, document[list]);
  return fitting.result();
}

class FittingDocument {
  readonly #original: PayloadDocument;
  readonly #limits: PayloadLimits;
  readonly #kept: Record<List, unknown[]> = { choices: [], messages: [], tools: [] };
  readonly #dropped: { -readonly [K in keyof DroppedCounts]: number };
  readonly #truncations: Truncation[] = [];
  #truncationBytesLeft: number;
  #bytesLeft: number;
  #partsLeft: number;
  #truncated: boolean;

  constructor(original: PayloadDocument, limits: PayloadLimits) {
    this.#original = original;
    this.#limits = limits;
    this.#truncationBytesLeft = Math.floor(limits.maxBytesTotal * TRUNCATIONS_SHARE);
    this.#bytesLeft = limits.maxBytesTotal - ENVELOPE_BYTES - this.#truncationBytesLeft;
    this.#partsLeft = limits.maxParts;
    this.#truncated = original.truncated;
    this.#dropped = { ...original.dropped };
    this.#note(original.truncations);
  }

  add(list: List, elements: readonly unknown[]): void {
    for (const [i, element] of elements.entries()) {
      const shrunk = shrinkElement(element, `/${list}/${i}`, {
        bytesMax: this.#bytesLeft,
        partsMax: this.#partsLeft,
        bytesMaxPerPart: this.#limits.maxBytesPerPart,
      });
      if (shrunk === undefined) {
        this.#dropped[list] += elements.length - i;
        this.#truncated = true;
        return;
      }
      this.#kept[list].push(shrunk.value);
      this.#bytesLeft -= shrunk.bytes;
      this.#partsLeft -= shrunk.parts;
      this.#dropped.values += shrunk.dropped;
      this.#truncated ||= shrunk.shortened;
      this.#note(shrunk.truncations);
    }
  }

  result(): PayloadDocument {
    return {
      ...this.#kept,
      truncated: this.#truncated,
      originalBytes: this.#original.originalBytes,
      dropped: { ...this.#dropped },
      truncations: this.#truncations,
    };
  }

  #note(truncations: readonly Truncation[]): void {
    for (const truncation of truncations) {
      const bytes = Buffer.byteLength(JSON.stringify(truncation), 'utf8') + 1;
      if (bytes > this.#truncationBytesLeft) return;
      this.#truncationBytesLeft -= bytes;
      this.#truncations.push(truncation);
    }
  }
}

function requireLimits({ maxBytesPerPart, maxBytesTotal, maxParts }: PayloadLimits): void {
  const areIntegers = [maxBytesPerPart, maxBytesTotal, maxParts].every(Number.isSafeInteger);
  const areLargeEnough =
    maxBytesPerPart >= PART_BYTES_MIN && maxBytesTotal >= TOTAL_BYTES_MIN && maxParts >= 1;
  if (!areIntegers || !areLargeEnough || maxBytesTotal > PLAINTEXT_BYTES_MAX) {
    throw new SealedPayloadError('bad_limits');
  }
}
