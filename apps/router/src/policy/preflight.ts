import type { policy as wire } from '@lethe/contracts';

const tellingFlag = /^--(?:inspect|debug|report|heap|cpu-prof|diagnostic)/;

/** What the process can see of itself; the launcher's checks see the rest. A number never changes its meaning. */
const checks: readonly (readonly [item: number, ok: () => boolean])[] = [
  // It has no right to write a file.
  [1, () => process.permission?.has('fs.write') === false],
  // It was not started with anything that shows its memory.
  [2, () => !process.execArgv.some((flag) => tellingFlag.test(flag))],
];

export const preflight = (): wire.PreflightFinding[] => checks.map(([item, ok]) => ({ item, ok: ok() }));
