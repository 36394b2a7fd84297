/**
 * The writes of one boot whose outcome will never be known: an attempt that failed may still be stored by a server that
 * was slow. Each keeps the boot from acknowledging for its organizations, so one of them can stand for all of an
 * organization's, which bounds them.
 */
export class OpenWrites {
  boot = 0;
  #writes = 0;
  #orgIds = new Set<string>();
  #sinceMs: number | undefined;

  nextId(): string {
    this.#writes += 1;
    return String(this.#writes);
  }

  /** A write of these organizations remains open for good. */
  leave(orgIds: readonly string[], nowMs: number): void {
    for (const orgId of orgIds) this.#orgIds.add(orgId);
    this.#sinceMs ??= nowMs;
  }

  /** Whether writes that remain open cover these organizations already. */
  standsIn(orgIds: readonly string[]): boolean {
    return orgIds.every((orgId) => this.#orgIds.has(orgId));
  }

  /** Whether something has been open for this long: this boot would make ZDR wait for its lease, so another is better. */
  isStuck(nowMs: number, forMs: number): boolean {
    return this.#sinceMs !== undefined && nowMs - this.#sinceMs >= forMs;
  }

  /** Another boot begins: what is open belongs to the one before. */
  forget(): void {
    this.boot += 1;
    this.#orgIds = new Set();
    this.#sinceMs = undefined;
  }
}
