import { usageProblem } from '../../terminal/problem.js';

const unitsMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const duration = /^(\d{1,6})([smhd])$/;
const moment = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d)?)?$/;

/** A point in time as ISO 8601, from one (without a zone: of this machine's) or from how long ago: 30m, 12h, 7d. Throws a usage problem. */
export const readMoment = (text: string, option: string, command: string, nowMs = Date.now()): string => {
  const [, amount, unit] = duration.exec(text) ?? [];
  const atMs =
    unit === undefined
      ? Date.parse(moment.test(text) ? text : '')
      : nowMs - Number(amount) * unitsMs[unit as keyof typeof unitsMs];
  if (Number.isNaN(atMs) || atMs < 0)
    throw usageProblem(
      `--${option} is a time (2026-11-21T19:00:00Z) or how long ago (30m, 12h, 7d).`,
      command,
    );
  return new Date(atMs).toISOString();
};
