import { setTimeout as pause } from 'node:timers/promises';
import type { DemoOrganization } from '../home/secrets-codec.js';
import type { ManagementApi } from './management-api.js';

const askEveryMs = 2_000;

/** Knows which of the demo's organizations have ZDR, so that run.json tells the truth of the moment. */
export class ZdrWatch {
  readonly slugs = new Set<string>();
  readonly #stopping = new AbortController();

  constructor(
    private readonly organizations: readonly DemoOrganization[],
    private readonly management: (token: string) => ManagementApi,
  ) {}

  /** Asks once for each organization not known to have ZDR; true when one is new. ZDR never goes, so no other is asked. */
  async ask(): Promise<boolean> {
    const before = this.slugs.size;
    for (const { slug, admin } of this.organizations) {
      if (this.slugs.has(slug) || admin === undefined) continue;
      if ((await this.management(admin.token).zdrState()) !== 'off') this.slugs.add(slug);
    }
    return this.slugs.size > before;
  }

  /** Goes on asking until `stop`. */
  start(onChange: () => void): void {
    this.#keepAsking(onChange);
  }

  /** A question that is under way may still be answered; nothing is told then. */
  stop(): void {
    this.#stopping.abort();
  }

  async #keepAsking(onChange: () => void): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted && this.slugs.size < this.organizations.length) {
      await pause(askEveryMs, undefined, { signal, ref: false }).catch(() => undefined);
      // Admin-config may be away for a moment: the next round asks again.
      if (!signal.aborted && (await this.ask().catch(() => false)) && !signal.aborted) onChange();
    }
  }
}
