import { createHmac, randomBytes } from 'node:crypto';

const BODIES_MAX = 10_000;

/** Remembers which request bodies were seen, the last 10,000, as digests that mean nothing outside this process. */
export class FirstAttempts {
  readonly #key = randomBytes(32);
  readonly #seen = new Set<string>();

  /** True exactly the first time that these bytes are asked about. */
  isFirst(body: Buffer): boolean {
    const digest = createHmac('sha256', this.#key).update(body).digest('base64');
    if (this.#seen.has(digest)) return false;
    this.#seen.add(digest);
    const [oldest] = this.#seen;
    if (this.#seen.size > BODIES_MAX && oldest !== undefined) this.#seen.delete(oldest);
    return true;
  }

  clear(): void {
    this.#seen.clear();
  }
}
