/** Something the person at the terminal can act on: what is wrong, and what to do next. Ends the command with `exitCode`. */
export class Problem extends Error {
  override readonly name = 'Problem';

  constructor(
    what: string,
    readonly next?: string,
    readonly exitCode: 1 | 2 | 3 = 1,
  ) {
    super(what);
  }
}

/** The command line itself is wrong. */
export const usageProblem = (what: string, command: string): Problem =>
  new Problem(what, `See: lethe ${command} --help`.replace('  ', ' '), 2);
