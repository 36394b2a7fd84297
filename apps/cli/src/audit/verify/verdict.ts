import { print } from '../../terminal/print.js';

/** What a verification came to, for people and for scripts. */
export interface Report {
  readonly holds: boolean;
  /** One sentence. */
  readonly verdict: string;
  readonly facts: readonly (readonly [label: string, value: string])[];
  /** What a reader might take it for, and should not. */
  readonly remarks?: readonly string[];
  /** The same for `--json`, besides `holds` and `verdict`. */
  readonly json: object;
}

export const exitCodes = { holds: 0, doesNotHold: 1 } as const;

/** Prints a verdict on standard output; returns the exit code. */
export const printReport = (report: Report, asJson: boolean | undefined): number => {
  const { holds, verdict, facts, remarks = [], json } = report;
  if (asJson === true) print(JSON.stringify({ holds, verdict, ...json }));
  else {
    const width = Math.max(0, ...facts.map(([label]) => label.length));
    print(`${holds ? 'IT HOLDS.' : 'IT DOES NOT HOLD.'} ${verdict}`);
    for (const [label, value] of facts) print(`  ${label.padEnd(width)}  ${value}`);
    for (const remark of remarks) print(`  Note: ${remark}`);
  }
  return holds ? exitCodes.holds : exitCodes.doesNotHold;
};
