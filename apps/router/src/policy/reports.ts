import type { policy as wire } from '@lethe/contracts';
import type { PolicyStore } from './policy-store.js';
import { preflight } from './preflight.js';

const reportEveryMs = 1000;

/** What a router tells of itself: how often something happened since it last told, in counts alone. */
export class LeaseReports {
  #leaseLapses = 0;
  #zdrRegressions = 0;
  #preflightTold = false;
  #connected = false;
  #lastAtMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly store: PolicyStore) {}

  /** Admin-config answers: what is said now arrives. */
  connected(): void {
    this.#connected = true;
  }

  cutOff(): void {
    this.#connected = false;
  }

  /** What is to be told now, if anything. It counts as told. */
  due(): wire.Report | undefined {
    const { leaseLapses, zdrRegressions } = this.store.state;
    const news =
      !this.#preflightTold || leaseLapses > this.#leaseLapses || zdrRegressions > this.#zdrRegressions;
    const { nowMs } = this.store;
    if (!this.#connected || !news || nowMs - this.#lastAtMs < reportEveryMs) return undefined;
    const report = {
      leaseLapses: BigInt(leaseLapses - this.#leaseLapses),
      zdrRegressions: BigInt(zdrRegressions - this.#zdrRegressions),
      preflight: this.#preflightTold ? [] : preflight(),
    };
    this.#leaseLapses = leaseLapses;
    this.#zdrRegressions = zdrRegressions;
    this.#preflightTold = true;
    this.#lastAtMs = nowMs;
    return report;
  }
}
