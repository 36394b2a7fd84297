import type { Gateway, Surroundings } from '../gateways/gateway.js';
import type { RouterOptions } from '../gateways/lethe-router.js';
import type { LoadGenerator } from '../programs/load.js';
import type { MockProvider } from '../programs/mock.js';
import type { Figures } from '../statistics/spread.js';

/** What every cell is given. */
export interface Bench {
  readonly surroundings: Surroundings;
  readonly load: LoadGenerator;
  readonly mock: MockProvider;
  readonly brokers: readonly string[];
  readonly pace: Pace;
  /** The checkout whose router is measured. */
  readonly root: string;
  /** Another router to measure beside it. */
  readonly against?: Pick<RouterOptions, 'root' | 'nodeFlags' | 'restricted'>;
  /** Peers that may be measured: those that were asked for. */
  readonly peers: readonly Gateway[];
  /** Why a peer is not there; filled as it is found out. */
  readonly missing: Map<string, string>;
  readonly say: (line: string) => void;
}

/** How long everything takes. */
export interface Pace {
  readonly rounds: number;
  readonly windowSeconds: number;
  /** Before the first round, for each gateway: its code gets hot. Again and again until it had this many requests. */
  readonly warmUpSeconds: number;
  readonly warmUpRequests: number;
  /** At the begin of each window, not measured. */
  readonly leadSeconds: number;
}

/** Everything a cell found out. Figures by name; the names are what floors refer to. */
export interface CellResult {
  readonly cell: string;
  readonly figures: Figures;
  /** What makes the figures worthless: wrong bytes, lost records, refused requests. */
  readonly problems: readonly string[];
}

export interface Cell {
  readonly name: string;
  /** One line for the reader. */
  readonly about: string;
  run(bench: Bench): Promise<CellResult>;
}
