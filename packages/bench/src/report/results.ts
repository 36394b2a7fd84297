import type { CellResult } from '../cells/cell.js';

/** The machine, as far as it matters for the figures and tells nothing else. */
export interface MachineFacts {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly kernel: string;
  readonly node: string;
  readonly loadBefore: number;
}

/** What one run of the bench found: what --json writes and the page is made from. */
export interface BenchResults {
  readonly measuredAt: string;
  readonly quick: boolean;
  readonly machine: MachineFacts;
  readonly versions: Readonly<Record<string, string>>;
  readonly peersAsked: readonly string[];
  readonly missing: Readonly<Record<string, string>>;
  readonly cells: readonly CellResult[];
}
