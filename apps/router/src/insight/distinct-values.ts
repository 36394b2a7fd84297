import { createHmac, randomBytes } from 'node:crypto';
import type { OrgId } from '@lethe/contracts';

const dayMs = 24 * 60 * 60 * 1000;
const organizationsMax = 10_000;
/** Of all organizations together: bounds memory, at some 100 bytes each. */
const valuesTotalMax = 1_000_000;

/**
 * Caps how many different values a caller may write into telemetry a day, so that tags cannot be used to spell out
 * text. Kept per router, in memory, as keyed digests under a key that changes with the day and is never stored.
 */
export class DistinctValues {
  #day = -1;
  #key = randomBytes(32);
  #seen = new Map<OrgId, Set<string>>();
  #total = 0;

  constructor(
    private readonly nowMs: () => number = Date.now,
    private readonly totalMax = valuesTotalMax,
  ) {}

  /** True when the value was seen today or still fits under the organization's cap. */
  admits(orgId: OrgId, kind: string, value: string, valuesPerDayMax: number): boolean {
    const day = Math.floor(this.nowMs() / dayMs);
    if (day !== this.#day) {
      this.#day = day;
      this.#key = randomBytes(32);
      this.#seen = new Map();
      this.#total = 0;
    }
    let seen = this.#seen.get(orgId);
    if (seen === undefined) {
      if (this.#seen.size >= organizationsMax) return false;
      seen = new Set();
      this.#seen.set(orgId, seen);
    }
    const digest = createHmac('sha256', this.#key)
      .update(kind)
      .update('\0')
      .update(value)
      .digest('base64')
      .slice(0, 16);
    if (seen.has(digest)) return true;
    if (seen.size >= valuesPerDayMax || this.#total >= this.totalMax) return false;
    seen.add(digest);
    this.#total += 1;
    return true;
  }
}
