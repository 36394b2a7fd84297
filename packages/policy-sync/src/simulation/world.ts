import { type LeaseTiming, leaseTiming } from '../timing.js';
import { ConfigDatabase } from './config-database.js';
import type { Weather } from './network.js';
import { type Parts, productParts } from './parts.js';
import { Random } from './random.js';
import { Timeline } from './timeline.js';

export interface SimulationOptions {
  readonly seed: number;
  /** How far the rates of clocks differ, and how far the protocol believes they do. */
  readonly drift: number;
  /** `safety`: whatever can go wrong, at every moment. `liveness`: faults first, then everything heals before EnableZDR is called. */
  readonly mode: 'safety' | 'liveness';
  /** Processes freeze between check and write as well, which no lease can help against. */
  readonly freezeBeforeWrite?: boolean;
  readonly parts?: Partial<Parts>;
}

/** What one run showed. */
export interface SimulationOutcome {
  readonly seed: number;
  /** Payload writes initiated, and those of them that began after EnableZDR had returned for their organization. */
  readonly writes: number;
  readonly lateWrites: number;
  /** Of each EnableZDR that finished: real time from the start of the attempt that finished it. */
  readonly enableMs: readonly number[];
  readonly enableMsBound: number;
  readonly acknowledged: number;
  readonly lapsed: number;
  readonly resumed: number;
  readonly leaseLapses: number;
  /** Invariants that did not hold, by name, each with its number of times. */
  readonly breaches: ReadonlyMap<string, number>;
  readonly steps: number;
}

/** Everything that the processes of one run share. */
export class World {
  readonly random: Random;
  readonly timeline = new Timeline();
  readonly database = new ConfigDatabase();
  readonly timing: LeaseTiming;
  readonly parts: Parts;
  readonly weather: Weather = { lossShare: 0.1, slowShare: 0.05, cutOff: new Set(), mute: new Set() };
  readonly sealedOrgIds = new Set<string>();
  /** When EnableZDR returned for an organization. */
  readonly returnedMs = new Map<string, number>();
  readonly breaches = new Map<string, number>();
  readonly enableMs: number[] = [];
  writes = 0;
  lateWrites = 0;
  acknowledged = 0;
  lapsed = 0;
  resumed = 0;
  steps = 0;
  callFailureShare = 0.05;

  constructor(readonly options: SimulationOptions) {
    this.random = new Random(options.seed);
    this.timing = leaseTiming(10_000, options.drift);
    this.parts = { ...productParts, ...options.parts };
  }

  breach(name: string): void {
    this.breaches.set(name, (this.breaches.get(name) ?? 0) + 1);
  }

  /** I11: the lease on the slowest clock, a poll, and the calls that follow with their repetitions. */
  get enableMsBound(): number {
    return this.timing.lapseAfterMs / (1 - this.options.drift) + 2000;
  }
}
