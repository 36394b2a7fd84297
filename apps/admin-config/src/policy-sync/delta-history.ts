import type { policy as wire } from '@lethe/contracts';

const deltasMax = 128;
const apiKeysMax = 20_000;

/** The latest deltas of this process, bounded in number and size: what a router that was away shortly is sent. */
export class DeltaHistory {
  #deltas: wire.Delta[] = [];
  #apiKeys = 0;

  add(delta: wire.Delta): void {
    this.#deltas.push(delta);
    this.#apiKeys += delta.apiKeys.length;
    while (this.#deltas.length > deltasMax || this.#apiKeys > apiKeysMax) {
      this.#apiKeys -= this.#deltas.shift()?.apiKeys.length ?? 0;
    }
  }

  /** The chain that leads from a version to the latest one; undefined when it is not whole. */
  since(version: bigint): readonly wire.Delta[] | undefined {
    const first = this.#deltas.findIndex((delta) => delta.fromVersion === version);
    return first < 0 ? undefined : this.#deltas.slice(first);
  }
}
