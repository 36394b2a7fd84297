import type { ClockReading } from '../router/clocks.js';
import type { Random } from './random.js';

/** What the kernel counts its uptime in. */
const uptimeStepMs = 10;

/** The clocks of one machine: two monotonic ones of one rate, and a wall clock that can be stepped. */
export class MachineClocks {
  /** One for both: they come from one oscillator, so the second clock never makes up for a slow first one. */
  readonly #rate: number;
  #hrtimeOffsetMs: number;
  readonly #uptimeOffsetMs: number;
  wallOffsetMs: number;

  constructor(random: Random, drift: number) {
    // Half of the machines stand at one end of the range.
    this.#rate = random.chance(0.5)
      ? 1 + (random.chance(0.5) ? drift : -drift)
      : random.between(1 - drift, 1 + drift);
    this.#hrtimeOffsetMs = random.between(0, 1e7);
    this.#uptimeOffsetMs = random.between(0, 1e7);
    this.wallOffsetMs = random.between(0, 1e6);
  }

  reading(nowMs: number): ClockReading {
    const uptimeMs = this.#uptimeOffsetMs + nowMs * this.#rate;
    return {
      hrtimeNs: BigInt(Math.floor(this.monotonicMs(nowMs) * 1e6)),
      uptimeMs: Math.floor(uptimeMs / uptimeStepMs) * uptimeStepMs,
    };
  }

  monotonicMs(nowMs: number): number {
    return this.#hrtimeOffsetMs + nowMs * this.#rate;
  }

  wallMs(nowMs: number): number {
    return this.wallOffsetMs + nowMs;
  }

  /** The machine slept: the first clock did not count, the second did. */
  slept(forMs: number): void {
    this.#hrtimeOffsetMs -= forMs * this.#rate;
  }
}
