/**
 * The environment of a process whose wall clock jumps: an hour ahead at the first SIGUSR2, two hours back at the next,
 * and so on. It is loaded before the program and is no part of it; clocks that only count are left alone.
 */
const program = `
  const RealDate = Date;
  let offsetMs = 0;
  process.on('SIGUSR2', () => { offsetMs = offsetMs === 3600000 ? -3600000 : 3600000; });
  const now = () => RealDate.now() + offsetMs;
  globalThis.Date = class Date extends RealDate {
    constructor(...args) { if (args.length === 0) super(now()); else super(...args); }
    static now() { return now(); }
  };
`;

export const jumpingClock: Readonly<Record<string, string>> = {
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(program)}`,
};
