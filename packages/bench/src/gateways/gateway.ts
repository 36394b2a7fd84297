import type { Asking } from '../traffic/requests.js';

/** What stands behind the gateways of one cell. */
export interface Upstream {
  readonly port: number;
}

/** Where the bench works. */
export interface Surroundings {
  readonly folder: string;
  /** The gateway has this core to itself. */
  readonly gatewayCore: number;
  readonly otherCore: number;
}

/** A gateway that runs, ready for load. */
export interface RunningGateway {
  readonly asking: Asking;
  /** Every process of it. */
  readonly pids: readonly number[];
  readonly keys?: readonly string[];
  stop(): Promise<void>;
  /** Bytes of memory by kind, beyond what the kernel knows of the process. */
  memory?(): Promise<Readonly<Record<string, number>>>;
  /** Throws Problem when not exactly this many requests were accounted for since the start. */
  checkRecords?(requests: number): Promise<void>;
}

/** One kind of gateway that can be measured. Rejects with Problem, naming why, when it cannot be had here. */
export interface Gateway {
  readonly name: string;
  /** A router of ours: every request must be answered with the provider's own bytes and be accounted for. */
  readonly ours?: true;
  /** Of a peer from a package registry. */
  readonly version?: string;
  start(upstream: Upstream, surroundings: Surroundings): Promise<RunningGateway>;
}

export const chatPath = '/v1/chat/completions';
export const upstreamModel = 'gpt-4o-mini';
